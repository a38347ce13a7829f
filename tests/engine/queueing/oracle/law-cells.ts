import type { ServiceLawKind } from '../../../../src-worker/engine/queueing/service.ts';

/**
 * Service laws of unit mean cut into fine cells by quadrature of their densities. Nothing here is the engine's: neither its
 * distribution functions nor its special functions.
 */

export interface LawCells {
  /** [k] P(k step < S <= (k + 1) step). */
  service: Float64Array;
  /** [k] the same of the residual service: the integral of P(S > x) over the cell. */
  residual: Float64Array;
}

/** Nodes and weights of Gauss and Legendre on [-1, 1], positive half (Abramowitz and Stegun, table 25.4). */
const FOUR = [
  [0.3399810435848563, 0.6521451548625461],
  [0.8611363115940526, 0.3478548451374538],
] as const;
const EIGHT = [
  [0.1834346424956498, 0.362683783378362],
  [0.525532409916329, 0.3137066458778873],
  [0.7966664774136267, 0.2223810344533745],
  [0.9602898564975363, 0.1012285362903763],
] as const;

/** Lanczos's approximation of ln Gamma(x), x > 0 (g = 7, nine terms: 1e-15). */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
export function lnGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - lnGamma(1 - x);
  const t = x + 6.5;
  const sum = LANCZOS.slice(1).reduce((total, c, i) => total + c / (x + i), LANCZOS[0] as number);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

interface Density {
  at: (x: number) => number;
  /** P(S <= x) for tiny x. */
  nearZero: (x: number) => number;
  deviation: number;
}

function gammaDensity(cv: number): Density {
  const scale = cv * cv;
  const shape = 1 / scale;
  // About x = 1, so that huge shapes keep their digits.
  const atOne =
    shape > 1e4
      ? 0.5 * Math.log(shape / (2 * Math.PI)) - 1 / (12 * shape)
      : shape * Math.log(shape) - shape - lnGamma(shape);
  return {
    at: (x) => {
      const log = Math.abs(x - 1) < 0.5 ? Math.log1p(x - 1) : Math.log(x);
      return Math.exp(atOne + shape * (log - (x - 1)) - log);
    },
    nearZero: (x) => Math.exp(shape * Math.log(x * shape) - lnGamma(shape + 1)),
    deviation: cv,
  };
}

function lognormalDensity(cv: number): Density {
  const variance = Math.log1p(cv * cv);
  const sigma = Math.sqrt(variance);
  return {
    at: (x) => {
      const z = (Math.log(x) + variance / 2) / sigma;
      return Math.exp(-0.5 * z * z) / (x * sigma * Math.sqrt(2 * Math.PI));
    },
    nearZero: () => 0,
    deviation: cv,
  };
}

function constantCells(step: number, size: number): LawCells {
  const service = new Float64Array(size);
  const residual = new Float64Array(size);
  const last = Math.ceil(1 / step - 1e-12) - 1;
  if (last < size) service[last] = 1;
  for (let k = 0; k <= last && k < size; k += 1) residual[k] = Math.min(1, (k + 1) * step) - k * step;
  return { service, residual };
}

/** Mass of (low, high] and its first moment about `origin`. */
function panel(density: Density, low: number, high: number, origin: number, nodes: typeof FOUR | typeof EIGHT) {
  const middle = (low + high) / 2;
  const half = (high - low) / 2;
  let mass = 0;
  let moment = 0;
  for (const [node, weight] of nodes) {
    const below = density.at(middle - half * node) * weight;
    const above = density.at(middle + half * node) * weight;
    mass += below + above;
    moment += below * (middle - half * node - origin) + above * (middle + half * node - origin);
  }
  return { mass: mass * half, moment: moment * half };
}

/** Halvings of the first cell towards 0. */
const HALVINGS = 60;
/** Cells whose distance from 0 is no more than this many of their widths are cut with more nodes. */
const NEAR_ZERO = 16;
/** Deviations from the mean beyond which a narrow law holds nothing. */
const BEYOND = 40;

function firstCell(density: Density, step: number): { mass: number; moment: number } {
  const least = step * 2 ** -HALVINGS;
  let mass = density.nearZero(least);
  let moment = 0;
  for (let j = HALVINGS; j > 0; j -= 1) {
    const part = panel(density, step * 2 ** -j, step * 2 ** (1 - j), 0, EIGHT);
    mass += part.mass;
    moment += part.moment;
  }
  return { mass, moment };
}

export function lawCells(kind: ServiceLawKind, cv: number, step: number, size: number): LawCells {
  if (kind === 'deterministic' || cv === 0) return constantCells(step, size);
  const spread = kind === 'exponential' ? 1 : cv;
  const density = kind === 'lognormal' ? lognormalDensity(spread) : gammaDensity(spread);
  const service = new Float64Array(size);
  const residual = new Float64Array(size);
  const panels = Math.max(1, Math.ceil((2 * step) / density.deviation));
  const isNarrow = spread < 0.02;
  let tail = 1;
  for (let k = 0; k < size; k += 1) {
    const low = k * step;
    let mass = 0;
    let moment = 0;
    if (k === 0 && !isNarrow) {
      ({ mass, moment } = firstCell(density, step));
    } else if (!isNarrow || (low + step > 1 - BEYOND * spread && low < 1 + BEYOND * spread)) {
      for (let i = 0; i < panels; i += 1) {
        const from = low + (i * step) / panels;
        const to = low + ((i + 1) * step) / panels;
        const part = panel(density, from, to, low, k < NEAR_ZERO ? EIGHT : FOUR);
        mass += part.mass;
        moment += part.moment;
      }
    }
    tail = Math.max(0, tail - mass);
    service[k] = mass;
    residual[k] = step * tail + moment;
  }
  return { service, residual };
}

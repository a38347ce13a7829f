import { fft, inverseFft } from '../numerics/fft.ts';
import type { UnitService } from './service.ts';

/**
 * The wait in a queue with one server, independent gaps between arrivals and independent service times (GI/G/1), on a lattice.
 * The wait is the maximum of the random walk with steps X = service - gap, and by F. Spitzer, "A combinatorial lemma and its
 * application to probability theory", Trans. AMS 82 (1956), it is a compound Poisson sum: jumps of k come with intensity
 * a_k = sum over n of P(X_1 + … + X_n = k) / n, which is the inverse transform of -log(1 - phi), phi the transform of X.
 */

/** Cells of the lattice: half of them for steps down, half for steps up and waits. */
const SIZE = 2 ** 17;
const HALF = SIZE / 2;
/** The lattice reaches this many times the P99 of the wait, as it is guessed. */
const REACH = 4;
/** Deviations of service and gap that the lattice reaches at least. */
const REACH_DEVIATIONS = 12;
/** A lattice is long enough when no more than this of the wait lies beyond a half of its waits. */
const MOST_BEYOND = 1e-5;
/** Lattices that are tried, each longer by half. */
const MOST_LATTICES = 24;
/** Largest logarithm of the tilt over the whole lattice: what wraps around fades by e^-60. */
const MOST_TILT = 60;
/** Leaves this of what wraps around in the last sum. */
const WRAP = 1e-9;

/** A law in mean service times; a constant has deviation 0. */
export interface WalkLaw {
  mean: number;
  deviation: number;
  /** With unit mean. */
  unit: UnitService;
}

/** The wait as masses of cells: [0] of 0 alone, [k] of ((k - 1/2) step, (k + 1/2) step] for k >= 1, [1] from 0 on. */
export interface WaitMasses {
  step: number;
  /** P(W = 0). */
  none: number;
  /** [k] P(W <= (k + 1/2) step), k = 0 … */
  cdf: Float64Array;
  mean: number;
}

/** Adds a mass to the three points about its mean so that mean and variance (squared cells) are kept. */
function addSpread(masses: Float64Array, mass: number, mean: number, variance: number): void {
  const centre = Math.min(Math.max(Math.round(mean), 1 - HALF), HALF - 2);
  const offset = Math.min(Math.max(mean - centre, -0.5), 0.5);
  const square = offset * offset + variance;
  const add = (at: number, part: number): void => {
    const index = at & (SIZE - 1);
    masses[index] = (masses[index] as number) + part;
  };
  add(centre - 1, (mass * (square - offset)) / 2);
  add(centre, mass * (1 - square));
  add(centre + 1, (mass * (square + offset)) / 2);
}

/** Variance of a cell whose mass lies evenly in it. */
const EVEN = 1 / 12;
/** A law narrower than this many cells is put down by mean and variance. */
const NARROW_CELLS = 0.5;

interface Placement {
  /** Lies on point 0, or `shift` of a cell above it. */
  origin: number;
  shift: number;
  step: number;
  /** Point on which all is put that lies beyond it. */
  last: number;
  /** What lies beyond keeps its mean, at the cost of a smaller mass there; else it keeps its mass. */
  keepsMean: boolean;
}

interface PlacedLaw {
  /** [k mod SIZE]. */
  masses: Float64Array;
  /** Variance that lies beyond the lattice. */
  varianceBeyond: number;
}

/** Puts a law on the lattice, mean and variance of each cell kept. */
function place({ mean, deviation, unit }: WalkLaw, { origin, shift, step, last, keepsMean }: Placement): PlacedLaw {
  const masses = new Float64Array(SIZE);
  const spread = deviation / step;
  /** Point of the value 0. */
  const zero = shift - origin / step;
  if (spread < NARROW_CELLS) {
    addSpread(masses, 1, Math.min(zero + mean / step, last), spread * spread);
    return { masses, varianceBeyond: 0 };
  }
  const valueAt = (point: number): number => ((point - zero) * step) / mean;
  const first = Math.max(Math.ceil(zero - 0.5), 2 - HALF);
  let tailBelow = 1;
  let partialBelow = 0;
  for (let k = first; k < last && tailBelow > 0; k += 1) {
    const edge = valueAt(k + 0.5);
    const tail = unit.tail(edge);
    const partial = tail > 0 ? unit.partialMean(edge) : 1;
    const mass = tailBelow - tail;
    if (mass > 0) {
      const at = zero + (((partial - partialBelow) / mass) * mean) / step;
      const held = Math.min(Math.max(at, k - 0.5), k + 0.5);
      // A law may rise steeply at 0: there the mass of a cell sits at its mean.
      addSpread(masses, mass, held, k - zero < 1.5 ? Math.abs(held - k) - (held - k) ** 2 : EVEN);
    }
    tailBelow = tail;
    partialBelow = partial;
  }
  if (tailBelow > 0) {
    const held = keepsMean ? Math.max(1 - partialBelow, 0) / valueAt(last) : tailBelow;
    masses[last] = (masses[last] as number) + held;
    masses[0] = (masses[0] as number) + tailBelow - held;
  }
  const missing = spread * spread - varianceOf(masses);
  if (tailBelow > LEAST_TAIL) return { masses, varianceBeyond: missing * step * step };
  // Rounding to cells that are wider than the law's features: what is missing goes about its mean.
  const centre = Math.round(zero + mean / step) & (SIZE - 1);
  for (const [at, part] of [
    [centre - 1, missing / 2],
    [centre, -missing],
    [centre + 1, missing / 2],
  ] as const) {
    masses[at & (SIZE - 1)] = (masses[at & (SIZE - 1)] as number) + part;
  }
  return { masses, varianceBeyond: 0 };
}

/** A law whose tail is below this at the lattice's end lies on it whole. */
const LEAST_TAIL = 1e-12;

/** Squared cells. */
function varianceOf(masses: Float64Array): number {
  let first = 0;
  let second = 0;
  for (let k = 0; k < SIZE; k += 1) {
    const term = signed(k) * (masses[k] as number);
    first += term;
    second += term * signed(k);
  }
  return second - first * first;
}

/** Signed index of a position on the lattice. */
const signed = (index: number): number => (index < HALF ? index : index - SIZE);

/** Slope of ln E[e^(tilt K)], K of these masses, at `tilt` (of either sign). */
function slopeOfLog(masses: Float64Array, tilt: number): number {
  let total = masses[0] as number;
  let slope = 0;
  for (const side of [1, -1]) {
    const factor = Math.exp(side * tilt);
    let power = 1;
    for (let k = 1; k < HALF; k += 1) {
      power *= factor;
      const term = power * (masses[(side * k) & (SIZE - 1)] as number);
      total += term;
      slope += side * k * term;
    }
  }
  return slope / total;
}

/** The tilt (per cell) that makes E[e^(tilt (service - gap))] least, by bisection on the slope of its logarithm. */
function leastGenerating(service: Float64Array, gap: Float64Array): number {
  const slope = (tilt: number): number => slopeOfLog(service, tilt) - slopeOfLog(gap, -tilt);
  let low = 0;
  let high = MOST_TILT / SIZE;
  if (slope(high) < 0) return high;
  for (let round = 0; round < 12; round += 1) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return low > 0 ? low : high / 2;
}

/** Share of the least tilt: below it, so that what wraps around from far below fades too. */
const TILT_SHARE = 0.9;

/** [k] intensity of jumps of k cells, k >= 1. */
function intensities(service: Float64Array, gap: Float64Array): Float64Array {
  const tilt = TILT_SHARE * leastGenerating(service, gap);
  // Both tilted laws in one transform: service as the real, mirrored gap as the imaginary part.
  const re = new Float64Array(SIZE);
  const im = new Float64Array(SIZE);
  for (let k = 0; k < SIZE; k += 1) {
    const power = Math.exp(tilt * signed(k));
    re[k] = (service[k] as number) * power;
    im[k] = (gap[(SIZE - k) & (SIZE - 1)] as number) * power;
  }
  fft(re, im);
  const outRe = new Float64Array(SIZE);
  const outIm = new Float64Array(SIZE);
  for (let k = 0; k < SIZE; k += 1) {
    const m = (SIZE - k) & (SIZE - 1);
    const sRe = ((re[k] as number) + (re[m] as number)) / 2;
    const sIm = ((im[k] as number) - (im[m] as number)) / 2;
    const gRe = ((im[k] as number) + (im[m] as number)) / 2;
    const gIm = ((re[m] as number) - (re[k] as number)) / 2;
    const lessRe = 1 - (sRe * gRe - sIm * gIm);
    const lessIm = -(sRe * gIm + sIm * gRe);
    outRe[k] = -0.5 * Math.log(lessRe * lessRe + lessIm * lessIm);
    outIm[k] = -Math.atan2(lessIm, lessRe);
  }
  inverseFft(outRe, outIm);
  const jumps = new Float64Array(SIZE);
  for (let k = 1; k < HALF; k += 1) jumps[k] = Math.max(0, (outRe[k] as number) * Math.exp(-tilt * k));
  return jumps;
}

/** Masses of the compound Poisson sum. */
function compound(jumps: Float64Array): Float64Array {
  const rate = jumps.reduce((sum, jump) => sum + jump, 0);
  const re = new Float64Array(SIZE);
  const im = new Float64Array(SIZE);
  const fade = Math.log(WRAP) / SIZE;
  for (let k = 0; k < SIZE; k += 1) re[k] = (jumps[k] as number) * Math.exp(fade * k);
  fft(re, im);
  for (let k = 0; k < SIZE; k += 1) {
    const size = Math.exp((re[k] as number) - rate);
    const angle = im[k] as number;
    re[k] = size * Math.cos(angle);
    im[k] = size * Math.sin(angle);
  }
  inverseFft(re, im);
  for (let k = 0; k < SIZE; k += 1) re[k] = Math.max(0, (re[k] as number) * Math.exp(-fade * k));
  return re;
}

/** The longest step up to `about` that divides the difference of the means into whole cells, where one cell is shorter. */
function dividing(about: number, difference: number): number {
  return difference > about ? difference / Math.ceil(difference / about) : about;
}

function solve(service: WalkLaw, gap: WalkLaw, about: number): WaitMasses {
  const isConstantGap = gap.deviation === 0;
  const step = isConstantGap ? dividing(about, gap.mean - service.mean) : about;
  const cells = (gap.mean - service.mean) / step;
  const downwards = Math.ceil(Math.min(service.mean, REACH_DEVIATIONS * service.deviation) / step);
  const placed = place(service, {
    origin: service.mean,
    // A constant gap lies on a point: what is missing to a whole number of cells is the service's.
    shift: isConstantGap ? Math.round(cells) - cells : 0,
    step,
    // Not beyond the gaps: what never catches up with the longest gap does not wait.
    last: HALF - 4 - downwards,
    keepsMean: true,
  });
  const { masses: gapMasses } = place(
    { ...gap, mean: isConstantGap ? service.mean + Math.round(cells) * step : gap.mean },
    // A step down by more than the longest wait leads to 0, however long it is.
    { origin: service.mean, shift: 0, step, last: HALF - 3 - downwards, keepsMean: false },
  );
  const wait = compound(intensities(placed.masses, gapMasses));
  let mean = 0;
  let sum = 0;
  const cdf = new Float64Array(HALF);
  for (let k = 0; k < HALF; k += 1) {
    mean += k * (wait[k] as number);
    sum += wait[k] as number;
    cdf[k] = Math.min(1, sum);
  }
  // The first point holds what waits less than half a cell too: as much as the density just above 0 says.
  const density = Math.max(0, 1.5 * (wait[1] as number) - 0.5 * (wait[2] as number));
  const none = Math.max(0, (wait[0] as number) - density / 2);
  // The mean wait is (E[X^2] - E[(what is left idle)^2]) / (2 drift), which says what work beyond the lattice adds to it.
  const beyond = placed.varianceBeyond / (2 * (gap.mean - service.mean));
  return { step, none, cdf, mean: step * mean + Math.max(0, beyond) };
}

/** Work that may lie beyond the lattice, as a share of the mean service. */
const MOST_WORK_BEYOND = 1e-4;
/** Mean service times that a heavy tail may stretch the lattice to: longer ones cost more by their cells than they bring. */
const LONGEST_END = 1024;

/** Where a service's tail has no more than MOST_WORK_BEYOND of its work, as a power of two times its mean. */
function heavyEnd({ mean, unit }: WalkLaw): number {
  let end = 1;
  while (end < LONGEST_END && 1 - unit.partialMean(end) > MOST_WORK_BEYOND) end *= 2;
  return end > 1 ? end * mean : 0;
}

/** Law of the wait, in the unit of the laws' means; gap.mean > service.mean. `roughly` is a guess of the wait's P99. */
export function walkMaximum(service: WalkLaw, gap: WalkLaw, roughly: number): WaitMasses {
  const least = REACH_DEVIATIONS * service.deviation + Math.min(service.mean, REACH_DEVIATIONS * gap.deviation);
  let span = 2 * Math.max(REACH * roughly, least, heavyEnd(service));
  for (let attempt = 0; ; attempt += 1) {
    const found = solve(service, gap, span / SIZE);
    const isLong = 1 - (found.cdf[HALF / 2] as number) <= MOST_BEYOND;
    if (isLong || attempt >= MOST_LATTICES) return found;
    span *= 1.5;
  }
}

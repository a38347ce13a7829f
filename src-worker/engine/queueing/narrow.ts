import { logOnePlusLess, stirlingRest } from '../numerics/gamma.ts';
import { gaussLegendre } from '../numerics/gauss-legendre.ts';
import { conditionalMean, type Delay } from './delay.ts';
import { heavyTrafficDelay, LEAST_IDLE } from './heavy-traffic.ts';
import { solveTail } from './tail-root.ts';

/**
 * Waiting and response times of an M/G/1 whose service times are nearly constant, where transforms fade late and lattices are
 * coarser than the spread. The Pollaczek-Khinchine transform expanded in powers of the service's own gives
 *
 *   P(W <= t) = (1 - rho) sum over j of (-1)^j E[ (rho (t - T_j)+)^j e^(rho (t - T_j)+) / j! ; T_j <= t ],
 *
 * T_j the sum of j services (for constant service: A. K. Erlang, 1909), and P(W + S <= t) is the same with T_(j + 1). The terms
 * alternate, which costs e^t of the digits, so that from EXPONENTIAL_FROM on the leading exponential takes over.
 */

/** The method as it reads in a sentence. */
export const NARROW_WORDS = 'from the series of sums of nearly constant services';

/** A service of unit mean as start + gamma(shape, scale): sums of it are of the same kind. */
export interface ShiftedGamma {
  start: number;
  shape: number;
  scale: number;
}

/** The shifted gamma of mean 1 with this standard deviation and skewness (> 0). */
export function shiftedGamma(cv: number, skewness: number): ShiftedGamma {
  const scale = (skewness * cv) / 2;
  const shape = 4 / (skewness * skewness);
  return { start: 1 - shape * scale, shape, scale };
}

/** In mean service times. Further poles of the transform decay faster by e^-2t at least: 1e-7 of the leading one here. */
const EXPONENTIAL_FROM = 8;
/** Deviations from its mean beyond which a sum of services holds less than 1e-9. */
const REACH = 7;
const RULE = gaussLegendre(24);

/** What a term of the series needs of a sum of `count` services under the power `power`. */
interface Term {
  count: number;
  power: number;
  deviation: number;
  /** rho^power / power!, with the sign of the power. */
  factor: number;
  /** Where the sum lies well below t: coefficients of a polynomial in t - centre, highest power first, times e^(rho t). */
  centre: number;
  coefficients: Float64Array;
  /** Density of the sum at its mean + y: exp(shape (ln v - (v - 1)) - ln v) height, v - 1 = y / meanOfGamma. */
  shape: number;
  meanOfGamma: number;
  height: number;
}

function termOf({ start, shape, scale }: ShiftedGamma, rho: number, count: number, power: number): Term {
  const sumShape = count * shape;
  let factor = 1;
  for (let i = 1; i <= power; i += 1) factor *= -rho / i;
  // e^(-rho x) times a gamma density is a gamma density of a smaller scale.
  const tilted = scale / (1 + rho * scale);
  const weight = factor * Math.exp(-rho * count * start - sumShape * Math.log1p(rho * scale));
  const coefficients = new Float64Array(power + 1);
  // Central moments of a gamma: m_(i + 1) = i scale (shape scale m_(i - 1) + m_i).
  let last = 0;
  let moment = 1;
  let choose = 1;
  for (let i = 0; i <= power; i += 1) {
    coefficients[i] = weight * choose * (i % 2 === 0 ? moment : -moment);
    choose = (choose * (power - i)) / (i + 1);
    const next = i * tilted * (sumShape * tilted * last + moment);
    last = moment;
    moment = next;
  }
  return {
    count,
    power,
    deviation: Math.sqrt(sumShape) * scale,
    factor,
    centre: count * start + sumShape * tilted,
    coefficients,
    shape: sumShape,
    meanOfGamma: sumShape * scale,
    height: Math.sqrt(sumShape / (2 * Math.PI)) / (sumShape * scale * Math.exp(stirlingRest(sumShape))),
  };
}

/** Expectation of the term's function where t cuts through the sum's law: an integral over y = sum - its mean. */
function cutTerm(term: Term, rho: number, t: number): number {
  const high = t - term.count;
  const low = Math.max(-REACH * term.deviation, -term.meanOfGamma);
  if (high <= low) return 0;
  const middle = (low + high) / 2;
  const half = (high - low) / 2;
  let sum = 0;
  for (let i = 0; i < RULE.nodes.length; i += 1) {
    const y = middle + half * (RULE.nodes[i] as number);
    const above = y / term.meanOfGamma;
    const left = high - y;
    const exponent = term.shape * logOnePlusLess(above) - Math.log1p(above) + rho * left;
    sum += (RULE.weights[i] as number) * left ** term.power * Math.exp(exponent);
  }
  return term.factor * term.height * half * sum;
}

function wholeTerm({ coefficients, centre }: Term, rho: number, t: number): number {
  const a = t - centre;
  let value = 0;
  for (const coefficient of coefficients) value = value * a + coefficient;
  return value * Math.exp(rho * t);
}

/** P(W <= t) where `first` is 0, P(W + S <= t) where it is 1, for t up to EXPONENTIAL_FROM. */
function seriesCdf(service: ShiftedGamma, rho: number, first: 0 | 1): (t: number) => number {
  const terms: Term[] = [];
  for (let power = 0; ; power += 1) {
    const count = power + first;
    const deviation = Math.sqrt(count * service.shape) * service.scale;
    if (count - REACH * deviation > EXPONENTIAL_FROM) break;
    if (count > 0) terms.push(termOf(service, rho, count, power));
  }
  return (t) => {
    let sum = first === 0 ? Math.exp(rho * t) : 0;
    for (const term of terms) {
      const beyond = t - term.count;
      if (beyond <= -REACH * term.deviation) break;
      sum += beyond >= REACH * term.deviation ? wholeTerm(term, rho, t) : cutTerm(term, rho, t);
    }
    return (1 - rho) * sum;
  };
}

interface Exponential {
  rate: number;
  /** P(W > t) and P(W + S > t) divided by e^(-rate t). */
  wait: number;
  response: number;
}

/** The pole of the transform next to 0: rho (M(x) - 1) = x, M the service's moment generating function. By Newton from above. */
function leadingExponential({ start, shape, scale }: ShiftedGamma, rho: number): Exponential {
  const logM = (x: number): number => start * x - shape * Math.log1p(-scale * x);
  const slopeOfLogM = (x: number): number => start + (shape * scale) / (1 - scale * x);
  let x = Math.min(-2 * Math.log(rho), (1 - 1e-9) / scale);
  for (let step = 0; step < 500; step += 1) {
    const log = logM(x);
    const change = (rho * Math.expm1(log) - x) / (rho * slopeOfLogM(x) * Math.exp(log) - 1);
    x -= change;
    if (!(Math.abs(change) > 1e-15 * x)) break;
  }
  const generating = Math.exp(logM(x));
  const wait = (1 - rho) / (rho * slopeOfLogM(x) * generating - 1);
  return { rate: x, wait, response: wait * generating };
}

/** Delay of an M/G/1 with nearly constant service. Probabilities within about 1e-7. */
export function narrowDelay(service: ShiftedGamma, utilization: number): Delay {
  const typicalWait = conditionalMean(1 + service.shape * service.scale ** 2, utilization);
  if (1 - utilization < LEAST_IDLE) return heavyTrafficDelay(typicalWait, utilization, 1);
  const waitCdf = seriesCdf(service, utilization, 0);
  const responseCdf = seriesCdf(service, utilization, 1);
  // Found when first asked for: at low utilization nothing reaches that far.
  let exponential: Exponential | null = null;
  const far = (): Exponential => (exponential ??= leadingExponential(service, utilization));
  const waitTail = (t: number): number =>
    t < EXPONENTIAL_FROM ? Math.max(0, 1 - waitCdf(t)) : far().wait * Math.exp(-far().rate * t);
  const responseTail = (t: number): number =>
    t < EXPONENTIAL_FROM ? Math.max(0, 1 - responseCdf(t)) : far().response * Math.exp(-far().rate * t);
  const waitQuantile = (tail: number): number =>
    tail >= utilization ? 0 : solveTail(waitTail, tail, typicalWait * Math.log(utilization / tail));
  return {
    waitTail: (t) => (utilization > 0 ? waitTail(Math.max(0, t)) : 0),
    responseTail: (t) => (t > 0 ? responseTail(t) : 1),
    waitQuantile,
    responseQuantile: (tail) => solveTail(responseTail, tail, waitQuantile(tail) + 1),
  };
}

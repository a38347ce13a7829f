import { fft, inverseFft } from '../numerics/fft.ts';
import type { Delay, DelayShape } from './delay.ts';
import { conditionalMean } from './delay.ts';
import { heavyTrafficDelay, LEAST_IDLE } from './heavy-traffic.ts';
import { edgeCurves, LATTICE_SIZE as SIZE, residualMasses, serviceMasses } from './lattice-masses.ts';
import type { UnitService } from './service.ts';

/**
 * Waiting and response times of any service, on a lattice. The wait of an M/G/1 is a geometric sum of residual service times
 * (Pollaczek-Khinchine), and the residual's distribution is continuous even when the service is not, so it can be cut into
 * cells; sums become products of discrete Fourier transforms. Errors of a percentile stay near 0.01 %.
 */

/** The method as it reads in a sentence. */
export const LATTICE_WORDS = 'by FFT on a lattice of residual service times';

/** A percentile is read where it lies within these shares of the lattice. */
const LEAST_SHARE = 0.02;
const MOST_SHARE = 0.9;
/** Where a lattice puts the time it was made for. */
const AIM_SHARE = 0.6;
/** The tilt leaves 1e-8 of what wraps around the end of the lattice. */
const TILT = 1e-8;
interface LatticeQuestion {
  /** What keeps the server busy. */
  service: UnitService;
  /** What follows the wait: the service itself for the response time. Also in mean service times. */
  then: UnitService;
  shape: DelayShape;
}

/** Distribution functions of wait and response, read at (k + 1/2) step, k = 0 … SIZE - 1. */
interface Lattice {
  /** In mean service times, of W + S. */
  step: number;
  wait: Float64Array;
  response: Float64Array;
}

/** Both transforms at once: residual masses as the real, service masses as the imaginary part of one FFT. */
function solveLattice({ service, then, shape }: LatticeQuestion, step: number): Lattice {
  const { utilization, waitProbability, stretch } = shape;
  const curves = edgeCurves(service, step / stretch);
  const re = residualMasses(curves);
  const im = serviceMasses(then === service && stretch === 1 ? curves : edgeCurves(then, step));
  const decay = TILT ** (1 / SIZE);
  tilt(re, decay);
  tilt(im, decay);
  fft(re, im);
  for (let k = 0; k <= SIZE / 2; k += 1) {
    const mirror = (SIZE - k) % SIZE;
    const aRe = re[k] as number;
    const aIm = im[k] as number;
    const bRe = re[mirror] as number;
    const bIm = im[mirror] as number;
    // Transforms of the two real sequences.
    const gRe = (aRe + bRe) / 2;
    const gIm = (aIm - bIm) / 2;
    const sRe = (aIm + bIm) / 2;
    const sIm = (bRe - aRe) / 2;
    // W = (1 - C) + C (1 - rho) g / (1 - rho g).
    const dRe = 1 - utilization * gRe;
    const dIm = -utilization * gIm;
    const scale = (waitProbability * (1 - utilization)) / (dRe * dRe + dIm * dIm);
    const wRe = 1 - waitProbability + scale * (gRe * dRe + gIm * dIm);
    const wIm = scale * (gIm * dRe - gRe * dIm);
    // W + i W S, at k and at its mirror (the conjugates).
    const tRe = wRe * sRe - wIm * sIm;
    const tIm = wRe * sIm + wIm * sRe;
    re[k] = wRe - tIm;
    im[k] = wIm + tRe;
    re[mirror] = wRe + tIm;
    im[mirror] = tRe - wIm;
  }
  inverseFft(re, im);
  tilt(re, 1 / decay);
  tilt(im, 1 / decay);
  accumulate(re);
  accumulate(im);
  return { step, wait: re, response: im };
}

/** Multiplies entry k by factor^k. */
function tilt(values: Float64Array, factor: number): void {
  const logFactor = Math.log(factor);
  for (let k = 0; k < values.length; k += 1) values[k] = (values[k] as number) * Math.exp(k * logFactor);
}

/** Running sums in place; rounding noise must not make them fall. */
function accumulate(values: Float64Array): void {
  let sum = 0;
  for (let k = 0; k < values.length; k += 1) {
    sum += Math.max(0, values[k] as number);
    values[k] = Math.min(1, sum);
  }
}

/** First cell whose distribution function reaches `probability`; SIZE when none does. */
function cellReaching(cdf: Float64Array, probability: number): number {
  let low = 0;
  let high = SIZE;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cdf[middle] as number) >= probability) high = middle;
    else low = middle + 1;
  }
  return low;
}

type Curve = 'wait' | 'response';

/** The lattices one delay has needed so far; percentiles that lie near each other share one. */
class Lattices {
  private readonly made: Lattice[] = [];
  private readonly question: LatticeQuestion;

  constructor(question: LatticeQuestion) {
    this.question = question;
  }

  /** A lattice that holds `t` well inside. */
  around(t: number): Lattice {
    const fits = this.made.find(({ step }) => t >= LEAST_SHARE * SIZE * step && t <= MOST_SHARE * SIZE * step);
    return fits ?? this.make(t / (AIM_SHARE * SIZE));
  }

  private make(step: number): Lattice {
    const lattice = solveLattice(this.question, step);
    this.made.push(lattice);
    return lattice;
  }

  /** t with P(curve > t) = tail, where the curve starts above `tail`. `guess` > 0. */
  quantile(curve: Curve, tail: number, guess: number): number {
    for (const lattice of this.made) {
      const t = quantileWithin(lattice, curve, tail);
      if (typeof t === 'number') return t;
    }
    let aim = guess;
    for (let attempt = 0; attempt < 400; attempt += 1) {
      const lattice = this.make(aim / (AIM_SHARE * SIZE));
      const t = quantileWithin(lattice, curve, tail);
      if (typeof t === 'number') return t;
      // Above: the lattice's end is the next aim; below: what was read is a fair aim, except within the first cells.
      aim = t.isAbove ? SIZE * lattice.step : Math.max(t.roughly, SIZE * lattice.step * 1e-3);
      if (aim < 1e-300) return 0;
    }
    throw new Error('No lattice holds the percentile of a stable queue.');
  }
}

/** The percentile, or which way it lies when it is not well inside the lattice. */
function quantileWithin(lattice: Lattice, curve: Curve, tail: number): number | { isAbove: boolean; roughly: number } {
  const cdf = lattice[curve];
  const probability = 1 - tail;
  const cell = cellReaching(cdf, probability);
  if (cell > MOST_SHARE * SIZE) return { isAbove: true, roughly: SIZE * lattice.step };
  const above = cdf[cell] as number;
  const below = cell === 0 ? 0 : (cdf[cell - 1] as number);
  const t = (cell - 0.5 + (probability - below) / (above - below)) * lattice.step;
  return cell < LEAST_SHARE * SIZE ? { isAbove: false, roughly: Math.max(t, lattice.step / 2) } : t;
}

function tailAt({ step, ...curves }: Lattice, curve: Curve, t: number): number {
  const cdf = curves[curve];
  const position = t / step - 0.5;
  const cell = Math.floor(position);
  const low = cdf[cell] as number;
  const high = cdf[cell + 1] as number;
  return 1 - (low + (high - low) * (position - cell));
}

/** Delay of a service given by its curves; `then` is what follows the wait, if not the service itself. */
export function latticeDelay(service: UnitService, shape: DelayShape, then: UnitService = service): Delay {
  const { utilization, waitProbability, stretch } = shape;
  const typicalWait = stretch * conditionalMean(service.secondMoment, utilization);
  if (1 - utilization < LEAST_IDLE) return heavyTrafficDelay(typicalWait, waitProbability, then.mean);
  const lattices = new Lattices({ service, then, shape });
  const waitQuantile = (tail: number): number =>
    tail >= waitProbability ? 0 : lattices.quantile('wait', tail, typicalWait * Math.log(waitProbability / tail));
  return {
    waitTail: (t) => (t > 0 ? tailAt(lattices.around(t), 'wait', t) : waitProbability),
    responseTail: (t) => (t > 0 ? tailAt(lattices.around(t), 'response', t) : 1),
    waitQuantile,
    responseQuantile: (tail) => lattices.quantile('response', tail, waitQuantile(tail) + then.mean),
  };
}

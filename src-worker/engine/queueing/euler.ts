import type { Delay, DelayShape } from './delay.ts';
import { conditionalMean } from './delay.ts';
import { solveTail } from './tail-root.ts';

/**
 * Waiting and response times of services with a Laplace transform, by numerical inversion of their tails: J. Abate and
 * W. Whitt, "Numerical inversion of Laplace transforms of probability distributions", ORSA J. Computing 7 (1995), the method
 * EULER. The tail is inverted and not the distribution function, because the jump at 0 then does no harm.
 */

/** Receives a transform's value; one object is reused, for an inversion needs thousands of values. */
export interface TransformValue {
  /** B(s) = E[exp(-s S)] of the unit-mean service. */
  re: number;
  im: number;
  /** B(s) - 1 + s, without cancellation near s = 0: about E[S^2] s^2 / 2. */
  excessRe: number;
  excessIm: number;
}

/** Writes B(s), Re s > 0, into `out`. */
export type ServiceTransform = (re: number, im: number, out: TransformValue) => void;

/** Discretization error of the inversion is about exp(-DISCRETIZATION) = 1e-8. */
const DISCRETIZATION = 18.4;
/** Binomial weights 2^-11 C(11, k) of the last partial sums. */
const AVERAGING = [1, 11, 55, 165, 330, 462, 462, 330, 165, 55, 11, 1].map((c) => c / 2048);

/** f(t), t > 0, from the real part of its transform; `terms` partial sums before the averaging. */
export function invertTransform(realPart: (re: number, im: number) => number, t: number, terms: number): number {
  const re = DISCRETIZATION / (2 * t);
  const step = Math.PI / t;
  let sum = realPart(re, 0) / 2;
  let averaged = 0;
  const last = terms + AVERAGING.length - 1;
  for (let k = 1; k <= last; k += 1) {
    const term = realPart(re, k * step);
    sum += k % 2 === 0 ? term : -term;
    if (k >= terms) averaged += (AVERAGING[k - terms] as number) * sum;
  }
  return (averaged * Math.exp(DISCRETIZATION / 2)) / t;
}

/**
 * Real part of the transform of P(W1 > t | W1 > 0): e / (s ((1 - rho) s + rho e)), e = B(s) - 1 + s. The Pollaczek-Khinchine
 * transform, arranged so that nothing cancels in heavy traffic.
 */
function conditionalWaitTransform(
  transform: ServiceTransform,
  utilization: number,
): (re: number, im: number) => number {
  const b: TransformValue = { re: 0, im: 0, excessRe: 0, excessIm: 0 };
  return (re, im) => {
    transform(re, im, b);
    const dRe = (1 - utilization) * re + utilization * b.excessRe;
    const dIm = (1 - utilization) * im + utilization * b.excessIm;
    const sdRe = re * dRe - im * dIm;
    const sdIm = re * dIm + im * dRe;
    return (b.excessRe * sdRe + b.excessIm * sdIm) / (sdRe * sdRe + sdIm * sdIm);
  };
}

/**
 * Real part of the transform of P(W + S > t): ((1 - B) + C B v) / s, v = e' / ((1 - rho) s' + rho e') the transform of "W1 is
 * positive and longer than an exponential clock" taken at s' = stretch s.
 */
function responseTransform(transform: ServiceTransform, shape: DelayShape): (re: number, im: number) => number {
  const { utilization, waitProbability, stretch } = shape;
  const b: TransformValue = { re: 0, im: 0, excessRe: 0, excessIm: 0 };
  const w: TransformValue = { re: 0, im: 0, excessRe: 0, excessIm: 0 };
  return (re, im) => {
    transform(re, im, b);
    transform(re * stretch, im * stretch, w);
    const dRe = (1 - utilization) * re * stretch + utilization * w.excessRe;
    const dIm = (1 - utilization) * im * stretch + utilization * w.excessIm;
    const size = dRe * dRe + dIm * dIm;
    const vRe = (w.excessRe * dRe + w.excessIm * dIm) / size;
    const vIm = (w.excessIm * dRe - w.excessRe * dIm) / size;
    const numRe = re - b.excessRe + waitProbability * (b.re * vRe - b.im * vIm);
    const numIm = im - b.excessIm + waitProbability * (b.re * vIm + b.im * vRe);
    return (numRe * re + numIm * im) / (re * re + im * im);
  };
}

export interface TransformService {
  secondMoment: number;
  transform: ServiceTransform;
  /** Partial sums of an inversion: 15 for smooth services, more the narrower the service is. */
  terms: number;
}

/** Delay of a service with a transform. Probabilities carry an error of about 1e-8 when `terms` suits the service. */
export function eulerDelay(service: TransformService, shape: DelayShape): Delay {
  const { utilization, waitProbability, stretch } = shape;
  const waitPart = conditionalWaitTransform(service.transform, utilization);
  const responsePart = responseTransform(service.transform, shape);
  const conditionalTail = (t: number): number => invertTransform(waitPart, t, service.terms);
  const responseTail = (t: number): number => (t > 0 ? invertTransform(responsePart, t, service.terms) : 1);
  const typicalWait = conditionalMean(service.secondMoment, utilization);
  const waitQuantile = (tail: number): number => {
    if (tail >= waitProbability) return 0;
    const share = tail / waitProbability;
    return stretch * solveTail(conditionalTail, share, typicalWait * -Math.log(share));
  };
  return {
    waitTail: (t) => waitProbability * (t > 0 ? conditionalTail(t / stretch) : 1),
    responseTail,
    waitQuantile,
    responseQuantile: (tail) => solveTail(responseTail, tail, waitQuantile(tail) + 1),
  };
}

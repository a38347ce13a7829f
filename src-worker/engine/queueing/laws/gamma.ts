import { gammaLower, gammaUpper } from '../../numerics/gamma.ts';
import { isOneServer, type Delay, type DelayShape } from '../delay.ts';
import { eulerDelay, type ServiceTransform } from '../euler.ts';
import { latticeDelay } from '../lattice.ts';
import { NARROW_WORDS, narrowDelay, shiftedGamma } from '../narrow.ts';
import type { UnitService } from '../service.ts';
import type { LawDefinition } from './definition.ts';

/** Gamma service with unit mean: shape 1 / cv^2, scale cv^2; B(s) = (1 + scale s)^(-shape). */

/** Below this modulus of s, and of scale s, B(s) - 1 + s is summed as a series. */
const SMALL = 0.25;

/** Sum over n >= 2 of (-1)^n shape (shape + 1) … (shape + n - 1) u^n / n!, u = scale s: B(s) - 1 + s. */
function excessSeries(shape: number, uRe: number, uIm: number, out: { excessRe: number; excessIm: number }): void {
  let termRe = -shape * uRe;
  let termIm = -shape * uIm;
  out.excessRe = 0;
  out.excessIm = 0;
  for (let n = 2; n < 60; n += 1) {
    const factor = -(shape + n - 1) / n;
    const nextRe = factor * (termRe * uRe - termIm * uIm);
    termIm = factor * (termRe * uIm + termIm * uRe);
    termRe = nextRe;
    out.excessRe += termRe;
    out.excessIm += termIm;
    if (Math.abs(termRe) + Math.abs(termIm) < 1e-17 * (Math.abs(out.excessRe) + Math.abs(out.excessIm))) return;
  }
}

export function gammaTransform(cv: number): ServiceTransform {
  const scale = cv * cv;
  const shape = 1 / scale;
  return (re, im, out) => {
    const uRe = scale * re;
    const uIm = scale * im;
    const size = Math.exp(-shape * 0.5 * Math.log1p(uRe * (2 + uRe) + uIm * uIm));
    const angle = -shape * Math.atan2(uIm, 1 + uRe);
    out.re = size * Math.cos(angle);
    out.im = size * Math.sin(angle);
    if (Math.hypot(re, im) < SMALL && Math.hypot(uRe, uIm) < SMALL) {
      excessSeries(shape, uRe, uIm, out);
    } else {
      out.excessRe = out.re - 1 + re;
      out.excessIm = out.im + im;
    }
  };
}

export function gammaService(cv: number): UnitService {
  const scale = cv * cv;
  const shape = 1 / scale;
  return {
    mean: 1,
    secondMoment: 1 + scale,
    tail: (x) => gammaUpper(shape, x / scale),
    partialMean: (x) => gammaLower(shape + 1, x / scale),
  };
}

/** Narrower services have transforms that fade late: too many terms to invert. */
const NARROW_BELOW_CV = 0.13;

/** Partial sums that leave the inversion's error near 1e-6 for services of this spread. */
const termsFor = (cv: number): number => Math.max(15, Math.ceil(3 / cv));

/** A gamma law is a shifted gamma that starts at 0: its skewness is 2 cv. */
const narrow = (cv: number, shape: DelayShape): Delay =>
  isOneServer(shape) ? narrowDelay(shiftedGamma(cv, 2 * cv), shape.utilization) : latticeDelay(gammaService(cv), shape);

export const gamma: LawDefinition = {
  letter: 'G',
  words: 'gamma service',
  percentiles: (cv) =>
    cv < NARROW_BELOW_CV ? NARROW_WORDS : 'by Euler inversion of the Laplace transform of the tail',
  cvUsed: (cv) => cv,
  service: gammaService,
  delay: (cv, shape) =>
    cv < NARROW_BELOW_CV
      ? narrow(cv, shape)
      : eulerDelay({ secondMoment: 1 + cv * cv, transform: gammaTransform(cv), terms: termsFor(cv) }, shape),
};

import { lognormalParameters } from '../../numerics/lognormal.ts';
import { normalCdf } from '../../numerics/normal.ts';
import { isOneServer } from '../delay.ts';
import { LATTICE_WORDS, latticeDelay } from '../lattice.ts';
import { NARROW_WORDS, narrowDelay, shiftedGamma } from '../narrow.ts';
import type { UnitService } from '../service.ts';
import type { LawDefinition } from './definition.ts';

/** Lognormal service with unit mean. Its Laplace transform has no closed form, so percentiles come from the lattice. */
export function lognormalService(cv: number): UnitService {
  const { mu, sigma } = lognormalParameters(1, cv);
  return {
    mean: 1,
    secondMoment: 1 + cv * cv,
    tail: (x) => (x > 0 ? normalCdf((mu - Math.log(x)) / sigma) : 1),
    partialMean: (x) => (x > 0 ? normalCdf((Math.log(x) - mu) / sigma - sigma) : 0),
  };
}

/**
 * Spread below which the shifted gamma with the same first three moments takes the lognormal's place: their fourth moments part
 * by 2.5 cv^2 of the squared variance, which moves a percentile of the service by less than 1e-5 of it.
 */
const NARROW_BELOW_CV = 0.02;

export const lognormal: LawDefinition = {
  letter: 'G',
  words: 'lognormal service',
  percentiles: (cv) => (cv < NARROW_BELOW_CV ? NARROW_WORDS : LATTICE_WORDS),
  cvUsed: (cv) => cv,
  service: lognormalService,
  delay: (cv, shape) =>
    cv < NARROW_BELOW_CV && isOneServer(shape)
      ? narrowDelay(shiftedGamma(cv, cv * (3 + cv * cv)), shape.utilization)
      : latticeDelay(lognormalService(cv), shape),
};

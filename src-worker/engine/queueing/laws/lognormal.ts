import { lognormalParameters } from '../../numerics/lognormal.ts';
import { normalCdf } from '../../numerics/normal.ts';
import { LATTICE_WORDS, latticeDelay } from '../lattice.ts';
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

export const lognormal: LawDefinition = {
  letter: 'G',
  words: 'lognormal service',
  percentiles: () => LATTICE_WORDS,
  cvUsed: (cv) => cv,
  service: lognormalService,
  delay: (cv, shape) => latticeDelay(lognormalService(cv), shape),
};

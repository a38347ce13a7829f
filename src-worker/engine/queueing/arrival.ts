import { gammaService } from './laws/gamma.ts';

/** What a queue is told of the gaps between arrivals: independent of each other, mean 1 / rate. */

export const ARRIVAL_KINDS = ['poisson', 'gamma', 'constant'] as const;
export type ArrivalKind = (typeof ARRIVAL_KINDS)[number];

export interface Arrivals {
  kind: ArrivalKind;
  /** Standard deviation / mean of the gaps. Poisson counts as 1 and constant as 0, whatever is given. */
  cv: number;
}

export const POISSON: Arrivals = { kind: 'poisson', cv: 1 };

/** Narrower than this, gaps are constant for every purpose. */
const LEAST_CV = 1e-7;

/** The coefficient of variation that the gaps have. */
export function arrivalCvUsed({ kind, cv }: Arrivals): number {
  if (kind === 'poisson') return 1;
  return kind === 'constant' || cv < LEAST_CV ? 0 : cv;
}

/** Gaps whose law is exponential, by name or by spread: then the M/G/1 is exact. */
export const isPoisson = (arrivals: Arrivals): boolean => arrivals.kind === 'poisson' || arrivalCvUsed(arrivals) === 1;

/** The gap with unit mean as its curves: a gamma law. `cv` > 0. */
export const gapService = gammaService;

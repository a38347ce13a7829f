/** What a queue is told of its service times. */

export type ServiceLawKind = 'deterministic' | 'exponential' | 'gamma' | 'lognormal';

/** A service time by name. */
export interface ServiceLaw {
  kind: ServiceLawKind;
  /** > 0. */
  meanMs: number;
  /** Standard deviation / mean, >= 0. Deterministic counts as 0 and exponential as 1, whatever is given. */
  cv: number;
}

/** A service time by its curves, for laws that have no name: one derived from token lengths, say. Atoms are allowed. */
export interface GeneralService {
  meanMs: number;
  secondMomentMs2: number;
  /** P(S <= ms), right-continuous. */
  cdf(ms: number): number;
  /** E[S; S <= ms], not divided by the probability. */
  partialMean(ms: number): number;
}

/** A service time in units of its own mean. The whole queueing engine works in that unit: time scales out of every law. */
export interface UnitService {
  /** 1, unless the unit is another service's mean. */
  mean: number;
  secondMoment: number;
  /** P(S > x). Not 1 - P(S <= x): far out, where lattices of long queues reach, that has no digits left. */
  tail(x: number): number;
  /** E[S; S <= x]. */
  partialMean(x: number): number;
}

/** In units of its own mean, or of another one. */
export const unitService = (service: GeneralService, meanMs = service.meanMs): UnitService => ({
  mean: service.meanMs / meanMs,
  secondMoment: service.secondMomentMs2 / meanMs ** 2,
  tail: (x) => 1 - service.cdf(x * meanMs),
  partialMean: (x) => service.partialMean(x * meanMs) / meanMs,
});

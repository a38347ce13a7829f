import { secondsFromMs } from '../units.ts';
import { meanWait, type DelayShape } from './delay.ts';
import { LATTICE_WORDS, latticeDelay } from './lattice.ts';
import { lawDefinition } from './laws/registry.ts';
import { unitService, type GeneralService, type ServiceLaw } from './service.ts';
import { steadyQueue, summary, type DelaySummary, type MethodNote, type QueueOutcome } from './summary.ts';

/**
 * One server, Poisson arrivals, first come first served (M/G/1): exact mean (Pollaczek-Khinchine) and percentiles of the wait
 * and of the response. P(wait = 0) is 1 - utilization, so every percentile up to there is exactly 0.
 */

export interface Mg1Question<Service> {
  /** > 0 (0 is answered too: nobody waits). */
  arrivalRateReqPerS: number;
  service: Service;
}

/** Work that arrives per unit of time: arrival rate times mean service time. */
export const offeredLoad = (arrivalRateReqPerS: number, meanServiceMs: number): number =>
  arrivalRateReqPerS * secondsFromMs(meanServiceMs);

const oneServer = (utilization: number): DelayShape => ({ utilization, waitProbability: utilization, stretch: 1 });

/** Words of the exact single-server methods; `percentiles` says how the percentiles are found. */
const exactNote = (name: string, words: string, percentiles: string): MethodNote => ({
  method: `${name} with ${words}, exact: Pollaczek-Khinchine mean, percentiles ${percentiles}`,
  isExact: true,
});

/**
 * Wait and response of an M/G/1 with a service law by name; `unstable` from utilization 1 on.
 * Example: 0.5 requests per second of exponential service, mean 1,000 ms: utilization 0.5, mean wait 1,000 ms, median wait 0,
 * P95 of the wait ln(0.5/0.05)/0.5 s = 4,605 ms.
 */
export function mg1Waiting({ arrivalRateReqPerS, service }: Mg1Question<ServiceLaw>): QueueOutcome {
  const utilization = offeredLoad(arrivalRateReqPerS, service.meanMs);
  if (!(utilization < 1)) return { kind: 'unstable', utilization };
  const law = lawDefinition(service);
  const cv = law.cvUsed(service.cv);
  const shape = oneServer(utilization);
  const note = exactNote(`M/${law.letter}/1`, law.words, law.percentiles(cv));
  return steadyQueue(law.delay(cv, shape), shape, 1 + cv * cv, service.meanMs, note);
}

/** The same for a service given by its curves; percentiles from the lattice, within about 0.05 %. */
export function mg1GeneralWaiting({ arrivalRateReqPerS, service }: Mg1Question<GeneralService>): QueueOutcome {
  const utilization = offeredLoad(arrivalRateReqPerS, service.meanMs);
  if (!(utilization < 1)) return { kind: 'unstable', utilization };
  const unit = unitService(service);
  const shape = oneServer(utilization);
  const note = exactNote('M/G/1', 'the given service times', LATTICE_WORDS);
  return steadyQueue(latticeDelay(unit, shape), shape, unit.secondMoment, service.meanMs, note);
}

export type WaitThenOutcome =
  | { kind: 'steady'; utilization: number; ms: DelaySummary; method: string; isExact: boolean }
  | { kind: 'unstable'; utilization: number };

/**
 * The wait and then something else, independent of it, that starts with the service: the time to a first token is the wait and
 * then the prefill, while prefill and decode together keep the server busy. Percentiles as in mg1GeneralWaiting.
 */
export function mg1WaitThen({
  arrivalRateReqPerS,
  service,
  then,
}: Mg1Question<GeneralService> & { then: GeneralService }): WaitThenOutcome {
  const utilization = offeredLoad(arrivalRateReqPerS, service.meanMs);
  if (!(utilization < 1)) return { kind: 'unstable', utilization };
  const unit = unitService(service);
  const shape = oneServer(utilization);
  const delay = latticeDelay(unit, shape, unitService(then, service.meanMs));
  const mean = meanWait(unit.secondMoment, shape) + then.meanMs / service.meanMs;
  return {
    kind: 'steady',
    utilization,
    ms: summary(mean, delay.responseQuantile, service.meanMs),
    ...exactNote('M/G/1', 'the given service times', LATTICE_WORDS),
  };
}

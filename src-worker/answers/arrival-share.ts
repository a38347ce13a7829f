import { DEFAULT_HAWKES_SCV, scvOfShare, type ArrivalShare } from '../engine/simulation/arrivals.ts';
import type { PredictInput } from '../protocol/requests.ts';

/** The squared coefficient of variation of the gaps between all arrivals, in the long run the variance of counts / their mean. */
export function arrivalScv({ arrival, arrival_cv: cv }: PredictInput): number {
  if (arrival === 'constant') return 0;
  if (arrival === 'hawkes') return cv === null ? DEFAULT_HAWKES_SCV : cv ** 2;
  return arrival === 'gamma' ? (cv ?? 1) ** 2 : 1;
}

/** What one of a replica's `streams` schedulers gets of a stream of arrivals; null where it depends on the others. */
export function shareOf(
  { router, replicas }: Pick<PredictInput, 'router' | 'replicas'>,
  streams: number,
): ArrivalShare | null {
  // With one replica there is nothing to choose.
  if (router !== 'least_loaded') return { router, replicas, streams };
  return replicas === 1 ? { router: 'random', replicas, streams } : null;
}

/** What of the spread is left at one of a replica's `streams` schedulers; behind a router that looks at them no law says, and none is asked for. */
export function scvOfScheduler(input: PredictInput, streams: number): number {
  const share = shareOf(input, streams);
  return share ? scvOfShare(arrivalScv(input), share) : arrivalScv(input);
}

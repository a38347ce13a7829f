import type { BatchingSubject } from '../batching/subject.ts';
import { DEFAULT_DECAY_PER_MS, scvOfShare, type ArrivalLaw } from '../simulation/arrivals.ts';
import type { RouterPolicy } from '../simulation/router.ts';
import type { SizingSubject } from './types.ts';

/** How requests come to the replicas of a plan: the law of all together, how many of them (per ms) are shared, and by whom. */
export interface SharedArrivals {
  law: ArrivalLaw;
  /** null = a replica gets them whole. */
  sharedPerMs: number | null;
  router: RouterPolicy;
  /** Streams of a replica. */
  streams: number;
}

export const sharedArrivalsOf = (subject: SizingSubject, streams: number): SharedArrivals => ({
  law: arrivalLawOf(subject),
  sharedPerMs: subject.sharedPerMs,
  router: subject.router,
  streams,
});

/** Replicas, each of so many streams, that a router shares requests out over. */
export interface LoadShare {
  router: RouterPolicy;
  /** Dealt at random they need not be whole: between two counts so much of a burst is left. */
  replicas: number;
  streams: number;
}

/** One stream has all that comes. */
export const ALONE: LoadShare = { router: 'random', replicas: 1, streams: 1 };

/** Who shares the load where one stream gets `ratePerMs` of it: at a lower rate more replicas do. */
export function shareAt({ sharedPerMs, router, streams }: SharedArrivals, ratePerMs: number): LoadShare {
  if (sharedPerMs === null) return ALONE;
  const schedulers = Math.max(1, sharedPerMs / ratePerMs);
  if (router === 'random') return { router, replicas: schedulers, streams: 1 };
  return { router, replicas: Math.max(1, Math.round(schedulers / streams)), streams };
}

/** A replica as the closed form takes it at a rate of one of its streams. */
export type SubjectAt = (ratePerMs: number) => BatchingSubject;

/**
 * Gaps dealt in turn are as even as sums of so many, and the more replicas there are, the lower the rate of each; by any other
 * router a replica gets all bursts whole, whatever the rate. What is handed out is written over by the next call.
 */
export function subjectOfShare(subject: BatchingSubject, { sharedPerMs, router, streams }: SharedArrivals): SubjectAt {
  if (sharedPerMs === null || router !== 'round_robin') return () => subject;
  const own = { ...subject };
  const share = { router, replicas: 1, streams };
  return (ratePerMs) => {
    share.replicas = Math.max(1, sharedPerMs / (ratePerMs * streams));
    own.scvArrival = scvOfShare(subject.scvArrival, share);
    return own;
  };
}

/** How the requests of a workload come, for a simulation of one replica: a random split leaves each its share of the same process. */
export function arrivalLawOf({ workload, scvArrival }: Pick<SizingSubject, 'workload' | 'scvArrival'>): ArrivalLaw {
  const { arrival } = workload;
  const { hawkes } = arrival;
  if (arrival.process === 'hawkes' && hawkes) {
    // In the long run the variance of counts / their mean of a Hawkes process is 1 / (1 - branching)² (Hawkes 1971).
    return { process: arrival.process, scv: 1 / (1 - hawkes.branching) ** 2, decayPerMs: hawkes.decayPerMs };
  }
  // A workload that says neither how its arrivals excite each other nor that they are burstier than Poisson: gamma gaps of the
  // spread it says, as the closed form takes them.
  const law = arrival.process === 'hawkes' && scvArrival <= 1 ? 'gamma' : arrival.process;
  return { process: law, scv: scvArrival, decayPerMs: DEFAULT_DECAY_PER_MS };
}

import { DEFAULT_DECAY_PER_MS, type ArrivalLaw } from '../simulation/arrivals.ts';
import type { SizingSubject } from './types.ts';

/** How requests come to a simulated replica: the law of all together, and how many of them (per ms) the replicas share at random. */
export interface SharedArrivals {
  law: ArrivalLaw;
  /** null = a replica gets them whole. */
  sharedPerMs: number | null;
}

export const sharedArrivalsOf = (subject: SizingSubject): SharedArrivals => ({
  law: arrivalLawOf(subject),
  sharedPerMs: subject.sharedPerMs,
});

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

import type { BatchingSubject } from '../batching/subject.ts';
import type { SimulatedLoad } from './drawn-load.ts';
import type { Fleet } from './router.ts';
import type { Observer } from './observer.ts';
import type { SchedulerRules } from './simulated-server.ts';

/** What is simulated: requests of a load, drawn by a seed, and who serves them. */
export interface RunQuestion {
  subject: BatchingSubject;
  rules: SchedulerRules;
  /** Of all of the fleet. */
  load: SimulatedLoad;
  seed: number;
  /** Of a steady state: the replicas that are simulated together; absent or null = one scheduler by itself. */
  fleet?: Fleet | null;
  /** Share of the requests that go before the others, with policy `priority`; absent or null = all are alike. */
  urgentFraction?: number | null;
  /** Called for every attempt at a steady state: the last one is the answer's. */
  observe?: (() => Observer) | null;
  /** Called again and again while it is computed; what it throws ends that. */
  checkpoint?: (() => void) | null;
}

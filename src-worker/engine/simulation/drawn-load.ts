import type { BatchingSubject } from '../batching/subject.ts';
import { exponential } from '../numerics/random.ts';
import { drawArrivals, type ArrivalLaw, type ArrivalShare } from './arrivals.ts';
import { drawRequests } from './draw-requests.ts';
import { randomStream } from './random-streams.ts';
import type { Clients, SimulatedRequests } from './requests.ts';

/**
 * Requests of an open run, or of so many users who wait for each answer and pause for exponential times of this mean. `share`:
 * the arrivals, at this rate, are what one of several replicas gets of a stream.
 */
export type SimulatedLoad =
  | { kind: 'open'; ratePerMs: number; law: ArrivalLaw; share?: ArrivalShare | null }
  | { kind: 'closed'; users: number; thinkTimeMs: number };

/** The more urgent ones of two kinds of requests have this priority, the others the next: the smaller, the sooner. */
const URGENT = 0;
const USUAL = 1;

/** Which requests are urgent: each with the same chance. */
export function drawPriorities(count: number, urgentFraction: number, seed: number): Int32Array {
  const random = randomStream(seed, 'urgency');
  return Int32Array.from({ length: count }, () => (random() < urgentFraction ? URGENT : USUAL));
}

/** Requests drawn for a load, and the clients where it is closed. `urgentFraction` null = all are alike. */
export function drawLoad(
  { lengths }: BatchingSubject,
  load: SimulatedLoad,
  count: number,
  seed: number,
  urgentFraction: number | null = null,
): { requests: SimulatedRequests; clients: Clients | null } {
  const isOpen = load.kind === 'open';
  const arrivals = isOpen
    ? drawArrivals(
        load.law,
        load.ratePerMs,
        count,
        randomStream(seed, 'gaps'),
        load.share ? { of: load.share, router: randomStream(seed, 'router') } : null,
      )
    : new Float64Array(count);
  const drawn = drawRequests(lengths.question, arrivals, seed);
  const requests =
    urgentFraction === null ? drawn : { ...drawn, priorities: drawPriorities(count, urgentFraction, seed) };
  if (isOpen) return { requests, clients: null };
  const pauses = randomStream(seed, 'pauses');
  const pauseMs =
    load.thinkTimeMs > 0 ? Float64Array.from({ length: count }, () => exponential(pauses, load.thinkTimeMs)) : null;
  return { requests, clients: { count: Math.max(1, Math.round(load.users)), pauseMs } };
}

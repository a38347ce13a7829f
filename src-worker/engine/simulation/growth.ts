import { saturationAt } from '../batching/fixed-point.ts';
import type { BatchingSubject, SaturationKind } from '../batching/subject.ts';
import type { SimulatedLoad } from './drawn-load.ts';
import type { SimulatedRun } from './simulated-run.ts';

/* Whether what waits grows as long as a run lasts, and what is short then. */

/** Where what waits grows by more than this share of what arrives, no steady state is in sight. */
export const GROWTH_SHARE = 0.02;
/** The same of a run that does not get any more precise, most of which somebody waited for a seat or for blocks. */
export const SLOW_GROWTH_SHARE = 0.003;

/** How many of the first `count` requests were sent by then and ended later; those who were refused never do. */
function inSystemAt(run: SimulatedRun, atMs: number, count: number): number {
  let present = 0;
  for (let i = 0; i < count; i += 1) {
    if ((run.sentMs[i] as number) <= atMs && (run.endMs[i] as number) > atMs) present += 1;
  }
  return present;
}

/** By how many more of requests `from` to `to` - 1 came than were served meanwhile; infinite where all are sent at once. */
export function growthOf(run: SimulatedRun, from: number, to: number): number {
  const [firstMs, lastMs] = [run.sentMs[from] as number, run.sentMs[to - 1] as number];
  return lastMs > firstMs ? inSystemAt(run, lastMs, to) - inSystemAt(run, firstMs, to) : Infinity;
}

/**
 * What saturates: what the closed form names at this rate, where that has no steady state either, since it knows whether more
 * seats or blocks would help. What is short while a queue grows is no more than a symptom, and the cause where the closed form
 * has a steady state.
 */
export function causeOf(run: SimulatedRun, subject: BatchingSubject, load: SimulatedLoad): SaturationKind {
  const named = load.kind === 'open' ? saturationAt(subject, load.ratePerMs) : null;
  if (named !== null) return named;
  const most = Math.max(run.seatsShortMs, run.blocksShortMs);
  if (most < run.wallMs / 2) return 'compute';
  return run.seatsShortMs > run.blocksShortMs ? 'seats' : 'kv';
}

import type { StepPlan } from '../roofline/step-plan.ts';
import type { RequestStates } from './request-states.ts';

/** What one scheduler came to. */
export interface SchedulerTotals {
  steps: number;
  /** Rounds of its loop: single steps and stretches. */
  events: number;
  /** ms at which it ended. */
  wallMs: number;
  maxRunning: number;
  /** KV blocks free at the end. */
  freeBlocks: number;
  /** Prompt tokens found in the prefix cache, over all admissions. */
  foundTokens: number;
  /** ms during which somebody waited for a seat, and for KV blocks. */
  seatsShortMs: number;
  blocksShortMs: number;
}

/** A run of one scheduler, or of several that shared its requests: then times are of a scheduler on average, all else of all. */
export interface SimulatedRun extends SchedulerTotals {
  /** [request] ms at which it was sent, gave its first and its last token (API and tokenizing before the scheduler included); NaN = it never did. */
  sentMs: Float64Array;
  firstMs: Float64Array;
  endMs: Float64Array;
  /** [request] times it lost its blocks. */
  preemptions: Int32Array;
  /** Requests that the whole KV cache cannot hold. */
  rejected: number;
  schedulers: number;
  /** KV blocks there are. */
  totalBlocks: number;
  /** False where the run was given up after `MOST_EVENTS`. */
  isComplete: boolean;
}

/**
 * What schedulers that shared the requests of `states` came to, all together; `front` where what requests spend before they
 * reach them was left out until now.
 */
export function runOf(
  states: RequestStates,
  schedulers: readonly SchedulerTotals[],
  front: Pick<StepPlan, 'ttftBaseMs' | 'tokenizeMsPerToken'> | null,
): SimulatedRun {
  const { sentMs, firstMs, endMs, preemptions, rejected, totalBlocks, requests } = states;
  for (let i = 0; front && i < firstMs.length; i += 1) {
    const frontMs = front.ttftBaseMs + front.tokenizeMsPerToken * (requests.promptTokens[i] as number);
    firstMs[i] = (firstMs[i] as number) + frontMs;
    endMs[i] = (endMs[i] as number) + frontMs;
  }
  const sum = (of: (totals: SchedulerTotals) => number): number =>
    schedulers.reduce((total, totals) => total + of(totals), 0);
  const most = (of: (totals: SchedulerTotals) => number): number =>
    schedulers.reduce((top, totals) => Math.max(top, of(totals)), 0);
  return {
    sentMs,
    firstMs,
    endMs,
    preemptions,
    rejected,
    schedulers: schedulers.length,
    steps: sum(({ steps }) => steps),
    events: sum(({ events }) => events),
    wallMs: most(({ wallMs }) => wallMs),
    maxRunning: most(({ maxRunning }) => maxRunning),
    totalBlocks: totalBlocks * schedulers.length,
    freeBlocks: sum(({ freeBlocks }) => freeBlocks),
    foundTokens: sum(({ foundTokens }) => foundTokens),
    seatsShortMs: sum(({ seatsShortMs }) => seatsShortMs) / schedulers.length,
    blocksShortMs: sum(({ blocksShortMs }) => blocksShortMs) / schedulers.length,
    isComplete: states.toEnd === 0,
  };
}

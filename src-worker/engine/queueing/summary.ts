import type { Delay, DelayShape } from './delay.ts';
import { meanWait } from './delay.ts';

/** ms. Percentiles are of the waiting-time law itself (no sampling): the smallest t with P(T <= t) at least the share. */
export interface DelaySummary {
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
}

/** A queue in steady state. */
export interface SteadyQueue {
  kind: 'steady';
  /** Share of time a server is busy, in [0, 1). */
  utilization: number;
  /** P(wait > 0). */
  waitProbability: number;
  waitMs: DelaySummary;
  /** Wait and service. */
  responseMs: DelaySummary;
  /** Which method, in words, and whether it is exact or approximate. */
  method: string;
  isExact: boolean;
}

/** Work arrives at least as fast as it can be done: there is no steady state and no latency to report. */
export interface UnstableQueue {
  kind: 'unstable';
  utilization: number;
}

export type QueueOutcome = SteadyQueue | UnstableQueue;

/** A method in words. */
export interface MethodNote {
  method: string;
  isExact: boolean;
}

/** `mean` and `quantile` in mean service times. */
export const summary = (mean: number, quantile: (tail: number) => number, meanServiceMs: number): DelaySummary => {
  // From the far end: a method that keeps its work can read the nearer percentiles from it.
  // Where two of them are the same, as with constant service, rounding must not turn them around.
  const p99 = quantile(0.01);
  const p95 = Math.min(p99, quantile(0.05));
  const p90 = Math.min(p95, quantile(0.1));
  const p50 = Math.min(p90, quantile(0.5));
  return {
    mean: mean * meanServiceMs,
    p50: p50 * meanServiceMs,
    p90: p90 * meanServiceMs,
    p95: p95 * meanServiceMs,
    p99: p99 * meanServiceMs,
  };
};

/** Puts a delay (in mean service times) into milliseconds. `secondMoment` is the unit-mean service's. */
export function steadyQueue(
  delay: Delay,
  shape: DelayShape,
  secondMoment: number,
  meanServiceMs: number,
  note: MethodNote,
): SteadyQueue {
  const wait = meanWait(secondMoment, shape);
  return {
    kind: 'steady',
    utilization: shape.utilization,
    waitProbability: shape.waitProbability,
    waitMs: summary(wait, delay.waitQuantile, meanServiceMs),
    responseMs: summary(wait + 1, delay.responseQuantile, meanServiceMs),
    ...note,
  };
}

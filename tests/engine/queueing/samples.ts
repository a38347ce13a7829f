import { lawDefinition } from '../../../src-worker/engine/queueing/laws/registry.ts';
import type { Delay, DelayShape } from '../../../src-worker/engine/queueing/delay.ts';
import type { ServiceLawKind } from '../../../src-worker/engine/queueing/service.ts';
import type { DelaySummary, QueueOutcome, SteadyQueue } from '../../../src-worker/engine/queueing/summary.ts';
import { integrate } from '../numerics/integrate.ts';

/** The tails P50, P90, P95 and P99 leave. */
export const TAILS = [0.5, 0.1, 0.05, 0.01];

export const oneServer = (utilization: number): DelayShape => ({
  utilization,
  waitProbability: utilization,
  stretch: 1,
});

/** Delay of an M/G/1 with unit mean service. */
export const delayOf = (kind: ServiceLawKind, cv: number, utilization: number): Delay => {
  const law = lawDefinition({ kind, cv });
  return law.delay(law.cvUsed(cv), oneServer(utilization));
};

export const steady = (outcome: QueueOutcome): SteadyQueue => {
  if (outcome.kind !== 'steady') throw new Error(`unstable at utilization ${outcome.utilization}`);
  return outcome;
};

/** Mean as the integral of a tail, over a grid that is fine near 0 and reaches 60 times `scale`. */
export const meanOfTail = (tail: (t: number) => number, scale: number): number =>
  integrate((u) => tail(scale * Math.expm1(u)) * scale * Math.exp(u), 0, Math.log(61), 1200);

/** Pollaczek-Khinchine: rho (1 + cv^2) / (2 (1 - rho)), in mean service times. */
export const meanWaitByFormula = (utilization: number, cv: number): number =>
  (utilization * (1 + cv * cv)) / (2 * (1 - utilization));

/** Every figure of the summaries. */
export const allOf = (...summaries: DelaySummary[]): number[] =>
  summaries.flatMap(({ mean, p50, p90, p95, p99 }) => [mean, p50, p90, p95, p99]);

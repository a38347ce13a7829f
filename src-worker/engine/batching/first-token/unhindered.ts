import { weightedQuantile } from '../../numerics/weighted-quantile.ts';
import type { MeanStep } from '../mean-step.ts';
import type { BatchingSubject } from '../subject.ts';
import { computePrefills, setAround } from './prefills.ts';
import type { FirstTokenScratch } from './scratch.ts';

/** P95 (ms) of prefill, tokenizing and API time of a request that waits for nobody. */
export function unhinderedP95Ms(
  { ahead, around, fine, busyTable }: FirstTokenScratch,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  step: MeanStep,
): number {
  const { plan, lengths } = subject;
  const { prompts } = lengths;
  busyTable.set(subject, step, step);
  fine.fill(prompts, subject);
  setAround(around, subject, arrivalsPerMs, 0);
  ahead.leftOver = 0;
  ahead.before = 0;
  ahead.after = 0;
  const alone = fine.any;
  computePrefills(alone, fine, busyTable, step, ahead, around);
  const { ms, hasLate, lateMs, lateChances } = alone;
  const firstTokenMs = prompts.weights.map((_, i) => {
    const ownMs = (ms[i] as number) + plan.ttftBaseMs;
    return hasLate ? ownMs + (lateChances[i] as number) * ((lateMs[i] as number) - (ms[i] as number)) : ownMs;
  });
  return weightedQuantile(firstTokenMs, prompts.weights, 0.95);
}

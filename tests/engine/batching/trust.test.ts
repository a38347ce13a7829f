import { expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import type { TrustKind } from '../../../src-worker/engine/batching/trust.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { SCENARIOS, subjectOf, type Scenario } from './scenarios.ts';

const tokens = (mean: number, cv = 0.5) => ({ mean, std: mean * cv, min: 1, max: 40 * mean });
const base = subjectOf(SCENARIOS.find(({ name }) => name === '8B H100 long answers') as Scenario);
const of = (prompt: number, answer: number, more: Partial<BatchingSubject> = {}): BatchingSubject => ({
  ...base,
  ...more,
  lengths: requestLengths({
    promptParts: [tokens(prompt)],
    output: tokens(answer, answer === 1 ? 0 : 0.5),
    cache: null,
    maxContextTokens: null,
  }),
});

const ofUneven = (cv: number): BatchingSubject => ({
  ...base,
  lengths: requestLengths({ promptParts: [tokens(500, cv)], output: tokens(300), cache: null, maxContextTokens: null }),
});

function trustAt(subject: BatchingSubject, share: number): TrustKind {
  const outcome = evaluateBatching(subject, share * saturationRate(subject).perMs);
  if (outcome.kind === 'saturated') throw new Error('saturates below its saturation rate');
  return outcome.trust;
}

test.each<[string, BatchingSubject, number, TrustKind]>([
  ['a load in the middle', of(500, 300), 0.5, 'ok'],
  ['next to saturation', of(500, 300), 0.97, 'critical'],
  ['prompts that take most of the time', of(2000, 30), 0.85, 'critical'],
  ['prompts of more than two whole steps', of(20_000, 300), 0.3, 'critical'],
  ['prompts of less than two', of(12_000, 300), 0.2, 'ok'],
  ['prompts of lengths that are as good as any', ofUneven(2), 0.5, 'critical'],
  ['prompts as uneven as those of a workload', ofUneven(1), 0.3, 'ok'],
  ['answers of a few tokens', of(500, 10), 0.3, 'critical'],
  ['answers of one token, with little to do', of(500, 1), 0.2, 'ok'],
  ['answers as short as the prompts of others are long', of(6000, 40), 0.3, 'critical'],
  ['bursts', of(500, 300, { scvArrival: 3 }), 0.5, 'bursty'],
  ['seats for a few more than run', of(500, 300, { maxNumSeqs: 12 }), 0.9, 'slot_pressure'],
  ['a KV cache for a few more than run', of(500, 300, { kvCacheTokens: 8000 }), 0.9, 'kv_pressure'],
])('%s: trust %#', (_name, subject, share, trust) => {
  expect(trustAt(subject, share)).toBe(trust);
});

test.each([
  [500, 300, 0.5],
  [500, 2, 0.5],
  [30_000, 100, 0.3],
])("as many run as Little's law says: prompts of %i, answers of %i tokens, at %f", (prompt, answer, share) => {
  const subject = of(prompt, answer);
  const ratePerMs = share * saturationRate(subject).perMs;
  const outcome = evaluateBatching(subject, ratePerMs);
  if (outcome.kind === 'saturated') throw new Error('saturates below its saturation rate');
  expect(outcome.meanRunning).toBeCloseTo(ratePerMs * (outcome.e2eMs.mean - outcome.ttftMs.mean), 9);
});

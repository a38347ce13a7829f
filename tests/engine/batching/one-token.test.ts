import { describe, expect, test } from 'vitest';
import { subjectOf } from '../../../scripts/closed-form/subject.ts';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { POISSON } from '../../../src-worker/engine/simulation/arrivals.ts';
import { DEFAULT_RULES } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { simulateSteady } from '../../../src-worker/engine/simulation/steady-state.ts';

/** Scores, classes and the like: nobody decodes, and the engine stands still between prompts. */
const DRAFT = {
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'nvidia-h100-80gb',
  input_tokens: 500,
  output_tokens: 1,
  output_cv: 0,
};

describe.each([0, 0.5])('answers of one token, prompts of CV %f', (cv) => {
  test.each([5, 20, 40])('at %d requests/s the first token waits as in the simulation', (rate) => {
    const { subject, ratePerMs } = subjectOf({ ...DRAFT, input_cv: cv, rate });
    const outcome = evaluateBatching(subject, ratePerMs);
    const load = { kind: 'open', ratePerMs, law: POISSON } as const;
    const stop = { relativeHalfWidth: Infinity, statistics: [], fewest: 100_000, most: 100_000 };
    const truth = simulateSteady({ subject, rules: DEFAULT_RULES, load, seed: 2 }, stop);
    if (outcome.kind !== 'steady' || truth.kind !== 'steady') throw new Error('saturated');
    for (const statistic of ['mean', 'p50', 'p95', 'p99'] as const)
      expect(Math.abs(outcome.ttftMs[statistic] / truth.ttftMs[statistic] - 1), statistic).toBeLessThan(0.06);
  });
});

test('so seldom that hardly anybody meets anybody, the mean wait is that of a queue', () => {
  const { subject, ratePerMs } = subjectOf({ ...DRAFT, input_cv: 0, rate: 1 });
  const [alone, few] = [1e-9, ratePerMs].map((rate) => evaluateBatching(subject, rate));
  if (alone?.kind !== 'steady' || few?.kind !== 'steady') throw new Error('saturated');
  // Pollaczek and Khinchine, of the time that a prompt takes the engine.
  const serviceMs = alone.ttftMs.mean - subject.plan.ttftBaseMs - 500 * subject.plan.tokenizeMsPerToken;
  const waitMs = (ratePerMs * serviceMs ** 2) / (2 * (1 - ratePerMs * serviceMs));
  expect((few.ttftMs.mean - alone.ttftMs.mean) / waitMs).toBeCloseTo(1, 1);
});

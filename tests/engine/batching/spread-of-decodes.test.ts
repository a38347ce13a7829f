import { expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { roomySubject, simplePlan } from '../simulation/simple-plans.ts';

/** Least number that a Poisson count of this mean does not pass with a chance of 0.99. */
function poissonP99(mean: number): number {
  let chance = Math.exp(-mean);
  let sum = chance;
  let count = 0;
  while (sum < 0.99) {
    count += 1;
    chance *= mean / count;
    sum += chance;
  }
  return count;
}

test.each([20, 100, 400])(
  'where a step takes as long whatever is in it, %i decode on average as a Poisson count spreads',
  (mean) => {
    const subject = roomySubject(simplePlan(20, 0), 10, 101);
    const outcome = evaluateBatching(subject, mean / (100 * 20));
    if (outcome.kind === 'saturated') throw new Error('a server of unlimited room saturates');
    expect(outcome.meanRunning / mean).toBeCloseTo(1, 2);
    expect(Math.abs(outcome.maxRunning - poissonP99(mean))).toBeLessThanOrEqual(1);
  },
);

test('answers of one length after short prompts: E2E is spread as the time per token, times the tokens', () => {
  const subject = roomySubject(simplePlan(20, 0.15), 10, 201);
  const outcome = evaluateBatching(subject, 0.4 / (200 * 0.15));
  if (outcome.kind === 'saturated') throw new Error('saturated');
  const { tpotMs, e2eMs, ttftMs } = outcome;
  const spread = 200 * (tpotMs.p95 - tpotMs.p50);
  expect(ttftMs.p99 - ttftMs.p50).toBeLessThan(0.2 * spread);
  // One even range for a normal law: its P95 is within an eighth.
  expect(Math.abs((e2eMs.p95 - e2eMs.p50) / spread - 1)).toBeLessThan(1 / 8);
});

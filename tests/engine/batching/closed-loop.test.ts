import { expect, test } from 'vitest';
import { evaluateClosedLoop, type ClosedLoopSteady } from '../../../src-worker/engine/batching/closed-loop.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { DEFAULT_RULES } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { simulateSteady } from '../../../src-worker/engine/simulation/steady-state.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { SCENARIOS, subjectOf, type Scenario } from './scenarios.ts';

const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: tokens, max: tokens });
const spread = (tokens: number) => ({ mean: tokens, std: tokens / 2, min: 1, max: tokens * 20 });
const lengthsOf = (prompt: typeof exactly, promptTokens: number, answerTokens: number) =>
  requestLengths({
    promptParts: [prompt(promptTokens)],
    output: prompt(answerTokens),
    cache: null,
    maxContextTokens: null,
  });
const base = subjectOf(SCENARIOS.find(({ name }) => name === '8B H100 long answers') as Scenario);
const withLengths = (promptTokens: number, answerTokens: number, law = exactly): BatchingSubject => ({
  ...base,
  lengths: lengthsOf(law, promptTokens, answerTokens),
});

function loop(subject: BatchingSubject, users: number, thinkTimeMs: number, inStep: number | null): ClosedLoopSteady {
  const closed = evaluateClosedLoop({
    subject,
    users,
    thinkTimeMs,
    saturationPerMs: saturationRate(subject).perMs,
    lockstepPrefills: inStep,
  });
  if (!closed) throw new Error(`${users} users are not served`);
  return closed;
}

test.each([
  [500, 200],
  [4000, 200],
  [1000, 20],
])('a pause of a ms is as good as none: prompts of %i, answers of %i tokens', (promptTokens, answerTokens) => {
  const subject = withLengths(promptTokens, answerTokens);
  const [none, short] = [loop(subject, 16, 0, 3), loop(subject, 16, 1, 3)];
  expect(short.ratePerMs / none.ratePerMs).toBeGreaterThan(0.99);
  expect(short.ratePerMs / none.ratePerMs).toBeLessThan(1.01);
  expect(short.outcome.ttftMs.p50 / none.outcome.ttftMs.p50).toBeGreaterThan(0.97);
  expect(short.outcome.ttftMs.p50 / none.outcome.ttftMs.p50).toBeLessThan(1.03);
});

test('who is in step gets out of it the longer users pause', () => {
  const subject = withLengths(500, 200);
  const p50 = [0, 10, 30, 100, 300, 1000].map((ms) => loop(subject, 32, ms, 6).outcome.ttftMs.p50);
  expect(p50).toEqual([...p50].sort((a, b) => b - a));
  expect(p50.at(-1)).toBeLessThan((p50[0] as number) / 2);
});

test('two users of one-token answers get more through than one, four more than two', () => {
  const subject = withLengths(1000, 1);
  const rates = [loop(subject, 1, 0, null), loop(subject, 2, 0, 1), loop(subject, 4, 0, 3)].map((one) => one.ratePerMs);
  expect(rates).toEqual([...rates].sort((a, b) => a - b));
});

test.each([
  [8, 1000],
  [32, 1000],
  [32, 10_000],
  [128, 10_000],
])('%i users who pause for %i ms are served as in the simulation', (users, thinkTimeMs) => {
  const subject = withLengths(500, 200, spread);
  const { ratePerMs, outcome } = loop(subject, users, thinkTimeMs, null);
  const simulated = simulateSteady(
    { subject, rules: DEFAULT_RULES, load: { kind: 'closed', users, thinkTimeMs }, seed: 1 },
    { relativeHalfWidth: 1, statistics: [], fewest: 20_000, most: 20_000 },
  );
  if (simulated.kind === 'saturated') throw new Error('a closed loop never is');
  expect(ratePerMs / simulated.requestsPerMs).toBeGreaterThan(0.98);
  expect(ratePerMs / simulated.requestsPerMs).toBeLessThan(1.02);
  expect(outcome.ttftMs.p50 / simulated.ttftMs.p50).toBeGreaterThan(0.96);
  expect(outcome.ttftMs.p50 / simulated.ttftMs.p50).toBeLessThan(1.04);
  expect(outcome.e2eMs.p95 / simulated.e2eMs.p95).toBeGreaterThan(0.96);
  expect(outcome.e2eMs.p95 / simulated.e2eMs.p95).toBeLessThan(1.04);
});

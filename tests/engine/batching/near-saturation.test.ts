import { describe, expect, test } from 'vitest';
import { evaluateBatching } from '../../../src-worker/engine/batching/closed-form.ts';
import { saturationRate } from '../../../src-worker/engine/batching/saturation-rate.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { POISSON } from '../../../src-worker/engine/simulation/arrivals.ts';
import { DEFAULT_RULES } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { simulateSteady } from '../../../src-worker/engine/simulation/steady-state.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { stepPlanOf } from '../world.ts';

const spread = (mean: number, cv: number) => ({ mean, std: mean * cv, min: 1, max: 20 * mean });

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';
/** What an engine sets up with by default, and the cache that is left beside the weights. */
const H100 = { gpu: 'nvidia-h100-80gb', maxNumBatchedTokens: 8192, maxNumSeqs: 1024, kvCacheTokens: 428_400 };
const A100 = { gpu: 'nvidia-a100-80gb', maxNumBatchedTokens: 2048, maxNumSeqs: 256, kvCacheTokens: 457_376 };

function subjectOf(
  model: string,
  { gpu, ...server }: typeof H100,
  promptTokens: number,
  answerTokens: number,
  cv: number,
): BatchingSubject {
  const lengths = requestLengths({
    promptParts: [spread(promptTokens, cv)],
    output: spread(answerTokens, cv),
    cache: null,
    maxContextTokens: null,
  });
  return { ...server, plan: stepPlanOf(model, gpu, { precision: 'bf16' }), lengths, scvArrival: 1, population: null };
}

/** Prompts of several chunks, of as many as fill a step, and of a tenth of it; bound by the KV cache, by steps and by seats. */
const SUBJECTS: [string, BatchingSubject][] = (
  [
    [LLAMA, H100, 20_000, 100, 0],
    [LLAMA, H100, 20_000, 100, 0.5],
    [LLAMA, A100, 3000, 200, 0.5],
    [LLAMA, A100, 1000, 20, 0],
    ['meta-llama/Llama-2-7b-hf', { ...A100, kvCacheTokens: 115_000 }, 3000, 20, 0],
    [LLAMA, H100, 500, 200, 0.5],
  ] as const
).map(([model, server, promptTokens, answerTokens, cv]) => [
  `${model} on ${server.gpu}, ${promptTokens} / ${answerTokens} tokens, CV ${cv}`,
  subjectOf(model, server, promptTokens, answerTokens, cv),
]);

const SHARES = [
  ...Array.from({ length: 45 }, (_, i) => 0.02 * (i + 1)),
  0.92,
  0.94,
  0.95,
  0.96,
  0.97,
  0.98,
  0.985,
  0.99,
];
/** Nodes of the lengths show in single percentiles, not in means. */
const PERCENTILE_SLACK = 0.02;

describe.each(SUBJECTS)('%s', (_, subject) => {
  const saturationPerMs = saturationRate(subject).perMs;

  test('TTFT and E2E rise with the load up to 0.99 of saturation', () => {
    const most: Record<string, number> = {};
    for (const share of SHARES) {
      const outcome = evaluateBatching(subject, share * saturationPerMs);
      if (outcome.kind === 'saturated') throw new Error(`saturated at ${share}`);
      for (const latency of ['ttftMs', 'e2eMs'] as const) {
        for (const statistic of ['mean', 'p50', 'p90', 'p95', 'p99'] as const) {
          const ms = outcome[latency][statistic];
          const name = `${latency} ${statistic}`;
          const slack = statistic === 'mean' ? 1e-6 : PERCENTILE_SLACK;
          expect(ms, `${name} at ${share}`).toBeGreaterThanOrEqual((most[name] ?? 0) * (1 - slack));
          most[name] = Math.max(most[name] ?? 0, ms);
        }
      }
    }
  });

  test('at 0.95 of saturation its means are those of the simulation: TTFT within 40 %, E2E within 25 %', () => {
    const ratePerMs = 0.95 * saturationPerMs;
    const outcome = evaluateBatching(subject, ratePerMs);
    const simulated = simulateSteady(
      { subject, rules: DEFAULT_RULES, load: { kind: 'open', ratePerMs, law: POISSON }, seed: 1 },
      { relativeHalfWidth: 1, statistics: [], fewest: 40_000, most: 40_000 },
    );
    if (outcome.kind === 'saturated' || simulated.kind === 'saturated') throw new Error('saturated');
    expect(Math.abs(Math.log(outcome.ttftMs.mean / simulated.ttftMs.mean))).toBeLessThan(Math.log(1.4));
    expect(Math.abs(Math.log(outcome.e2eMs.mean / simulated.e2eMs.mean))).toBeLessThan(Math.log(1.25));
  });
});

test('what full steps do not carry is saturated, also where fewer decodes would have a steady state', () => {
  for (const [promptTokens, answerTokens] of [
    [1000, 20],
    [3000, 20],
  ] as const) {
    const subject = subjectOf(LLAMA, A100, promptTokens, answerTokens, 0);
    const { perMs, cause } = saturationRate(subject);
    expect(cause).toBe('compute');
    const waitAt = (share: number, requests: number): number => {
      const simulated = simulateSteady(
        { subject, rules: DEFAULT_RULES, load: { kind: 'open', ratePerMs: share * perMs, law: POISSON }, seed: 1 },
        { relativeHalfWidth: 1, statistics: [], fewest: requests, most: requests },
      );
      return simulated.kind === 'saturated' ? Infinity : simulated.ttftMs.mean;
    };
    // Twice as many requests wait as long where it is steady; where it is not, the queue grows as long as the run lasts.
    expect(waitAt(0.97, 40_000) / waitAt(0.97, 20_000)).toBeLessThan(1.25);
    expect(waitAt(1.03, 40_000) / waitAt(0.97, 40_000)).toBeGreaterThan(10);
  }
});

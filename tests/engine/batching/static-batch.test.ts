import { describe, expect, test } from 'vitest';
import { subjectOf } from '../../../scripts/closed-form/subject.ts';
import { evaluateStaticBatch } from '../../../src-worker/engine/batching/static-batch.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { POISSON } from '../../../src-worker/engine/simulation/arrivals.ts';
import { simulateRun } from '../../../src-worker/engine/simulation/finite-run.ts';
import { DEFAULT_RULES } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { fixedPrefixCache, requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import type { PredictInputDraft } from '../../../src-worker/protocol/requests.ts';
import { planWith } from '../roofline/made-plans.ts';

const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: tokens, max: tokens });

/** A step takes 0.1 ms a token and no less than 10 ms: every sum can be done by hand. */
const plan = planWith({ denseFfn: { computeMsPerRow: 0.1, readMs: 10 } });

const NO_FRONT = { ttftBaseMs: 0, tokenizeMsPerToken: 0 };

/** Prompts of 100 tokens in steps of 1,000, answers of 11. */
const batchOf = (
  sequences: number,
  seats: number,
  front: Pick<StepPlan, 'ttftBaseMs' | 'tokenizeMsPerToken'> = NO_FRONT,
  streams = 1,
) => {
  const subject: BatchingSubject = {
    plan: { ...plan, ...front },
    lengths: requestLengths({
      promptParts: [exactly(100)],
      output: exactly(11),
      cache: fixedPrefixCache(0, 1),
      maxContextTokens: null,
    }),
    maxNumBatchedTokens: 1000,
    maxNumSeqs: seats,
    kvCacheTokens: Infinity,
    scvArrival: 1,
    population: null,
  };
  return evaluateStaticBatch(subject, sequences, streams);
};

describe('a static batch, worked by hand', () => {
  test('that fits into one step has its first tokens together', () => {
    const { ttftMs, e2eMs, tpotMs } = batchOf(10, 100);
    const all = (ms: number) => ({ mean: ms, p50: ms, p90: ms, p95: ms, p99: ms });
    expect(ttftMs).toEqual(all(100));
    expect(tpotMs).toEqual(all(10));
    expect(e2eMs).toEqual(all(200));
  });

  test('of 40 prompts: whoever has begun to answer takes part in the steps of the prompts after', () => {
    // Room beside 0, 10, 19, 29 and 39 that decode: ten end at 100 ms, nine at 200, ten at 300 and at 400, the last at 410.
    const { ttftMs, tpotMs, e2eMs, wallMs } = batchOf(40, 100);
    expect(ttftMs.mean).toBeCloseTo((10 * 100 + 9 * 200 + 10 * 300 + 10 * 400 + 410) / 40, 6);
    // Ten more steps for each: those of the first 410 - 100 ms and six of 10 ms.
    const lastMs = [470, 480, 490, 500, 510] as const;
    expect(e2eMs.mean).toBeCloseTo((10 * 470 + 9 * 480 + 10 * 490 + 10 * 500 + 510) / 40, 6);
    expect(wallMs).toBeCloseTo(lastMs[4], 6);
    expect(tpotMs.mean).toBeCloseTo((10 * 37 + 9 * 28 + 10 * 19 + 10 * 10 + 10) / 40, 6);
    expect(tpotMs.p50).toBeCloseTo(19, 6);
    expect(tpotMs.p90).toBeCloseTo(37, 6);
  });

  test('receiving and tokenizing delay every first token and every answer once, and no token after', () => {
    // 7 ms and 0.02 ms for each of 100 prompt tokens.
    const front = { ttftBaseMs: 7, tokenizeMsPerToken: 0.02 };
    const [without, delayed] = [batchOf(100, 40), batchOf(100, 40, front)];
    for (const latency of ['ttftMs', 'e2eMs'] as const)
      for (const statistic of ['mean', 'p50', 'p99'] as const)
        expect(delayed[latency][statistic] - without[latency][statistic]).toBeCloseTo(9, 9);
    expect(delayed.wallMs - without.wallMs).toBeCloseTo(9, 9);
    expect(delayed.tpotMs).toEqual(without.tpotMs);
  });

  test('a batch dealt out over streams has a sequence more in some, and is over when those are', () => {
    // 10 and 11 in a stream: the eleventh prompt has a step of its own, with ten that decode.
    const [ten, eleven, dealt] = [batchOf(10, 100), batchOf(11, 100), batchOf(32, 100, NO_FRONT, 3)];
    expect(dealt.wallMs).toBe(eleven.wallMs);
    expect(dealt.ttftMs.mean).toBeCloseTo((10 * ten.ttftMs.mean + 22 * eleven.ttftMs.mean) / 32, 9);
    expect(dealt.e2eMs.mean).toBeCloseTo((10 * ten.e2eMs.mean + 22 * eleven.e2eMs.mean) / 32, 9);
    expect([dealt.maxRunning, dealt.mostInStream]).toEqual([32, 11]);
    // Fewer than there are streams: some have nothing to do.
    expect(batchOf(2, 100, NO_FRONT, 3).e2eMs).toEqual(batchOf(1, 100).e2eMs);
  });

  test('figures stay in order, and as many decode on average as their time says', () => {
    for (const sequences of [1, 2, 7, 40, 63, 1000, 100_000]) {
      const { ttftMs, tpotMs, e2eMs, wallMs, meanRunning, maxRunning } = batchOf(sequences, 256);
      for (const { p50, p90, p95, p99 } of [ttftMs, tpotMs, e2eMs])
        expect([p50, p90, p95, p99]).toEqual([p50, p90, p95, p99].toSorted((a, b) => a - b));
      expect(e2eMs.p99).toBeLessThanOrEqual(wallMs);
      expect(meanRunning).toBeCloseTo((sequences * (e2eMs.mean - ttftMs.mean)) / wallMs, 9);
      expect(meanRunning).toBeLessThanOrEqual(maxRunning);
      if (sequences > 30) expect(ttftMs.p50).toBeLessThan(ttftMs.p99);
    }
  });

  test('no larger batch is over sooner, and one too long to follow goes on at the pace it has', () => {
    let before = batchOf(1, 100);
    for (let sequences = 2; sequences <= 100; sequences += 1) {
      const now = batchOf(sequences, 100);
      expect(now.wallMs, `${sequences}`).toBeGreaterThanOrEqual(before.wallMs - 1e-9);
      expect(now.ttftMs.p99, `${sequences}`).toBeGreaterThanOrEqual(before.ttftMs.p99 - 1e-9);
      before = now;
    }
    const [long, longer] = [batchOf(1_500_000, 100), batchOf(3_000_000, 100)];
    expect(longer.wallMs / long.wallMs).toBeCloseTo(2, 3);
    expect(longer.ttftMs.p50 / long.ttftMs.p50).toBeCloseTo(2, 3);
    expect(longer.tpotMs.p50).toBeCloseTo(long.tpotMs.p50, 9);
  });
});

const DEPLOYMENTS: Pick<PredictInputDraft, 'model' | 'gpu' | 'tp' | 'quantization'>[] = [
  { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-h100-80gb', quantization: 'fp8' },
  { model: 'meta-llama/Llama-3.1-70B-Instruct', gpu: 'nvidia-h100-80gb', tp: 4 },
  { model: 'deepseek-ai/DeepSeek-V3', gpu: 'nvidia-h200', tp: 8 },
];

describe.each(DEPLOYMENTS)('$model', (deployment) => {
  test.each([
    [1, 500, 100],
    [2, 9000, 2],
    [7, 3000, 50],
    [100, 1000, 200],
    [300, 6000, 20],
    [2000, 300, 50],
  ])('%i of %i / %i tokens at once: each step is that of the scheduler', (sequences, input, output) => {
    const { subject } = subjectOf({
      ...deployment,
      input_tokens: input,
      output_tokens: output,
      input_cv: 0,
      output_cv: 0,
      rate: 1,
    });
    const followed = evaluateStaticBatch(subject, sequences);
    const load = { kind: 'open', ratePerMs: Infinity, law: POISSON } as const;
    const served = simulateRun({ subject, rules: DEFAULT_RULES, load, seed: 1 }, sequences)?.served;
    if (!served?.tpotMs) throw new Error('nobody was served');
    for (const latency of ['ttftMs', 'tpotMs', 'e2eMs'] as const) {
      expect((followed[latency].mean / (served[latency]?.mean ?? NaN) - 1) * 100, latency).toBeCloseTo(0, 1);
      for (const statistic of ['p50', 'p90', 'p95'] as const)
        expect((followed[latency][statistic] / (served[latency]?.[statistic] ?? NaN) - 1) * 100).toBeCloseTo(0, 1);
    }
  });
});

test('a batch whose answers outgrow the KV cache, though its prompts do not, is said to be short of it', () => {
  const draft = { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-l4', input_cv: 0, output_cv: 0, rate: 1 };
  const of = (input_tokens: number, output_tokens: number) =>
    evaluateStaticBatch(subjectOf({ ...draft, input_tokens, output_tokens }).subject, 50);
  expect(of(2, 1000).isShortOfKv).toBe(true);
  expect(of(2, 100).isShortOfKv).toBe(false);
});

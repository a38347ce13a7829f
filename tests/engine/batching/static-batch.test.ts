import { describe, expect, test } from 'vitest';
import { evaluateStaticBatch } from '../../../src-worker/engine/batching/static-batch.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import { fixedPrefixCache, requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { planWith } from '../roofline/made-plans.ts';

const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: tokens, max: tokens });

/** A step takes 100 ms with prompts and 10 ms without: every sum can be done by hand. */
const plan = planWith({
  // 0.1 ms a row of 1,000: with the plain maximum 100 ms of 1,000 prompt tokens, 10 ms of reading beside few rows.
  denseFfn: { computeMsPerRow: 0.1, readMs: 10 },
});

const NO_FRONT = { ttftBaseMs: 0, tokenizeMsPerToken: 0 };

/** Prompts of 100 tokens in chunks of 1,000, answers of 11. */
const batchOf = (
  sequences: number,
  seats: number,
  front: Pick<StepPlan, 'ttftBaseMs' | 'tokenizeMsPerToken'> = NO_FRONT,
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
  return evaluateStaticBatch(subject, sequences);
};

describe('a static batch, worked by hand', () => {
  test('that fits into one chunk has its first tokens together', () => {
    const { ttftMs, e2eMs, tpotMs } = batchOf(10, 100);
    expect(ttftMs).toEqual({ mean: 100, p50: 100, p90: 100, p95: 100, p99: 100 });
    expect(tpotMs).toBe(10);
    expect(e2eMs).toEqual({ mean: 200, p50: 200, p90: 200, p95: 200, p99: 200 });
  });

  test('of 40 prompts in four chunks: ten at 100 ms, ten at 200, ten at 300, ten at 400', () => {
    const { ttftMs, e2eMs } = batchOf(40, 100);
    expect(ttftMs.mean).toBeCloseTo(250, 9);
    expect(ttftMs.p50).toBeCloseTo(200, 9);
    expect(ttftMs.p90).toBeCloseTo(400, 9);
    expect(ttftMs.p99).toBeCloseTo(400, 9);
    expect(e2eMs.mean).toBeCloseTo(500, 9);
  });

  test('of 15 prompts the first ten fill a chunk, and no larger batch has its first tokens sooner', () => {
    // Two chunks of 750 tokens take 150 ms together; a full one would take 100.
    const { ttftMs } = batchOf(15, 100);
    expect([ttftMs.p50, ttftMs.p90]).toEqual([expect.closeTo(100, 9), expect.closeTo(150, 9)]);
    expect(ttftMs.mean).toBeCloseTo((10 * 100 + 5 * 150) / 15, 9);
    let before = batchOf(1, 100).ttftMs;
    for (let sequences = 2; sequences <= 100; sequences += 1) {
      const now = batchOf(sequences, 100).ttftMs;
      for (const statistic of ['mean', 'p50', 'p90', 'p99'] as const)
        expect(now[statistic], `${statistic} of ${sequences}`).toBeGreaterThanOrEqual(before[statistic] - 1e-9);
      before = now;
    }
  });

  test('of 100 prompts in 40 seats: two waves and half of one, each 500 ms after the one before', () => {
    const { ttftMs, e2eMs, waves, wallMs } = batchOf(100, 40);
    expect(waves).toBe(2.5);
    expect(wallMs).toBe(1250);
    // 250 and 750 in the mean for forty each; 1,100 for ten and 1,200 for ten.
    expect(ttftMs.mean).toBeCloseTo((40 * 250 + 40 * 750 + 10 * 1100 + 10 * 1200) / 100, 9);
    // The 50th is the tenth of the second wave, the 90th the tenth of the third, the 99th its nineteenth.
    expect(ttftMs.p50).toBeCloseTo(600, 9);
    expect(ttftMs.p90).toBeCloseTo(1100, 9);
    expect(ttftMs.p99).toBeCloseTo(1200, 9);
    expect(e2eMs.mean).toBeCloseTo((40 * 500 + 40 * 1000 + 20 * 1500) / 100, 9);
    expect(e2eMs.p50).toBe(1000);
  });

  test('receiving and tokenizing delay every first token and every answer, and no token after', () => {
    // 7 ms and 0.02 ms for each of 100 prompt tokens, once a wave.
    const front = { ttftBaseMs: 7, tokenizeMsPerToken: 0.02 };
    const [without, delayed] = [batchOf(100, 40), batchOf(100, 40, front)];
    expect(delayed.ttftMs.p99 - without.ttftMs.p99).toBeCloseTo(3 * 9, 9);
    expect(delayed.e2eMs.p50 - without.e2eMs.p50).toBeCloseTo(2 * 9, 9);
    expect(delayed.wallMs - without.wallMs).toBeCloseTo(2.5 * 9, 9);
    expect(delayed.tpotMs).toBe(without.tpotMs);
  });

  test('a batch shared out over streams may be no whole number, and its figures stay in order', () => {
    for (const sequences of [1, 1.5, 7.25, 40, 63.3, 1000.5, 100_000]) {
      const { ttftMs, e2eMs } = batchOf(sequences, 256);
      const { p50, p90, p95, p99 } = ttftMs;
      expect([p50, p90, p95, p99]).toEqual([p50, p90, p95, p99].toSorted((a, b) => a - b));
      expect(ttftMs.mean).toBeGreaterThanOrEqual(10);
      expect(ttftMs.mean).toBeLessThanOrEqual(e2eMs.mean);
      if (sequences > 30) expect(p50).toBeLessThan(p99);
    }
  });
});

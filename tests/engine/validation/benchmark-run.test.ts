import { describe, expect, test } from 'vitest';
import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { meansOfRun, runBenchmark } from '../../../src-worker/engine/validation/benchmark-run.ts';
import type { Benchmark } from '../../../src-worker/engine/validation/benchmark.ts';
import { predictColumns } from '../../../src-worker/engine/validation/predicted-columns.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import { calibrationOf } from '../world.ts';
import { benchmarkOf, planFor } from './rows.ts';

const open = (given: Partial<Measurement> = {}): Benchmark =>
  benchmarkOf({ kind: 'open_loop', requestRatePerS: 1, numPrompts: 10, batchOrConcurrency: null, ...given });

const runOf = (b: Benchmark) => runBenchmark(b, planFor(b));

/** A request that nobody else is in the way of, step by step: API and tokenizer, chunks of its prompt, decodes. */
function aloneMs(b: Benchmark, cached: number): { ttftMs: number; e2eMs: number } {
  const plan = planFor(b);
  let ttftMs = plan.ttftBaseMs + plan.tokenizeMsPerToken * b.promptTokens;
  for (let done = cached; done < b.promptTokens;) {
    const chunk = Math.min(b.promptTokens - done, b.hasSeparatePrefill ? Infinity : b.maxNumBatchedTokens);
    const ends = done + chunk === b.promptTokens ? 1 : 0;
    ttftMs += stepTimeMs(plan, 0, 0, chunk, chunk * (done + chunk / 2), ends);
    done += chunk;
  }
  let e2eMs = ttftMs;
  for (let given = 1; given < b.outputTokens; given += 1) e2eMs += stepTimeMs(plan, 1, b.promptTokens + given, 0, 0, 0);
  return { ttftMs, e2eMs };
}

describe('a run that is arithmetic', () => {
  test.each([
    ['within a step', {}],
    ['over several chunks', { inputTokens: 5000, maxNumBatchedTokens: 2048 }],
    ['found in the cache but for its end', { prefixTokens: 984 }],
    ['of a single token', { outputTokens: 1 }],
    // The old engine computes prompts whole, in steps of their own.
    ['of an engine with steps of their own for prompts', { engineVersion: '0.6.3', inputTokens: 3000 }],
  ] as const)('one request, %s', (_, given) => {
    const b = open({ ...given, numPrompts: 1 });
    const run = runOf(b);
    const alone = aloneMs(b, b.cachedTokens);
    expect(run.ttftMs).toHaveLength(1);
    expect(run.ttftMs[0]).toBeCloseTo(alone.ttftMs, 6);
    expect(run.e2eMs[0]).toBeCloseTo(alone.e2eMs, 6);
    expect(run.wallMs).toBeCloseTo(alone.e2eMs, 6);
  });

  test('constant arrivals that never overlap are so many requests alone, and the run ends with the last of them', () => {
    const b = open({ arrival: 'constant', requestRatePerS: 0.1, numPrompts: 7 });
    const run = runOf(b);
    const alone = aloneMs(b, 0);
    expect(alone.e2eMs).toBeLessThan(10_000);
    for (const ms of run.ttftMs) expect(ms).toBeCloseTo(alone.ttftMs, 6);
    for (const ms of run.e2eMs) expect(ms).toBeCloseTo(alone.e2eMs, 6);
    for (const ms of run.tpotMs) expect(ms).toBeCloseTo((alone.e2eMs - alone.ttftMs) / 199, 6);
    expect(run.wallMs).toBeCloseTo(6 * 10_000 + alone.e2eMs, 4);
    expect(meansOfRun(run).requestsPerMs).toBeCloseTo(7 / run.wallMs, 12);
  });

  test('a client alone sends one request after the other', () => {
    const b = benchmarkOf({ kind: 'closed_loop', batchOrConcurrency: 1, numPrompts: 5 });
    const run = runOf(b);
    expect(run.wallMs).toBeCloseTo(5 * aloneMs(b, 0).e2eMs, 4);
  });

  test('offline requests that all have seats are one batch', () => {
    const given = { kind: 'offline_max', batchOrConcurrency: null, numPrompts: 4 } as const;
    const b = benchmarkOf({ ...given, inputTokens: 100, outputTokens: 3, maxNumBatchedTokens: 8192 });
    const plan = planFor(b);
    const frontMs = plan.ttftBaseMs + 100 * plan.tokenizeMsPerToken;
    const promptsMs = stepTimeMs(plan, 0, 0, 400, 4 * 100 * 50, 4);
    const decodesMs = stepTimeMs(plan, 4, 4 * 101, 0, 0, 0) + stepTimeMs(plan, 4, 4 * 102, 0, 0, 0);
    expect(runOf(b).wallMs).toBeCloseTo(frontMs + promptsMs + decodesMs, 6);
  });
});

describe('cold requests', () => {
  test('the first ones compute all of their prompt, the others what no prefix holds', () => {
    const given = { arrival: 'constant', requestRatePerS: 0.1, numPrompts: 6, prefixTokens: 900 } as const;
    const b = open({ ...given, coldRequests: 2 });
    const [cold, warm] = [aloneMs(b, 0), aloneMs(b, 900)];
    expect(cold.ttftMs).toBeGreaterThan(warm.ttftMs);
    [...runOf(b).ttftMs].forEach((ms, i) => expect(ms).toBeCloseTo(i < 2 ? cold.ttftMs : warm.ttftMs, 6));
    // Without the column nobody is cold.
    for (const ms of runOf(open(given)).ttftMs) expect(ms).toBeCloseTo(warm.ttftMs, 6);
  });

  test('under load they slow those that run beside them, and with them the tail of the run', () => {
    const given = { arrival: 'constant', requestRatePerS: 20, numPrompts: 400, prefixTokens: 990 } as const;
    const [warm, some, all] = [0, 40, 400].map((coldRequests) => runOf(open({ ...given, coldRequests })));
    if (!warm || !some || !all) throw new Error('three runs');
    const worst = (ms: Float64Array): number => Math.max(...ms);
    expect(worst(some.e2eMs)).toBeGreaterThan(1.1 * worst(warm.e2eMs));
    // The last hundred came when all of that was over.
    const late = worst(some.e2eMs.subarray(300)) / worst(warm.e2eMs.subarray(300));
    expect(Math.abs(late - 1)).toBeLessThan(0.01);
    expect(meansOfRun(all).tpotMs).toBeGreaterThan(meansOfRun(some).tpotMs);
    expect(meansOfRun(some).tpotMs).toBeGreaterThan(meansOfRun(warm).tpotMs);
  });
});

describe('a run above capacity', () => {
  const over = { requestRatePerS: 200, maxNumSeqs: 32, regime: 'over_capacity' } as const;

  test('waits grow while it lasts, and longer runs wait longer', () => {
    const ttft = (numPrompts: number): number => meansOfRun(runOf(open({ ...over, numPrompts }))).ttftMs;
    const { ttftMs } = runOf(open({ ...over, numPrompts: 800 }));
    const meanOf = (from: number): number => ttftMs.subarray(from, from + 200).reduce((sum, ms) => sum + ms, 0) / 200;
    const quarters = [0, 200, 400, 600].map(meanOf);
    quarters.slice(1).forEach((mean, i) => expect(mean).toBeGreaterThan(1.3 * (quarters[i] as number)));
    expect(ttft(800) / ttft(400)).toBeGreaterThan(1.7);
    expect(ttft(800) / ttft(400)).toBeLessThan(2.3);
  });

  test('throughput and time per token are the capacity, whatever was asked for', () => {
    const [one, other] = [200, 1000].map((requestRatePerS) =>
      meansOfRun(runOf(open({ ...over, requestRatePerS, numPrompts: 800 }))),
    );
    if (!one || !other) throw new Error('two runs');
    expect(one.requestsPerMs).toBeLessThan(0.05);
    expect(other.requestsPerMs / one.requestsPerMs).toBeGreaterThan(0.97);
    expect(other.requestsPerMs / one.requestsPerMs).toBeLessThan(1.03);
    expect(other.tpotMs / one.tpotMs).toBeGreaterThan(0.97);
    expect(other.tpotMs / one.tpotMs).toBeLessThan(1.03);
  });

  test('with one seat requests follow one another', () => {
    const run = runOf(open({ ...over, maxNumSeqs: 1, numPrompts: 20, arrival: 'constant' }));
    const gaps = [...run.e2eMs].slice(1).map((ms, i) => ms - (run.e2eMs[i] as number) + 5);
    const first = (run.e2eMs[1] as number) - (run.e2eMs[0] as number) + 5;
    for (const gap of gaps) expect(gap).toBeCloseTo(first, 3);
    expect(run.maxAtOnce).toBe(1);
  });

  test('a cache that holds few requests seats as many', () => {
    // 24 GB with 16 of them weights: what is left holds a handful of long requests at their mean length.
    const b = open({
      ...over,
      maxNumSeqs: null,
      gpu: 'rtx-4090',
      inputTokens: 7000,
      outputTokens: 1000,
      numPrompts: 60,
    });
    expect(b.seats).toBeLessThan(10);
    expect(runOf(b).maxAtOnce).toBe(Math.floor(b.seats));
  });
});

describe('what is drawn', () => {
  const busy = { requestRatePerS: 40, numPrompts: 400 } as const;

  test('is the same each time, and as many requests as were asked for', () => {
    const b = open(busy);
    const [one, other] = [runOf(b), runOf(b)];
    expect(one).toEqual(other);
    expect(one.e2eMs).toHaveLength(400);
    expect(one.tpotMs).toHaveLength(400);
  });

  test('random gaps come to the rate of the row, and make latencies that constant ones do not', () => {
    // Served at once: the run is as long as its arrivals, 399 gaps of 100 ms, and its last answer.
    const given = { requestRatePerS: 10, numPrompts: 400, outputTokens: 1 } as const;
    for (const arrival of ['poisson', 'constant', null]) {
      const run = runOf(open({ ...given, arrival }));
      expect(run.wallMs - (run.e2eMs[399] as number)).toBeCloseTo(39_900, 6);
    }
    const spread = (arrival: string): number => {
      const b = open({ requestRatePerS: 8, numPrompts: 2000, arrival });
      const columns = predictColumns(b, planFor(b), calibrationOf());
      return (columns['e2e_ms_p99'] as number) / (columns['e2e_ms_mean'] as number);
    };
    expect(spread('constant')).toBeLessThan(1.05);
    expect(spread('poisson')).toBeGreaterThan(1.1);
  });

  test('constant lengths are what the row says; drawn ones lie within 80 to 100 % of the nominal and mean the same', () => {
    expect(new Set(runOf(open(busy)).outputTokens)).toEqual(new Set([200]));
    const drawn = open({ ...busy, outputTokens: 450, outputTokensNominal: 500 });
    const { outputTokens } = runOf(drawn);
    expect(drawn.hasDrawnLengths).toBe(true);
    expect(Math.min(...outputTokens)).toBeGreaterThanOrEqual(400);
    expect(Math.max(...outputTokens)).toBeLessThanOrEqual(500);
    const mean = outputTokens.reduce((sum, tokens) => sum + tokens, 0) / outputTokens.length;
    // Five standard errors of a uniform length over 400 requests: 100 / sqrt(12 x 400) x 5.
    expect(Math.abs(mean - 450)).toBeLessThan(7.3);
  });

  test('percentiles are those of the requests', () => {
    const b = open(busy);
    const { ttftMs } = runOf(b);
    const columns = predictColumns(b, planFor(b), calibrationOf());
    const sorted = [...ttftMs].sort((x, y) => x - y);
    // R type 7 of 400: the median lies half way between the 200th and the 201st.
    expect(columns['ttft_ms_p50']).toBeCloseTo(((sorted[199] as number) + (sorted[200] as number)) / 2, 9);
    expect(columns['ttft_ms_mean']).toBeCloseTo(ttftMs.reduce((sum, ms) => sum + ms, 0) / 400, 9);
  });
});

test('a run of more requests than anybody would wait for is simulated for the first hundred thousand', () => {
  const run = runOf(open({ requestRatePerS: 100, numPrompts: 2_000_000, inputTokens: 10, outputTokens: 2 }));
  expect(run.e2eMs).toHaveLength(100_000);
});

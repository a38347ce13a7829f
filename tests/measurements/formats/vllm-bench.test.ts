import { describe, expect, it } from 'vitest';
import { readBenchmarkText } from '../../../src-main/measurements/formats/registry.ts';
import { serveResult } from './serve-result.ts';

const read = (document: unknown) =>
  readBenchmarkText({ fileName: 'x.json', text: typeof document === 'string' ? document : JSON.stringify(document) });
/** The only row, with what is said of it. */
function rowOf(document: unknown) {
  const { runs, skipped } = read(document);
  expect(skipped).toEqual([]);
  expect(runs).toHaveLength(1);
  const [run] = runs;
  if (!run) throw new Error('no row');
  return { ...run.row, notes: run.notes.join('; '), warnings: run.warnings };
}
const without = (fields: Readonly<Record<string, unknown>>, ...keys: string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)));
const skippedOf = (document: unknown): string => {
  const { runs, skipped } = read(document);
  expect(runs).toEqual([]);
  return skipped.join('\n');
};

describe('vllm bench serve', () => {
  it('gives lengths of what succeeded, times as they are, rates of the instance', () => {
    expect(rowOf(serveResult())).toMatchObject({
      model: 'meta-llama/Llama-3.1-8B-Instruct',
      gpu: null,
      engine: null,
      workload_kind: 'closed_loop',
      isl: 1024,
      osl: 128,
      isl_nominal: null,
      batch_or_concurrency: 16,
      request_rate_rps: null,
      num_prompts: 200,
      arrival: null,
      ttft_ms_mean: 60,
      ttft_ms_p50: 50,
      ttft_ms_p90: null,
      ttft_ms_p99: 150,
      tpot_ms_mean: 30,
      tpot_ms_p50: 29.5,
      e2e_ms_mean: null,
      output_tok_s: 512,
      total_tok_s: 4608,
      req_s: 4,
      regime: 'closed',
      warnings: [],
    });
  });

  it.each([
    [{ request_rate: 2.5, max_concurrency: null }, ['open_loop', 2.5, null, 'poisson']],
    [{ request_rate: '2.5', max_concurrency: null }, ['open_loop', 2.5, null, 'poisson']],
    [{ request_rate: 2.5, max_concurrency: 64 }, ['open_loop', 2.5, 64, 'poisson']],
    [{ request_rate: 2.5, max_concurrency: null, burstiness: 0.5 }, ['open_loop', 2.5, null, null]],
    [{ request_rate: 'inf', max_concurrency: 8 }, ['closed_loop', null, 8, null]],
    [{ request_rate: 1_000_000_000.0, max_concurrency: 8 }, ['closed_loop', null, 8, null]],
    [{ request_rate: 'inf', max_concurrency: null }, ['offline_max', null, 200, null]],
    [{ request_rate: 1e5, max_concurrency: undefined }, ['offline_max', null, 200, null]],
  ])('with %o was under the load %o', (changes, [kind, rate, batch, arrival]) => {
    expect(rowOf(serveResult(changes))).toMatchObject({
      workload_kind: kind,
      request_rate_rps: rate,
      batch_or_concurrency: batch,
      arrival,
    });
  });

  it('counts what succeeded, and says what was requested and failed', () => {
    const row = rowOf(
      serveResult({ completed: 100, failed: 100, num_prompts: 200, request_throughput: 2, output_throughput: 512 }),
    );
    expect(row).toMatchObject({ num_prompts: 100, isl: 2048, osl: 256 });
    expect(row.notes).toContain('200 requested, 100 succeeded, 100 failed');
  });

  it('reads the keys of 2024, before there was a total, and the colon in request_goodput:', () => {
    const old = without(
      serveResult({
        backend: 'vllm',
        best_of: 1,
        use_beam_search: false,
        input_throughput: 4096,
        request_rate: 4,
        'request_goodput:': null,
      }),
      'total_token_throughput',
      'endpoint_type',
      'failed',
      'max_concurrency',
    );
    const row = rowOf(old);
    expect(row).toMatchObject({ workload_kind: 'open_loop', total_tok_s: 4608, warnings: [] });
    expect(row.notes).toContain('total_tok_s = all tokens / duration');
  });

  it('takes E2E and the percentiles that were asked for', () => {
    const asked = {
      mean_e2el_ms: 3870,
      median_e2el_ms: 3800,
      p90_e2el_ms: 4100,
      'p99.9_ttft_ms': 190,
      p90_ttft_ms: 90,
      p95_ttft_ms: 120,
    };
    expect(rowOf(serveResult(asked))).toMatchObject({
      e2e_ms_mean: 3870,
      e2e_ms_p50: 3800,
      e2e_ms_p90: 4100,
      e2e_ms_p95: null,
      ttft_ms_p90: 90,
      ttft_ms_p95: 120,
    });
  });

  it('never takes the gap between chunks for the time of a token', () => {
    const row = rowOf(serveResult({ mean_itl_ms: 240 }));
    expect(row.tpot_ms_mean).toBe(30);
    expect(row.notes).toMatch(/chunks of 8\.0 tokens \(ITL 240\.0 ms\)/);
  });

  it('works percentiles out of whole arrays, failed requests aside', () => {
    // TTFT 10, 20, 30, 40 ms; then two gaps of 5, 6, 7, 8 ms for three tokens; the fifth request failed.
    const arrays = {
      num_prompts: 5,
      completed: 4,
      failed: 1,
      total_input_tokens: 400,
      total_output_tokens: 12,
      input_lens: [100, 100, 100, 100, 100],
      output_lens: [3, 3, 3, 3, 0],
      ttfts: [0.01, 0.02, 0.03, 0.04, 0.0],
      itls: [[0.005, 0.005], [0.006, 0.006], [0.007, 0.007], [0.008, 0.008], []],
      errors: ['', '', '', '', 'timeout'],
      mean_ttft_ms: 25,
      median_ttft_ms: 25,
      p99_ttft_ms: 39.7,
      mean_tpot_ms: 6.5,
      median_tpot_ms: 6.5,
      p99_tpot_ms: 7.97,
      mean_e2el_ms: 38,
      duration: 10,
      request_throughput: 0.4,
      output_throughput: 1.2,
      total_token_throughput: 41.2,
    };
    const row = rowOf(serveResult(arrays));
    // Between the third and the fourth of four: at 0.9 x 3 = 2.7.
    expect(row.ttft_ms_p90).toBeCloseTo(37, 9);
    expect(row.tpot_ms_p95).toBeCloseTo(7.85, 9);
    expect(row.e2e_ms_p90).toBeCloseTo(37 + 2 * 7.7, 9);
    expect(row.e2e_ms_p50).toBeCloseTo(38, 9);
    expect(row.notes).toMatch(/from the 4 requests of the file/);
    const cut = { ...arrays, ttfts: arrays.ttfts.slice(0, 3), itls: arrays.itls.slice(0, 3), output_lens: [3, 3, 3] };
    expect(rowOf(serveResult(cut))).toMatchObject({ ttft_ms_p90: null, e2e_ms_p50: null });
    expect(rowOf(serveResult({ ...arrays, mean_ttft_ms: 30 }))).toMatchObject({ ttft_ms_p90: null, tpot_ms_p90: 7.7 });
  });

  it.each([
    [{ completed: 0, total_output_tokens: 0, mean_ttft_ms: 0 }, /none of 200 requests succeeded/],
    [{ total_output_tokens: 0, mean_ttft_ms: 0, mean_tpot_ms: 0 }, /200 requests gave no output token/],
    [{ mean_tpot_ms: -3 }, /mean_tpot_ms is -3: a measured value is not below zero/],
    [{ completed: 'many' }, /no count of requests/],
    [{ completed: 500, num_prompts: 100 }, /^500 requests completed of 100 that were made/],
    [{ request_rate: 'fast' }, /^request_rate is "fast", not a number: the load is not known\.$/],
    [{ request_rate: '-inf' }, /^request_rate is "-inf", not a number/],
    [{ max_concurrency: 'many' }, /^max_concurrency is "many", not a number/],
    [{ ramp_up_strategy: 'linear', ramp_up_start_rps: 1, ramp_up_end_rps: 9 }, /rate rises/],
  ])('%o is no measurement, and says why', (changes, sentence) => {
    expect(skippedOf(serveResult(changes))).toMatch(sentence);
  });

  it('leaves empty what was not measured, with a word', () => {
    const text = JSON.stringify(serveResult({ mean_ttft_ms: 'NAN', median_tpot_ms: 0 })).replace('"NAN"', 'NaN');
    const row = rowOf(text);
    expect(row).toMatchObject({ ttft_ms_mean: null, tpot_ms_p50: null, tpot_ms_mean: 30 });
    expect(row.warnings).toEqual([
      'mean_ttft_ms is NaN: ttft_ms_mean stays empty.',
      'median_tpot_ms is 0: nothing was measured there, and tpot_ms_p50 stays empty.',
    ]);
  });

  it('warns where a file does not agree with itself by more than 5 %', () => {
    const wrong = rowOf(serveResult({ output_throughput: 600, mean_e2el_ms: 3000 }));
    expect(wrong.warnings).toEqual([
      expect.stringMatching(/^output_tok_s 600 is 17 % from req_s × osl = 512/),
      expect.stringMatching(/^e2e_ms_mean 3000 is 22 % from .* = 3870/),
    ]);
    expect(rowOf(serveResult({ output_throughput: 520, mean_e2el_ms: 3900 })).warnings).toEqual([]);
  });

  it('leaves empty what no clock shows', () => {
    const row = rowOf(serveResult({ mean_tpot_ms: 1e308 }));
    expect(row.tpot_ms_mean).toBeNull();
    expect(row.warnings).toEqual(['mean_tpot_ms is 1e+308, which nothing measured: tpot_ms_mean stays empty.']);
  });

  it('says of an open loop that fell behind that it was over capacity, and of a burst that it was none', () => {
    const open = { request_rate: 8, max_concurrency: null };
    expect(rowOf(serveResult(open))).toMatchObject({ regime: 'over_capacity' });
    // 200 requests in 50 s and 3.8 s for the last answer: 3.7 req/s is all that can come out at a rate of 4.
    expect(
      rowOf(
        serveResult({
          ...open,
          request_rate: 4,
          request_throughput: 3.7,
          output_throughput: 473.6,
          total_token_throughput: 4262,
        }),
      ),
    ).toMatchObject({ regime: null });
    const burst = rowOf(serveResult({ ...open, request_rate: 10_000, num_prompts: 200, mean_ttft_ms: 900 }));
    expect(burst.warnings.join()).toMatch(/10000 req\/s sent all 200 requests within 20 ms/);
  });

  it('reads lists and lines of runs, and passes over a line that was cut off', () => {
    const sweep = [
      serveResult({ run_number: 0, max_num_seqs: 64 }),
      serveResult({ run_number: 1, 'tensor-parallel-size': '4' }),
    ];
    const list = read(sweep);
    expect(list.runs.map(({ row }) => [row.max_num_seqs, row.tp])).toEqual([
      [64, null],
      [null, 4],
    ]);
    expect(list.runs[1]?.notes).toContain('run 1');
    const lines = read(`${sweep.map((one) => JSON.stringify(one)).join('\n')}\n{"date": "2025`);
    expect(lines.runs).toHaveLength(2);
    expect(lines.skipped).toEqual(['line 3 is not valid JSON: it was cut off, or is no result.']);
  });

  it('keeps what --metadata and --label say', () => {
    expect(rowOf(serveResult({ label: 'night', 'my key': 'v=1', tp: '2' }))).toMatchObject({
      tp: 2,
      notes: expect.stringMatching(/label night; my key=v=1/) as string,
    });
  });
});

const BLOCK = `============ Serving Benchmark Result ============
Successful requests:                     200
Benchmark duration (s):                  50.00
Total input tokens:                      204800
Total generated tokens:                  25600
Request throughput (req/s):              4.00
Output token throughput (tok/s):         512.00
Total Token throughput (tok/s):          4608.00
---------------Time to First Token----------------
Mean TTFT (ms):                          60.00
Median TTFT (ms):                        50.00
P99 TTFT (ms):                           150.00
-----Time per Output Token (excl. 1st token)------
Mean TPOT (ms):                          30.00
Median TPOT (ms):                        29.50
P99 TPOT (ms):                           33.00
==================================================
`;

describe('what vllm bench serve prints', () => {
  it('gives the same row as its JSON, with the load from the lines above', () => {
    const above =
      'Starting initial single prompt test run...\nTraffic request rate: inf\nBurstiness factor: 1.0 (Poisson process)\nMaximum request concurrency: 16\n';
    const printed = without(rowOf(above + BLOCK), 'model', 'notes');
    const saved = without(rowOf(serveResult()), 'model', 'notes');
    expect(printed).toEqual(saved);
    expect(rowOf(`Traffic request rate: 4.0\nMaximum request concurrency: None\n${BLOCK}`)).toMatchObject({
      workload_kind: 'open_loop',
      request_rate_rps: 4,
    });
  });

  it('reads several blocks, and says where the load is not told', () => {
    const twice = read(
      `Traffic request rate: inf\nMaximum request concurrency: 1\n${BLOCK}\nTraffic request rate: inf\nMaximum request concurrency: 8\n${BLOCK}`,
    );
    expect(twice.runs.map(({ row }) => row.batch_or_concurrency)).toEqual([1, 8]);
    expect(skippedOf(BLOCK)).toMatch(/neither at which rate nor with how many requests/);
    expect(() =>
      read(BLOCK.replace('Successful', 'Backend:                                 sglang\nSuccessful')),
    ).toThrow(/SGLang bench_serving printed/);
  });
});

describe('vllm bench throughput and latency', () => {
  it('throughput is of everything at once, prompt and output together', () => {
    const row = rowOf({
      elapsed_time: 20,
      num_requests: 100,
      total_num_tokens: 40_000,
      requests_per_second: 5,
      tokens_per_second: 2000,
    });
    expect(row).toMatchObject({
      model: null,
      workload_kind: 'offline_max',
      batch_or_concurrency: 100,
      num_prompts: 100,
      isl: null,
      total_tok_s: 2000,
      output_tok_s: null,
      req_s: 5,
    });
    expect(row.notes).toContain('400.0 tokens a request');
    expect(
      skippedOf({
        elapsed_time: 0,
        num_requests: 0,
        total_num_tokens: 0,
        requests_per_second: 0,
        tokens_per_second: 0,
      }),
    ).toMatch(/no request/);
  });

  it('latency is of whole batches, in seconds', () => {
    const row = rowOf({
      avg_latency: 2.5,
      latencies: [2.4, 2.6],
      percentiles: { 10: 2.41, 50: 2.5, 90: 2.58, 99: 2.6 },
    });
    expect(row).toMatchObject({
      workload_kind: 'static_batch',
      batch_or_concurrency: null,
      e2e_ms_mean: 2500,
      e2e_ms_p50: 2500,
      e2e_ms_p90: 2580,
      e2e_ms_p95: null,
      e2e_ms_p99: 2600,
      regime: 'batch',
    });
    expect(skippedOf({ avg_latency: 0, latencies: [], percentiles: {} })).toMatch(/timed no batch/);
  });
});

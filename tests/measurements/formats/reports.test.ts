import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readBenchmarkText } from '../../../src-main/measurements/formats/registry.ts';

/** One metric of GuideLLM: successful requests apart from those that were cut or failed. */
function metric(mean: number, percentiles: Record<string, number> = {}) {
  const of = (value: number) => ({
    mean: value,
    median: value * 0.9,
    percentiles: { p90: value * 1.1, p95: value * 1.2, p99: value * 1.3, ...percentiles },
  });
  return { successful: of(mean), errored: of(0), incomplete: of(mean / 2), total: of(mean * 0.95) };
}

/** TTFT 50 ms, TPOT 10 ms and 101 tokens make 1.05 s; 2 requests a second make 202 tokens. */
const METRICS = {
  requests_per_second: metric(2),
  request_latency: metric(1.05),
  prompt_token_count: metric(300),
  output_token_count: metric(101),
  time_to_first_token_ms: metric(50),
  time_per_output_token_ms: metric(9.9),
  inter_token_latency_ms: metric(10, { p50: 9.5 }),
  output_tokens_per_second: metric(202),
  tokens_per_second: metric(802),
};
const TOTALS = { successful: 60, errored: 1, incomplete: 3, total: 64 };
const oldReport = (...strategies: object[]) => ({
  benchmarks: strategies.map((strategy) => ({
    type_: 'generative_benchmark',
    args: { strategy },
    worker: { backend_model: 'meta-llama/Llama-3.1-8B-Instruct' },
    request_loader: { data: 'prompt_tokens=256,output_tokens=101' },
    request_totals: TOTALS,
    metrics: METRICS,
  })),
});
const newReport = (strategy: object, totals: object = TOTALS) => ({
  metadata: { version: 2, guidellm_version: '0.8.0' },
  config: { spec: { data: [{ kind: 'synthetic_text', prompt_tokens: 300, output_tokens: 128 }] } },
  benchmarks: [
    {
      type_: 'generative_benchmark',
      config: { strategy, backend: { model: 'some/model' } },
      metrics: { request_totals: totals, ...METRICS },
    },
  ],
});

const read = (document: unknown, config?: unknown) => {
  const beside = config === undefined ? [] : [{ fileName: 'config.yaml', text: stringify(config) }];
  return readBenchmarkText({
    fileName: 'stage_1_x.json',
    text: typeof document === 'string' ? document : JSON.stringify(document),
    beside,
  });
};
const runOf = (document: unknown, config?: unknown) => {
  const { runs, skipped } = read(document, config);
  expect(skipped).toEqual([]);
  const [run, ...others] = runs;
  if (!run || others.length > 0) throw new Error(`${runs.length} rows`);
  return { ...run.row, notes: run.notes.join('; '), warnings: run.warnings };
};

describe('a report of GuideLLM', () => {
  it('gives successful requests, E2E in ms, TPOT from the gaps between tokens', () => {
    expect(runOf(oldReport({ type_: 'constant', rate: 2 }))).toMatchObject({
      model: 'meta-llama/Llama-3.1-8B-Instruct',
      workload_kind: 'open_loop',
      request_rate_rps: 2,
      arrival: 'constant',
      num_prompts: 60,
      isl: 300,
      isl_nominal: 256,
      osl: 101,
      osl_nominal: null,
      ttft_ms_mean: 50,
      ttft_ms_p50: 45,
      ttft_ms_p99: 65,
      tpot_ms_mean: 10,
      tpot_ms_p50: 9.5,
      e2e_ms_mean: 1050,
      e2e_ms_p90: 1155,
      output_tok_s: 202,
      total_tok_s: 802,
      req_s: 2,
      notes: expect.stringMatching(/64 requested, 60 succeeded, 1 failed, 3 cut at the end/) as string,
      warnings: [],
    });
  });

  it.each([
    [{ type_: 'synchronous' }, ['closed_loop', null, 1, null]],
    [{ type_: 'concurrent', streams: 32 }, ['closed_loop', null, 32, null]],
    [{ type_: 'throughput', max_concurrency: null }, ['offline_max', null, 64, null]],
    [{ type_: 'throughput', max_concurrency: 512 }, ['closed_loop', null, 512, null]],
    [{ type_: 'poisson', rate: 3.5 }, ['open_loop', 3.5, null, 'poisson']],
    [{ type_: 'constant', rate: 3.5, max_concurrency: 10_240 }, ['open_loop', 3.5, null, 'constant']],
    [{ type_: 'constant', rate: 3.5, max_concurrency: 100 }, ['open_loop', 3.5, 100, 'constant']],
  ])(
    'with the strategy %o was under the load %o, in old and new versions',
    (strategy, [kind, rate, batch, arrival]) => {
      const load = { workload_kind: kind, request_rate_rps: rate, batch_or_concurrency: batch, arrival };
      expect(runOf(oldReport(strategy))).toMatchObject(load);
      expect(runOf(newReport(strategy))).toMatchObject({ ...load, model: 'some/model', osl_nominal: 128 });
    },
  );

  it('gives one row per strategy of a sweep, and the same from YAML', () => {
    const sweep = oldReport({ type_: 'synchronous' }, { type_: 'throughput' }, { type_: 'constant', rate: 1 });
    const rows = read(sweep).runs.map(({ row }) => row);
    expect(rows.map((row) => row.workload_kind)).toEqual(['closed_loop', 'offline_max', 'open_loop']);
    expect(read(`---\n${stringify(sweep)}`).runs.map(({ row }) => row)).toEqual(rows);
    expect(read(`# a comment\n\n${stringify(sweep)}`).runs).toHaveLength(3);
  });

  it.each([
    [
      newReport({ type_: 'synchronous' }, { successful: 0, errored: 5, incomplete: 0, total: 5 }),
      /none of 5 requests succeeded/,
    ],
    [newReport({ type_: 'marathon' }), /strategy marathon is not one of/],
    [newReport({ type_: 'constant' }), /constant has no rate/],
    [newReport({}), /with which strategy/],
  ])('without a load or a success says so and gives no row', (report, sentence) => {
    const { runs, skipped } = read(report);
    expect(runs).toEqual([]);
    expect(skipped.join()).toMatch(sentence);
  });
});

/** Seconds of inference-perf: E2E 1.05, TTFT 0.05, 101 tokens: 10 ms a token. */
const stage = (tpotS: number, summary: object = { count: 1200, requested_rate: 4, achieved_rate: 4 }) => ({
  load_summary: summary,
  successes: {
    count: 1200,
    latency: {
      request_latency: { mean: 1.05, median: 1, p90: 1.2, p95: 1.3, p99: 1.5 },
      time_to_first_token: { mean: 0.05, median: 0.045, p90: 0.06, p95: 0.07, p99: 0.09 },
      time_per_output_token: { mean: tpotS, median: tpotS, p90: tpotS * 1.1, p99: tpotS * 1.2 },
    },
    throughput: { requests_per_sec: 4, output_tokens_per_sec: 404, total_tokens_per_sec: 1604 },
    prompt_len: { mean: 300 },
    output_len: { mean: 101 },
  },
  failures: { count: 0 },
});
const config = (load: object, prefix: object = {}) => ({
  load,
  server: { type: 'vllm', model_name: 'meta-llama/Llama-2-7b-hf', ignore_eos: true },
  data: {
    type: 'shared_prefix',
    shared_prefix: {
      system_prompt_len: 100,
      question_len: 200,
      output_len: 101,
      num_groups: 40,
      num_prompts_per_group: 50,
      ...prefix,
    },
  },
});

describe('lifecycle metrics of inference-perf', () => {
  it('give a row of the stage, with model, arrivals and prefix of the config beside it', () => {
    expect(runOf(stage(0.0101), config({ type: 'poisson', stages: [] }))).toMatchObject({
      model: 'meta-llama/Llama-2-7b-hf',
      engine: 'vllm',
      workload_kind: 'open_loop',
      request_rate_rps: 4,
      arrival: 'poisson',
      num_prompts: 1200,
      prefix_tokens: 100,
      isl_nominal: null,
      ttft_ms_mean: 50,
      tpot_ms_mean: 10.1,
      tpot_ms_p90: 11.11,
      e2e_ms_p99: 1500,
      req_s: 4,
      regime: null,
      warnings: [],
    });
    expect(runOf(stage(0.0101))).toMatchObject({ model: null, arrival: null, prefix_tokens: null });
  });

  it('derive TPOT where the reported one is per streamed event', () => {
    const row = runOf(stage(0.0049));
    expect(row).toMatchObject({ tpot_ms_mean: 10, tpot_ms_p50: null, tpot_ms_p90: null, tpot_ms_p99: null });
    expect(row.notes).toMatch(/TPOT = \(E2E - TTFT\) \/ \(osl - 1\), reported 4\.90 ms is per streamed event/);
    // 20 % apart is where the rule begins.
    expect(runOf(stage(0.0081)).tpot_ms_mean).toBe(8.1);
    expect(runOf(stage(0.0079)).tpot_ms_mean).toBe(10);
  });

  it('take the rate of the config where the file has none, and refuse what sums up several stages', () => {
    const bare = { count: 1200 };
    const several = config({ type: 'constant', stages: [{ rate: 2 }, { rate: 6 }] });
    expect(runOf(stage(0.01, bare), several)).toMatchObject({ request_rate_rps: 6, arrival: 'constant' });
    expect(runOf(stage(0.01, bare), config({ type: 'constant', stages: [{ rate: 3 }] }))).toMatchObject({
      request_rate_rps: 3,
    });
    expect(read(stage(0.01, bare)).skipped.join()).toMatch(/give the files of its stages/);
    const closed = config({ type: 'concurrent', stages: [{ concurrency_level: 24, num_requests: 1200 }] });
    expect(runOf(stage(0.01, bare), closed)).toMatchObject({ workload_kind: 'closed_loop', batch_or_concurrency: 24 });
  });

  it('say where the client could not send as much, prompts recur, or answers are shorter than asked', () => {
    const full = runOf(stage(0.01, { count: 1200, requested_rate: 9, achieved_rate: 4.2 }));
    expect(full).toMatchObject({ regime: 'over_capacity', request_rate_rps: 9 });
    expect(full.notes).toContain('4.2 of 9 req/s');
    const odd = runOf(stage(0.01), config({ type: 'constant', stages: [] }, { output_len: 128, num_groups: 2 }));
    expect(odd.warnings).toEqual([
      expect.stringMatching(/100 different prompts made 1200 requests/),
      expect.stringMatching(/128 tokens were asked for/),
    ]);
    expect(odd.osl).toBe(101);
  });
});

const refusal = (text: string, fileName = 'x'): string => {
  try {
    readBenchmarkText({ fileName, text });
  } catch (thrown) {
    expect(thrown).toMatchObject({ family: 'file' });
    return thrown instanceof Error ? thrown.message : '';
  }
  return 'was read';
};

describe('what is no result', () => {
  it.each([
    ['', /is empty/],
    [' \n ', /is empty/],
    ['\u0000\u0001', /is text in UTF-16, or a binary file: give/],
    ['{"duration": 1\u0000, "completed": 3}', /holds zero bytes, which no text has: it is damaged or binary: give/],
    ['hello', /in no format that is known here: it can be the result of vllm bench serve/],
    ['{}', /in no format/],
    ['[]', /in no format/],
    ['null', /in no format/],
    ['{"completed": 3', /is not valid JSON: line 1/],
    ['a: [1\nb: 2', /is not valid YAML: line 2/],
    [`a: ${'['.repeat(100_000)}`, /is not valid YAML: .*nested too deeply/],
    [`a: &a [x]\nb: &b [${'*a,'.repeat(50)}]\nc: &c [${'*b,'.repeat(50)}]\nd: [${'*c,'.repeat(50)}]`, /references/],
    [`{"a": ${'['.repeat(500)}`, /nested deeper than 64/],
    [
      '{"backend": "sglang", "dataset_name": "random", "completed": 3, "request_rate": Infinity}\n',
      /SGLang bench_serving.*not read yet/,
    ],
    ['[{"hw": "b200-trt", "conc": 8, "tput_per_gpu": 124.7}]', /InferenceX/],
    ['{"request_throughput": {"unit": "requests\\/sec"}, "request_latency": {"unit": "ms"}}', /AIPerf/],
    ['{"results_ttft_s_mean": 0.2}', /llmperf/],
    ['{"load_summary": {}, "successes": {"count": 3, "rate": 1.5}}', /scraped from the server/],
    ['load:\n  type: constant\nserver:\n  type: vllm\n', /configuration of an inference-perf run/],
    [
      '{"timestamp": 0, "input_length": 6755, "output_length": 500, "hash_ids": []}\n{"timestamp": 0, "input_length": 6755, "output_length": 500}',
      /trace/,
    ],
    ['point_id,model\n', /measurement file already/],
    ['# HELP vllm:prompt_tokens_total x\n# TYPE vllm:prompt_tokens_total counter\n', /Prometheus/],
    ['INFO 02-09 03:28:12 [utils.py:325] version 0.15.1\n', /log of a vLLM server/],
    ['WARNING: slow\nINFO 02-09 03:28:12 [x.py:1] y\n', /log of a vLLM server/],
    ['{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}', /model import/],
    ['{"schema_version": 1, "gpus": []}', /catalog import/],
    ['<!doctype html><html>', /a page of the web/],
  ])('%j is told by what it is', (text, sentence) => {
    expect(refusal(text)).toMatch(sentence);
  });

  it('a report of more than 100 MB, or of 10 MB of YAML, is refused by its size', () => {
    expect(refusal(`{"a": "${'x'.repeat(100_000_000)}"}`)).toMatch(/100,000,009 bytes.*100,000,000/);
    expect(refusal(`benchmarks:\n- a: ${'x'.repeat(10_000_000)}`)).toMatch(/10,000,000 are read.*as JSON/);
  });
});

import { describe, expect, test } from 'vitest';
import { calibrationOf } from '../engine/world.ts';
import { predict } from './ask.ts';

const profile = calibrationOf();
const constant = (name: string): number => profile.constants[name]?.value ?? NaN;

const base = { model: 'meta-llama/Llama-2-7b-hf', gpu: 'nvidia-a100-80gb', input_tokens: 250, output_tokens: 150 };

describe('predict', () => {
  test('batch-1 TPOT of Llama-2-7B on A100 80GB lies between the bandwidth floor (6.6 ms) and 14 ms', () => {
    for (const load of [{ batch: 1 }, { concurrency: 1 }, { rate: 0.001 }]) {
      const { tpot_ms } = predict({ ...base, ...load });
      expect(tpot_ms.p50 ?? 0).toBeGreaterThan(6.6);
      expect(tpot_ms.p50 ?? Infinity).toBeLessThan(14);
    }
  });

  test('the three kinds of load agree on one request at a time', () => {
    const tpots = [{ batch: 1 }, { concurrency: 1 }, { rate: 0.001 }].map(
      (load) => predict({ ...base, ...load }).tpot_ms.mean ?? 0,
    );
    for (const tpot of tpots) expect(tpot / (tpots[0] ?? NaN)).toBeCloseTo(1, 2);
  });

  test('Llama-2-70b on one H100 does not fit: nulls, and the missing GiB', () => {
    const document = predict({ ...base, model: 'meta-llama/Llama-2-70b-hf', gpu: 'h100', rate: 1 });
    expect(document.memory.fits).toBe(false);
    expect(document.memory.shortfall_gib ?? 0).toBeCloseTo(57.8, 0);
    expect(document.ttft_ms.p50).toBeNull();
    expect(document.saturated).toBe(false);
    expect(document.warnings[0]?.sentence).toMatch(/57\.9 GiB per GPU are missing/);
  });

  test('overload is a value: saturated, latencies null, the cause and the rate that would do', () => {
    const document = predict({ ...base, rate: 500 });
    expect([document.saturated, document.ttft_ms.p95, document.trust]).toEqual([true, null, null]);
    expect(document.saturation?.sentence).toMatch(/saturates at \d/);
    expect(document.bottleneck?.kind).not.toBe('queueing');
  });

  test('closed loop: Little holds, more users raise throughput until it levels off', () => {
    const documents = [1, 4, 16, 64].map((concurrency) => predict({ ...base, concurrency }));
    documents.forEach(({ throughput, e2e_ms }, i) => {
      const users = [1, 4, 16, 64][i] ?? NaN;
      expect(((throughput.requests_per_s ?? NaN) * (e2e_ms.mean ?? NaN)) / 1000 / users).toBeCloseTo(1, 2);
    });
    const rates = documents.map(({ throughput }) => throughput.requests_per_s ?? 0);
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    expect((rates[3] ?? 0) / (rates[2] ?? 1)).toBeLessThan(4);
  });

  test('a deployment of two replicas carries twice the rate at the same latency', () => {
    const one = predict({ ...base, rate: 5 });
    const two = predict({ ...base, rate: 10, replicas: 2 });
    expect(two.ttft_ms).toEqual(one.ttft_ms);
    expect(two.throughput.requests_per_s).toBeCloseTo(10, 9);
  });

  test('a static batch that finds no seats at once says how many it finds, and how many of them decode on average', () => {
    const { batch, e2e_ms, ttft_ms, throughput, warnings } = predict({ ...base, batch: 1000, max_num_seqs: 100 });
    expect(batch.max_running).toBe(100);
    expect(batch.mean_running).toBeLessThan(100);
    // Little's law of those who decode.
    const decodingS = ((e2e_ms.mean ?? NaN) - (ttft_ms.mean ?? NaN)) / 1000;
    expect((batch.mean_running ?? NaN) / ((throughput.requests_per_s ?? NaN) * decodingS)).toBeCloseTo(1, 6);
    expect(warnings.find(({ code }) => code === 'waves')?.sentence).toContain('Only 100 of 1000 sequences fit at once');
  });

  test('exactly one load, a TP that divides the heads, a known GPU and engine', () => {
    expect(() => predict(base)).toThrow(/No load was given/);
    expect(() => predict({ ...base, rate: 1, batch: 2 })).toThrow(/More than one load/);
    expect(() => predict({ ...base, rate: 1, tp: 3 })).toThrow(/does not divide the 32 attention heads.*example 2/);
    expect(() => predict({ ...base, rate: 1, gpu: 'h10' })).toThrow(/h10/);
    expect(() => predict({ ...base, rate: 1, engine: 'vlm' })).toThrow(/Unknown engine "vlm".*vllm/);
  });

  test('prompt tokens found in the cache are not computed', () => {
    const cold = predict({ ...base, input_tokens: 4000, rate: 0.1 });
    const warm = predict({ ...base, input_tokens: 4000, prefix_tokens: 3900, rate: 0.1 });
    expect(warm.ttft_ms.p50 ?? 0).toBeLessThan((cold.ttft_ms.p50 ?? 0) / 4);
  });
});

describe('predict: by hand', () => {
  // Constant lengths and next to no load: TTFT and E2E are sums of steps and of the API's time.
  const parts = { model: base.model, gpu: base.gpu, input_tokens: 250, rate: 1e-6 };

  test('TTFT = prefill step + API base + tokenizing; E2E = TTFT + (output - 1) x TPOT', () => {
    const { ttft_ms, tpot_ms, e2e_ms, step_time_ms } = predict({ ...parts, output_tokens: 150 });
    const prefill = step_time_ms?.prefill.total ?? NaN;
    const base = profile.generations['vllm-v1-late']?.ttftBaseMs ?? NaN;
    expect(ttft_ms.mean ?? NaN).toBeCloseTo(prefill + base + constant('tokenizeMsPer1kTokens') * 0.25, 0);
    expect(e2e_ms.mean ?? NaN).toBeCloseTo((ttft_ms.mean ?? NaN) + 149 * (tpot_ms.mean ?? NaN), -1);
  });

  test('attention over a prompt counts half the pairs: 4 FLOP x heads x size x layers x n²/2 at the achieved rate', () => {
    const { step_time_ms } = predict({
      ...parts,
      model: 'meta-llama/Llama-3.1-8B-Instruct',
      input_tokens: 2000,
      output_tokens: 2,
    });
    const flop = 4 * 32 * 128 * 32 * (2000 * 1000);
    // A100: 312 TFLOP/s dense.
    const perS = 312e12 * constant('attentionEfficiency');
    expect(step_time_ms?.prefill.prompt_attention ?? NaN).toBeCloseTo((flop / perS) * 1000, 4);
  });

  test('utilization is the rate over the saturation rate: at 1.0 of it the replica saturates', () => {
    const at = (rate: number) => predict({ ...base, rate });
    const { utilization } = at(8);
    const limit = 8 / (utilization ?? NaN);
    expect(at(limit * 0.99).saturated).toBe(false);
    expect(at(limit * 1.01).ttft_ms.p50).toBeNull();
  });

  test('a request longer than the KV cache does not fit, whatever the load', () => {
    const tight = {
      model: 'meta-llama/Llama-3.1-70B-Instruct',
      gpu: 'nvidia-h100-80gb',
      tp: 2,
      input_tokens: 20_000,
      output_tokens: 500,
    };
    for (const load of [{ rate: 0.1 }, { concurrency: 1 }, { batch: 4 }]) {
      const { memory, ttft_ms } = predict({ ...tight, ...load });
      expect([memory.fits, ttft_ms.mean]).toEqual([false, null]);
    }
  });

  test('method mg1 serves one at a time: an exact wait, far longer under the same load', () => {
    const [mg1, batching] = [predict({ ...base, rate: 0.5, method: 'mg1' }), predict({ ...base, rate: 0.5 })];
    expect(mg1.ttft_ms.p95 ?? 0).toBeGreaterThan(5 * (batching.ttft_ms.p95 ?? Infinity));
    expect(mg1.batch.max_running).toBe(1);
    expect(predict({ ...base, rate: 2, method: 'mg1' }).saturated).toBe(true);
  });

  test.each([
    [{ rate: 1, think_time: 5 }, /think_time belongs to --concurrency/],
    [{ concurrency: 2, arrival: 'constant' as const }, /belongs to --rate/],
    [{ rate: 1, arrival_cv: 2 }, /belongs to --arrival gamma/],
    [{ rate: 1, prefix_hit_rate: 0.5 }, /needs --prefix-tokens/],
    [{ rate: 1, prefix_tokens: 250 }, /must be below input_tokens 250/],
    [{ batch: 1, replicas: 4 }, /cannot be split over 4 replicas/],
    [{ concurrency: 4, method: 'mg1' as const }, /open arrivals only/],
  ])('%o is refused, not ignored', (options, message) => {
    expect(() => predict({ ...base, ...options })).toThrow(message);
  });

  test('what is assumed is said: a larger link domain than any instance, a version without a table', () => {
    const codes = predict({ ...base, rate: 1, tp: 32, engine: 'vllm@0.5' }).warnings.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(['link_domain', 'separate_prefill']));
  });
});

test('of a batch that finds no seats at once the rest begins as seats come free, as in the simulation', () => {
  const seats = { max_num_seqs: 100, input_cv: 0, output_cv: 0 };
  const all = predict({ ...base, ...seats, batch: 400 });
  const truth = predict({ ...base, ...seats, rate: 'inf', num_prompts: 400, method: 'simulation' });
  expect(truth.simulation?.requests).toBe(400);
  for (const latency of ['ttft_ms', 'tpot_ms', 'e2e_ms'] as const)
    expect((all[latency].mean ?? NaN) / (truth[latency].mean ?? NaN)).toBeCloseTo(1, 2);
  expect((all.throughput.requests_per_s ?? NaN) / (truth.throughput.requests_per_s ?? NaN)).toBeCloseTo(1, 2);
  const alone = predict({ ...base, ...seats, batch: 100 });
  expect(all.ttft_ms.p50).toBeGreaterThan(alone.ttft_ms.p99 ?? NaN);
});

describe('predict: other engines', () => {
  const load = { ...base, model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-h100-80gb', rate: 2 };
  const codes = (document: ReturnType<typeof predict>): string[] => document.warnings.map(({ code }) => code);

  test.each([
    ['trtllm', 'trtllm@1.2', []],
    ['trtllm@1.0', 'trtllm@1.2', ['engine_version']],
    ['trtllm@0.12', 'trtllm@0.16', ['engine_version']],
    ['sglang', 'sglang@0.4', ['separate_prefill']],
    ['sglang@0.4.6.post1', 'sglang@0.4', ['separate_prefill']],
    ['sglang@0.5.2', 'sglang@0.4', ['engine_version', 'separate_prefill']],
    ['vllm@0.14.1', 'vllm@0.14', []],
    ['vllm@0.9', 'vllm@0.11', ['engine_version']],
    // The context of 131,072 tokens switches chunked prefill on.
    ['vllm@0.6.3', 'vllm@0.7', ['engine_version']],
    ['vllm@0.2', 'vllm@0.2', ['separate_prefill']],
  ])('%s is predicted as %s', (engine, resolved, warnings) => {
    const document = predict({ ...load, engine });
    expect(document.input.engine).toBe(resolved);
    expect(codes(document)).toEqual(warnings);
    expect(document.tpot_ms.p50 ?? 0).toBeGreaterThan(4);
    expect(document.tpot_ms.p50 ?? Infinity).toBeLessThan(30);
  });

  test('an unknown engine lists the known ones; a version has to be a number', () => {
    expect(() => predict({ ...load, engine: 'tgi' })).toThrow(/Unknown engine "tgi".*sglang.*trtllm.*vllm/);
    expect(() => predict({ ...load, engine: 'trtllm@new' })).toThrow(
      'Engine version "new" is not a number such as 1.2.',
    );
  });

  test('TensorRT-LLM keeps the cache of an FP8 checkpoint in FP8: twice the tokens, and says so', () => {
    const [fp16, fp8] = (['fp16', 'fp8'] as const).map((quantization) =>
      predict({ ...load, engine: 'trtllm', quantization }),
    );
    expect(codes(fp8!)).toContain('fp8_cache');
    expect(codes(fp16!)).not.toContain('fp8_cache');
    const perToken = ({ memory }: ReturnType<typeof predict>): number =>
      (memory.kv_cache_gib ?? NaN) / (memory.kv_cache_tokens ?? NaN);
    expect(perToken(fp16!) / perToken(fp8!)).toBeCloseTo(2, 2);
    expect(codes(predict({ ...load, engine: 'vllm', quantization: 'fp8' }))).not.toContain('fp8_cache');
  });

  test('GPUs and formats without kernels are refused in the words of the engine', () => {
    expect(() => predict({ ...load, engine: 'trtllm', gpu: 'amd-mi300x' })).toThrow(
      "TensorRT-LLM's CUDA build, which this engine models, does not run on",
    );
    expect(() => predict({ ...load, engine: 'trtllm', gpu: 'nvidia-t4' })).toThrow(
      'TensorRT-LLM needs compute capability 8.0;',
    );
    expect(() => predict({ ...load, engine: 'sglang', gpu: 'nvidia-b200', quantization: 'nvfp4' })).toThrow(
      'SGLang does not run nvfp4.',
    );
  });
});

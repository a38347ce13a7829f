import { describe, expect, test } from 'vitest';
import type { PredictDocument } from '../../src-worker/protocol/documents.ts';
import { answerDetail } from '../../src-worker/answers/detail/detail.ts';
import { sizeInputSchema, type PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { modelSource } from '../engine/world.ts';
import {
  exclusionOf,
  first,
  facts,
  known,
  LLAMA_2_7B,
  LLAMA_3_70B,
  LLAMA_3_8B,
  onA100,
  predict,
  rowOf,
  size,
} from './asked.ts';

// Roofline and hardware: bugs 13 to 24.

const tpot = (document: PredictDocument): number => known(document.tpot_ms.p50);
const ttft = (document: PredictDocument): number => known(document.ttft_ms.p50);
const on = (gpu: string, draft: Partial<PredictInputDraft> = {}): PredictDocument =>
  predict({ model: LLAMA_3_8B, gpu, input_tokens: 1000, output_tokens: 100, batch: 1, ...draft });

describe('bug 13: units of the ridge', () => {
  test('the ridge of an H100 is at some 300 FLOP a byte; decodes lie left of it, prefills right', () => {
    const question = sizeInputSchema.parse({
      model: LLAMA_3_8B,
      workload: 'rag',
      users: 20,
      gpu: ['nvidia-h100-80gb'],
    });
    const configuration = first(size(question)).id;
    const { roofline } = answerDetail({ question, configuration }, modelSource(LLAMA_3_8B), facts);
    const ridge = known(roofline?.peak_tflops_per_s) / known(roofline?.peak_bandwidth_tb_per_s);
    expect(ridge).toBeGreaterThan(200);
    expect(ridge).toBeLessThan(400);
    for (const { phase, batch, flop_per_byte: intensity } of roofline?.points ?? []) {
      if (phase === 'decode' && batch === 1) expect(intensity).toBeLessThan(5);
      if (phase === 'prefill') expect(intensity).toBeGreaterThan(ridge / 3);
    }
    expect(onA100({ batch: 1 }).bottleneck?.kind).toBe('memory_bandwidth');
  });

  test('utilization is below 1 and follows the load; instances grow with users', () => {
    const utilizations = [1, 4, 12].map((rate) => known(onA100({ rate }).utilization));
    expect(utilizations).toEqual([...utilizations].sort((a, b) => a - b));
    expect(Math.max(...utilizations)).toBeLessThan(1);
    const instances = [100, 1000, 10_000].map(
      (users) =>
        size({ model: LLAMA_2_7B, users, gpu: ['nvidia-l4'], provider: ['gcp'], sla: { tpot_p50: 60 } })
          .recommendations[0]?.instances ?? 0,
    );
    const [few = 0, many = 0, most = 0] = instances;
    expect(many / few).toBeGreaterThan(5);
    expect(most / many).toBeCloseTo(10, 0);
  });
});

describe('bugs 14 and 15: as many GPUs as there are, and those of a replica', () => {
  const answer = size({
    model: LLAMA_2_7B,
    users: 1000,
    provider: ['gcp'],
    gpu: ['nvidia-h100-80gb', 'nvidia-a100-40gb'],
    tp: 1,
    top: 100,
  });

  test('bug 14: an instance with eight H100 has eight, each with its own memory', () => {
    const row = rowOf(
      size({ model: LLAMA_3_70B, users: 100, provider: ['gcp'], gpu: ['nvidia-h100-80gb'], tp: 8, top: 100 }),
      'a3-highgpu-8g',
    );
    expect([row.gpu_count, row.replicas_per_instance]).toEqual([8, 1]);
    expect(known(row.memory.total_gib)).toBeLessThan(80);
    expect(known(row.memory.weights_gib) * 8).toBeGreaterThan(131);
    // No step beats the bandwidth of eight: 141 GB / (8 · 3.35 TB/s) = 5.3 ms.
    expect(known(row.tpot_ms.p50)).toBeGreaterThan(5.3);
  });

  test('bug 15: one of eight GPUs is as fast as a GPU alone; the others are further replicas', () => {
    const [alone, eight] = ['a2-highgpu-1g', 'a2-highgpu-8g'].map((name) => rowOf(answer, name));
    expect(eight?.capacity_requests_per_s).toBe(alone?.capacity_requests_per_s);
    expect([alone?.replicas_per_instance, eight?.replicas_per_instance]).toEqual([1, 8]);
    expect(eight?.instances).toBe(Math.ceil(known(alone?.replicas) / 8));
  });
});

test('bug 16: context costs: a decode reads its cache, attention of a prefill grows with the square', () => {
  const decode = (inputTokens: number) => tpot(on('nvidia-h100-80gb', { input_tokens: inputTokens, batch: 8 }));
  expect(decode(30_000)).toBeGreaterThan(1.3 * decode(128));
  const prefill = (inputTokens: number) => ttft(on('nvidia-h100-80gb', { input_tokens: inputTokens }));
  expect(prefill(100_000) / prefill(50_000)).toBeGreaterThan(2.2);
});

test('bug 17: no larger batch is faster', () => {
  // On average: a prompt more may make the half that waits for others' prompts the smaller one, and with it the median the other half's.
  for (const kind of ['tpot_ms', 'ttft_ms', 'e2e_ms'] as const) {
    const times = Array.from({ length: 70 }, (_, i) => known(onA100({ batch: i + 1 })[kind].mean));
    for (let i = 1; i < times.length; i += 1) {
      expect(known(times[i]), `${kind} of batch ${i + 1}`).toBeGreaterThanOrEqual(known(times[i - 1]) * (1 - 1e-9));
    }
  }
});

test('bug 18: a lone decode is about as slow as measured, and never faster than the memory', () => {
  const alone = predict({
    model: LLAMA_2_7B,
    gpu: 'nvidia-a100-40gb',
    input_tokens: 250,
    output_tokens: 150,
    batch: 1,
  });
  // 13.48 GB of weights at 1.555 TB/s take 8.7 ms; about 11 ms are measured, the original said 29.
  expect(tpot(alone)).toBeGreaterThan(8.7);
  expect(tpot(alone)).toBeLessThan(14);
});

describe('bug 19: tensor parallelism costs communication, once', () => {
  test('none alone; together it grows with the tokens of a step, in decode and in prefill', () => {
    const parts = (tp: number, inputTokens: number) =>
      on('nvidia-a100-80gb', { tp, input_tokens: inputTokens }).step_time_ms;
    const of = (step: PredictDocument['step_time_ms'], phase: 'decode' | 'prefill') =>
      step?.[phase]['communication'] ?? 0;
    expect(of(parts(1, 1000), 'prefill')).toBe(0);
    expect(of(parts(4, 1000), 'decode')).toBeGreaterThan(0);
    expect(of(parts(4, 2000), 'prefill')).toBeGreaterThan(3 * of(parts(4, 100), 'prefill'));
  });

  test('two GPUs are faster than one and less than twice as fast', () => {
    const ratio = tpot(on('nvidia-a100-80gb')) / tpot(on('nvidia-a100-80gb', { tp: 2 }));
    expect(ratio).toBeGreaterThan(1.3);
    expect(ratio).toBeLessThan(2);
  });
});

describe('bug 20: tensor parallelism is explored, checked and joined by the link there is', () => {
  test('more GPUs a replica than fit the model are tried', () => {
    const row = rowOf(
      size({ model: LLAMA_3_8B, users: 300, provider: ['gcp'], gpu: ['nvidia-a100-40gb'], top: 100 }),
      'a2-highgpu-8g',
    );
    const tried = [row.tensor_parallel, ...row.other_plans.map((plan) => plan.tensor_parallel)];
    expect([...new Set(tried)].sort((a, b) => a - b)).toEqual([1, 2, 4, 8]);
  });

  test('a degree that does not divide the heads is refused', () => {
    const answer = size({
      model: 'Qwen/Qwen2.5-0.5B',
      users: 10,
      provider: ['gcp'],
      gpu: ['nvidia-l4'],
      tp: 4,
      top: 100,
    });
    expect(exclusionOf(answer, 'g2-standard-48')).toMatchObject({ reason: 'tp_heads', margin: { value: 4, limit: 2 } });
  });

  test('two GPUs on PCIe carry less than the same two on NVLink', () => {
    const pair = (provider: string) =>
      size({
        model: LLAMA_3_8B,
        workload: 'rag',
        users: 10,
        provider: [provider],
        gpu: ['nvidia-a100-80gb-pcie'],
        tp: 2,
      }).recommendations.find((row) => row.gpu_count === 2);
    const [bridged, pcie] = [pair('azure'), pair('runpod')].map((row) => known(row?.capacity_requests_per_s));
    expect(known(pcie)).toBeLessThan(0.95 * known(bridged));
  });
});

describe('bug 21: 4-bit weights are half of 8-bit ones, compute in 16 bit, and leave the cache alone', () => {
  const by = (quantization: 'fp16' | 'int8' | 'int4', draft: object = {}) =>
    on('nvidia-a100-80gb', { quantization, ...draft });

  test('decode: int4 is faster than int8, which is faster than fp16', () => {
    const times = (['int4', 'int8', 'fp16'] as const).map((precision) => tpot(by(precision)));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(known(times[0]) / known(times[1])).toBeLessThan(0.85);
  });

  test('prefill: int4 is no faster than fp16', () => {
    const long = { input_tokens: 8000 };
    expect(ttft(by('int4', long))).toBeGreaterThan(0.97 * ttft(by('fp16', long)));
  });

  test('a token of cache takes the same bytes whatever the weights take', () => {
    const bytes = (['fp16', 'int8', 'int4'] as const).map((precision) => {
      const { kv_cache_gib: gib, kv_cache_tokens: tokens } = by(precision).memory;
      return (known(gib) * 2 ** 30) / known(tokens);
    });
    for (const each of bytes) expect(each).toBeCloseTo(131_072, 3);
  });
});

describe('bug 22: number formats a GPU lacks', () => {
  const judged = (quantization: 'fp8' | 'bf16') =>
    size({ model: LLAMA_3_8B, users: 5, quantization: [quantization], provider: ['gcp', 'azure'], top: 500 });

  test('FP8 on A100 shrinks the weights, computes at the 16-bit rate and says so', () => {
    const long = { input_tokens: 8000 };
    const [fp8, fp16] = [
      on('nvidia-a100-80gb', { quantization: 'fp8', ...long }),
      on('nvidia-a100-80gb', { quantization: 'fp16', ...long }),
    ];
    expect(ttft(fp8)).toBeGreaterThan(0.97 * ttft(fp16));
    expect(fp8.warnings.map(({ sentence }) => sentence).join(' ')).toContain('has no FP8 units');
  });

  test.each([
    ['bf16', 'nvidia-t4'],
    ['fp8', 'nvidia-v100-16gb'],
  ] as const)('%s on %s is excluded with its reason, not dropped', (quantization, id) => {
    const excluded = judged(quantization).excluded.filter(({ gpu, reason }) => gpu === id && reason !== 'retired');
    expect(excluded.length).toBeGreaterThan(0);
    for (const { reason } of excluded) expect(reason).toBe('dtype_unsupported');
  });

  // vLLM's weight-only kernels run FP8 weights on Turing from 0.22 (catalogs/engines).
  test('FP8 on T4 is judged as weight-only and says so, not dropped', () => {
    const { recommendations, excluded } = judged('fp8');
    const onT4 = <Row extends { gpu: string }>(rows: Row[]): Row[] => rows.filter(({ gpu }) => gpu === 'nvidia-t4');
    const passing = onT4(recommendations);
    expect(passing.length).toBeGreaterThan(0);
    for (const { warnings } of passing) expect(warnings.map(({ code }) => code)).toContain('weight_only');
    const [all] = [onT4(judged('bf16').excluded)];
    expect(passing.length + onT4(excluded).length).toBe(all.length);
  });
});

test('bug 23: peaks are dense', () => {
  const peaks = (id: string) => facts.gpus.find((gpu) => gpu.id === id)?.peaks;
  const tera = (value: number | undefined) => Math.round((value ?? NaN) / 1e11) / 10;
  expect(tera(peaks('nvidia-l4')?.fp16FlopPerS)).toBe(121);
  expect(tera(peaks('nvidia-a100-40gb')?.fp16FlopPerS)).toBe(312);
  expect(tera(peaks('nvidia-h100-80gb')?.fp16FlopPerS)).toBeLessThan(990);
  expect(tera(peaks('nvidia-h100-80gb')?.fp8FlopPerS)).toBeLessThan(1980);
  expect(tera(peaks('nvidia-l4')?.fp8FlopPerS)).toBeLessThan(243);
  expect(tera(peaks('nvidia-t4')?.fp16FlopPerS)).toBe(65);
});

test('bug 24: GiB are GiB: weights, and the memory as the driver reports it', () => {
  const { memory } = onA100({ batch: 1 });
  // 6,738,415,616 parameters · 2 bytes / 2^30.
  expect(known(memory.weights_gib)).toBeCloseTo(12.55, 2);
  expect(known(memory.total_gib)).toBeGreaterThan(79);
  expect(known(memory.total_gib)).toBeLessThan(80);
});

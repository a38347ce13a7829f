import { describe, expect, test } from 'vitest';
import { predict } from './ask.ts';

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
    expect(document.warnings[0]?.sentence).toMatch(/57\.8 GiB per GPU are missing/);
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

  test('a static batch beyond the KV cache runs in waves and says so', () => {
    const document = predict({ ...base, batch: 1000, max_num_seqs: 100 });
    expect(document.batch.mean_running).toBe(100);
    expect(document.warnings.some(({ code }) => code === 'waves')).toBe(true);
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

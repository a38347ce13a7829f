import { describe, expect, test } from 'vitest';
import { predict, size } from './ask.ts';

const MODELS = [
  'tiiuae/falcon-mamba-7b-instruct',
  'nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16',
  'Qwen/Qwen3-Next-80B-A3B-Instruct',
  'ai21labs/Jamba-v0.1',
];

/** Every number in a document, with the path to it. */
function numbers(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbers(inner, `${path}.${key}`));
}

describe('models with a constant state, the whole way', () => {
  test.each(MODELS)('%s: latencies are finite and grow with the load until it saturates', (model) => {
    const base = { model, gpu: 'h200', tp: 2, input_tokens: 1000, output_tokens: 200 };
    let last = 0;
    for (const rate of [0.1, 1, 4]) {
      const document = predict({ ...base, rate });
      expect(numbers(document).filter(([, value]) => !Number.isFinite(value))).toEqual([]);
      expect(document.saturated).toBe(false);
      const tpot = document.tpot_ms.p50 ?? 0;
      expect(tpot).toBeGreaterThanOrEqual(last);
      expect(document.ttft_ms.p99).toBeGreaterThanOrEqual(document.ttft_ms.p50 ?? Infinity);
      last = tpot;
    }
    expect(last).toBeGreaterThan(1);
    expect(last).toBeLessThan(100);
    expect(predict({ ...base, rate: 1000 })).toMatchObject({ saturated: true, ttft_ms: { p50: null } });
  });

  test('decoding takes a pure state model as long after 1,500 tokens as after 100', () => {
    const tpot = (input_tokens: number) =>
      predict({ model: MODELS[0] ?? '', gpu: 'h100', input_tokens, output_tokens: 200, batch: 4 }).tpot_ms.mean ?? NaN;
    expect(tpot(1500)).toBeCloseTo(tpot(100), 6);
    const attends = (input_tokens: number) =>
      predict({ model: 'meta-llama/Llama-2-7b-hf', gpu: 'h100', input_tokens, output_tokens: 200, batch: 4 }).tpot_ms
        .mean ?? NaN;
    expect(attends(1500)).toBeGreaterThan(1.02 * attends(100));
  });

  test('states fill the cache: no more sequences run at once than find room for theirs', () => {
    const base = { model: 'nvidia/Nemotron-H-56B-Base-8K', gpu: 'h200', input_tokens: 500, output_tokens: 200 };
    const { batch, memory } = predict({ ...base, batch: 1000 });
    const stateGib = (54 * (256 * 64 * 256 * 4 + 20_480 * 3 * 2)) / 2 ** 30;
    expect(batch.mean_running).toBeLessThanOrEqual((memory.kv_cache_gib ?? 0) / stateGib + 1);
    expect(batch.mean_running).toBeGreaterThan(1);
  });

  test.each(MODELS)('%s is sized: plans pass, every figure is finite', (model) => {
    const document = size({ model, users: 50, provider: ['gcp'] });
    expect(document.num_passing).toBeGreaterThan(0);
    expect(numbers(document).filter(([, value]) => !Number.isFinite(value))).toEqual([]);
    for (const { memory } of document.recommendations) expect(memory.kv_cache_tokens).toBeGreaterThan(0);
  });

  test('TP is judged by the heads and groups of recurrent layers, too', () => {
    // 16 key heads of the delta nets and 16 query heads: 8 GPUs divide them. 8 groups of Mamba-2: 16 GPUs do not.
    const document = size({ model: 'Qwen/Qwen3-Next-80B-A3B-Instruct', users: 50, provider: ['gcp'], tp: 8 });
    expect(document.num_passing).toBeGreaterThan(0);
    const base = {
      model: 'nvidia/Nemotron-H-56B-Base-8K',
      gpu: 'h200',
      input_tokens: 500,
      output_tokens: 200,
      batch: 1,
    };
    expect(predict({ ...base, tp: 8 }).memory.fits).toBe(true);
    expect(() => predict({ ...base, tp: 16 })).toThrow(
      /tp 16 does not divide the 8 heads or groups of heads of the recurrent layers .* example 8/,
    );
  });
});

import { describe, expect, test } from 'vitest';
import { answerModel } from '../../src-worker/answers/model.ts';
import { modelSource } from '../engine/world.ts';
import { known, LLAMA_2_7B, LLAMA_3_70B, LLAMA_3_8B, model, predict, rowOf, size } from './asked.ts';

// Models: bugs 25 to 28.

test.each([
  [LLAMA_3_70B, 327_680],
  ['Qwen/Qwen2.5-7B-Instruct', 57_344],
  ['TinyLlama/TinyLlama-1.1B-Chat-v1.0', 22_528],
  // 42 layers, 8 KV heads of 256.
  ['google/gemma-2-9b', 344_064],
])('bug 25: the cache of %s holds its KV heads, %d bytes a token', (id, bytes) => {
  expect(model(id).kv_bytes_per_token['fp16']).toBe(bytes);
});

test('bug 25: windows end the growth of the cache, and eight A100 hold hundreds of sequences of a 70B model', () => {
  expect(model('google/gemma-2-9b').windows).not.toEqual([]);
  const eight = predict({
    model: LLAMA_3_70B,
    gpu: 'nvidia-a100-80gb',
    tp: 8,
    input_tokens: 4000,
    output_tokens: 96,
    batch: 1,
  });
  expect(known(eight.memory.kv_cache_tokens) / 4096).toBeGreaterThan(250);
});

describe('bug 26: a model is what its config.json says', () => {
  test.each([
    ['deepseek-ai/DeepSeek-V3', 671],
    ['microsoft/phi-4', 14.7],
    ['mistralai/Mixtral-8x7B-v0.1', 46.7],
    ['Qwen/Qwen3-30B-A3B', 30.5],
    ['openai/gpt-oss-120b', 116.8],
    ['Qwen/Qwen2.5-0.5B', 0.494],
  ])('%s has %d billion parameters', (id, billions) => {
    expect(model(id).total_parameters / 1e9 / billions).toBeCloseTo(1, 2);
  });

  test('never what its name says', () => {
    const source = { ...modelSource('Qwen/Qwen2.5-0.5B'), id: 'somebody/huge-70b-instruct' };
    expect(answerModel(source).total_parameters).toBe(model('Qwen/Qwen2.5-0.5B').total_parameters);
    expect(() => modelSource('somebody/huge-70b-instruct')).toThrow();
  });
});

describe('bug 27: experts', () => {
  test('a token pays for the experts it uses, not for all', () => {
    const { total_parameters: total, active_parameters: active } = model('Qwen/Qwen3-30B-A3B');
    expect(active / total).toBeLessThan(0.12);
    const alone = (id: string) =>
      known(
        predict({ model: id, gpu: 'nvidia-h100-80gb', input_tokens: 500, output_tokens: 100, batch: 1 }).tpot_ms.p50,
      );
    expect(alone('Qwen/Qwen3-30B-A3B')).toBeLessThan(0.4 * alone('Qwen/Qwen3-32B'));
  });

  test('counts are exact', () => {
    expect(model(LLAMA_3_8B)).toMatchObject({ total_parameters: 8_030_261_248, vocabulary_size: 128_256 });
    expect(model(LLAMA_2_7B).total_parameters).toBe(6_738_415_616);
  });
});

test('bug 28: how many requests the cache holds follows from the lengths of the workload', () => {
  const seats = (workload: string) => {
    const row = rowOf(
      size({
        model: LLAMA_3_8B,
        workload,
        users: 20,
        provider: ['gcp'],
        gpu: ['nvidia-l4'],
        top: 100,
        sla: { tpot_p50: 80, tpot_p95: 160, tpot_p99: 240, ttft_p50: 9e3, ttft_p95: 2e4, ttft_p99: 3e4 },
      }),
      'g2-standard-8',
    );
    return Number(/ --max-num-seqs (\d+)/.exec(row.vllm_commands.safe ?? '')?.[1]);
  };
  // 1,280 tokens against 10,000 and more: a fixed 4,096 would give both the same.
  expect(seats('chat') / seats('rag')).toBeGreaterThan(5);
});

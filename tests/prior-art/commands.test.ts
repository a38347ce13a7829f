import { describe, expect, test } from 'vitest';
import type { Recommendation } from '../../src-worker/protocol/documents.ts';
import { first, known, LLAMA_2_7B, LLAMA_3_8B, predict, size } from './asked.ts';

// vLLM commands: bugs 34 to 36.

const flag = (command: string | null, name: string): string | undefined =>
  new RegExp(` --${name} (\\S+)`).exec(command ?? '')?.[1];
const both = ({ vllm_commands: { safe, high_performance: high } }: Recommendation): (string | null)[] => [safe, high];

test.each([
  ['chat', 900, 2000],
  ['rag', 9000, 16_384],
  ['code', 8000, 16_384],
])('bug 34: --max-model-len covers the requests of %s', (workload, least, most) => {
  const row = first(size({ model: LLAMA_3_8B, workload, users: 20, gpu: ['nvidia-h100-80gb'] }));
  for (const command of both(row)) {
    const served = Number(flag(command, 'max-model-len'));
    expect(served).toBeGreaterThan(least);
    expect(served).toBeLessThan(most);
  }
  const short = first(size({ model: LLAMA_2_7B, workload, users: 20, gpu: ['nvidia-h100-80gb'] }));
  for (const command of both(short)) expect(Number(flag(command, 'max-model-len'))).toBeLessThanOrEqual(4096);
});

describe('bug 35: flags and values that vLLM has', () => {
  const QUANTIZATION = [undefined, 'fp8'];
  const DTYPE = [undefined, 'float16', 'bfloat16'];

  test.each(['fp16', 'bf16', 'fp8', 'int8', 'int4', 'w8a16', 'nvfp4', 'mxfp4'] as const)('%s', (quantization) => {
    const answer = size({
      model: LLAMA_3_8B,
      users: 20,
      quantization: [quantization],
      kv_cache_dtype: 'fp8',
      provider: ['gcp', 'lambda'],
      top: 500,
    });
    expect(answer.num_passing).toBeGreaterThan(0);
    for (const row of answer.recommendations) {
      const isMade = ['fp16', 'bf16', 'fp8'].includes(quantization);
      expect(row.vllm_command === null).toBe(!isMade);
      expect(row.vllm_command_reason === null).toBe(isMade);
      for (const command of both(row)) {
        expect(QUANTIZATION).toContain(flag(command, 'quantization'));
        expect(DTYPE).toContain(flag(command, 'dtype'));
        if (command === null) continue;
        expect(flag(command, 'kv-cache-dtype')).toBe('fp8');
        expect(flag(command, 'quantization') === undefined).toBe(quantization !== 'fp8');
        expect(Number(flag(command, 'max-num-seqs'))).toBeGreaterThanOrEqual(1);
        expect(Number(flag(command, 'gpu-memory-utilization'))).toBeGreaterThanOrEqual(0.85);
      }
    }
  });

  test('what is asked in 16 bit is started in that type', () => {
    const asked = (quantization: 'fp16' | 'bf16') =>
      first(size({ model: LLAMA_3_8B, users: 20, quantization: [quantization], gpu: ['nvidia-h100-80gb'] }))
        .vllm_command;
    expect([flag(asked('fp16'), 'dtype'), flag(asked('bf16'), 'dtype')]).toEqual(['float16', 'bfloat16']);
  });

  test('a 4-bit checkpoint is read as it is', () => {
    const row = first(size({ model: 'Qwen/Qwen2.5-32B-Instruct-AWQ', users: 10 }));
    expect(row.vllm_command).toContain('vllm serve Qwen/Qwen2.5-32B-Instruct-AWQ ');
    expect(row.vllm_command).not.toMatch(/--quantization|--dtype/);
  });

  test('the safe command leaves room for the longest request on every GPU', () => {
    for (const row of size({ model: LLAMA_3_8B, workload: 'rag', users: 20, top: 500 }).recommendations) {
      const [safe, high] = both(row);
      const held = predict({
        model: LLAMA_3_8B,
        gpu: row.gpu,
        tp: row.tensor_parallel,
        input_tokens: 1000,
        output_tokens: 10,
        batch: 1,
        max_num_seqs: Number(flag(safe ?? null, 'max-num-seqs')),
        max_num_batched_tokens: Number(flag(safe ?? null, 'max-num-batched-tokens')),
        gpu_memory_utilization: Number(flag(safe ?? null, 'gpu-memory-utilization')),
      }).memory;
      if (row.gpu_count < 1) continue;
      const needed = Number(flag(safe ?? null, 'max-num-seqs')) * Number(flag(safe ?? null, 'max-model-len'));
      expect(known(held.kv_cache_tokens), row.instance).toBeGreaterThanOrEqual(needed);
      expect(Number(flag(safe ?? null, 'max-num-seqs'))).toBeLessThanOrEqual(
        Number(flag(high ?? null, 'max-num-seqs')),
      );
    }
  });
});

test('bug 36: the verdict is for the command that is printed: its flags give the memory of the row', () => {
  for (const row of size({ model: LLAMA_2_7B, users: 100, top: 500 }).recommendations) {
    if (row.gpu_count < 1) continue;
    const { memory } = predict({
      model: LLAMA_2_7B,
      gpu: row.gpu,
      tp: Number(flag(row.vllm_command, 'tensor-parallel-size')),
      input_tokens: 250,
      output_tokens: 150,
      batch: 1,
      max_num_seqs: Number(flag(row.vllm_command, 'max-num-seqs')),
      max_num_batched_tokens: Number(flag(row.vllm_command, 'max-num-batched-tokens')),
      gpu_memory_utilization: Number(flag(row.vllm_command, 'gpu-memory-utilization')),
    });
    expect(memory.kv_cache_tokens, row.instance).toBe(row.memory.kv_cache_tokens);
    expect(row.vllm_command).toBe(row.vllm_commands.high_performance);
  }
});

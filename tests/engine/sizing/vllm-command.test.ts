import { expect, test } from 'vitest';
import { vllmCommand, type CommandQuestion } from '../../../src-worker/engine/sizing/vllm-command.ts';

const question: CommandQuestion = {
  modelId: 'meta-llama/Llama-3.1-70B-Instruct',
  checkpoint: { precision: 'fp16', method: null },
  precision: 'fp16',
  kvCacheDtype: 'auto',
  tensorParallel: 4,
  limits: {
    maxNumBatchedTokens: 8192,
    maxNumSeqs: 1024,
    gpuMemoryUtilization: 0.92,
    kvBlockTokens: 16,
    hasCudaGraphsInBudget: true,
    hasHybridKvCache: true,
  },
  servedTokens: 1280,
  hasPrefixCache: false,
};

test('every figure of the plan stands in the command', () => {
  expect(vllmCommand(question)).toBe(
    'vllm serve meta-llama/Llama-3.1-70B-Instruct --tensor-parallel-size 4 --max-model-len 1280 --max-num-seqs 1024 ' +
      '--max-num-batched-tokens 8192 --gpu-memory-utilization 0.92 --dtype float16 --no-enable-prefix-caching',
  );
});

test('fp8 is made while loading a 16-bit file, never asked of a quantized one; fp8 KV cache and prefix caching are flags', () => {
  expect(vllmCommand({ ...question, precision: 'fp8', kvCacheDtype: 'fp8', hasPrefixCache: true })).toMatch(
    /--quantization fp8 --kv-cache-dtype fp8$/,
  );
  const awq = { precision: 'int4', method: 'awq' } as const;
  expect(vllmCommand({ ...question, checkpoint: awq, precision: 'int4' })).not.toMatch(/--quantization|--dtype/);
});

test('an id a shell would read as more than a word is quoted', () => {
  const command = vllmCommand({ ...question, modelId: "$(touch x); echo 'y" });
  expect(command.startsWith(`vllm serve '$(touch x); echo '\\''y' --tensor-parallel-size`)).toBe(true);
});

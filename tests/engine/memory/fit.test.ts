import { describe, expect, test } from 'vitest';
import { engineLimits, fitMemory } from '../../../src-worker/engine/memory/fit.ts';
import { fullestHolding } from '../../../src-worker/engine/model/holdings.ts';
import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import { calibrationOf, facts, gpuOf, modelOf } from '../world.ts';

const newest = facts.engines[0];
if (!newest) throw new Error('no engine defaults');

const fitOf = (
  model: string,
  gpu: string,
  tensorParallel = 1,
  precision: 'fp16' | 'fp8' = 'fp16',
  contextTokens = 16,
  engine = newest,
) =>
  fitMemory({
    model: modelOf(model),
    gpu: gpuOf(gpu),
    gpuShare: 1,
    precision,
    kvBytesPerElement: 2,
    tensorParallel,
    limits: engineLimits(engine, gpuOf(gpu)),
    calibration: calibrationOf(),
    servedTokens: 16,
    contextTokens,
  });

describe('memory fit', () => {
  // Measured by vLLM's own start-up log on H100 (79.18 GiB): weights and activation peak, GiB (llm-d-planner's table).
  test.each([
    ['meta-llama/Llama-3.1-8B-Instruct', 1, 14.99, 4.76],
    ['Qwen/Qwen3-0.6B', 1, 1.12, 5.56],
    ['Qwen/Qwen3-32B', 1, 61.03, 5.64],
    ['Qwen/Qwen3-32B', 2, 30.59, 5.64],
  ])('%s TP %i on H100: weights %f GiB and activations %f GiB as measured', (model, tp, weightsGib, activationGib) => {
    const fit = fitOf(model, 'nvidia-h100-80gb', tp);
    expect(Math.abs(gibFromBytes(fit.weightsBytes) / weightsGib - 1)).toBeLessThan(0.015);
    expect(Math.abs(gibFromBytes(fit.activationBytes) / activationGib - 1)).toBeLessThan(0.03);
  });

  test('worked example: Llama-2-7b on A100 80GB has 12.55 GiB of weights and about 120,000 KV tokens', () => {
    const fit = fitOf('meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb');
    expect(gibFromBytes(fit.weightsBytes)).toBeCloseTo(12.55, 2);
    expect(fit.kvCacheTokens).toBeGreaterThan(114_000);
    expect(fit.kvCacheTokens).toBeLessThan(126_000);
    expect(fit.kvCacheTokens % newest.kvBlockTokens).toBe(0);
  });

  test('Llama-2-70b in 16 bit does not fit on one H100: the shortfall is what is missing to start', () => {
    const fit = fitOf('meta-llama/Llama-2-70b-hf', 'nvidia-h100-80gb');
    expect(fit.fits).toBe(false);
    expect(fit.kvCacheTokens).toBe(0);
    const needed = fit.weightsBytes + fit.activationBytes + fit.overheadBytes;
    expect(fit.shortfallBytes).toBeGreaterThan(needed - fit.budgetBytes);
    expect(gibFromBytes(fit.shortfallBytes)).toBeCloseTo(57.8, 0);
  });

  test('copies of the attention each have a cache: DeepSeek-V3 as 8 x DP holds five times the context of TP 8', () => {
    const shared = {
      model: modelOf('deepseek-ai/DeepSeek-V3'),
      gpu: gpuOf('nvidia-h200'),
      gpuShare: 1,
      precision: 'fp8',
      kvBytesPerElement: 2,
      limits: engineLimits(newest, gpuOf('nvidia-h200')),
      calibration: calibrationOf(),
      servedTokens: 16,
      contextTokens: 16,
    } as const;
    const split = fitMemory({ ...shared, tensorParallel: 8 });
    const copies = fitMemory({ ...shared, tensorParallel: 1, dataParallel: 8, expertParallel: 8 });
    // Latent attention keeps its cache whole on every GPU of a tensor-parallel group.
    expect(copies.kvBytesPerToken).toBe(split.kvBytesPerToken);
    expect(copies.kvCacheTokens).toBe(8 * Math.floor(copies.kvCacheBytes / copies.kvBytesPerToken));
    expect(copies.kvCacheTokens / split.kvCacheTokens).toBeGreaterThan(5);
    // Attention, the dense layers, shared experts and the vocabulary of 7/8 more.
    const { attention, denseFfn, sharedExperts, embedding, head } = fullestHolding(shared.model, 'fp8', {
      tensorParallel: 1,
      pipelineParallel: 1,
      expertParallel: 8,
      dataParallel: 8,
    }).bytes;
    const copied = ((attention + denseFfn + sharedExperts + embedding + head) * 7) / 8;
    expect((copies.weightsBytes - split.weightsBytes) / copied).toBeGreaterThan(0.95);
    expect((copies.weightsBytes - split.weightsBytes) / copied).toBeLessThanOrEqual(1.001);
    expect(copies.overheadBytes).toBe(split.overheadBytes);
  });

  test('ranks of a dense model talk to nobody: each fits as one GPU does', () => {
    const question = { gpu: gpuOf('nvidia-h100-80gb'), gpuShare: 1, precision: 'fp16', kvBytesPerElement: 2 } as const;
    const fit = (dataParallel: number) =>
      fitMemory({
        ...question,
        model: modelOf('meta-llama/Llama-3.1-8B-Instruct'),
        tensorParallel: 1,
        dataParallel,
        limits: engineLimits(newest, question.gpu),
        calibration: calibrationOf(),
        servedTokens: 16,
        contextTokens: 16,
      });
    const [one, four] = [fit(1), fit(4)];
    expect(four).toEqual({ ...one, kvCacheTokens: 4 * one.kvCacheTokens });
  });

  test('laws: budget adds up, TP and FP8 never raise weights per GPU, and fp8 weights leave more KV', () => {
    const one = fitOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb');
    const used = one.weightsBytes + one.activationBytes + one.overheadBytes + one.kvCacheBytes;
    expect(used).toBeLessThanOrEqual(one.budgetBytes);
    expect(one.budgetBytes - used).toBeLessThan(2 ** 21 * 4);
    expect(one.budgetBytes + one.freeBytes).toBeCloseTo(one.totalBytes, 0);
    const two = fitOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb', 2);
    // Each GPU has its own copy of the 65 norms of 4096.
    expect(two.weightsBytes).toBe(one.weightsBytes / 2 + 65 * 4096);
    const fp8 = fitOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb', 1, 'fp8');
    expect(fp8.kvCacheTokens).toBeGreaterThan(one.kvCacheTokens);
  });
});

describe('engine limits', () => {
  test('large GPUs take 8,192 tokens and 1,024 seats, A100 and small ones 2,048 and 256', () => {
    expect(engineLimits(newest, gpuOf('nvidia-h100-80gb'))).toMatchObject({
      maxNumBatchedTokens: 8192,
      maxNumSeqs: 1024,
    });
    expect(engineLimits(newest, gpuOf('nvidia-a100-80gb'))).toMatchObject({
      maxNumBatchedTokens: 2048,
      maxNumSeqs: 256,
    });
    expect(engineLimits(newest, gpuOf('nvidia-l4'))).toMatchObject({ maxNumBatchedTokens: 2048, maxNumSeqs: 256 });
    expect(engineLimits(newest, gpuOf('nvidia-l4'), { maxNumSeqs: 17 }).maxNumSeqs).toBe(17);
  });
});

test('CUDA graphs count inside the budget from vLLM 0.22 on, not before', () => {
  const before = facts.engines.find(({ version }) => version === '0.21');
  if (!before) throw new Error('no defaults of vLLM 0.21');
  const gpu = gpuOf('nvidia-h100-80gb');
  const limitsOf = (engine: typeof before) => ({ ...engineLimits(engine, gpu), gpuMemoryUtilization: 0.9 });
  const at = (engine: typeof before) =>
    fitMemory({
      model: modelOf('meta-llama/Llama-3.1-8B-Instruct'),
      gpu,
      gpuShare: 1,
      precision: 'fp16',
      kvBytesPerElement: 2,
      tensorParallel: 1,
      limits: limitsOf(engine),
      calibration: calibrationOf(),
      servedTokens: 16,
      contextTokens: 16,
    });
  expect(gibFromBytes(at(newest).overheadBytes - at(before).overheadBytes)).toBeCloseTo(0.69, 6);
  // vLLM's log on H100 at 0.9: 51.38 GiB of KV cache.
  expect(Math.abs(gibFromBytes(at(before).kvCacheBytes) / 51.38 - 1)).toBeLessThan(0.01);
});

describe('cache of layers that do not keep everything', () => {
  /** gpt-oss-20b: 24 layers of 2 x 8 heads x 64, every other with a window of 128; 1,024 bytes x 2 per layer and token. */
  const at = (contextTokens: number, engine = newest) =>
    fitOf('openai/gpt-oss-20b', 'nvidia-h100-80gb', 1, 'fp16', contextTokens, engine).kvBytesPerToken;

  test('a full window is shared out over the context of a sequence', () => {
    expect(at(128)).toBe(24 * 2048);
    expect(at(1280)).toBe(12 * 2048 + (12 * 2048 * 128) / 1280);
    expect(fitOf('openai/gpt-oss-20b', 'nvidia-h100-80gb', 1, 'fp16', 12_800).kvCacheTokens).toBeGreaterThan(
      1.9 * fitOf('openai/gpt-oss-20b', 'nvidia-h100-80gb', 1, 'fp16', 64).kvCacheTokens,
    );
  });

  test('engines without a hybrid cache give every layer the whole context', () => {
    const old = facts.engines.find(({ hasHybridKvCache }) => !hasHybridKvCache);
    expect(old?.version).toBe('0.7');
    expect(at(12_800, old)).toBe(24 * 2048);
  });

  test('a model whose layers keep everything has one figure for every length', () => {
    for (const tokens of [1, 100, 100_000]) {
      const fit = fitOf('meta-llama/Llama-3.1-8B-Instruct', 'nvidia-h100-80gb', 1, 'fp16', tokens);
      expect(fit.kvBytesPerToken).toBe(128 * 1024);
    }
  });
});

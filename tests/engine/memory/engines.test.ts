import { describe, expect, test } from 'vitest';
import { engineLimits, fitMemory, type MemoryFit } from '../../../src-worker/engine/memory/fit.ts';
import type { EngineDefaults } from '../../../src-worker/engine/memory/types.ts';
import { bytesFromGib, gibFromBytes } from '../../../src-worker/engine/units.ts';
import { calibrationOf, facts, gpuOf, modelOf } from '../world.ts';

function engineOf(engine: string, version: string): EngineDefaults {
  const found = facts.engines.find((entry) => entry.engine === engine && entry.version === version);
  if (!found) throw new Error(`no ${engine} ${version}`);
  return found;
}

const h100 = gpuOf('nvidia-h100-80gb');

interface Asked {
  engine: EngineDefaults;
  model?: string;
  precision?: 'fp16' | 'fp8';
  tensorParallel?: number;
  contextTokens?: number;
  chunkedPrefill?: boolean;
}

function fit({
  engine,
  model = 'meta-llama/Meta-Llama-3.1-8B',
  precision = 'fp16',
  tensorParallel = 1,
  ...asked
}: Asked): MemoryFit {
  const { contextTokens = 8192, chunkedPrefill } = asked;
  const overrides = chunkedPrefill === undefined ? {} : { chunkedPrefill };
  return fitMemory({
    model: modelOf(model),
    gpu: h100,
    gpuShare: 1,
    precision,
    kvBytesPerElement: 2,
    tensorParallel,
    limits: engineLimits(engine, h100, overrides, { tensorParallel, contextTokens }),
    calibration: calibrationOf(),
    servedTokens: 2048,
    contextTokens: 1024,
  });
}

const parts = ({ weightsBytes, activationBytes, overheadBytes, kvCacheBytes }: MemoryFit): number =>
  weightsBytes + activationBytes + overheadBytes + kvCacheBytes;

describe('TensorRT-LLM: a share of what weights and a reserve leave', () => {
  const trtllm = engineOf('trtllm', '1.2');

  test('0.9 of (usable - weights - 1.5 GiB) is KV cache, to the block', () => {
    const { totalBytes, weightsBytes, kvCacheBytes, kvBytesPerToken, freeBytes } = fit({ engine: trtllm });
    const free = totalBytes - weightsBytes - bytesFromGib(1.5);
    expect(kvCacheBytes).toBeLessThanOrEqual(0.9 * free);
    expect(kvCacheBytes).toBeGreaterThan(0.9 * free - 32 * kvBytesPerToken);
    expect(freeBytes).toBeCloseTo(0.1 * free, 0);
  });

  test('the parts fill the budget to a block', () => {
    const found = fit({ engine: trtllm });
    expect(found.budgetBytes - parts(found)).toBeGreaterThanOrEqual(0);
    expect(found.budgetBytes - parts(found)).toBeLessThan(32 * found.kvBytesPerToken);
  });

  test('weights that exceed the GPU do not fit, and the shortfall says by how much', () => {
    const found = fit({ engine: trtllm, model: 'meta-llama/Meta-Llama-3.1-70B' });
    expect(found.fits).toBe(false);
    expect(found.shortfallBytes).toBeGreaterThan(found.weightsBytes - found.totalBytes);
  });

  test('a smaller share leaves a smaller cache', () => {
    const limits = (share: number) => engineLimits(trtllm, h100, { gpuMemoryUtilization: share });
    expect(limits(0.5).gpuMemoryUtilization).toBe(0.5);
    expect(limits(0.5)).toMatchObject({ maxNumBatchedTokens: 8192, maxNumSeqs: 512, hasSeparatePrefill: false });
  });
});

describe('SGLang: a static share holds weights and cache', () => {
  const sglang = engineOf('sglang', '0.4');

  test.each([
    [1, 0.88],
    [2, 0.87],
    [4, 0.85],
    [8, 0.81],
    [16, 0.79],
  ])('TP %i takes %f', (tensorParallel, share) => {
    expect(engineLimits(sglang, h100, {}, { tensorParallel }).gpuMemoryUtilization).toBe(share);
    expect(engineLimits(sglang, h100, { gpuMemoryUtilization: 0.5 }, { tensorParallel }).gpuMemoryUtilization).toBe(
      0.5,
    );
  });

  test('what is not static stays free for activations: 12 % of the memory the driver leaves', () => {
    const found = fit({ engine: sglang });
    expect(found.activationBytes).toBe(0);
    expect(found.freeBytes).toBeCloseTo(0.12 * (found.totalBytes - found.overheadBytes), 0);
    expect(found.budgetBytes - parts(found)).toBeLessThan(found.kvBytesPerToken);
  });

  test('prompts have steps of their own, of chunks: 8,192 tokens, 2,048 on a GPU below 25,000 MiB', () => {
    const separate = { hasSeparatePrefill: true, maxNumBatchedTokens: 8192, profiledTokens: 8192 };
    expect(engineLimits(sglang, h100, {}, { contextTokens: 131_072, promptTokens: 100_000 })).toMatchObject(separate);
    expect(engineLimits(sglang, gpuOf('nvidia-l4')).maxNumBatchedTokens).toBe(2048);
  });
});

describe('vLLM 0.x: whole prompts in steps of their own up to a context of 32,768 tokens', () => {
  const old = engineOf('vllm', '0.7');
  const limits = (contextTokens: number, promptTokens: number) =>
    engineLimits(old, h100, {}, { contextTokens, promptTokens });

  test('max(8,192, prompt) tokens below, chunks of 2,048 above', () => {
    expect(limits(32_768, 1000)).toMatchObject({ hasSeparatePrefill: true, maxNumBatchedTokens: 8192 });
    expect(limits(32_768, 20_000)).toMatchObject({ hasSeparatePrefill: true, maxNumBatchedTokens: 20_000 });
    expect(limits(32_769, 20_000)).toMatchObject({ hasSeparatePrefill: false, maxNumBatchedTokens: 2048 });
    expect(limits(32_769, 20_000).maxNumSeqs).toBe(256);
  });

  test('the activation peak is that of a step of the whole context, 9 bytes per token and hidden unit', () => {
    const perToken = 9 * modelOf('meta-llama/Meta-Llama-3.1-8B').hiddenSize;
    const difference =
      fit({ engine: old, contextTokens: 32_768 }).activationBytes -
      fit({ engine: old, contextTokens: 16_384 }).activationBytes;
    expect(difference).toBeCloseTo(16_384 * perToken, 3);
    // Chunked, it is that of 2,048 tokens whatever the context.
    expect(fit({ engine: old, contextTokens: 131_072 }).activationBytes).toBeLessThan(
      fit({ engine: old, contextTokens: 8192 }).activationBytes,
    );
  });

  /** dstackai/benchmarks, vLLM 0.6.3 without chunked prefill: wall times grow as if the cache held some 70,000 tokens. */
  test('Llama-3.1-405B FP8 on 8 H100 with its full context keeps some 70,000 tokens', () => {
    const asked = {
      engine: old,
      model: 'meta-llama/Llama-3.1-405B-Instruct-FP8',
      precision: 'fp8',
      tensorParallel: 8,
    } as const;
    const found = fit({ ...asked, contextTokens: 131_072, chunkedPrefill: false });
    expect(gibFromBytes(found.activationBytes)).toBeGreaterThan(18);
    expect(found.kvCacheTokens).toBeGreaterThan(45_000);
    expect(found.kvCacheTokens).toBeLessThan(95_000);
    // A reserve of 3 GiB alone would leave four times as many.
    expect(fit({ ...asked, contextTokens: 8192 }).kvCacheTokens).toBeGreaterThan(3 * found.kvCacheTokens);
  });

  test('vLLM of 2023 knows no chunks', () => {
    const oldest = engineOf('vllm', '0.2');
    expect(engineLimits(oldest, h100, {}, { contextTokens: 131_072, promptTokens: 10 })).toMatchObject({
      hasSeparatePrefill: true,
      profiledTokens: 131_072,
    });
  });
});

test('vLLM from 0.8 on: nothing depends on the context', () => {
  const newest = engineOf('vllm', '0.22');
  expect(engineLimits(newest, h100, {}, { contextTokens: 1e6, promptTokens: 1e6, tensorParallel: 8 })).toEqual(
    engineLimits(newest, h100),
  );
});

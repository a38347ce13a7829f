import { describe, expect, test } from 'vitest';
import { engineLimits } from '../../../src-worker/engine/memory/fit.ts';
import type { Precision } from '../../../src-worker/engine/model/types.ts';
import { weightBytes } from '../../../src-worker/engine/model/weights.ts';
import { smallestFit, type SmallestFit } from '../../../src-worker/engine/sizing/smallest-fit.ts';
import { bytesFromGib, gibFromBytes } from '../../../src-worker/engine/units.ts';
import { calibrationOf, facts, gpuOf, modelOf } from '../world.ts';

const newest = facts.engines[0];
if (!newest) throw new Error('no engine defaults');
const CHOICES = [1, 2, 4, 8];

interface Options {
  precision?: Precision;
  requestTokens?: number;
  memoryGib?: number;
  maxNumSeqs?: number;
}

function fitOf(modelId: string, gpuId: string, options: Options = {}): SmallestFit {
  const catalogGpu = gpuOf(gpuId);
  const { precision = 'fp16', requestTokens = 4096, maxNumSeqs = null } = options;
  const usableMemoryBytes =
    options.memoryGib === undefined ? catalogGpu.usableMemoryBytes : bytesFromGib(options.memoryGib);
  return smallestFit(
    {
      model: modelOf(modelId),
      gpu: { ...catalogGpu, usableMemoryBytes },
      precision,
      kvBytesPerElement: 2,
      // Of the GPU as it is sold: another memory would change the batch as well.
      limits: engineLimits(newest!, catalogGpu, { maxNumSeqs }),
      calibration: calibrationOf(),
      requestTokens,
    },
    CHOICES,
  );
}

/** GPUs needed; more than there are where none hold it. */
const needed = (fit: SmallestFit): number => (fit.kind === 'fits' ? fit.tensorParallel : Infinity);

const LLAMA_7B = 'meta-llama/Llama-2-7b-hf';
const LLAMA_70B = 'meta-llama/Llama-2-70b-hf';

describe('the fewest GPUs that hold a model', () => {
  // 79.15 GiB x 0.92 - 0.84 GiB (context 0.15, graphs 0.69) = 77,285,799,002 bytes; less weights 13,476,831,232 and
  // activations 38.2 x 256 x 32,000 + 2.56 x 2,048 x 4,096 = 334,409,236; over 16 x 524,288 bytes a block: 7,566 blocks.
  test('worked example: Llama-2-7b on one A100 has 121,056 KV tokens, 29 requests of 4,096', () => {
    expect(fitOf(LLAMA_7B, 'nvidia-a100-80gb')).toMatchObject({
      kind: 'fits',
      tensorParallel: 1,
      requests: 29,
      memory: { kvCacheTokens: 121_056 },
    });
  });

  // Weights 128.48 GiB. TP 2: 64.24 (half, and each its copy of the 161 norms) on each of 79.18 x 0.92 = 72.85 GiB, less 1.33 activations and 1.24 overhead, leaves
  // 6.04 GiB at 160 KiB per token and GPU.
  test('worked example: Llama-2-70b in 16 bit takes two H100', () => {
    const fit = fitOf(LLAMA_70B, 'nvidia-h100-80gb');
    expect(fit).toMatchObject({ kind: 'fits', tensorParallel: 2, requests: 9, memory: { kvCacheTokens: 39_568 } });
    expect(gibFromBytes(fit.memory.weightsBytes)).toBeCloseTo(64.24, 2);
  });

  // 10,000 seats take 11.9 GB more of the budget for activations: 6,146 blocks are left.
  test('a request takes whole blocks of 16: 6,146 blocks hold 3,073 requests of 17 tokens', () => {
    expect(fitOf(LLAMA_7B, 'nvidia-a100-80gb', { requestTokens: 17, maxNumSeqs: 10_000 })).toMatchObject({
      requests: 3073,
    });
  });

  test('no more requests than the engine has seats', () => {
    expect(fitOf(LLAMA_7B, 'nvidia-a100-80gb', { requestTokens: 16 })).toMatchObject({ requests: 256 });
  });

  test('where not even the most hold it, says what is missing on each', () => {
    const fit = fitOf(LLAMA_70B, 'nvidia-t4');
    expect(fit).toMatchObject({ kind: 'none', tensorParallel: 8, memory: { fits: false, kvCacheTokens: 0 } });
    // 16.06 GiB of weights on each of 8 GPUs with 14.56 GiB.
    expect(gibFromBytes(fit.memory.weightsBytes)).toBeCloseTo(16.06, 2);
    expect(fit.memory.shortfallBytes).toBeGreaterThan(0);
  });
});

describe('laws', () => {
  const models = [LLAMA_7B, LLAMA_70B, 'Qwen/Qwen3-30B-A3B', 'openai/gpt-oss-120b'];

  test.each(models)('%s: more memory never needs more GPUs, nor holds fewer requests on as many', (model) => {
    let before = fitOf(model, 'nvidia-l40s', { memoryGib: 12 });
    const seen = new Set([needed(before)]);
    for (let memoryGib = 16; memoryGib <= 320; memoryGib += 4) {
      const fit = fitOf(model, 'nvidia-l40s', { memoryGib });
      expect(needed(fit), `${memoryGib} GiB`).toBeLessThanOrEqual(needed(before));
      if (fit.kind === 'fits' && before.kind === 'fits' && fit.tensorParallel === before.tensorParallel) {
        expect(fit.requests, `${memoryGib} GiB`).toBeGreaterThanOrEqual(before.requests);
      }
      seen.add(needed(fit));
      before = fit;
    }
    expect(seen.size).toBeGreaterThan(1);
  });

  test.each(models)('%s: fewer bits never need more GPUs', (model) => {
    const byBits: Precision[] = ['fp16', 'w8a16', 'fp8', 'nvfp4', 'int4'];
    const bits = byBits.map((precision) => weightBytes(modelOf(model), precision));
    expect(bits).toEqual([...bits].sort((a, b) => b - a));
    for (const gpu of ['nvidia-t4', 'nvidia-l4', 'nvidia-l40s', 'nvidia-h100-80gb', 'nvidia-b200']) {
      const gpus = byBits.map((precision) => needed(fitOf(model, gpu, { precision })));
      expect(gpus, gpu).toEqual([...gpus].sort((a, b) => b - a));
    }
  });

  test.each(models)('%s: longer requests never need fewer GPUs', (model) => {
    const gpus = [16, 1024, 4096, 32_768, 131_072].map((requestTokens) =>
      needed(fitOf(model, 'nvidia-l40s', { requestTokens })),
    );
    expect(gpus).toEqual([...gpus].sort((a, b) => a - b));
  });
});

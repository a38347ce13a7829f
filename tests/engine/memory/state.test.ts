import { describe, expect, test } from 'vitest';
import { engineLimits, fitMemory, type MemoryFit } from '../../../src-worker/engine/memory/fit.ts';
import { kvLayout } from '../../../src-worker/engine/model/kv.ts';
import type { Model } from '../../../src-worker/engine/model/types.ts';
import { analyze } from '../model/bundled.ts';
import { calibrationOf, facts, gpuOf, modelOf } from '../world.ts';

const newest = facts.engines[0];
if (!newest) throw new Error('no engine defaults');

const fitOf = (model: Model, gpu: string, contextTokens = 1024, tensorParallel = 1) =>
  fitMemory({
    model,
    gpu: gpuOf(gpu),
    gpuShare: 1,
    precision: 'fp16',
    kvBytesPerElement: 2,
    tensorParallel,
    limits: engineLimits(newest, gpuOf(gpu)),
    calibration: calibrationOf(),
    servedTokens: 16,
    contextTokens,
  });

const roomOf = (fit: MemoryFit): number => fit.budgetBytes - fit.weightsBytes - fit.activationBytes - fit.overheadBytes;

describe('memory of models with a constant state', () => {
  test('a pure Mamba model holds as many sequences as their states find room, however long they are', () => {
    const model = modelOf('tiiuae/falcon-mamba-7b-instruct');
    // 64 layers of 8192 channels: 16 states in 32 bit, three inputs in 16 bit.
    const stateBytes = 64 * 8192 * (16 * 4 + 3 * 2);
    expect(kvLayout(model, 2, 1).stateBytes).toBe(stateBytes);
    for (const contextTokens of [160, 16_000]) {
      const fit = fitOf(model, 'nvidia-l4', contextTokens);
      const sequences = fit.kvCacheTokens / contextTokens;
      expect(Math.abs(sequences - roomOf(fit) / stateBytes)).toBeLessThan(0.1);
      expect(fit.kvCacheBytes).toBeLessThanOrEqual(roomOf(fit));
    }
  });

  test('the state of a hybrid is shared out over the context of a sequence', () => {
    const model = modelOf('nvidia/Nemotron-H-56B-Base-8K');
    // 54 layers of 256 heads of 64 x 256 in 32 bit and 3 inputs of 20,480 channels; 10 layers of 2 · 8 · 128 elements per token.
    const stateBytes = 54 * (256 * 64 * 256 * 4 + 20_480 * 3 * 2);
    const perToken = 10 * 2 * 8 * 128 * 2;
    for (const contextTokens of [500, 5000]) {
      const fit = fitOf(model, 'nvidia-b200', contextTokens);
      expect(fit.kvBytesPerToken).toBeCloseTo(perToken + stateBytes / contextTokens, 6);
      expect(fit.kvCacheBytes).toBeLessThanOrEqual(roomOf(fit));
    }
  });

  test('two GPUs hold half the state each, and leave room for more sequences', () => {
    const model = modelOf('nvidia/Nemotron-H-56B-Base-8K');
    const [one, two] = [fitOf(model, 'nvidia-b200'), fitOf(model, 'nvidia-b200', 1024, 2)];
    expect(kvLayout(model, 2, 2).stateBytes).toBe(kvLayout(model, 2, 1).stateBytes / 2);
    expect(two.kvCacheTokens).toBeGreaterThan(2 * one.kvCacheTokens);
  });

  test('a smaller state never leaves room for fewer sequences', () => {
    const codestral = (dtype: string) =>
      analyze({
        model_type: 'mamba2',
        hidden_size: 4096,
        num_hidden_layers: 64,
        vocab_size: 32_768,
        mamba_ssm_cache_dtype: dtype,
      });
    const [single, half] = ['float32', 'bfloat16'].map((dtype) => fitOf(codestral(dtype), 'nvidia-l4').kvCacheTokens);
    expect(half).toBeGreaterThan(single ?? 0);
  });

  test('what does not even hold one state does not fit, and says by how much', () => {
    const model = modelOf('tiiuae/falcon-mamba-7b-instruct');
    const fit = fitOf(model, 'nvidia-t4');
    expect(fit).toMatchObject({ fits: false, kvCacheBytes: 0, kvCacheTokens: 0 });
    const needed = fit.weightsBytes + fit.activationBytes + fit.overheadBytes + kvLayout(model, 2, 1).stateBytes;
    expect(fit.shortfallBytes).toBeCloseTo(needed - fit.budgetBytes, 0);
  });
});

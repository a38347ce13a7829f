import { describe, expect, test } from 'vitest';
import { engineLimits, fitMemory, type LimitOverrides } from '../../../src-worker/engine/memory/fit.ts';
import { kvLayout } from '../../../src-worker/engine/model/kv.ts';
import type { Model } from '../../../src-worker/engine/model/types.ts';
import { analyze } from '../model/bundled.ts';
import { calibrationOf, facts, gpuOf, modelOf } from '../world.ts';

const newest = facts.engines[0];
if (!newest) throw new Error('no engine defaults');

const fitOf = (model: Model, gpu: string, options: { tensorParallel?: number; limits?: LimitOverrides } = {}) =>
  fitMemory({
    model,
    gpu: gpuOf(gpu),
    gpuShare: 1,
    precision: 'fp16',
    kvBytesPerElement: 2,
    tensorParallel: options.tensorParallel ?? 1,
    limits: engineLimits(newest, gpuOf(gpu), options.limits),
    calibration: calibrationOf(),
    servedTokens: 16,
  });

describe('memory of models with a constant state', () => {
  test('a pure Mamba model holds as many sequences as their states find room, each as long as the model reads', () => {
    const model = modelOf('tiiuae/falcon-mamba-7b-instruct');
    // 64 layers of 8192 channels: 16 states in 32 bit, three inputs in 16 bit.
    const stateBytes = 64 * 8192 * (16 * 4 + 3 * 2);
    expect(kvLayout(model, 2, 1).stateBytes).toBe(stateBytes);
    const few = fitOf(model, 'nvidia-l4', { limits: { maxNumSeqs: 64 } });
    expect(few).toMatchObject({ fits: true, seats: 64, stateKvTokens: 0 });
    expect(few.kvCacheBytes).toBe(64 * stateBytes);
    expect(few.kvCacheTokens).toBe(64 * model.maxContextTokens);
    const many = fitOf(model, 'nvidia-l4', { limits: { maxNumSeqs: 256 } });
    const room = many.budgetBytes - many.weightsBytes - many.activationBytes - many.overheadBytes;
    expect(many.seats).toBe(Math.floor(room / stateBytes));
    expect(many.seats).toBeLessThan(256);
  });

  test('the state of a hybrid takes the room of some KV tokens', () => {
    const model = modelOf('nvidia/Nemotron-H-56B-Base-8K');
    const fit = fitOf(model, 'nvidia-b200');
    // 54 layers of 256 heads of 64 x 256 in 32 bit and 3 inputs of 20,480 channels; 10 layers of 2 · 8 · 128 elements per token.
    const stateBytes = 54 * (256 * 64 * 256 * 4 + 20_480 * 3 * 2);
    expect(fit.stateKvTokens).toBe(stateBytes / (10 * 2 * 8 * 128 * 2));
    // vLLM's pool is whole: KV blocks and states together are no more than what is free.
    expect(fit.kvCacheBytes).toBeLessThanOrEqual(
      fit.budgetBytes - fit.weightsBytes - fit.activationBytes - fit.overheadBytes,
    );
    expect(fit.seats).toBeLessThan(1024);
    const used = fit.seats * stateBytes;
    expect(used).toBeLessThanOrEqual(fit.kvCacheBytes + stateBytes);
  });

  test('two GPUs hold half the state each, and leave room for more sequences', () => {
    const model = modelOf('nvidia/Nemotron-H-56B-Base-8K');
    const one = fitOf(model, 'nvidia-b200');
    const two = fitOf(model, 'nvidia-b200', { tensorParallel: 2 });
    expect(kvLayout(model, 2, 2).stateBytes).toBe(kvLayout(model, 2, 1).stateBytes / 2);
    expect(two.seats).toBeGreaterThan(2 * one.seats);
    expect(two.stateKvTokens).toBe(one.stateKvTokens);
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
    const [single, half] = ['float32', 'bfloat16'].map((dtype) => fitOf(codestral(dtype), 'nvidia-l4').seats);
    expect(half).toBeGreaterThan(single ?? 0);
  });

  test('what does not even hold one state does not fit, and says by how much', () => {
    const model = modelOf('tiiuae/falcon-mamba-7b-instruct');
    const fit = fitOf(model, 'nvidia-t4');
    expect(fit).toMatchObject({ fits: false, seats: 0, kvCacheBytes: 0, kvCacheTokens: 0 });
    const needed = fit.weightsBytes + fit.activationBytes + fit.overheadBytes + kvLayout(model, 2, 1).stateBytes;
    expect(fit.shortfallBytes).toBeCloseTo(needed - fit.budgetBytes, 0);
  });
});

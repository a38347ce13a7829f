import { describe, expect, it } from 'vitest';
import { kvBytesPerSequence, kvBytesPerToken, kvLayout } from '../../../src-worker/engine/model/kv.ts';
import { bundledModel } from './bundled.ts';

const KIB = 1024;

/** 2 (K and V) x layers x KV heads x head size x 2 bytes, from the models' published shapes. */
describe('KV cache per token in 16 bit', () => {
  it.each([
    ['meta-llama/Llama-2-7b-hf', 2 * 32 * 32 * 128 * 2, 512 * KIB],
    ['meta-llama/Llama-3.1-70B-Instruct', 2 * 80 * 8 * 128 * 2, 320 * KIB],
    ['mistralai/Mistral-Small-3.1-24B-Instruct-2503', 2 * 40 * 8 * 128 * 2, 163_840],
    ['TinyLlama/TinyLlama-1.1B-Chat-v1.0', 2 * 22 * 4 * 64 * 2, 22_528],
  ])('%s', (id, byHand, bytes) => {
    expect(byHand).toBe(bytes);
    expect(kvBytesPerToken(bundledModel(id), 2, 1)).toBe(bytes);
  });

  it('of MLA is one compressed vector per layer, whole on every GPU', () => {
    const model = bundledModel('deepseek-ai/DeepSeek-V3');
    for (const tensorParallel of [1, 2, 8, 16]) {
      expect(kvBytesPerToken(model, 2, tensorParallel)).toBe(61 * 576 * 2);
    }
    expect(61 * 576 * 2).toBe(70_272);
  });
});

/** Elements per token of the layers that keep everything, and of those that keep a window: COUNTING rules, section 5. */
describe('KV cache layouts', () => {
  const elements = (id: string) => {
    const { fullBytesPerToken, windowed } = kvLayout(bundledModel(id), 2, 1);
    return {
      full: fullBytesPerToken / 2,
      windows: windowed.map(({ windowTokens, bytesPerToken }) => [windowTokens, bytesPerToken / 2]),
    };
  };

  it.each([
    ['openai/gpt-oss-120b', 18_432, [[128, 18_432]]],
    ['google/gemma-3-27b-it', 40_960, [[1024, 212_992]]],
    ['Qwen/Qwen3-Next-80B-A3B-Instruct', 12_288, []],
    ['ai21labs/Jamba-v0.1', 8192, []],
    ['nvidia/Nemotron-H-56B-Base-8K', 20_480, []],
    ['google/gemma-3n-E4B-it', 4096, [[512, 16_384]]],
    ['meta-llama/Llama-4-Scout-17B-16E-Instruct', 24_576, [[8192, 73_728]]],
    ['google/gemma-4-26B-A4B', 10_240, [[1024, 102_400]]],
  ])('%s keeps %i elements of every token and %j in windows', (id, full, windows) => {
    expect(elements(id)).toEqual({ full, windows });
  });

  it('of a windowed model stop growing in the window', () => {
    const layout = kvLayout(bundledModel('google/gemma-3-27b-it'), 2, 1);
    expect(kvBytesPerSequence(layout, 100_000) - kvBytesPerSequence(layout, 50_000)).toBe(50_000 * 40_960 * 2);
  });
});

describe('constant state', () => {
  /** 36 of 48 layers: 32 value heads of 128 x 128 in 32 bit, and 3 columns of convolution over 2 x 2048 + 4096 channels in 16 bit. */
  it('of Qwen3-Next does not depend on the length', () => {
    const { stateBytes } = kvLayout(bundledModel('Qwen/Qwen3-Next-80B-A3B-Instruct'), 2, 1);
    expect(stateBytes).toBe(36 * (32 * 128 * 128 * 4 + (2 * 2048 + 4096) * 3 * 2));
  });

  it('of Qwen3.5-35B-A3B is that of its 30 linear layers of 40', () => {
    const layout = kvLayout(bundledModel('Qwen/Qwen3.5-35B-A3B'), 2, 1);
    expect(layout.stateBytes).toBe(30 * (32 * 128 * 128 * 4 + (2 * 2048 + 4096) * 3 * 2));
    expect(layout.fullBytesPerToken).toBe(10 * 2 * 2 * 256 * 2);
  });
});

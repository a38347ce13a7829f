import { describe, expect, it } from 'vitest';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { parametersOf } from '../../../../src-worker/engine/model/weight.ts';
import type { Model } from '../../../../src-worker/engine/model/types.ts';
import { analyze, bundledSource } from '../bundled.ts';

const textConfig = (id: string): Record<string, unknown> =>
  (bundledSource(id).config as { text_config: Record<string, unknown> }).text_config;
const textOf = (id: string, changes: Record<string, unknown> = {}): Model => analyze({ ...textConfig(id), ...changes });
const inLayer = (model: Model, layer: number, name: string): number =>
  [...model.layers[layer]!.attention.weights, ...model.layers[layer]!.ffn.weights]
    .filter((weight) => weight.name === name)
    .reduce((sum, weight) => sum + parametersOf(weight), 0);

describe('KV cache of the Gemmas, elements per token', () => {
  // Full, windowed, window: counted by hand from the shapes of the layers.
  it.each([
    // 10 of 62 layers see everything: 2 x 16 heads x 128.
    ['google/gemma-3-27b-it', 40_960, 212_992, 1024],
    // The last 15 of 35 layers share; of the 20 before, 4 see everything: 2 x 2 heads x 256.
    ['google/gemma-3n-E4B-it', 4096, 16_384, 512],
    // 5 of 30 layers see everything: 2 x 2 heads x 512; 25 slide: 2 x 8 x 256.
    ['google/gemma-4-26B-A4B', 10_240, 102_400, 1024],
  ])('%s: %i full, %i in windows', (id, full, windowed, windowTokens) => {
    expect(kvLayout(textOf(id), 1, 1)).toEqual({
      fullBytesPerToken: full,
      windowed: [{ windowTokens, bytesPerToken: windowed }],
      stateBytes: 0,
    });
  });

  it('shares keys and values in the last layers, which have no projections for them', () => {
    const model = textOf('google/gemma-4-E2B-it');
    expect(model.layers.map(({ attention }) => attention.cache.length)).toEqual([
      ...Array<number>(15).fill(1),
      ...Array<number>(20).fill(0),
    ]);
    expect(inLayer(model, 14, 'self_attn.k_proj')).toBe(1536 * 512);
    expect(inLayer(model, 15, 'self_attn.k_proj')).toBe(0);
    expect(model.layers[15]!.attention.label).toContain('KV of an earlier layer');
    // Still reads them: context work as in the layers that own them.
    expect(model.layers[15]!.attention.context).toEqual(model.layers[10]!.attention.context);
  });

  it('caches values although keys serve for them', () => {
    const model = textOf('google/gemma-4-26B-A4B');
    expect(inLayer(model, 5, 'self_attn.k_proj')).toBe(2816 * 2 * 512);
    expect(inLayer(model, 5, 'self_attn.v_proj')).toBe(0);
    expect(inLayer(model, 0, 'self_attn.v_proj')).toBe(2816 * 8 * 256);
    expect(model.layers[5]!.attention.cache[0]?.elementsPerToken).toBe(2 * 2 * 512);
  });
});

describe('Gemma 4', () => {
  it('doubles the FFN of the layers that share', () => {
    const model = textOf('google/gemma-4-E2B-it');
    expect(inLayer(model, 14, 'mlp.up_proj')).toBe(1536 * 6144);
    expect(inLayer(model, 15, 'mlp.up_proj')).toBe(1536 * 12_288);
  });

  it('has experts beside the dense network, with a scaled router', () => {
    const { ffn } = textOf('google/gemma-4-26B-A4B').layers[0]!;
    expect(ffn.label).toBe('MoE 8 of 128 experts beside gated FFN of width 2112');
    expect(ffn.experts).toEqual({ numExperts: 128, numExpertsPerToken: 8, parametersPerExpert: 3 * 2816 * 704 });
    const router = ffn.weights.filter(({ weightClass }) => weightClass === 'router');
    expect(router.reduce((sum, weight) => sum + parametersOf(weight), 0)).toBe(128 * 2816 + 2816 + 128);
    expect(ffn.weights.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['router.proj', 'experts.*.gate_proj', 'mlp.gate_proj']),
    );
  });

  it('always sees everything in the last layer', () => {
    const types = Array<string>(30).fill('sliding_attention');
    const model = textOf('google/gemma-4-26B-A4B', { layer_types: types });
    expect(model.layers.at(-1)?.attention.cache[0]?.windowTokens).toBeNull();
    expect(model.layers.at(-2)?.attention.cache[0]?.windowTokens).toBe(1024);
  });

  it('takes the class defaults for keys left out', () => {
    const kept = Object.entries(textConfig('google/gemma-4-E4B-it')).filter(
      ([key]) =>
        ![
          'vocab_size',
          'vocab_size_per_layer_input',
          'hidden_size_per_layer_input',
          'head_dim',
          'global_head_dim',
        ].includes(key) &&
        !['layer_types', 'sliding_window', 'max_position_embeddings', 'tie_word_embeddings'].includes(key),
    );
    expect(analyze(Object.fromEntries(kept)).totalParameters).toBe(7_463_013_376);
  });
});

describe('Gemma 3n', () => {
  const model = textOf('google/gemma-3n-E4B-it');

  it('has coefficients for four residual streams and a low-rank path in every layer', () => {
    expect(inLayer(model, 0, 'altup.prediction_coefs')).toBe(64);
    expect(inLayer(model, 0, 'altup.correction_coefs')).toBe(16);
    expect(inLayer(model, 0, 'altup.modality_router')).toBe(4 * 2048);
    expect(inLayer(model, 0, 'laurel.linear_left')).toBe(64 * 2048);
    expect(inLayer(model, 34, 'per_layer_projection')).toBe(2048 * 256);
  });

  it('keeps the embeddings of all layers in one table', () => {
    const tables = model.outside.filter(({ weightClass }) => weightClass === 'embedding').map(parametersOf);
    expect(tables).toEqual([262_400 * 2048, 262_144 * 35 * 256]);
    const streams = model.outside.find(({ name }) => name === 'altup_projections.*');
    expect(streams).toMatchObject({ count: 3, rows: 2048, columns: 2048 });
  });

  it('reads one inner width for all layers, or one for each', () => {
    const one = textOf('google/gemma-3n-E4B-it', { intermediate_size: 16_384 });
    expect(one.totalParameters).toBe(model.totalParameters);
    const growing = Array.from({ length: 35 }, (_, layer) => (layer < 20 ? 8192 : 16_384));
    const smaller = textOf('google/gemma-3n-E4B-it', { intermediate_size: growing });
    expect(model.totalParameters - smaller.totalParameters).toBe(20 * 3 * 2048 * 8192);
    expect(() => textOf('google/gemma-3n-E4B-it', { intermediate_size: [8192] })).toThrow(
      /intermediate_size is a list of 1: it must be one number, or a list with an entry for each of the 35 layers/,
    );
  });
});

describe('Gemma 3', () => {
  it('takes heads, vocabulary and context from its class where the file leaves them out (gemma-3-4b-it)', () => {
    const model = analyze({
      model_type: 'gemma3_text',
      hidden_size: 2560,
      intermediate_size: 10240,
      num_hidden_layers: 34,
      sliding_window: 1024,
      rope_scaling: { factor: 8.0, rope_type: 'linear' },
    });
    // The published 4,300,079,472 less the vision part of 416,866,032 and the projector (1152 x 2560 + 1152).
    expect(model.totalParameters).toBe(4_300_079_472 - 416_866_032 - 1152 * 2560 - 1152);
    expect(model.maxContextTokens).toBe(131_072);
  });

  it('states the context after scaling, whichever key style says how', () => {
    expect(textOf('google/gemma-3-27b-it').maxContextTokens).toBe(131_072);
    const nested = { full_attention: { rope_type: 'linear', factor: 8 }, sliding_attention: { rope_type: 'default' } };
    const model = textOf('google/gemma-3-27b-it', { rope_scaling: undefined, rope_parameters: nested });
    expect(model.maxContextTokens).toBe(131_072);
  });
});

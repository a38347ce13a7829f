import { describe, expect, it } from 'vitest';
import { listedFacts, shortAttention } from '../../../src-worker/answers/model-summary.ts';
import { answerModel } from '../../../src-worker/answers/model.ts';
import { analyzeModel } from '../../../src-worker/engine/model/analyze.ts';
import type { Layer } from '../../../src-worker/engine/model/types.ts';
import { documentText } from '../../../src-worker/protocol/documents.ts';
import { bundledSource, llamaConfig, sourceOf } from './bundled.ts';

describe('model document', () => {
  it('lists components that add up to the total', () => {
    const document = answerModel(bundledSource('Qwen/Qwen1.5-MoE-A2.7B'));
    const parts = Object.values(document.components);
    expect(parts.reduce((total, part) => total + part, 0)).toBe(document.total_parameters);
    expect(document.components).toMatchObject({ ffn: 0 });
    expect(document.components['shared_experts']).toBe(24 * (3 * 2048 * 5632 + 2048));
  });

  it('groups consecutive layers that are alike', () => {
    const { layers } = answerModel(bundledSource('zai-org/GLM-4.5'));
    expect(layers.map(({ count }) => count)).toEqual([3, 89]);
    expect(layers[1]?.ffn).toBe('MoE 8 of 160 experts + shared');
    const alternating = answerModel(bundledSource('google/gemma-2-9b')).layers;
    expect(alternating).toHaveLength(42);
    expect(alternating[0]?.attention).toBe('GQA 16 query / 8 KV heads of 256, window 4096');
  });

  it('has weight bytes for every precision and KV bytes for both caches', () => {
    const document = answerModel(sourceOf('meta-llama/Llama-2-7b-hf', llamaConfig()));
    expect(Object.keys(document.weight_bytes)).toEqual([
      'fp16',
      'bf16',
      'fp8',
      'int8',
      'w8a16',
      'int4',
      'nvfp4',
      'mxfp4',
    ]);
    expect(document.weight_bytes['fp16']).toBe(13_476_831_232);
    expect(document.kv_bytes_per_token).toEqual({ fp16: 524_288, fp8: 262_144 });
    expect(document.layers).toEqual([
      {
        count: 32,
        first: 0,
        attention: 'MHA 32 query / 32 KV heads of 128',
        ffn: 'gated FFN of width 11008',
        parameters: 202_383_360,
        active_parameters: 202_383_360,
        kv_bytes_per_token_fp16: 16_384,
        window_tokens: null,
        state_bytes_per_sequence: 0,
        // 2 x (4 x 4,096^2 + 3 x 4,096 x 11,008) of weights, 4 x 32 x 128 for each of 4,096 attended tokens.
        flops_per_token: 404_750_336 + 67_108_864,
      },
    ]);
  });

  it('says what a quantized checkpoint leaves at 16 bit', () => {
    const { kept_16_bit, weight_bytes } = answerModel(bundledSource('Qwen/Qwen2.5-7B-Instruct-AWQ'));
    // 28 layers with biases of 3584 + 2 x 512 on queries, keys and values; 152,064 tokens; 57 norms.
    expect(kept_16_bit).toEqual([
      { class: 'embedding', parameters: 152_064 * 3584 },
      { class: 'attention', parameters: 28 * (3584 + 2 * 512) },
      { class: 'norms', parameters: 57 * 3584 },
      { class: 'head', parameters: 152_064 * 3584 },
    ]);
    expect(weight_bytes['int4']).toBe(5_570_747_392);
    expect(answerModel(bundledSource('Qwen/Qwen2.5-7B-Instruct')).kept_16_bit).toEqual([]);
  });

  it('is byte-equal for the same file', () => {
    const source = bundledSource('openai/gpt-oss-20b');
    expect(documentText(answerModel(source))).toBe(documentText(answerModel(source)));
  });

  it('says how large the model is, how it is stored and over how many GPUs it can be split', () => {
    expect(answerModel(bundledSource('meta-llama/Llama-3.1-8B-Instruct'))).toMatchObject({
      hidden_size: 4096,
      vocabulary_size: 128_256,
      num_layers: 32,
      checkpoint: { precision: 'fp16', method: null, bytes: 2 * 8_030_261_248, problem: null },
      // Of 32 heads; 64 does not divide them.
      tensor_parallel: [1, 2, 4, 8, 16, 32],
      windows: [],
      kv_bytes_per_token_full: { fp16: 131_072, fp8: 65_536 },
      safetensors: null,
      added_at: null,
    });
    // 28 heads: 8 does not divide them.
    expect(answerModel(bundledSource('Qwen/Qwen2.5-7B-Instruct')).tensor_parallel).toEqual([1, 2, 4]);
  });

  it('a quantized file has its precision and bytes, and one that cannot be told its problem in their place', () => {
    const quantized = (quantization: object) =>
      answerModel(sourceOf('me/quantized', { ...llamaConfig(), quantization_config: quantization })).checkpoint;
    expect(quantized({ quant_method: 'awq', bits: 4 })).toMatchObject({
      precision: 'int4',
      method: 'awq',
      problem: null,
    });
    expect(quantized({ quant_method: 'mystery' })).toMatchObject({
      bytes: null,
      problem: expect.stringContaining('mystery') as string,
    });
  });

  it('layers with a window stand apart from those that keep the whole context', () => {
    // gpt-oss-20b: 24 layers take turns, 8 KV heads of 64: 2 x 8 x 64 x 2 bytes = 2,048 for a token of a layer.
    const document = answerModel(bundledSource('openai/gpt-oss-20b'));
    expect(document.windows).toEqual([{ window_tokens: 128, kv_bytes_per_token_fp16: 12 * 2048, layers: 12 }]);
    expect(document.kv_bytes_per_token_full).toEqual({ fp16: 12 * 2048, fp8: 12 * 1024 });
    expect(document.kv_bytes_per_token.fp16).toBe(24 * 2048);
    expect(document.layers.slice(0, 3).map(({ first, window_tokens }) => [first, window_tokens])).toEqual([
      [0, 128],
      [1, null],
      [2, 128],
    ]);
  });

  it.each(['meta-llama/Llama-3.1-8B-Instruct', 'Qwen/Qwen3-30B-A3B', 'openai/gpt-oss-120b', 'zai-org/GLM-4.5'])(
    '%s: layers and what is outside of them add up to the whole, in parameters and FLOPs',
    (id) => {
      const { layers, components, flops_per_token: flops, ...whole } = answerModel(bundledSource(id));
      const sum = (read: (layer: (typeof layers)[number]) => number) =>
        layers.reduce((total, layer) => total + layer.count * read(layer), 0);
      // The norm after the last layer is one vector of the hidden size, in each of these.
      const outside = (components['embedding'] ?? 0) + (components['head'] ?? 0) + whole.hidden_size;
      expect(sum(({ parameters }) => parameters) + outside).toBe(whole.total_parameters);
      expect(sum(({ active_parameters }) => active_parameters) + outside).toBe(whole.active_parameters);
      expect(sum(({ kv_bytes_per_token_fp16 }) => kv_bytes_per_token_fp16)).toBe(whole.kv_bytes_per_token.fp16);
      expect(Object.values(flops.components).reduce((total, part) => total + part, 0)).toBe(flops.total);
      expect(sum(({ flops_per_token }) => flops_per_token) + (flops.components['head'] ?? 0)).toBe(flops.total);
      expect(layers.map(({ first }) => first)).toEqual(
        layers.map((_, index) => layers.slice(0, index).reduce((total, { count }) => total + count, 0)),
      );
    },
  );
});

describe('a line of the list', () => {
  const factsOf = (id: string) => listedFacts(analyzeModel(bundledSource(id)));

  it.each([
    ['meta-llama/Llama-3.1-8B-Instruct', 'GQA 32/8'],
    ['meta-llama/Llama-2-7b-hf', 'MHA 32'],
    ['openai/gpt-oss-120b', 'GQA 64/8, sliding'],
  ])('%s is called %s', (id, name) => {
    expect(factsOf(id).attention).toBe(name);
  });

  it('one KV head is multi-query attention, and different layers are all named', () => {
    const head = (numKvHeads: number) => ({
      kind: 'gqa' as const,
      numHeads: 8,
      cache: [{ windowTokens: null }],
      context: [{ splitUnits: numKvHeads }],
    });
    const layers = (...kvHeads: number[]) =>
      kvHeads.map((count) => ({ attention: { ...head(count) } }) as unknown as Layer);
    expect(shortAttention({ layers: layers(1, 1) })).toBe('MQA');
    expect(shortAttention({ layers: layers(8, 2, 8) })).toBe('MHA 8 + GQA 8/2');
  });

  it('tells weights as stored, KV cache and experts', () => {
    expect(factsOf('Qwen/Qwen3-30B-A3B')).toMatchObject({
      // 48 layers, 4 KV heads of 128: 96 KiB.
      kv_bytes_per_token_fp16: 98_304,
      checkpoint_precision: 'fp16',
      is_moe: true,
      estimated: false,
      modalities: ['text'],
    });
    expect(factsOf('openai/gpt-oss-120b')).toMatchObject({ checkpoint_precision: 'mxfp4', is_moe: true });
    expect(factsOf('meta-llama/Llama-2-7b-hf')).toMatchObject({ weight_bytes: 2 * 6_738_415_616, is_moe: false });
    expect(listedFacts(null)).toMatchObject({ attention: null, is_moe: null, weight_bytes: null, estimated: false });
  });
});

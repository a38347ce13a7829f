import { describe, expect, it } from 'vitest';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { layerParameters } from '../../../../src-worker/engine/model/parameters.ts';
import { analyze } from '../bundled.ts';

const attention = (n_heads_in_group: number | null, others: object = {}): object => ({
  n_heads_in_group,
  no_op: false,
  replace_with_linear: false,
  ...others,
});
const ffn = (ffn_mult: number | null, others: object = {}): object => ({
  ffn_mult,
  no_op: false,
  replace_with_linear: false,
  ...others,
});

/** The frame of nvidia/Llama-3_3-Nemotron-Super-49B-v1 around given blocks. */
const nas = (block_configs: object[], changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  model_type: 'nemotron-nas',
  architectures: ['DeciLMForCausalLM'],
  hidden_size: 8192,
  num_hidden_layers: block_configs.length,
  num_attention_heads: 64,
  num_key_value_heads: null,
  intermediate_size: null,
  vocab_size: 128_256,
  max_position_embeddings: 131_072,
  block_configs,
  ...changes,
});

describe('layers that a search thinned out (Nemotron-NAS)', () => {
  const blocks = [
    { attention: attention(8), ffn: ffn(5.25) },
    { attention: attention(null, { no_op: true }), ffn: ffn(2.625) },
    { attention: attention(null, { replace_with_linear: true }), ffn: ffn(null, { no_op: true }) },
    { attention: attention(16), ffn: ffn(null, { replace_with_linear: true }) },
    { attention: attention(null, { no_op: true }), ffn: ffn(null, { no_op: true }) },
  ];
  const model = analyze(nas(blocks));

  it('have what is left of them, and a norm for each half that is', () => {
    const norm = 8192;
    // int(2 x 5.25 x 8192 / 3) = 28,672 and int(2 x 2.625 x 8192 / 3) = 14,336, whole steps of 256 already.
    expect(model.layers.map(layerParameters)).toEqual([
      2 * 8192 * 8192 + 2 * 8192 * 1024 + 3 * 8192 * 28_672 + 2 * norm,
      3 * 8192 * 14_336 + norm,
      8192 * 8192 + norm,
      2 * 8192 * 8192 + 2 * 8192 * 512 + 8192 * 8192 + 2 * norm,
      0,
    ]);
  });

  it('round the inner width up to whole steps of 256', () => {
    // int(2 x 1.3125 x 8192 / 3) = 7,168; int(2 x 0.75 x 8192 / 3) = 4,096; int(2 x 1 x 8192 / 3) = 5,461 -> 5,632.
    const widths = [1.3125, 0.75, 1].map((multiple) => ({ attention: attention(8), ffn: ffn(multiple) }));
    expect(analyze(nas(widths)).layers.map((layer) => layer.ffn.label)).toEqual([
      'gated FFN of width 7168',
      'gated FFN of width 4096',
      'gated FFN of width 5632',
    ]);
  });

  it('keep a cache only where attention is left: 100,352 elements of Super-49B', () => {
    const super49 = Array.from({ length: 80 }, (_, layer) => ({
      attention: layer < 49 ? attention(8) : attention(null, { no_op: true }),
      ffn: ffn(2.625),
    }));
    expect(kvLayout(analyze(nas(super49)), 1, 1).fullBytesPerToken).toBe(100_352);
    expect(model.layers.map((layer) => layer.attention.cache[0]?.elementsPerToken ?? 0)).toEqual([2048, 0, 0, 1024, 0]);
  });

  it('may state KV heads and widths as such', () => {
    const stated = analyze(nas([{ attention: { num_key_value_heads: 4 }, ffn: { intermediate_size: 10_240 } }]));
    expect(stated.layers[0]?.attention.label).toBe('GQA 64 query / 4 KV heads of 128');
    expect(stated.layers[0]?.ffn.label).toBe('gated FFN of width 10240');
  });

  it('may only list KV heads, as DeciLM-7B does', () => {
    const deci = nas([], {
      model_type: 'deci',
      block_configs: undefined,
      num_hidden_layers: 3,
      intermediate_size: 14_336,
      num_key_value_heads_per_layer: [4, 2, 1],
    });
    const labels = analyze(deci).layers.map((layer) => layer.attention.label);
    expect(labels).toEqual([4, 2, 1].map((kv) => `${kv === 1 ? 'MQA' : 'GQA'} 64 query / ${kv} KV heads of 128`));
  });

  it('are refused when the list does not fit', () => {
    expect(() => analyze(nas(blocks, { num_hidden_layers: 4 }))).toThrow(/block_configs is a list of 5: .* 4 entries/);
    expect(() => analyze(nas([{ attention: attention(7), ffn: ffn(1) }]))).toThrow(
      /n_heads_in_group .* divisor of the 64/,
    );
    expect(() => analyze(nas([{ attention: attention(8), ffn: {} }]))).toThrow(
      /block_configs\[0\]\.ffn\.ffn_mult is missing/,
    );
    expect(() => analyze(nas([7 as unknown as object]))).toThrow(/block_configs\[0\] is 7: it must be an object/);
  });
});

describe('OpenELM', () => {
  const config = {
    model_type: 'openelm',
    model_dim: 1280,
    num_transformer_layers: 2,
    head_dim: 64,
    num_query_heads: [12, 20],
    num_kv_heads: [3, 5],
    ffn_multipliers: [0.5, 0.73],
    vocab_size: 32_000,
    max_context_length: 2048,
  };

  it('has heads and widths of its own in every layer, widths in whole steps of 256', () => {
    const model = analyze(config);
    // 0.73 x 1280 = 934.4, nearest 1,024.
    expect(model.layers.map(({ attention: { label }, ffn: { label: width } }) => [label, width])).toEqual([
      ['GQA 12 query / 3 KV heads of 64', 'gated FFN of width 768'],
      ['GQA 20 query / 5 KV heads of 64', 'gated FFN of width 1024'],
    ]);
    expect(model.isHeadTied).toBe(true);
    expect(model.maxContextTokens).toBe(2048);
  });

  it('is refused without its lists', () => {
    expect(() => analyze({ ...config, num_query_heads: undefined })).toThrow(/num_query_heads is missing/);
    expect(() => analyze({ ...config, num_query_heads: [12] })).toThrow(/num_query_heads is a list of 1/);
    expect(() => analyze({ ...config, num_kv_heads: [5, 5] })).toThrow(/num_kv_heads\[0\] is 5: .* divisor of the 12/);
  });
});

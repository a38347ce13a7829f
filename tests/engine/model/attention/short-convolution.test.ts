import { describe, expect, it } from 'vitest';
import { kvBytesPerToken, kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { analyze } from '../bundled.ts';
import { weightsByName } from './parts.ts';

const lfm2 = (changes: Record<string, unknown> = {}) =>
  analyze({
    model_type: 'lfm2',
    hidden_size: 2048,
    block_ff_dim: 12_288,
    block_auto_adjust_ff_dim: true,
    block_ffn_dim_multiplier: 1.0,
    block_multiple_of: 256,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    full_attn_idxs: [2, 5, 8, 10, 12, 14],
    vocab_size: 65_536,
    max_position_embeddings: 128_000,
    ...changes,
  });

describe('short convolution', () => {
  it('projects to three times the hidden size, convolves three tokens and projects back', () => {
    expect(weightsByName(lfm2().layers[0]?.attention.weights)).toEqual({
      'conv.in_proj': 3 * 2048 * 2048,
      'conv.conv': 3 * 2048,
      'conv.out_proj': 2048 * 2048,
    });
    expect(lfm2({ conv_bias: true }).totalParameters - lfm2().totalParameters).toBe(10 * (3 + 1 + 1) * 2048);
  });

  it('keeps two inputs per channel in ten layers; six layers attend', () => {
    const model = lfm2();
    expect(kvLayout(model, 2, 1).stateBytes).toBe(10 * 2 * 2048 * 2);
    expect(kvBytesPerToken(model, 2, 1)).toBe(6 * 2 * 8 * 64 * 2);
    const layer_types = Array.from({ length: 16 }, (_, layer) => (layer === 3 ? 'full_attention' : 'conv'));
    expect(kvBytesPerToken(lfm2({ layer_types }), 2, 1)).toBe(2 * 8 * 64 * 2);
  });

  it('takes two thirds of the written FFN width, times a factor, in whole blocks', () => {
    const width = (changes: Record<string, unknown>) => lfm2(changes).layers[0]?.ffn.label;
    expect(width({})).toBe('gated FFN of width 8192');
    expect(width({ block_ff_dim: 6656 })).toBe('gated FFN of width 4608');
    // floor(1.3 · floor(2 · 1000 / 3)) = 865, in blocks of 64.
    const odd = { block_ff_dim: 1000, block_ffn_dim_multiplier: 1.3, block_multiple_of: 64 };
    expect(width(odd)).toBe('gated FFN of width 896');
    expect(width({ ...odd, block_ffn_dim_multiplier: null })).toBe('gated FFN of width 666');
    expect(width({ block_auto_adjust_ff_dim: false })).toBe('gated FFN of width 12288');
  });

  it('shares head and embedding by either name', () => {
    expect(lfm2().isHeadTied).toBe(true);
    expect(lfm2({ tie_embedding: false }).isHeadTied).toBe(false);
    expect(lfm2({ tie_word_embeddings: false }).isHeadTied).toBe(false);
  });
});

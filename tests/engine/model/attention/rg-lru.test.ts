import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { analyze } from '../bundled.ts';
import { weightsByName } from './parts.ts';

/** RecurrentGemma 2B as published. */
const griffin = (changes: Record<string, unknown> = {}) =>
  analyze({
    model_type: 'recurrent_gemma',
    hidden_size: 2560,
    intermediate_size: 15_360,
    lru_width: 2560,
    num_hidden_layers: 26,
    num_attention_heads: 10,
    num_key_value_heads: 1,
    head_dim: 256,
    attention_window_size: 2048,
    conv1d_width: 4,
    vocab_size: 256_000,
    max_position_embeddings: 8192,
    _block_types: ['recurrent', 'recurrent', 'attention'],
    ...changes,
  });

describe('RG-LRU', () => {
  it('has gates of one block per head, a convolution and three projections with biases', () => {
    expect(weightsByName(griffin().layers[0]?.attention.weights)).toEqual({
      'temporal_block.linear_y': 2560 * 2560,
      'temporal_block.linear_y.bias': 2560,
      'temporal_block.linear_x': 2560 * 2560,
      'temporal_block.linear_x.bias': 2560,
      'temporal_block.conv_1d': 2560 * 4,
      'temporal_block.conv_1d.bias': 2560,
      'temporal_block.rg_lru.recurrent_param': 2560,
      'temporal_block.rg_lru.input_gate_weight': 10 * 256 * 256,
      'temporal_block.rg_lru.input_gate_bias': 2560,
      'temporal_block.rg_lru.recurrent_gate_weight': 10 * 256 * 256,
      'temporal_block.rg_lru.recurrent_gate_bias': 2560,
      'temporal_block.linear_out': 2560 * 2560,
      'temporal_block.linear_out.bias': 2560,
    });
  });

  it('is two layers of three; the third attends to a window and caches no more of one head', () => {
    const { layers } = griffin();
    expect(layers.map(({ attention }) => attention.kind).filter((kind) => kind === 'gqa')).toHaveLength(8);
    expect(layers[2]?.attention.cache).toMatchObject([{ elementsPerToken: 512, windowTokens: 2048 }]);
    expect(kvLayout(griffin(), 2, 1).stateBytes).toBe(18 * (2560 * 4 + 2560 * 3 * 2));
    expect(tokenFlops(griffin(), 1).recurrence).toBe(18 * 10 * 2560);
  });

  it('counts gate and up of the FFN together in intermediate_size, with biases', () => {
    expect(weightsByName(griffin().layers[0]?.ffn.weights)).toEqual({
      'mlp_block.gate_proj': 7680 * 2560,
      'mlp_block.gate_proj.bias': 7680,
      'mlp_block.up_proj': 7680 * 2560,
      'mlp_block.up_proj.bias': 7680,
      'mlp_block.down_proj': 2560 * 7680,
      'mlp_block.down_proj.bias': 2560,
    });
    expect(() => griffin({ intermediate_size: 15_361 })).toThrow(/an even number, gate and up together/);
  });
});

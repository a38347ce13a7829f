import { describe, expect, it } from 'vitest';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { parametersOf } from '../../../../src-worker/engine/model/weight.ts';
import { analyze } from '../bundled.ts';

/** XiaomiMiMo/MiMo-V2-Flash: 9 of 48 layers see everything. */
const FULL_LAYERS = new Set([0, 5, 11, 17, 23, 29, 35, 41, 47]);
const MIMO = {
  model_type: 'mimo_v2_flash',
  hidden_size: 4096,
  num_hidden_layers: 48,
  num_attention_heads: 64,
  num_key_value_heads: 4,
  head_dim: 192,
  v_head_dim: 128,
  swa_num_attention_heads: 64,
  swa_num_key_value_heads: 8,
  swa_head_dim: 192,
  swa_v_head_dim: 128,
  sliding_window_size: 128,
  add_swa_attention_sink_bias: true,
  add_full_attention_sink_bias: false,
  hybrid_layer_pattern: Array.from({ length: 48 }, (_, layer) => (FULL_LAYERS.has(layer) ? 0 : 1)),
  moe_layer_freq: Array.from({ length: 48 }, (_, layer) => (layer === 0 ? 0 : 1)),
  n_routed_experts: 256,
  num_experts_per_tok: 8,
  moe_intermediate_size: 2048,
  intermediate_size: 16_384,
  vocab_size: 152_576,
  max_position_embeddings: 262_144,
  attention_bias: false,
};

describe('MiMo-V2-Flash', () => {
  const model = analyze(MIMO);

  it('keeps 11,520 elements per token and 99,840 in windows of 128: values are smaller than keys', () => {
    expect(kvLayout(model, 1, 1)).toEqual({
      fullBytesPerToken: 9 * 4 * (192 + 128),
      windowed: [{ windowTokens: 128, bytesPerToken: 39 * 8 * (192 + 128) }],
      stateBytes: 0,
    });
    expect(kvLayout(model, 1, 1).fullBytesPerToken).toBe(11_520);
    expect(kvLayout(model, 1, 1).windowed[0]?.bytesPerToken).toBe(99_840);
  });

  it('has the tensors of its layers', () => {
    const attention = (kv: number): number => 4096 * 64 * 192 + 4096 * kv * (192 + 128) + 64 * 128 * 4096;
    const sparse = 256 * 4096 + 256 + 256 * 3 * 4096 * 2048;
    const layers = 9 * attention(4) + 39 * (attention(8) + 64) + 47 * sparse + 3 * 4096 * 16_384 + 48 * 2 * 4096;
    expect(model.totalParameters).toBe(2 * 152_576 * 4096 + layers + 4096);
    // The card: 309 B, 15 B used.
    expect(model.totalParameters / 1e9).toBeCloseTo(309, 0);
    expect(model.activeParameters / 1e9).toBeCloseTo(15.4, 0);
  });

  it('has a sink per head in the windowed layers only', () => {
    const sinks = model.layers
      .slice(0, 2)
      .map(({ attention }) => attention.weights.filter(({ name }) => name.endsWith('sinks')));
    expect(sinks.map((list) => list.map(parametersOf))).toEqual([[], [64]]);
  });

  it('refuses patterns that are too short and layers without a window', () => {
    expect(() => analyze({ ...MIMO, hybrid_layer_pattern: [0, 1] })).toThrow(/hybrid_layer_pattern is a list of 2/);
    expect(() => analyze({ ...MIMO, hybrid_layer_pattern: Array(48).fill(2) })).toThrow(
      /hybrid_layer_pattern\[0\] is 2/,
    );
    expect(() => analyze({ ...MIMO, moe_layer_freq: [0, 1] })).toThrow(/moe_layer_freq is a list of 2/);
    expect(() => analyze({ ...MIMO, sliding_window_size: undefined, sliding_window: null })).toThrow(
      /sliding_window_size is missing/,
    );
  });
});

/** stepfun-ai/Step-3.5-Flash; layer_types goes on for the three blocks that predict further tokens. */
const STEP = {
  model_type: 'step3p5',
  hidden_size: 4096,
  num_hidden_layers: 45,
  num_nextn_predict_layers: 3,
  num_attention_heads: 64,
  num_attention_groups: 8,
  head_dim: 128,
  attention_other_setting: {
    attention_type: 'sliding_attention',
    num_attention_heads: 96,
    num_attention_groups: 8,
    head_dim: 128,
  },
  use_head_wise_attn_gate: true,
  sliding_window: 512,
  layer_types: Array.from({ length: 48 }, (_, layer) => (layer % 4 ? 'sliding_attention' : 'full_attention')),
  moe_layers_enum: Array.from({ length: 42 }, (_, index) => index + 3).join(','),
  moe_num_experts: 288,
  moe_top_k: 8,
  moe_intermediate_size: 1280,
  share_expert_dim: 1280,
  use_moe_router_bias: true,
  intermediate_size: 11_264,
  vocab_size: 128_896,
  max_position_embeddings: 262_144,
};

describe('Step-3.5-Flash', () => {
  const model = analyze(STEP);

  it('has more query heads in the windowed layers, and a gate per head', () => {
    expect(model.layers.slice(0, 2).map(({ attention }) => attention.label)).toEqual([
      'GQA 64 query / 8 KV heads of 128',
      'GQA 96 query / 8 KV heads of 128, window 512',
    ]);
    const gates = model.layers
      .slice(0, 2)
      .map(({ attention }) => attention.weights.find(({ name }) => name.endsWith('g_proj')));
    expect(gates.map((gate) => gate?.rows)).toEqual([64, 96]);
  });

  it('has the tensors of its layers', () => {
    const attention = (heads: number): number => 2 * 4096 * heads * 128 + 2 * 4096 * 1024 + 2 * 128 + heads * 4096;
    const sparse = 288 * 4096 + 288 + 289 * 3 * 4096 * 1280;
    const layers = 12 * attention(64) + 33 * attention(96) + 42 * sparse + 3 * 3 * 4096 * 11_264 + 45 * 2 * 4096;
    expect(model.totalParameters).toBe(2 * 128_896 * 4096 + layers + 4096);
    // The card: 196 B in the backbone.
    expect(model.totalParameters / 1e9).toBeCloseTo(197, 0);
  });
});

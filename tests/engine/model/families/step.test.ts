import { describe, expect, it } from 'vitest';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { analyze, bundledModel } from '../bundled.ts';

const layer_types = Array.from({ length: 45 }, (_, layer) =>
  layer % 4 === 0 ? 'full_attention' : 'sliding_attention',
);

/** The fields of the published Step-3.5-Flash. */
const STEP_3_5 = {
  architectures: ['Step3p5ForCausalLM'],
  model_type: 'step3p5',
  hidden_size: 4096,
  intermediate_size: 11264,
  num_hidden_layers: 45,
  num_attention_heads: 64,
  num_attention_groups: 8,
  head_dim: 128,
  attention_other_setting: { attention_type: 'sliding_attention', num_attention_heads: 96, num_attention_groups: 8 },
  use_head_wise_attn_gate: true,
  use_moe_router_bias: true,
  layer_types,
  sliding_window: 512,
  moe_layers_enum: Array.from({ length: 42 }, (_, layer) => layer + 3).join(','),
  moe_num_experts: 288,
  moe_top_k: 8,
  moe_intermediate_size: 1280,
  share_expert_dim: 1280,
  vocab_size: 128896,
  max_position_embeddings: 262144,
  tie_word_embeddings: false,
};

describe('Step 3.5 and 3.7', () => {
  const model = analyze(STEP_3_5);

  it('have more query heads in sliding layers, with a gate per head', () => {
    const attention = (heads: number): number => 2 * 4096 * heads * 128 + 2 * 4096 * 1024 + 4096 * heads + 2 * 128;
    expect(model.layers.slice(0, 2).map((layer) => sumOfParameters(layer.attention.weights))).toEqual([
      attention(64),
      attention(96),
    ]);
    expect(model.layers.slice(0, 2).map((layer) => layer.attention.cache[0]!.windowTokens)).toEqual([null, 512]);
  });

  it('have experts from the fourth layer on, as the list says', () => {
    expect(model.layers.map(({ ffn }) => ffn.kind).slice(0, 4)).toEqual(['dense', 'dense', 'dense', 'moe']);
    const sparse = 288 * 4096 + 288 + 289 * 3 * 4096 * 1280;
    expect(sumOfParameters(model.layers[3]!.ffn.weights)).toBe(sparse);
    expect(() => analyze({ ...STEP_3_5, moe_layers_enum: '3;4' })).toThrow(/moe_layers_enum is "3;4"/);
  });

  it('have the published size: 196 B with 11 B active', () => {
    expect(model.totalParameters / 1e9).toBeCloseTo(197, 0);
    expect((model.activeParameters - 2 * 128896 * 4096) / 1e9).toBeCloseTo(10.9, 1);
    expect(model.isEstimated).toBe(false);
  });

  it('are estimated where the file leaves the heads of sliding layers open', () => {
    const shortened = bundledModel('stepfun-ai/Step-3.7-Flash');
    expect(shortened.isEstimated).toBe(true);
    expect(shortened.assumptions).toEqual([expect.stringContaining('attention_other_setting')]);
    expect(Math.abs(shortened.totalParameters / model.totalParameters - 1)).toBeLessThan(0.01);
  });
});

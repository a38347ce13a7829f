import { describe, expect, it } from 'vitest';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { parametersOf } from '../../../../src-worker/engine/model/weight.ts';
import { analyze } from '../bundled.ts';

/** Fields that tencent's first files have, at the size of four layers. */
const hunyuan = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  model_type: 'hunyuan',
  hidden_size: 6400,
  num_hidden_layers: 4,
  num_attention_heads: 80,
  num_key_value_heads: 8,
  attention_head_dim: 80,
  intermediate_size: 18_304,
  num_experts: 16,
  moe_topk: 1,
  num_shared_expert: 1,
  use_mixed_mlp_moe: true,
  vocab_size: 129_024,
  max_position_embeddings: 131_072,
  tie_word_embeddings: true,
  ...changes,
});

describe('Hunyuan', () => {
  it('shares keys and values across layers: every second layer of the Large model has its own', () => {
    const model = analyze(hunyuan({ use_cla: true, cla_share_factor: 2 }));
    expect(model.layers.map(({ attention }) => attention.cache.length)).toEqual([1, 0, 1, 0]);
    expect(kvLayout(model, 1, 1).fullBytesPerToken).toBe(2 * 2 * 8 * 80);
    const projections = model.layers.map(({ attention }) =>
      attention.weights.filter(({ name }) => name.endsWith('k_proj')).map(parametersOf),
    );
    expect(projections).toEqual([[6400 * 640], [], [6400 * 640], []]);
    expect(kvLayout(analyze(hunyuan()), 1, 1).fullBytesPerToken).toBe(4 * 2 * 8 * 80);
  });

  it('keeps 65,536 elements per token in A13B: 32 layers of 2 x 8 heads x 128', () => {
    const sizes = { num_hidden_layers: 32, hidden_size: 4096, num_attention_heads: 32, attention_head_dim: 128 };
    expect(kvLayout(analyze(hunyuan(sizes)), 1, 1).fullBytesPerToken).toBe(65_536);
  });

  it('takes experts, choices and widths for each layer', () => {
    const model = analyze(
      hunyuan({
        moe_topk: [1, 2, 2, 4],
        moe_intermediate_size: [1024, 1024, 2048, 2048],
        num_shared_expert: [1, 1, 1, 2],
        moe_layer_num_skipped: 1,
      }),
    );
    expect(model.layers.map(({ ffn }) => ffn.label)).toEqual([
      'gated FFN of width 18304',
      'MoE 2 of 16 experts + shared',
      'MoE 2 of 16 experts + shared',
      'MoE 4 of 16 experts + shared',
    ]);
    expect(model.layers.map(({ ffn }) => ffn.experts?.parametersPerExpert)).toEqual([
      undefined,
      3 * 6400 * 1024,
      3 * 6400 * 2048,
      3 * 6400 * 2048,
    ]);
    const shared = model.layers.map(({ ffn }) =>
      ffn.weights
        .filter(({ weightClass }) => weightClass === 'sharedExperts')
        .reduce((sum, weight) => sum + parametersOf(weight), 0),
    );
    expect(shared).toEqual([0, 3 * 6400 * 18_304, 3 * 6400 * 18_304, 2 * 3 * 6400 * 18_304]);
  });

  it('leaves out norms and shared experts where the file says so', () => {
    const without = analyze(hunyuan({ use_qk_norm: false, use_mixed_mlp_moe: false }));
    const difference = 4 * (2 * 80 + 3 * 6400 * 18_304);
    expect(analyze(hunyuan()).totalParameters - without.totalParameters).toBe(difference);
  });

  it('refuses more chosen experts than there are, and lists that are too short', () => {
    expect(() => analyze(hunyuan({ moe_topk: 17 }))).toThrow(/moe_topk is 17: it must be from 1 to the 16 experts/);
    expect(() => analyze(hunyuan({ moe_topk: [1, 1] }))).toThrow(/moe_topk is a list of 2/);
  });
});

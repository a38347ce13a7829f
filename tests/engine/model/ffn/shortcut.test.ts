import { describe, expect, it } from 'vitest';
import { kvBytesPerToken } from '../../../../src-worker/engine/model/kv.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { analyze } from '../bundled.ts';

/** The fields of the published LongCat-Flash-Chat. */
const config = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  architectures: ['LongcatFlashForCausalLM'],
  model_type: 'longcat_flash',
  attention_bias: false,
  attention_method: 'MLA',
  ffn_hidden_size: 12288,
  expert_ffn_hidden_size: 2048,
  hidden_size: 6144,
  kv_lora_rank: 512,
  max_position_embeddings: 131072,
  moe_topk: 12,
  n_routed_experts: 512,
  num_attention_heads: 64,
  num_layers: 28,
  q_lora_rank: 1536,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  router_bias: false,
  v_head_dim: 128,
  vocab_size: 131072,
  zero_expert_num: 256,
  zero_expert_type: 'identity',
  ...changes,
});
const longcat = (changes: Record<string, unknown> = {}) => analyze(config(changes));

describe('LongCat-Flash', () => {
  const model = longcat();
  const embedding = 131072 * 6144;

  it('has the parameters of the hub: 561,862,880,256 with the block for multi-token prediction and its embedding', () => {
    expect(model.totalParameters + model.mtpParameters + embedding).toBe(561_862_880_256);
  });

  it('has two sub-layers per layer, experts in the first', () => {
    expect(model.layers).toHaveLength(56);
    expect(model.layers.map(({ ffn }) => ffn.kind).slice(0, 4)).toEqual(['shortcut', 'dense', 'shortcut', 'dense']);
    const [first, second] = model.layers;
    const dense = 3 * 6144 * 12288;
    expect(sumOfParameters(second!.ffn.weights)).toBe(dense);
    expect(sumOfParameters(first!.ffn.weights)).toBe(dense + 768 * 6145 + 512 * 3 * 6144 * 2048);
    expect(first!.attention.weights[0]!.name).toBe('self_attn.0.q_a_proj');
    expect(second!.attention.weights[0]!.name).toBe('self_attn.1.q_a_proj');
    expect(new Set(model.layers).size).toBe(2);
  });

  it('caches a latent vector in each sub-layer', () => {
    expect(kvBytesPerToken(model, 2, 8)).toBe(56 * 576 * 2);
  });

  it('uses 8 of 12 chosen experts on average: the published 27 B of 18.6 to 31.3', () => {
    expect(model.layers[0]!.ffn.experts).toMatchObject({ numExperts: 512, numExpertsPerToken: 8 });
    expect((model.activeParameters - embedding) / 1e9).toBeCloseTo(27.1, 0);
    const every = longcat({ zero_expert_num: 0 });
    expect(every.layers[0]!.ffn.experts?.numExpertsPerToken).toBe(12);
    expect(model.totalParameters - every.totalParameters).toBe(28 * 256 * 6145);
  });

  it('reads what Transformers saves: sub-layers as num_hidden_layers beside num_layers', () => {
    expect(longcat({ num_hidden_layers: 56 }).totalParameters).toBe(model.totalParameters);
    expect(longcat({ num_layers: undefined, num_hidden_layers: 28 }).layers).toHaveLength(56);
  });

  it('refuses more chosen experts than there are', () => {
    expect(() => longcat({ moe_topk: 800 })).toThrow(/moe_topk is 800: it must be at most the 768 experts/);
  });
});

import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvBytesPerToken, kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { analyze } from '../bundled.ts';
import { weightsByName } from './parts.ts';

/** MiniMax-Text-01 and M1 as published: seven layers of lightning attention, then one of full attention. */
const minimax = (changes: Record<string, unknown> = {}) =>
  analyze({
    model_type: 'minimax_m1',
    hidden_size: 6144,
    intermediate_size: 9216,
    num_hidden_layers: 80,
    num_attention_heads: 64,
    num_key_value_heads: 8,
    head_dim: 128,
    num_local_experts: 32,
    num_experts_per_tok: 2,
    shared_intermediate_size: 0,
    vocab_size: 200_064,
    max_position_embeddings: 10_240_000,
    attn_type_list: Array.from({ length: 80 }, (_, layer) => (layer % 8 === 7 ? 1 : 0)),
    ...changes,
  });

describe('lightning attention', () => {
  it('has queries, keys, values, a gate, a norm over all heads and an output', () => {
    expect(weightsByName(minimax().layers[0]?.attention.weights)).toEqual({
      'self_attn.qkv_proj': 6144 * 3 * 8192,
      'self_attn.output_gate': 6144 * 8192,
      'self_attn.norm': 8192,
      'self_attn.out_proj': 8192 * 6144,
    });
  });

  it('keeps a matrix of 128 x 128 per head in 70 of 80 layers; the ten others cache 20,480 elements per token', () => {
    const model = minimax();
    expect(kvLayout(model, 2, 1).stateBytes).toBe(70 * 64 * 128 * 128 * 4);
    expect(kvLayout(model, 2, 8).stateBytes).toBe(70 * 8 * 128 * 128 * 4);
    expect(kvBytesPerToken(model, 2, 1)).toBe(2 * 20_480);
    expect(tokenFlops(model, 1).recurrence).toBe(70 * 5 * 64 * 128 * 128);
  });

  it('counts a shared network with its gate where the file has one', () => {
    const shared = 80 * (3 * 6144 * 4096 + 6144);
    const { totalParameters } = minimax({ shared_intermediate_size: 4096 });
    expect(totalParameters - minimax().totalParameters).toBe(shared);
  });

  it('is every second layer in the key style of Transformers, unless listed', () => {
    const kinds = (changes: Record<string, unknown>) =>
      minimax({ model_type: 'minimax', num_hidden_layers: 4, attn_type_list: undefined, ...changes }).layers.map(
        ({ attention }) => attention.kind,
      );
    expect(kinds({})).toEqual(['gqa', 'lightning', 'gqa', 'lightning']);
    const layer_types = ['linear_attention', 'linear_attention', 'full_attention', 'linear_attention'];
    expect(kinds({ layer_types })).toEqual(['lightning', 'lightning', 'gqa', 'lightning']);
  });

  it('refuses a list that is wrong', () => {
    expect(() => minimax({ attn_type_list: [0, 1] })).toThrow(/attn_type_list .+ a list of 80 entries, one per layer/);
    expect(() => minimax({ attn_type_list: [0, 2] })).toThrow(/attn_type_list\[1\] is 2/);
  });
});

describe('Ring-linear', () => {
  const ring = (changes: Record<string, unknown> = {}) =>
    analyze({
      model_type: 'bailing_moe_linear',
      hidden_size: 2048,
      intermediate_size: 5120,
      num_hidden_layers: 20,
      num_attention_heads: 16,
      num_key_value_heads: 4,
      head_dim: 128,
      layer_group_size: 5,
      group_norm_size: 4,
      num_experts: 256,
      num_experts_per_tok: 8,
      num_shared_experts: 1,
      moe_intermediate_size: 512,
      moe_shared_expert_intermediate_size: 512,
      first_k_dense_replace: 1,
      use_qk_norm: true,
      use_qkv_bias: false,
      moe_router_enable_expert_bias: true,
      vocab_size: 157_184,
      max_position_embeddings: 131_072,
      ...changes,
    });

  it('attends fully in the last layer of each group of five, and in those after the last group', () => {
    const full = (layers: number) =>
      ring({ num_hidden_layers: layers }).layers.flatMap(({ attention }, i) => (attention.kind === 'gqa' ? [i] : []));
    expect(full(20)).toEqual([4, 9, 14, 19]);
    expect(full(12)).toEqual([4, 9, 10, 11]);
  });

  it('has 16.4 billion parameters, of which a token uses 1.6 billion, as its card says', () => {
    const model = ring();
    // Per layer: attention 5 · h·H·d (linear) or 2·h·H·d + 2·h·K·d (full), norms, then the experts or the dense FFN.
    const linear = 5 * 2048 * 2048 + 2 * 128 + 2048;
    const full = 2 * 2048 * 2048 + 2 * 2048 * 512 + 2 * 128;
    const sparse = 2048 * 256 + 256 + 257 * 3 * 2048 * 512;
    const layers = 16 * linear + 4 * full + 19 * sparse + 3 * 2048 * 5120 + 20 * 2 * 2048;
    expect(model.totalParameters).toBe(layers + 2 * 157_184 * 2048 + 2048);
    expect(model.totalParameters / 1e9).toBeCloseTo(16.4, 1);
    expect(model.activeParameters / 1e9).toBeCloseTo(1.6, 1);
  });

  it('attends through a latent vector in Ling and Ring 2.5', () => {
    const { layers } = ring({ model_type: 'bailing_hybrid', q_lora_rank: 1536 });
    expect(layers.map(({ attention: { kind } }) => kind).slice(3, 6)).toEqual(['lightning', 'mla', 'lightning']);
    // h·r + r + r·H·192 + h·576 + 512 + 512·H·256 + H·128·h with h 2048, r 1536 and H 16.
    const latent = 2048 * 1536 + 1536 + 1536 * 16 * 192 + 2048 * 576 + 512 + 512 * 16 * 256 + 16 * 128 * 2048;
    const sum = Object.values(weightsByName(layers[4]?.attention.weights)).reduce((total, part) => total + part, 0);
    expect(sum).toBe(latent);
  });

  it('can share its heads between no more GPUs than the output norm has groups', () => {
    const heads = (changes: Record<string, unknown>) => ring(changes).layers[1]?.attention.numHeads;
    expect(heads({})).toBe(4);
    expect(heads({ group_norm_size: undefined })).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvBytesPerToken, kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { analyze, bundledSource } from '../bundled.ts';
import { weightsByName } from './parts.ts';

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Kimi-Linear-48B-A3B as published. */
const kimi = (changes: Record<string, unknown> = {}) =>
  analyze({
    model_type: 'kimi_linear',
    hidden_size: 2304,
    intermediate_size: 9216,
    moe_intermediate_size: 1024,
    num_hidden_layers: 27,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    q_lora_rank: null,
    kv_lora_rank: 512,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
    num_experts: 256,
    num_experts_per_token: 8,
    num_shared_experts: 1,
    first_k_dense_replace: 1,
    moe_layer_freq: 1,
    linear_attn_config: {
      full_attn_layers: [4, 8, 12, 16, 20, 24, 27],
      kda_layers: range(1, 26).filter((layer) => layer % 4 !== 0),
      head_dim: 128,
      num_heads: 32,
      short_conv_kernel_size: 4,
    },
    vocab_size: 163_840,
    model_max_length: 1_048_576,
    tie_word_embeddings: false,
    ...changes,
  });

describe('Kimi delta attention', () => {
  it('has a decay for every channel and a gate, both through a bottleneck of one head', () => {
    expect(weightsByName(kimi().layers[0]?.attention.weights)).toEqual({
      'self_attn.q_proj': 4096 * 2304,
      'self_attn.k_proj': 4096 * 2304,
      'self_attn.v_proj': 4096 * 2304,
      'self_attn.q_conv1d': 4096 * 4,
      'self_attn.k_conv1d': 4096 * 4,
      'self_attn.v_conv1d': 4096 * 4,
      'self_attn.A_log': 32,
      'self_attn.f_a_proj': 128 * 2304,
      'self_attn.f_b_proj': 4096 * 128,
      'self_attn.dt_bias': 4096,
      'self_attn.b_proj': 32 * 2304,
      'self_attn.g_a_proj': 128 * 2304,
      'self_attn.g_b_proj': 4096 * 128,
      'self_attn.o_norm': 128,
      'self_attn.o_proj': 2304 * 4096,
    });
  });

  it('stands in 20 of 27 layers; the layers listed from 1 attend through a latent vector', () => {
    const { layers } = kimi();
    const attends = layers.flatMap(({ attention }, layer) => (attention.kind === 'mla' ? [layer + 1] : []));
    expect(attends).toEqual([4, 8, 12, 16, 20, 24, 27]);
    // 7 · (512 + 64) elements.
    expect(kvBytesPerToken(kimi(), 1, 1)).toBe(4032);
  });

  it('keeps a matrix per head in 32 bit and three inputs of three convolutions in 16 bit', () => {
    expect(kvLayout(kimi(), 2, 1).stateBytes).toBe(20 * (32 * 128 * 128 * 4 + 3 * 4096 * 3 * 2));
    expect(tokenFlops(kimi(), 1).recurrence).toBe(20 * 7 * 32 * 128 * 128);
  });

  it('has 49,122,681,728 parameters in the 48B, as its safetensors add up to', () => {
    expect(kimi().totalParameters).toBe(49_122_681_728);
    // The same in the names Transformers 5 uses.
    const { totalParameters } = kimi({
      num_experts: undefined,
      num_experts_per_token: undefined,
      num_shared_experts: undefined,
      first_k_dense_replace: undefined,
      moe_layer_freq: undefined,
      linear_attn_config: undefined,
      num_local_experts: 256,
      num_experts_per_tok: 8,
      n_shared_experts: 1,
      mlp_layer_types: range(0, 26).map((layer) => (layer < 1 ? 'dense' : 'sparse')),
      layer_types: range(1, 27).map((layer) =>
        layer % 4 === 0 || layer === 27 ? 'full_attention' : 'linear_attention',
      ),
      linear_num_heads: 32,
      linear_head_dim: 128,
      linear_conv_kernel_dim: 4,
    });
    expect(totalParameters).toBe(49_122_681_728);
  });

  it('reads what only Kimi K3 has: gates of full rank, latent experts, scores over blocks of layers', () => {
    const { text_config } = bundledSource('moonshotai/Kimi-K3').config as { text_config: Record<string, unknown> };
    const model = analyze(text_config);
    const sparse = model.layers[1];
    expect(weightsByName(sparse?.attention.weights)).toMatchObject({ 'self_attn.g_proj': 96 * 128 * 7168 });
    expect(weightsByName(sparse?.attention.weights)).not.toHaveProperty('self_attn.g_a_proj');
    expect(weightsByName(sparse?.ffn.weights)).toMatchObject({
      'block_sparse_moe.routed_expert_down_proj': 3584 * 7168,
      'block_sparse_moe.routed_expert_norm': 3584,
      'block_sparse_moe.routed_expert_up_proj': 7168 * 3584,
      'block_sparse_moe.shared_experts.down_proj': 2 * 3072 * 7168,
    });
    // 33,030,144 parameters in one expert, as its packed tensors of 17,547,264 bytes say (0.53125 bytes each).
    expect(sparse?.ffn.experts?.parametersPerExpert).toBe(17_547_264 / 0.53125);
    expect(sparse?.norms).toMatchObject([{ rows: 7168, count: 6 }]);
    expect(kvBytesPerToken(model, 1, 1)).toBe(24 * 576);
    // Published as 2.8 trillion.
    expect(model.totalParameters / 1e12).toBeCloseTo(2.78, 2);
  });
});

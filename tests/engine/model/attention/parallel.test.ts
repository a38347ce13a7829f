import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvBytesPerToken, kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { layerParameters, sublayersOf } from '../../../../src-worker/engine/model/parameters.ts';
import { weightBreakdown } from '../../../../src-worker/engine/model/weights.ts';
import { analyze } from '../bundled.ts';
import { only, weightsByName } from './parts.ts';

/** Falcon-H1-34B as published. */
const falconH1 = (changes: Record<string, unknown> = {}) =>
  analyze({
    model_type: 'falcon_h1',
    hidden_size: 5120,
    intermediate_size: 21_504,
    num_hidden_layers: 72,
    num_attention_heads: 20,
    num_key_value_heads: 4,
    head_dim: 128,
    mamba_d_ssm: 4096,
    mamba_n_heads: 32,
    mamba_d_head: 128,
    mamba_d_state: 256,
    mamba_n_groups: 2,
    mamba_rms_norm: false,
    vocab_size: 261_120,
    max_position_embeddings: 262_144,
    ...changes,
  });

describe('attention and Mamba-2 side by side', () => {
  it('has the tensors of both in every layer, the gated norm only when asked for', () => {
    const channels = 4096 + 2 * 2 * 256;
    expect(weightsByName(only(falconH1()).attention.weights)).toEqual({
      'self_attn.q_proj': 20 * 128 * 5120,
      'self_attn.k_proj': 4 * 128 * 5120,
      'self_attn.v_proj': 4 * 128 * 5120,
      'self_attn.o_proj': 5120 * 20 * 128,
      'mamba.in_proj': (4096 + channels + 32) * 5120,
      'mamba.conv1d': channels * 4,
      'mamba.conv1d.bias': channels,
      'mamba.A_log': 32,
      'mamba.D': 32,
      'mamba.dt_bias': 32,
      'mamba.out_proj': 5120 * 4096,
    });
    expect(falconH1({ mamba_rms_norm: true }).totalParameters - falconH1().totalParameters).toBe(72 * 4096);
    expect(falconH1({ projectors_bias: true }).totalParameters - falconH1().totalParameters).toBe(72 * 5120);
  });

  it('keeps a cache and a state', () => {
    const model = falconH1();
    expect(kvBytesPerToken(model, 2, 1)).toBe(72 * 2 * 4 * 128 * 2);
    expect(kvLayout(model, 2, 1).stateBytes).toBe(72 * (32 * 128 * 256 * 4 + 5120 * 3 * 2));
    expect(sublayersOf(only(model))).toBe(3);
  });

  it('can be shared by as many GPUs as divide the heads of both and the groups', () => {
    expect(only(falconH1()).attention.numHeads).toBe(2);
    expect(only(falconH1({ mamba_n_groups: 1 })).attention.numHeads).toBe(4);
  });

  it('takes the width from mamba_d_ssm; null means expand times the hidden size, absent 1024', () => {
    const label = (changes: Record<string, unknown>) =>
      only(falconH1({ mamba_d_head: 'auto', ...changes })).attention.label.split(' + ')[1];
    expect(label({})).toBe('Mamba-2, 32 heads of 128 × 256 states');
    expect(label({ mamba_d_ssm: null })).toBe('Mamba-2, 32 heads of 320 × 256 states');
    const config = { model_type: 'falcon_h1', hidden_size: 512, intermediate_size: 900, num_hidden_layers: 1 };
    const model = analyze({ ...config, num_attention_heads: 8, vocab_size: 100, mamba_n_heads: 16 });
    expect(only(model).attention.label).toContain('16 heads of 64 ×');
  });
});

describe('Zamba2', () => {
  const zamba = (changes: Record<string, unknown> = {}) =>
    analyze({
      model_type: 'zamba2',
      hidden_size: 512,
      intermediate_size: 1500,
      num_hidden_layers: 8,
      num_attention_heads: 8,
      n_mamba_heads: 16,
      mamba_d_state: 64,
      num_mem_blocks: 2,
      adapter_rank: 16,
      use_shared_attention_adapter: true,
      vocab_size: 32_000,
      max_position_embeddings: 4096,
      layers_block_type: ['mamba', 'hybrid', 'mamba', 'hybrid', 'mamba', 'hybrid', 'mamba', 'hybrid'],
      ...changes,
    });
  const block = 4 * 1024 * 1024 - 512 * 1024 + 3 * 512 * 1500 + 1024 + 512;
  const adapters = 3 * (1024 * 16 + 16 * 1024) + 512 * 16 + 16 * 3000;

  it('stores each shared block with the first layer that uses it, adapters and the way in with every one', () => {
    const [mamba, first, , second, , third] = zamba().layers.map(layerParameters);
    const own = adapters + 512 * 512;
    expect(first).toBe((mamba ?? 0) + block + own);
    expect(second).toBe(first);
    expect(third).toBe((mamba ?? 0) + own);
  });

  it('multiplies with a shared block as often as it is used', () => {
    const model = zamba();
    const { attention, ffn } = weightBreakdown(model);
    const stored = model.layers.reduce((sum, layer) => sum + layerParameters(layer), 0);
    const normsOfBlocks = 2 * 1536;
    const norms = 8 * 512;
    expect(attention + ffn).toBe(stored - norms - normsOfBlocks + 2 * (block - 1536));
    const flops = tokenFlops(model, 1);
    expect(flops.attentionProjections + flops.ffn).toBe(2 * (attention + ffn));
  });

  it('caches keys and values in every layer that attends, and a state in all', () => {
    expect(kvBytesPerToken(zamba(), 2, 1)).toBe(4 * 2 * 8 * 128 * 2);
    expect(kvLayout(zamba(), 2, 1).stateBytes).toBe(8 * (16 * 64 * 64 * 4 + (1024 + 128) * 3 * 2));
  });

  it('has adapters on attention only when asked for', () => {
    const without = zamba({ use_shared_attention_adapter: false });
    expect(zamba().totalParameters - without.totalParameters).toBe(4 * 3 * 2 * 16 * 1024);
  });
});

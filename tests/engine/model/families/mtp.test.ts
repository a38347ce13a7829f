import { describe, expect, it } from 'vitest';
import { analyze, bundledModel } from '../bundled.ts';
import { tinyLatent } from '../latent.ts';

describe('blocks for multi-token prediction', () => {
  const attention = 300_000 + 300 + 180_000 + 220_000 + 200 + 180_000 + 500_000;
  const experts = 16 * 1000 + 16 + 17 * 3 * 1000 * 100;

  it('are one more layer with experts, a projection of 2h x h and three norms each', () => {
    const block = attention + experts + 2 * 1000 * 1000 + 5 * 1000;
    expect(tinyLatent({ num_nextn_predict_layers: 1 }).mtpParameters).toBe(block);
    expect(tinyLatent({ num_nextn_predict_layers: 3 }).mtpParameters).toBe(3 * block);
  });

  it('stand on top of the total, and are none where the file says none or nothing', () => {
    const without = tinyLatent();
    expect(without.mtpParameters).toBe(0);
    expect(tinyLatent({ num_nextn_predict_layers: 0 }).mtpParameters).toBe(0);
    expect(tinyLatent({ num_nextn_predict_layers: 1 }).totalParameters).toBe(without.totalParameters);
  });

  it('of MiMo-7B make the 7,833,409,536 parameters the hub lists', () => {
    const model = bundledModel('XiaomiMiMo/MiMo-7B-Base');
    expect(model.totalParameters + model.mtpParameters).toBe(7_833_409_536);
  });

  it('of ERNIE are dense, with two norms of their own', () => {
    // The fields of the published ERNIE-4.5-300B-A47B.
    const model = analyze({
      model_type: 'ernie4_5_moe',
      hidden_size: 8192,
      intermediate_size: 28672,
      num_hidden_layers: 54,
      num_attention_heads: 64,
      num_key_value_heads: 8,
      head_dim: 128,
      moe_intermediate_size: 3584,
      moe_k: 8,
      moe_num_experts: 64,
      moe_num_shared_experts: 0,
      moe_layer_start_index: 3,
      moe_layer_end_index: 53,
      moe_layer_interval: 1,
      num_nextn_predict_layers: 1,
      use_bias: false,
      tie_word_embeddings: false,
      vocab_size: 103424,
      max_position_embeddings: 131072,
    });
    const layer = 2 * 8192 * 8192 + 2 * 8192 * 1024 + 3 * 8192 * 28672;
    expect(model.mtpParameters).toBe(layer + 2 * 8192 * 8192 + 4 * 8192);
    expect(model.totalParameters / 1e9).toBeCloseTo(299.4, 0);
  });
});

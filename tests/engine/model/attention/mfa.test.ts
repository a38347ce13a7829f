import { describe, expect, it } from 'vitest';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { analyze } from '../bundled.ts';

/** Fields of stepfun-ai/step3's text_config that decide the size. */
const STEP3 = {
  model_type: 'step3_text',
  hidden_size: 7168,
  num_hidden_layers: 61,
  num_attention_heads: 64,
  head_dim: 256,
  share_q_dim: 2048,
  intermediate_size: 18432,
  moe_layers_enum: Array.from({ length: 56 }, (_, index) => index + 4).join(','),
  moe_num_experts: 48,
  moe_top_k: 3,
  moe_intermediate_size: 5120,
  share_expert_dim: 5120,
  vocab_size: 128815,
  max_position_embedding: 65536,
};

describe('multi-matrix factorization attention (Step3)', () => {
  const model = analyze(STEP3);

  it('passes queries through 2048 shared elements; one head of keys and values', () => {
    const weights = 7168 * 2048 + 2048 + 2048 * 64 * 256 + 2 * 7168 * 256 + 64 * 256 * 7168;
    expect(sumOfParameters(model.layers[0]!.attention.weights)).toBe(weights);
    expect(model.layers[0]!.attention).toMatchObject({ kind: 'mfa', numHeads: 64 });
  });

  it('keeps 2 x 256 elements per token and layer, copied to every GPU', () => {
    expect(kvLayout(model, 2, 1).fullBytesPerToken).toBe(61 * 2 * 256 * 2);
    expect(kvLayout(model, 2, 8).fullBytesPerToken).toBe(61 * 2 * 256 * 2);
  });

  it('costs 4 x 64 x 256 FLOP per attended token and layer', () => {
    expect(tokenFlops(model, 1000).attentionOverContext).toBe(61 * 4 * 64 * 256 * 1000);
  });

  it('has experts in the layers a text with commas lists', () => {
    const kinds = model.layers.map(({ ffn }) => ffn.kind);
    expect(kinds.slice(0, 5)).toEqual(['dense', 'dense', 'dense', 'dense', 'moe']);
    expect(kinds.slice(-2)).toEqual(['moe', 'dense']);
    // The card says 316 B for the text decoder, of which 38 B with the vision part are used.
    expect(model.totalParameters / 1e9).toBeCloseTo(316.3, 1);
    expect(() => analyze({ ...STEP3, moe_layers_enum: '4,five' })).toThrow(/moe_layers_enum .* separated by commas/);
  });
});

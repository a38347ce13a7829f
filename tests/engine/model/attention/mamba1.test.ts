import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvBytesPerToken, kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { analyze, bundledModel } from '../bundled.ts';
import { only, weightsByName } from './parts.ts';

const mamba = (changes: Record<string, unknown> = {}) =>
  analyze({ model_type: 'mamba', hidden_size: 768, num_hidden_layers: 24, vocab_size: 50_280, ...changes });

describe('Mamba', () => {
  it('has the tensors of mamba-130m: 1536 channels of 16 states, time steps of rank 48', () => {
    expect(weightsByName(only(mamba()).attention.weights)).toEqual({
      'mixer.in_proj': 2 * 1536 * 768,
      'mixer.conv1d': 1536 * 4,
      'mixer.conv1d.bias': 1536,
      'mixer.x_proj': (48 + 32) * 1536,
      'mixer.dt_proj': 1536 * 48,
      'mixer.dt_proj.bias': 1536,
      'mixer.A_log': 1536 * 16,
      'mixer.D': 1536,
      'mixer.out_proj': 768 * 1536,
    });
    expect(mamba().totalParameters).toBe(129_135_360);
  });

  it('has one mixer and one norm in a layer, no FFN, no KV cache', () => {
    const model = mamba();
    expect(only(model)).toMatchObject({ ffn: { kind: 'none' }, norms: [{ rows: 768, count: 1 }] });
    expect(kvBytesPerToken(model, 2, 1)).toBe(0);
  });

  it('keeps 16 states per channel in 32 bit and three inputs in 16 bit', () => {
    expect(kvLayout(mamba(), 2, 1).stateBytes).toBe(24 * (1536 * 16 * 4 + 1536 * 3 * 2));
    expect(kvLayout(mamba(), 2, 4).stateBytes).toBe((24 * (1536 * 16 * 4 + 1536 * 3 * 2)) / 4);
    expect(tokenFlops(mamba(), 1).recurrence).toBe(24 * 7 * 1536 * 16);
  });

  it('honours rank, expansion, kernel and biases of the file', () => {
    const names = weightsByName(
      only(mamba({ time_step_rank: 33, expand: 3, conv_kernel: 5, use_bias: true, use_conv_bias: false })).attention
        .weights,
    );
    expect(names).toMatchObject({
      'mixer.in_proj.bias': 2 * 2304,
      'mixer.out_proj.bias': 768,
      'mixer.conv1d': 2304 * 5,
      'mixer.x_proj': (33 + 32) * 2304,
    });
    expect(names).not.toHaveProperty('mixer.conv1d.bias');
    expect(mamba({ time_step_rank: 'auto' }).totalParameters).toBe(mamba().totalParameters);
    expect(() => mamba({ time_step_rank: 'many' })).toThrow(
      /time_step_rank is "many": it must be a whole number or "auto"/,
    );
  });

  it('has norms on its inner vectors in Jamba, beside attention in every eighth layer and experts in every second', () => {
    const { layers } = bundledModel('ai21labs/Jamba-v0.1');
    const attends = layers.flatMap(({ attention }, layer) => (attention.kind === 'gqa' ? [layer] : []));
    expect(attends).toEqual([4, 12, 20, 28]);
    const sparse = layers.flatMap(({ ffn }, layer) => (ffn.experts ? [layer] : []));
    expect(sparse).toEqual(Array.from({ length: 16 }, (_, i) => 2 * i + 1));
    expect(weightsByName(layers[0]?.attention.weights)).toMatchObject({
      'mamba.dt_layernorm': 256,
      'mamba.b_layernorm': 16,
      'mamba.c_layernorm': 16,
    });
  });
});

describe('Falcon Mamba as published', () => {
  // tiiuae/falcon-mamba-7b writes expand 16 beside intermediate_size 8192: the written width holds.
  it('takes a written width over the factor', () => {
    const model = analyze({
      model_type: 'falcon_mamba',
      hidden_size: 4096,
      intermediate_size: 8192,
      expand: 16,
      num_hidden_layers: 64,
      state_size: 16,
      conv_kernel: 4,
      time_step_rank: 256,
      vocab_size: 65_024,
      use_bias: false,
      use_conv_bias: true,
      tie_word_embeddings: false,
    });
    // The hub lists 7,272,665,088 for the model.
    expect(model.totalParameters).toBe(7_272_665_088);
  });
});

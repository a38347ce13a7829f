import { describe, expect, it } from 'vitest';
import { mlstm } from '../../../../src-worker/engine/model/attention/mlstm.ts';
import { ConfigFields } from '../../../../src-worker/engine/model/fields.ts';
import { analyze } from '../bundled.ts';
import { weightsByName } from './parts.ts';

/** The layers of xLSTM-7B: 4096 wide, 8 heads, keys half as wide as values. */
const layer = (changes: Record<string, unknown> = {}) => {
  const fields = new ConfigFields('test/xlstm', { num_heads: 8, ...changes });
  return mlstm(fields, { hiddenSize: 4096, numLayers: 1, vocabularySize: 50_304, maxContextTokens: 8192 })(0);
};

describe('matrix LSTM', () => {
  it('has narrow queries and keys, gates of one number a head, an output gate and a norm over all heads', () => {
    expect(weightsByName(layer().weights)).toEqual({
      'mlstm_layer.q': 4096 * 2048,
      'mlstm_layer.k': 4096 * 2048,
      'mlstm_layer.v': 4096 * 4096,
      'mlstm_layer.ogate_preact': 4096 * 4096,
      'mlstm_layer.igate_preact': 4096 * 8,
      'mlstm_layer.igate_preact.bias': 8,
      'mlstm_layer.fgate_preact': 4096 * 8,
      'mlstm_layer.fgate_preact.bias': 8,
      'mlstm_layer.multihead_norm': 4096,
      'mlstm_layer.out_proj': 4096 * 4096,
    });
  });

  it('keeps a matrix of 256 x 512 per head, its normalizer and its largest gate, in 32 bit unless told', () => {
    const elements = 8 * 256 * 512 + 8 * 256 + 8;
    expect(layer().state).toEqual([{ elements, bytesPerElement: 4, splitUnits: 8 }]);
    expect(layer({ inference_state_dtype: 'bfloat16' }).state[0]?.bytesPerElement).toBe(2);
    expect(layer().recurrenceFlop).toBe(5 * 8 * 256 * 512);
    expect(layer()).toMatchObject({ cache: [], context: [], numHeads: 8 });
  });

  it('rounds widths up to 64, and refuses heads that do not divide them', () => {
    expect(layer({ qk_dim_factor: 0.51 }).label).toBe('mLSTM, 8 heads of 264 × 512');
    expect(() => layer({ num_heads: 7 })).toThrow(/num_heads is 7: it must be a divisor of the widths 2048/);
    expect(() => layer({ inference_state_dtype: 'int3' })).toThrow(/inference_state_dtype/);
  });
});

describe('xLSTM', () => {
  // The published 7B: 32 layers, a network of 10,944 (4096 x 2.667 rounded up to 64), embedding and head of their own.
  it('of 7B has the 6,865,424,896 parameters the hub lists', () => {
    const { totalParameters, layers } = analyze({
      architectures: ['xLSTMForCausalLM'],
      model_type: 'xlstm',
      hidden_size: 4096,
      embedding_dim: 4096,
      num_blocks: 32,
      num_heads: 8,
      vocab_size: 50_304,
    });
    expect(layers).toHaveLength(32);
    const attention = 2 * 4096 * 2048 + 3 * 4096 * 4096 + 2 * (4096 * 8 + 8) + 4096;
    const layer = attention + 3 * 4096 * 10_944 + 2 * 4096;
    expect(totalParameters).toBe(2 * 50_304 * 4096 + 32 * layer + 4096);
    expect(totalParameters).toBe(6_865_424_896);
  });
});

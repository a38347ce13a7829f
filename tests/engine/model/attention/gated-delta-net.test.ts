import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { layerParameters } from '../../../../src-worker/engine/model/parameters.ts';
import { parametersOf } from '../../../../src-worker/engine/model/weight.ts';
import { analyze, bundledModel } from '../bundled.ts';
import { only, weightsByName } from './parts.ts';

/** Four layers in the sizes of Qwen3.5's smallest: 16 key and 16 value heads of 128 beside 8 query heads of 256. */
const qwen35 = (changes: Record<string, unknown> = {}) =>
  analyze({
    model_type: 'qwen3_5_text',
    hidden_size: 1024,
    intermediate_size: 3584,
    num_hidden_layers: 4,
    num_attention_heads: 8,
    num_key_value_heads: 2,
    linear_num_value_heads: 16,
    vocab_size: 248_320,
    max_position_embeddings: 262_144,
    tie_word_embeddings: true,
    ...changes,
  });

describe('gated delta net', () => {
  it('has the tensors of a linear layer of Qwen3.5, counted by hand', () => {
    const [linear] = qwen35().layers;
    expect(weightsByName(linear?.attention.weights)).toEqual({
      'linear_attn.in_proj_qkv': (2 * 16 * 128 + 16 * 128) * 1024,
      'linear_attn.in_proj_z': 16 * 128 * 1024,
      'linear_attn.in_proj_b': 16 * 1024,
      'linear_attn.in_proj_a': 16 * 1024,
      'linear_attn.conv1d': (2 * 16 * 128 + 16 * 128) * 4,
      'linear_attn.A_log': 16,
      'linear_attn.dt_bias': 16,
      'linear_attn.norm': 128,
      'linear_attn.out_proj': 1024 * 16 * 128,
    });
  });

  it('is followed by full attention in every fourth layer, whose queries bring a gate for the output', () => {
    const { layers } = qwen35();
    expect(layers.map(({ attention }) => attention.kind)).toEqual([
      'gatedDeltaNet',
      'gatedDeltaNet',
      'gatedDeltaNet',
      'gqa',
    ]);
    expect(weightsByName(layers[3]?.attention.weights)).toEqual({
      'self_attn.q_proj': 2 * 8 * 256 * 1024,
      'self_attn.k_proj': 2 * 256 * 1024,
      'self_attn.v_proj': 2 * 256 * 1024,
      'self_attn.o_proj': 1024 * 8 * 256,
      'self_attn.qk_norm': 2 * 256,
    });
    const every = (interval: number) =>
      qwen35({ full_attention_interval: interval }).layers.map(({ attention }) => attention.kind === 'gqa');
    expect(every(2)).toEqual([false, true, false, true]);
  });

  it('follows layer_types where the file lists them', () => {
    const layer_types = ['full_attention', 'linear_attention', 'linear_attention', 'full_attention'];
    const kinds = qwen35({ layer_types }).layers.map(({ attention }) => attention.kind);
    expect(kinds).toEqual(['gqa', 'gatedDeltaNet', 'gatedDeltaNet', 'gqa']);
  });

  it('keeps a matrix per value head in 32 bit and three inputs of the convolution in 16 bit, whatever the context', () => {
    // Qwen3-Next: 36 linear layers of 32 value heads of 128 x 128, convolution over 2 · 2048 + 4096 channels.
    const { stateBytes } = kvLayout(bundledModel('Qwen/Qwen3-Next-80B-A3B-Instruct'), 2, 1);
    expect(stateBytes).toBe(36 * (32 * 128 * 128 * 4 + 8192 * 3 * 2));
    const linear = only(qwen35({ full_attention_interval: 5 }));
    expect(linear.attention.cache).toEqual([]);
    expect(linear.attention.context).toEqual([]);
  });

  it('takes the type of its state from the file', () => {
    const bytes = (dtype?: string) => kvLayout(qwen35({ mamba_ssm_dtype: dtype }), 2, 1).stateBytes;
    const convolution = 3 * 6144 * 3 * 2;
    expect(bytes()).toBe(3 * 16 * 128 * 128 * 4 + convolution);
    expect(bytes('float32')).toBe(bytes());
    expect(bytes('bfloat16')).toBe(3 * 16 * 128 * 128 * 2 + convolution);
    expect(() => bytes('int3')).toThrow(
      /mamba_ssm_dtype is "int3": it must be one of auto, float32, bfloat16, float16/,
    );
  });

  it('takes 7 FLOP per element of its state: decay, read with the key, correct, read with the query', () => {
    const model = qwen35();
    expect(tokenFlops(model, 1).recurrence).toBe(3 * 7 * 16 * 128 * 128);
    expect(tokenFlops(model, 1).recurrence).toBe(tokenFlops(model, 100_000).recurrence);
  });

  it('shares heads between GPUs: half the weights, half the state with two', () => {
    const linear = only(qwen35({ full_attention_interval: 5 }));
    expect(linear.attention.numHeads).toBe(16);
    const own = linear.attention.weights.filter(({ name }) => name !== 'linear_attn.norm');
    expect(own.every(({ splitUnits }) => splitUnits === 16)).toBe(true);
    const model = qwen35();
    expect(kvLayout(model, 2, 2).stateBytes).toBe(kvLayout(model, 2, 1).stateBytes / 2);
  });

  it('counts the same in the layouts of Qwen3-Next and OLMo Hybrid', () => {
    const next = bundledModel('Qwen/Qwen3-Next-80B-A3B-Instruct').layers[0];
    expect(weightsByName(next?.attention.weights)).toMatchObject({
      'linear_attn.in_proj_qkvz': 2048 * (2 * 2048 + 2 * 4096),
      'linear_attn.in_proj_ba': 2048 * 64,
    });
    const olmo = analyze({
      model_type: 'olmo_hybrid',
      hidden_size: 3840,
      intermediate_size: 11_008,
      num_hidden_layers: 32,
      num_attention_heads: 30,
      vocab_size: 100_352,
      max_position_embeddings: 65_536,
    });
    // OlmoHybridConfig: as many heads as attention, keys of 0.75 · 3840 / 30 = 96, values of 192.
    const [linear] = olmo.layers;
    expect(linear?.attention.label).toBe('gated delta net, 30 key / 30 value heads of 96 / 192');
    const keys = 30 * 96;
    const values = 30 * 192;
    const attention = linear?.attention.weights.reduce((sum, weight) => sum + parametersOf(weight), 0);
    expect(attention).toBe(
      3840 * (2 * keys + 2 * values) + 2 * 3840 * 30 + (2 * keys + values) * 4 + 2 * 30 + 192 + values * 3840,
    );
    expect(linear && layerParameters(linear)).toBe((attention ?? 0) + 3 * 3840 * 11_008 + 2 * 3840);
  });

  it('refuses value heads that key heads cannot be shared by', () => {
    expect(() => qwen35({ linear_num_value_heads: 20 })).toThrow(
      /linear_num_value_heads is 20: it must be a multiple of the 16 key heads/,
    );
  });
});

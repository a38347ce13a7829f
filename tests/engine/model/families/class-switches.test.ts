import { describe, expect, it } from 'vitest';
import type { Model } from '../../../../src-worker/engine/model/types.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { analyze } from '../bundled.ts';

/** h 64, 4 layers, 8 heads of 16, V 1000, networks of 96, 4 experts of 40 of which 2 work. */
const SMALL = {
  hidden_size: 64,
  num_hidden_layers: 4,
  num_attention_heads: 8,
  num_key_value_heads: 2,
  head_dim: 16,
  vocab_size: 1000,
  intermediate_size: 96,
  max_position_embeddings: 4096,
  num_experts: 4,
  num_experts_per_tok: 2,
  moe_intermediate_size: 40,
};
const small = (model_type: string, changes: Record<string, unknown> = {}): Model =>
  analyze({ model_type, ...SMALL, ...changes });
/** What a changed file has more than the same without the change. */
const more = (model_type: string, changes: Record<string, unknown>, before: Record<string, unknown> = {}): number =>
  small(model_type, { ...before, ...changes }).totalParameters - small(model_type, before).totalParameters;
const attentionOf = (model: Model): number[] => model.layers.map(({ attention }) => sumOfParameters(attention.weights));

describe('keys that a file leaves out', () => {
  // num_key_value_heads of the configuration class of each type (Transformers 5.18).
  it.each([
    ['bitnet', 5],
    ['dots1', 32],
    ['exaone4', 32],
    ['exaone_moe', 32],
    ['gemma', 16],
    ['granite_swa', 4],
    ['helium', 20],
    ['laguna', 8],
    ['mellum', 4],
    ['minimax_m2', 8],
    ['phimoe', 8],
    ['qwen2', 32],
    ['qwen2_moe', 16],
    ['qwen2_vl_text', 8],
    ['qwen2_5_vl_text', 8],
    ['qwen2_5_omni_text', 4],
    ['qwen3', 32],
    ['qwen3_moe', 4],
    ['qwen3_vl_text', 32],
    ['qwen3_vl_moe_text', 16],
    ['stablelm', 32],
  ])('%s has %i KV heads', (modelType, numKvHeads) => {
    const model = small(modelType, { num_attention_heads: 2 * numKvHeads, num_key_value_heads: undefined });
    expect(model.layers.at(-1)?.attention.cache[0]?.elementsPerToken).toBe(2 * numKvHeads * 16);
    expect(() => small(modelType, { num_attention_heads: 3, num_key_value_heads: undefined })).toThrow(
      /num_key_value_heads is \d+: it must be a divisor of the 3 query heads/,
    );
  });

  it('a written null means one KV head per query head, or heads that share the width', () => {
    for (const modelType of ['ernie4_5', 'smollm3', 'glm4v_text', 'paddleocr_vl_text']) {
      const model = small(modelType, { num_key_value_heads: null });
      expect(model.layers[0]?.attention.cache[0]?.elementsPerToken).toBe(2 * 8 * 16);
    }
    for (const modelType of ['ernie4_5', 'seed_oss', 'helium']) {
      // 64 / 8 = 8 features a head.
      expect(small(modelType, { head_dim: null }).layers[0]?.attention.cache[0]?.elementsPerToken).toBe(2 * 2 * 8);
    }
  });

  it('Ministral 3 has heads of 128, GLM-4.5 heads that share the width', () => {
    const elements = (modelType: string, expertNames: object): number | undefined =>
      small(modelType, { head_dim: undefined, ...expertNames }).layers[0]?.attention.cache[0]?.elementsPerToken;
    expect(elements('ministral3', {})).toBe(2 * 2 * 128);
    expect(elements('glm4_moe', {})).toBe(2 * 2 * 8);
    expect(() => small('glm4_moe', { head_dim: undefined, num_attention_heads: 6 })).toThrow(
      /num_attention_heads is 6: it must be a divisor of the hidden size 64, or head_dim must be given/,
    );
  });

  it('Qwen2-MoE has a shared expert of 5,632, Phi a network of 8,192', () => {
    expect(more('qwen2_moe', { shared_expert_intermediate_size: 0 })).toBe(-4 * (3 * 64 * 5632 + 64));
    expect(more('phi', { intermediate_size: undefined })).toBe(4 * (8192 - 96) * (2 * 64 + 1));
  });
});

describe('switches of the classes', () => {
  const shared = { num_shared_experts: 2, n_shared_experts: 2, moe_num_shared_experts: 2 };
  // Gate and up of the inner width, down of the hidden size.
  const sharedBias = 2 * (2 * 40) + 64;
  const denseBias = 2 * 96 + 64;

  it.each([
    ['afmoe', { attention_bias: true }, {}, 4 * (8 * 16 + 2 * 2 * 16 + 64)],
    ['nanochat', { attention_bias: true }, {}, 4 * (8 * 16 + 2 * 2 * 16 + 64)],
    // The first layer is dense.
    ['hy_v3', { mlp_bias: true }, shared, denseBias + 3 * sharedBias],
    ['ernie4_5_moe', { use_bias: true }, shared, denseBias + 3 * sharedBias + 4 * (8 * 16 + 2 * 2 * 16 + 64) + 1000],
    // All layers have experts.
    ['deepseek_v2', { mlp_bias: true }, shared, 4 * sharedBias],
    [
      'deepseek_v2',
      { mlp_bias: true, first_k_dense_replace: 1 },
      { ...shared, first_k_dense_replace: 1 },
      denseBias + 3 * sharedBias,
    ],
    // Two learned numbers of xIELU a layer.
    ['apertus', { hidden_act: 'silu' }, {}, -4 * 2],
    ['hyperclovax', { use_post_norm: false }, {}, -4 * 2 * 64],
    // Its queries, keys and values have none whatever the file says.
    ['nemotron_h', { attention_bias: true }, { hybrid_override_pattern: '*-M-' }, 0],
  ])('%s with %o', (modelType, changes, before, difference) => {
    expect(more(modelType, changes, before)).toBe(difference);
  });

  it('classes that share no weights keep their head although the file ties it', () => {
    const kimi = {
      kv_lora_rank: 16,
      qk_nope_head_dim: 16,
      qk_rope_head_dim: 8,
      v_head_dim: 16,
      layer_types: Array(4).fill('full_attention'),
    };
    expect(more('kimi_linear', { tie_word_embeddings: true }, kimi)).toBe(0);
    expect(more('nemotron_h', { tie_word_embeddings: true }, { hybrid_override_pattern: '*-M-' })).toBe(0);
    expect(more('mllama_text_model', { tie_word_embeddings: true }, { cross_attention_layers: [1] })).toBe(0);
  });

  it('OPT: a head of its own is as narrow as the embedding', () => {
    const narrow = { word_embed_proj_dim: 32, ffn_dim: 96, num_key_value_heads: undefined };
    expect(more('opt', { tie_word_embeddings: false }, narrow)).toBe(1000 * 32);
  });

  it('ERNIE lists the layers with experts by type in its vision models', () => {
    const model = small('ernie4_5_vl_moe_text', { mlp_layer_types: ['sparse', 'dense', 'sparse', 'dense'] });
    expect(model.layers.map(({ ffn }) => ffn.kind)).toEqual(['moe', 'dense', 'moe', 'dense']);
  });
});

describe('MiMo-V2-Flash as Transformers writes it', () => {
  const layer_types = ['full_attention', 'sliding_attention', 'full_attention', 'sliding_attention'];

  it('slides with twice the KV heads and one sink per query head', () => {
    // Keys of 16, values of 128.
    const attention = (kv: number): number => 64 * 8 * 16 + 64 * kv * (16 + 128) + 8 * 128 * 64;
    const model = small('mimo_v2_flash', { layer_types });
    expect(attentionOf(model)).toEqual([attention(2), attention(4) + 8, attention(2), attention(4) + 8]);
    expect(model.layers.map(({ ffn }) => ffn.kind)).toEqual(['dense', 'moe', 'moe', 'moe']);
  });

  it('slides in all but the first and every sixth layer where it lists none', () => {
    const model = small('mimo_v2_flash', { num_hidden_layers: 7 });
    const windows = model.layers.map(({ attention }) => attention.cache[0]?.windowTokens);
    expect(windows).toEqual([null, 128, 128, 128, 128, null, 128]);
  });
});

describe('layers with fields of their own (per_layer_config)', () => {
  const gemma = {
    hidden_size_per_layer_input: 0,
    layer_types: ['sliding_attention', 'sliding_attention', 'full_attention', 'full_attention'],
  };
  const queries = (dim: number, kv: number): number => 64 * dim * (2 * 8 + 2 * kv) + 2 * dim;

  it('Gemma 4: heads of the layers it names, instead of those of all full layers', () => {
    const global = small('gemma4_text', { ...gemma, global_head_dim: 32 });
    expect(attentionOf(global)).toEqual([queries(16, 2), queries(16, 2), queries(32, 2), queries(32, 2)]);
    const listed = small('gemma4_text', {
      ...gemma,
      per_layer_config: { '1': { head_dim: 24, num_key_value_heads: 4 }, '03': { head_dim: 32 } },
    });
    expect(attentionOf(listed)).toEqual([queries(16, 2), queries(24, 4), queries(16, 2), queries(32, 2)]);
    expect(() => small('gemma4_text', { ...gemma, per_layer_config: { '4': {} } })).toThrow(
      /per_layer_config\.4 is "4": it must be the number of a layer below 4/,
    );
    expect(() => small('gemma4_text', { ...gemma, per_layer_config: { '2': { head_dim: 'wide' } } })).toThrow(
      /per_layer_config\.2\.head_dim is "wide"/,
    );
  });

  it('Step 3.5: query heads of the layers it names', () => {
    const step = {
      num_attention_groups: 2,
      layer_types: ['full_attention', 'sliding_attention', 'full_attention', 'sliding_attention'],
      sliding_window: 128,
    };
    const attention = (heads: number): number => 64 * 16 * (2 * heads + 2 * 2) + 64 * heads + 2 * 16;
    const saved = small('step3p5', { ...step, per_layer_config: { '1': { num_attention_heads: 12 } } });
    expect(attentionOf(saved)).toEqual([attention(8), attention(12), attention(8), attention(8)]);
    const heads = small('step3p5', { ...step, num_sliding_attention_heads: 12 });
    expect(attentionOf(heads)).toEqual([attention(8), attention(12), attention(8), attention(12)]);
  });

  it('Step 3.5: heads differ by the kind of a layer, even where its window is no shorter than the context', () => {
    const layer_types = ['full_attention', 'sliding_attention', 'full_attention', 'full_attention'];
    const model = small('step3p5', {
      num_attention_groups: 2,
      layer_types,
      sliding_window: 8192,
      num_sliding_attention_heads: 12,
    });
    expect(model.layers.map(({ attention }) => attention.numHeads)).toEqual([8, 12, 8, 8]);
  });
});

describe('further decoders of Transformers 5', () => {
  const qkvo = (heads = 8, kv = 2): number => 64 * 16 * (2 * heads + 2 * kv);
  const expert = 3 * 64 * 40;

  it('DeepSeek sparse attention goes by its new name, too', () => {
    const latent = {
      kv_lora_rank: 16,
      q_lora_rank: 24,
      qk_nope_head_dim: 16,
      qk_rope_head_dim: 8,
      v_head_dim: 16,
      index_n_heads: 2,
      index_head_dim: 16,
      index_topk: 64,
    };
    for (const modelType of ['deepseek_v32', 'glm_moe_dsa']) {
      expect(more(modelType, { layer_types: Array(4).fill('indexed_attention') }, latent)).toBe(0);
    }
  });

  it('Granite with sinks: one per query head in every layer, the first of four sees everything', () => {
    const model = small('granite_swa');
    expect(attentionOf(model)).toEqual(Array(4).fill(qkvo() + 8));
    expect(model.layers.map(({ attention }) => attention.cache[0]?.windowTokens)).toEqual([null, 128, 128, 128]);
    expect(model.isHeadTied).toBe(true);
    expect(attentionOf(small('granitemoe_swa'))).toEqual(Array(4).fill(qkvo() + 8));
  });

  it('Mellum: norms on queries and keys, experts in every layer', () => {
    const total = 2 * 1000 * 64 + 64 + 4 * (qkvo() + 2 * 16 + 2 * 64 + 4 * 64 + 4 * expert);
    expect(small('mellum').totalParameters).toBe(total);
    expect(small('mellum').activeParameters).toBe(total - 4 * 2 * expert);
  });

  it('Laguna: query heads of each layer with their gates, correction biases, a shared expert', () => {
    const lists = { num_attention_heads_per_layer: [8, 8, 4, 8], shared_expert_intermediate_size: 24 };
    const attention = (heads: number, gates = heads): number => qkvo(heads) + 64 * gates + 2 * 16;
    const model = small('laguna', lists);
    expect(attentionOf(model)).toEqual([attention(8), attention(8), attention(4), attention(8)]);
    expect(model.layers.map(({ ffn }) => sumOfParameters(ffn.weights))).toEqual([
      3 * 64 * 96,
      ...Array<number>(3).fill(4 * 64 + 4 + 4 * expert + 3 * 64 * 24),
    ]);
    expect(attentionOf(small('laguna', { ...lists, gating: 'per-feature' }))[2]).toBe(attention(4, 4 * 16));
    expect(() => small('laguna', { ...lists, num_attention_heads_per_layer: [8, 8, 3, 8] })).toThrow(
      /num_attention_heads_per_layer\[2\] is 3: it must be a multiple of the 2 KV heads/,
    );
  });

  it('Cohere 2 with experts: one norm a layer, dense layers first, each part slides by its own pattern', () => {
    const changes = {
      first_k_dense_replace: 2,
      prefix_dense_intermediate_size: 80,
      prefix_dense_sliding_window_pattern: 2,
      sliding_window_pattern: 2,
      sliding_window: 64,
      num_shared_experts: 1,
    };
    const model = small('cohere2_moe', changes);
    const wide = 3 * 64 * 96;
    const layers = 4 * (qkvo() + 64) + 2 * 3 * 64 * 80 + 2 * (4 * 64 + 4 * wide + wide);
    expect(model.totalParameters).toBe(1000 * 64 + 64 + layers);
    expect(model.layers.map(({ attention }) => attention.cache[0]?.windowTokens)).toEqual([64, null, 64, null]);
  });

  it('the text decoder of Aria: experts and shared ones as wide as the file says', () => {
    const wide = 3 * 64 * 96;
    const total = 2 * 1000 * 64 + 64 + 4 * (qkvo() + 2 * 64 + 4 * 64 + 4 * wide + 2 * wide);
    expect(small('aria_text', { moe_num_experts: 4, moe_topk: 2 }).totalParameters).toBe(total);
  });

  it('Gemma 4 without per-layer embeddings', () => {
    const layer_types = ['sliding_attention', 'sliding_attention', 'sliding_attention', 'full_attention'];
    const layers = 3 * (qkvo() + 2 * 16) + (2 * qkvo() + 2 * 32) + 4 * (3 * 64 * 96 + 4 * 64);
    expect(small('gemma4_unified_text', { layer_types, global_head_dim: 32 }).totalParameters).toBe(
      1000 * 64 + 64 + layers,
    );
  });

  it('what does not work token by token, or not by itself, is refused', () => {
    expect(() => small('hrm_text')).toThrow(/layers that every token passes several times/);
    expect(() => small('novel', { H_cycles: 2, L_cycles: 3 })).toThrow(/layers that every token passes several times/);
    expect(() => small('jetmoe')).toThrow(/attention whose heads a router chooses/);
    expect(() => small('xlnet')).toThrow(/an encoder that does not generate text/);
    expect(() => small('gpt2', { add_cross_attention: true })).toThrow(/an encoder beside the decoder/);
  });
});

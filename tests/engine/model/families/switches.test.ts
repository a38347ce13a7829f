import { describe, expect, it } from 'vitest';
import { analyze, llama, llamaConfig } from '../bundled.ts';
import type { Model } from '../../../../src-worker/engine/model/types.ts';

/** Llama-2-7B's sizes under another family: h 4096, 32 layers, 32 heads of 128, f 11008, V 32000. */
const as = (model_type: string, changes: Record<string, unknown> = {}): Model =>
  analyze(
    llamaConfig({
      model_type,
      architectures: undefined,
      tie_word_embeddings: undefined,
      num_key_value_heads: undefined,
      ...changes,
    }),
  );
/** What a changed file has more than the same without the change, per layer. */
const perLayer = (model_type: string, changes: Record<string, unknown>, before: Record<string, unknown> = {}): number =>
  (as(model_type, { ...before, ...changes }).totalParameters - as(model_type, before).totalParameters) / 32;
const windows = (model: Model): (number | null)[] =>
  model.layers.map(({ attention }) => attention.cache[0]?.windowTokens ?? null);

describe('switches of a file', () => {
  const attentionBiases = 4 * 4096;
  const qkvBiases = 3 * 4096;

  it.each([
    ['llama', { attention_bias: true }, attentionBiases],
    ['llama', { mlp_bias: true }, 2 * 11008 + 4096],
    ['granite', { attention_bias: true, mlp_bias: true }, attentionBiases + 2 * 11008 + 4096],
    ['glm', { attention_bias: false, num_key_value_heads: 32 }, -qkvBiases],
    ['glm4', { attention_bias: false, num_key_value_heads: 32 }, -qkvBiases],
    ['helium', { attention_bias: true, num_key_value_heads: 32 }, qkvBiases],
    ['seed_oss', { attention_out_bias: true, num_key_value_heads: 32 }, 4096],
    ['nanochat', { attention_bias: true }, attentionBiases],
    ['stablelm', { use_qkv_bias: true }, qkvBiases],
    ['stablelm', { qk_layernorm: true }, 2 * 4096],
    ['stablelm', { use_parallel_residual: true }, -2 * 4096],
    ['persimmon', { qk_layernorm: false }, -4 * 128],
    ['phi', { qk_layernorm: true }, 4 * 128],
    ['cohere', { use_qk_norm: true }, 2 * 4096],
    ['hyperclovax', { use_post_norm: false }, -2 * 4096],
    ['gpt_neox', { attention_bias: false }, -attentionBiases],
    ['opt', { layer_norm_elementwise_affine: false, ffn_dim: 11008 }, -4 * 4096 - (2 * 4096) / 32],
    ['falcon', { parallel_attn: false }, 2 * 4096],
    ['falcon', { num_ln_in_parallel_attn: 2 }, 2 * 4096],
    ['falcon', { new_decoder_architecture: true, num_kv_heads: 1 }, 2 * 4096],
    ['ernie4_5', { use_bias: true, num_key_value_heads: 32 }, attentionBiases + 2 * 11008 + 4096],
    ['mpt', { no_bias: false }, attentionBiases + 4 * 4096 + 4096 + 2 * 4096 + 4096 / 32],
    ['mpt', { attn_config: { qk_ln: true } }, 2 * 4096],
    ['jais2', { attention_bias: false, mlp_bias: false }, -attentionBiases - 11008 - 4096],
  ])('%s with %o: %i parameters per layer', (modelType, changes, difference) => {
    const { num_key_value_heads, ffn_dim, num_kv_heads } = changes as Record<string, unknown>;
    expect(perLayer(modelType, changes, { num_key_value_heads, ffn_dim, num_kv_heads })).toBe(difference);
  });
});

describe('class defaults for keys a file leaves out', () => {
  it.each([
    ['mistral', 8],
    ['mixtral', 8],
    ['seed_oss', 8],
    ['cwm', 8],
    ['starcoder2', 2],
    ['glm4', 2],
    ['smollm3', 4],
    ['llama', 32],
  ])('%s has %i KV heads', (modelType, kvHeads) => {
    const experts = { num_local_experts: 8, num_experts_per_tok: 2 };
    const { label } = as(modelType, modelType === 'mixtral' ? experts : {}).layers[0]!.attention;
    expect(label).toContain(`/ ${kvHeads} KV heads`);
  });

  it('one KV head per query head where the file writes null, as the classes do', () => {
    expect(as('mistral', { num_key_value_heads: null }).layers[0]!.attention.label).toContain('/ 32 KV heads');
  });

  it.each([
    ['exaone4', false],
    ['glm4', false],
    ['seed_oss', false],
    ['granite', false],
    ['nemotron', false],
    ['jais2', false],
    ['gemma2', true],
    ['cohere2', true],
    ['smollm3', true],
    ['minicpm', true],
    ['starcoder2', true],
    ['bloom', true],
    ['xglm', true],
  ])('%s: tied %s', (modelType, isTied) => {
    expect(as(modelType).isHeadTied).toBe(isTied);
  });
});

describe('windows', () => {
  it('are those of the class where the file leaves them out, none where it writes null', () => {
    const long = { max_position_embeddings: 131_072 };
    expect(windows(as('exaone4', long)).slice(0, 4)).toEqual([4096, 4096, 4096, null]);
    expect(new Set(windows(as('exaone4', { ...long, sliding_window: null })))).toEqual(new Set([null]));
    expect(windows(as('cwm', long)).slice(0, 5)).toEqual([null, 8192, 8192, 8192, null]);
    expect(new Set(windows(as('mistral', long)))).toEqual(new Set([null]));
  });

  it('are off in SmolLM3 and Qwen until the file turns them on', () => {
    const long = { max_position_embeddings: 131_072, sliding_window: 4096 };
    expect(new Set(windows(as('smollm3', long)))).toEqual(new Set([null]));
    const sliding = windows(as('smollm3', { ...long, use_sliding_window: true }));
    // Every fourth layer does not rotate its positions; those slide.
    expect(sliding.slice(0, 4)).toEqual([null, null, null, 4096]);
    const qwen = windows(as('qwen2', { max_position_embeddings: 131_072, use_sliding_window: true }));
    expect(qwen.slice(27, 29)).toEqual([null, 4096]);
  });

  it('may be written -1 for none', () => {
    expect(new Set(windows(as('mistral', { sliding_window: -1 })))).toEqual(new Set([null]));
  });

  it('of GPT-Neo follow attention_types', () => {
    const model = as('gpt_neo', { attention_types: [[['global', 'local'], 16]], window_size: 256 });
    expect(windows(model).slice(0, 4)).toEqual([null, 256, null, 256]);
    expect(() => as('gpt_neo', { attention_types: ['local'] })).toThrow(/attention_types\[0\] is "local"/);
  });

  it('of PLaMo 3 may be listed for each layer', () => {
    const listed = Array.from({ length: 32 }, (_, layer) => (layer % 2 ? null : 1024));
    expect(windows(as('plamo3', { sliding_window: listed })).slice(0, 3)).toEqual([1024, null, 1024]);
    expect(windows(as('plamo3', { sliding_window: 1024 })).slice(6, 9)).toEqual([1024, null, 1024]);
  });
});

describe('files that leave open what their class does not', () => {
  it.each(['plamo3', 'telechat'])('%s is estimated until the file says whether its head is tied', (modelType) => {
    const open = as(modelType);
    expect(open.isEstimated).toBe(true);
    expect(open.assumptions.join(' ')).toContain('own weights are assumed');
    expect(as(modelType, { tie_word_embeddings: false })).toMatchObject({ isEstimated: false, assumptions: [] });
  });
});

describe('ERNIE 4.5 without a word on shared experts', () => {
  const experts = { moe_num_experts: 8, moe_k: 2, moe_intermediate_size: 64, num_key_value_heads: 4 };

  it('has the two that Transformers takes, labelled estimated since PaddlePaddle takes none', () => {
    const open = as('ernie4_5_moe', experts);
    expect(open.isEstimated).toBe(true);
    expect(open.assumptions.join(' ')).toContain('moe_num_shared_experts');
    const two = as('ernie4_5_moe', { ...experts, moe_num_shared_experts: 2 });
    expect(two).toMatchObject({ isEstimated: false, assumptions: [], totalParameters: open.totalParameters });
    const none = as('ernie4_5_moe', { ...experts, moe_num_shared_experts: 0 });
    // The first layer is dense.
    expect(two.totalParameters - none.totalParameters).toBe(31 * 3 * 4096 * 2 * 64);
  });
});

describe('layers listed beyond the last one', () => {
  it('belong to blocks for multi-token prediction', () => {
    const layer_types = Array<string>(34).fill('full_attention');
    expect(llama({ layer_types, num_nextn_predict_layers: 2 }).layers).toHaveLength(32);
    expect(() => llama({ layer_types, num_nextn_predict_layers: 1 })).toThrow(/layer_types is a list of 34/);
  });
});

import { describe, expect, it } from 'vitest';
import { ATTENTION_KINDS } from '../../../../src-worker/engine/model/attention/kinds.ts';
import { modelTypeOfClass } from '../../../../src-worker/engine/model/families/architectures.ts';
import { familyOf } from '../../../../src-worker/engine/model/families/registry.ts';
import type { Model } from '../../../../src-worker/engine/model/types.ts';
import { attempt } from '../../../../src-worker/protocol/result.ts';
import { analyze, bundledFiles, bundledSource, idOfFile, llama, llamaConfig } from '../bundled.ts';

const novelConfig = (changes: Record<string, unknown> = {}): Record<string, unknown> =>
  llamaConfig({ model_type: 'novel', architectures: ['NovelForCausalLM'], ...changes });
const novel = (changes: Record<string, unknown> = {}): Model => analyze(novelConfig(changes));
const moreThanLlama = (changes: Record<string, unknown>): number =>
  (novel(changes).totalParameters - llama().totalParameters) / 32;
const windows = (model: Model): (number | null)[] =>
  model.layers.map(({ attention }) => attention.cache[0]?.windowTokens ?? null);

describe('an unknown decoder', () => {
  it('is estimated from its fields, every assumption in a sentence', () => {
    const model = novel();
    expect(model.isEstimated).toBe(true);
    expect(model.totalParameters).toBe(llama().totalParameters);
    expect(model.assumptions).toEqual([
      'model_type "novel" is not known: its size follows from the fields of config.json alone.',
      'Attention is assumed to be grouped-query with four projections; biases none; norms on queries and keys none.',
      'The feed-forward networks are assumed to be gated (three matrices); biases none.',
      'Two RMSNorms per layer and one before the head are assumed.',
    ]);
  });

  it.each([
    [{ attention_bias: true }, 4 * 4096],
    [{ qkv_bias: true }, 3 * 4096],
    [{ use_qkv_bias: true }, 3 * 4096],
    [{ attention_bias: false, mlp_bias: true }, 2 * 11_008 + 4096],
    [{ use_bias: true }, 4 * 4096 + 2 * 11_008 + 4096],
    [{ use_qk_norm: true }, 2 * 128],
    [{ qk_norm: true, qk_norm_type: 'per_layer' }, 2 * 4096],
    [{ use_post_norm: true }, 2 * 4096],
    [{ attn_output_gate: true }, 4096 * 4096],
    [{ use_head_wise_attn_gate: true }, 32 * 4096],
    [{ hidden_act: 'silu' }, 0],
    [{ hidden_act: 'relu2' }, -4096 * 11_008],
    [{ hidden_act: 'gelu', gated_mlp: true }, 0],
    [{ layer_norm_eps: 1e-5 }, 2 * 4096 + 4096 / 32],
    [{ layer_norm_eps: 1e-5, rms_norm_eps: 1e-5 }, 0],
  ])('with %o has %d parameters more per layer', (changes, difference) => {
    expect(moreThanLlama(changes)).toBe(difference);
  });

  it('says which field a figure follows', () => {
    const text = novel({
      qkv_bias: true,
      qk_norm: true,
      hidden_act: 'relu2',
      tie_word_embeddings: undefined,
    }).assumptions.join(' ');
    expect(text).toContain('biases as qkv_bias says; norms on queries and keys as qk_norm says');
    expect(text).toContain('plain (two matrices), from hidden_act');
    expect(text).toContain('The output head is assumed to have its own weights.');
  });

  it('has the windows a file lists, a pattern names, or all layers', () => {
    const slides = { sliding_window: 512 };
    expect(windows(novel({ ...slides, layer_types: undefined })).slice(0, 2)).toEqual([512, 512]);
    expect(windows(novel({ ...slides, sliding_window_pattern: 2 })).slice(0, 2)).toEqual([512, null]);
    expect(windows(novel({ ...slides, use_sliding_window: false })).slice(0, 2)).toEqual([null, null]);
    const layer_types = Array.from({ length: 32 }, (_, layer) => (layer ? 'sliding_attention' : 'full_attention'));
    expect(windows(novel({ ...slides, layer_types })).slice(0, 2)).toEqual([null, 512]);
  });

  it('has one width, or one for each layer', () => {
    const widths = Array.from({ length: 32 }, (_, layer) => (layer ? 11_008 : 5504));
    expect(llama().totalParameters - novel({ intermediate_size: widths }).totalParameters).toBe(3 * 4096 * 5504);
  });

  it('is refused when a field is missing that its size needs', () => {
    expect(() => novel({ intermediate_size: undefined })).toThrow(/intermediate_size is missing/);
  });
});

describe('experts of an unknown decoder', () => {
  const experts = { num_experts: 8, num_experts_per_tok: 2, moe_intermediate_size: 1024 };
  const kinds = (changes: Record<string, unknown>): string[] =>
    novel({ ...experts, ...changes })
      .layers.slice(0, 4)
      .map(({ ffn }) => ffn.kind);

  it.each([
    [{}, ['moe', 'moe', 'moe', 'moe']],
    [{ first_k_dense_replace: 2 }, ['dense', 'dense', 'moe', 'moe']],
    [{ num_dense_layers: 1 }, ['dense', 'moe', 'moe', 'moe']],
    [{ decoder_sparse_step: 2 }, ['dense', 'moe', 'dense', 'moe']],
    [{ mlp_only_layers: [1] }, ['moe', 'dense', 'moe', 'moe']],
    [{ interleave_moe_layer_step: 2 }, ['dense', 'moe', 'dense', 'moe']],
    [{ moe_layers_enum: '1,3' }, ['dense', 'moe', 'dense', 'moe']],
    [{ moe_layer_start_index: 3, moe_layer_end_index: -1 }, ['dense', 'dense', 'dense', 'moe']],
    [{ num_experts: 1 }, ['dense', 'dense', 'dense', 'dense']],
  ])('stand where %o says', (changes, expected) => {
    expect(kinds(changes)).toEqual(expected);
  });

  it.each([
    [{ n_shared_experts: 2 }, 2 * 3 * 4096 * 1024],
    [{ num_shared_experts: 1, moe_shared_expert_intermediate_size: 512 }, 3 * 4096 * 512],
    [{ share_expert_dim: 2048 }, 3 * 4096 * 2048],
    [{ shared_intermediate_size: 0 }, 0],
    // Qwen's comes with a gate.
    [{ shared_expert_intermediate_size: 2048 }, 3 * 4096 * 2048 + 4096],
    [{ use_moe_router_bias: true }, 8],
    [{ scoring_func: 'sigmoid' }, 8],
    [{ topk_method: 'noaux_tc' }, 8],
  ])('with %o have %i parameters more per layer', (changes, difference) => {
    const plain = novel(experts).totalParameters;
    expect((novel({ ...experts, ...changes }).totalParameters - plain) / 32).toBe(difference);
  });

  it('are told in sentences', () => {
    const text = novel({ ...experts, share_expert_dim: 64, num_nextn_predict_layers: 1 }).assumptions.join(' ');
    expect(text).toContain('Expert layers are assumed to be those');
    expect(text).toContain('Shared experts are assumed as share_expert_dim says.');
    expect(text).toContain('multi-token prediction are not counted');
  });
});

describe('kinds of attention an unknown decoder betrays', () => {
  it('are read by their own registry entry: here MFA', () => {
    const model = novel({ share_q_dim: 1024, head_dim: 128 });
    expect(new Set(model.layers.map(({ attention }) => attention.kind))).toEqual(new Set(['mfa']));
    expect(model.assumptions.join(' ')).toContain('The fields betray multi-matrix factorization attention (MFA)');
  });

  it('are not refused for a field that a registered kind reads', () => {
    for (const { telltales } of Object.values(ATTENTION_KINDS)) {
      for (const field of telltales) {
        const result = attempt(() => novel({ [field]: 8 }));
        // What is refused then is a missing or wrong size, or that no list says which layers are meant.
        if (!result.ok) expect(result.error.message).not.toContain('which is not supported yet');
      }
    }
  });

  it('are refused together when no list says which layer has which', () => {
    expect(() => novel({ share_q_dim: 1024, cross_attention_layers: [1] })).toThrow(
      /novel uses cross-attention .* and multi-matrix .*, but config.json does not say in which layers \(layer_types\)/,
    );
  });

  it('are refused in words when nobody reads them', () => {
    const layer_types = Array<string>(32).fill('telepathic_attention');
    expect(() => novel({ layer_types })).toThrow(/layers of the kind "telepathic_attention" \(layer_types\)/);
  });
});

describe('a known class under an unknown model_type', () => {
  it('is read as that class, and stays estimated', () => {
    const model = novel({ architectures: ['Qwen3ForCausalLM'], num_key_value_heads: 8 });
    // Norms on queries and keys, as Qwen 3 has them.
    expect(model.totalParameters).toBe(llama({ num_key_value_heads: 8 }).totalParameters + 32 * 2 * 128);
    expect(model.isEstimated).toBe(true);
    expect(model.assumptions).toEqual([
      'model_type "novel" is not known: the file is read as the class Qwen3ForCausalLM that architectures names.',
    ]);
  });

  it('has the class defaults: a Gemma ties its head', () => {
    const model = novel({ architectures: ['GemmaForCausalLM'], tie_word_embeddings: undefined, head_dim: 128 });
    expect(model.isHeadTied).toBe(true);
  });

  it('is not believed when the fields betray a kind the class does not have', () => {
    const model = novel({ architectures: ['LlamaForCausalLM'], share_q_dim: 1024, head_dim: 128 });
    expect(model.layers[0]!.attention.kind).toBe('mfa');
  });

  it('reads the first names of Falcon: RefinedWebModel', () => {
    const model = analyze({
      model_type: 'RefinedWebModel',
      architectures: ['RWForCausalLM'],
      hidden_size: 4544,
      n_head: 71,
      n_layer: 32,
      multi_query: true,
      parallel_attn: true,
      bias: false,
      vocab_size: 65024,
    });
    // Falcon-7B: the hub's 7,217,189,760 less the tied head stored a second time.
    expect(model.totalParameters).toBe(7_217_189_760 - 65_024 * 4544);
    expect(model.isEstimated).toBe(false);
  });

  it('names only families that are read, or that are refused in words elsewhere', () => {
    expect(familyOf(modelTypeOfClass('RWForCausalLM') ?? '')).toBe(familyOf('falcon'));
    expect(modelTypeOfClass('constructor')).toBeNull();
    expect(modelTypeOfClass('NovelForCausalLM')).toBeNull();
  });
});

describe('bundled decoders with their model_type hidden', () => {
  // What the fields alone give away is near the truth for the families built like Llama.
  const FAMILIES = new Set([
    'llama',
    'mistral',
    'mixtral',
    'qwen2',
    'qwen3',
    'qwen3_moe',
    'phi3',
    'granite',
    'olmoe',
    'glm4_moe',
    'internlm2',
  ]);

  it('come within 1 % of their total', () => {
    let compared = 0;
    for (const file of bundledFiles()) {
      const { config } = bundledSource(idOfFile(file));
      const { model_type, architectures } = config as { model_type?: string; architectures?: string[] };
      if (!FAMILIES.has(model_type ?? '') || !architectures?.[0]?.endsWith('ForCausalLM')) continue;
      const known = analyze(config);
      const hidden = analyze({ ...(config as object), model_type: 'novel', architectures: ['NovelForCausalLM'] });
      expect(hidden.isEstimated).toBe(true);
      expect(hidden.totalParameters / known.totalParameters).toBeGreaterThan(0.99);
      expect(hidden.totalParameters / known.totalParameters).toBeLessThan(1.01);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(60);
  });
});

import { describe, expect, it } from 'vitest';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { kvBytesPerToken } from '../../../../src-worker/engine/model/kv.ts';
import { analyze, bundledModel } from '../bundled.ts';
import { tinyLatent, tinyLatentConfig } from '../latent.ts';

/** Fields of published files that decide the size, as Transformers 4 writes them. */
const DEEPSEEK_V2 = {
  architectures: ['DeepseekV2ForCausalLM'],
  model_type: 'deepseek_v2',
  attention_bias: false,
  first_k_dense_replace: 1,
  hidden_size: 5120,
  intermediate_size: 12288,
  kv_lora_rank: 512,
  max_position_embeddings: 163840,
  moe_intermediate_size: 1536,
  moe_layer_freq: 1,
  n_group: 8,
  n_routed_experts: 160,
  n_shared_experts: 2,
  num_attention_heads: 128,
  num_experts_per_tok: 6,
  num_hidden_layers: 60,
  num_key_value_heads: 128,
  q_lora_rank: 1536,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  rope_scaling: { type: 'yarn', factor: 40, original_max_position_embeddings: 4096 },
  tie_word_embeddings: false,
  topk_group: 3,
  topk_method: 'group_limited_greedy',
  v_head_dim: 128,
  vocab_size: 102400,
};

const DEEPSEEK_CODER_V2_LITE = {
  ...DEEPSEEK_V2,
  hidden_size: 2048,
  intermediate_size: 10944,
  moe_intermediate_size: 1408,
  n_group: 1,
  n_routed_experts: 64,
  num_attention_heads: 16,
  num_hidden_layers: 27,
  num_key_value_heads: 16,
  q_lora_rank: null,
  topk_group: 1,
  topk_method: 'greedy',
};

const MOONLIGHT = {
  ...DEEPSEEK_CODER_V2_LITE,
  architectures: ['DeepseekV3ForCausalLM'],
  model_type: 'deepseek_v3',
  intermediate_size: 11264,
  max_position_embeddings: 8192,
  rope_scaling: null,
  num_nextn_predict_layers: 0,
  scoring_func: 'sigmoid',
  topk_method: 'noaux_tc',
  vocab_size: 163840,
};

/** As Transformers 5 writes them. */
const GLM_4_7_FLASH = {
  architectures: ['Glm4MoeLiteForCausalLM'],
  model_type: 'glm4_moe_lite',
  attention_bias: false,
  dtype: 'bfloat16',
  hidden_size: 2048,
  intermediate_size: 10240,
  max_position_embeddings: 202752,
  mlp_layer_types: ['dense', ...Array<string>(46).fill('sparse')],
  moe_intermediate_size: 1536,
  n_group: 1,
  num_attention_heads: 20,
  n_routed_experts: 64,
  n_shared_experts: 1,
  num_experts_per_tok: 4,
  num_hidden_layers: 47,
  num_key_value_heads: 20,
  num_nextn_predict_layers: 1,
  kv_lora_rank: 512,
  q_lora_rank: 768,
  qk_nope_head_dim: 192,
  qk_rope_head_dim: 64,
  v_head_dim: 256,
  rope_parameters: { rope_theta: 1_000_000, rope_type: 'default' },
  tie_word_embeddings: false,
  topk_method: 'noaux_tc',
  vocab_size: 154880,
};

describe('published models with latent attention that are not bundled', () => {
  it.each<[string, number, Record<string, unknown>]>([
    // Safetensors totals of the hub.
    ['deepseek-ai/DeepSeek-V2', 235_741_434_880, DEEPSEEK_V2],
    ['deepseek-ai/DeepSeek-V2.5', 235_741_434_880, { ...DEEPSEEK_V2, num_key_value_heads: undefined }],
    ['deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct', 15_706_484_224, DEEPSEEK_CODER_V2_LITE],
    // The file may leave out what equals the class's default (DeepseekV3Config).
    ['deepseek-ai/DeepSeek-Prover-V2-671B', 671_026_419_200, { model_type: 'deepseek_v3', rope_scaling: null }],
  ])('%s has %i parameters', (_, total, config) => {
    expect(analyze(config).totalParameters).toBe(total);
  });

  it('DeepSeek-V2 uses 21 B of 236 B and caches 576 elements in each of 60 layers', () => {
    const model = analyze(DEEPSEEK_V2);
    expect(model.activeParameters / 1e9).toBeCloseTo(21.4, 1);
    expect(kvBytesPerToken(model, 2, 8)).toBe(60 * 576 * 2);
    expect(model.maxContextTokens).toBe(163_840);
  });

  it('Moonlight-16B-A3B, and the text part of Kimi-VL, is worked by hand: 15.96 B', () => {
    const attention = 2048 * 16 * 192 + 2048 * 576 + 512 + 512 * 16 * 256 + 16 * 128 * 2048;
    const sparse = 64 * 2048 + 64 + 66 * 3 * 2048 * 1408;
    const layers = 27 * (attention + 2 * 2048) + 3 * 2048 * 11264 + 26 * sparse;
    const total = 2 * 163840 * 2048 + layers + 2048;
    expect(analyze(MOONLIGHT).totalParameters).toBe(total);
    expect(total / 1e9).toBeCloseTo(15.96, 2);
    expect((analyze(MOONLIGHT).activeParameters - 2 * 163840 * 2048) / 1e9).toBeCloseTo(2.24, 2);
  });

  it('GLM-4.7-Flash: 31,221,488,576 on the hub with its block and copies of embedding and head', () => {
    const model = analyze(GLM_4_7_FLASH);
    expect(model.totalParameters + model.mtpParameters + 2 * 154880 * 2048).toBe(31_221_488_576);
    expect(model.activeParameters / 1e9).toBeCloseTo(3.9, 1);
    const older = { ...GLM_4_7_FLASH, mlp_layer_types: null, first_k_dense_replace: 1 };
    expect(analyze(older).layers).toEqual(model.layers);
  });

  it('Kimi-K2: a trillion parameters as the 16-bit copies on the hub list them, 32 B active', () => {
    const model = bundledModel('moonshotai/Kimi-K2-Instruct');
    expect(model.totalParameters).toBe(1_026_408_232_448);
    expect(model.activeParameters / 1e9).toBeCloseTo(32.9, 1);
    expect(model.mtpParameters).toBe(0);
  });

  it.each([
    // Model cards: 519 B with 33 B active; 119 B; 1.96 B. The classes' defaults are these models.
    ['axk1', 519, 33],
    ['mistral4', 119, 6.5],
    ['youtu', 1.96, 1.96],
  ])('%s has the published size by the defaults of its class', (model_type, total, active) => {
    const model = analyze({ model_type, max_position_embeddings: 32768 });
    expect(model.totalParameters / 1e9 / total).toBeCloseTo(1, 2);
    expect(model.activeParameters / 1e9 / active).toBeCloseTo(1, 1);
  });
});

describe('rules of the DeepSeek families', () => {
  const biasesOf = (changes: Record<string, unknown>): number => {
    const { weights } = tinyLatent(changes).layers[1]!.ffn;
    return sumOfParameters(weights.filter(({ name }) => name === 'mlp.gate.bias'));
  };

  it('correct the scores of the router when topk_method is noaux_tc, in the V3 line also when it is absent', () => {
    expect(biasesOf({})).toBe(16);
    expect(biasesOf({ topk_method: undefined })).toBe(16);
    expect(biasesOf({ topk_method: 'greedy' })).toBe(0);
    expect(biasesOf({ model_type: 'deepseek_v2' })).toBe(16);
    expect(biasesOf({ model_type: 'deepseek_v2', topk_method: 'group_limited_greedy' })).toBe(0);
    expect(biasesOf({ model_type: 'deepseek_v2', topk_method: undefined })).toBe(0);
    expect(biasesOf({ model_type: 'mistral4' })).toBe(0);
  });

  it('have experts where a list names them, else after the first dense layers at a frequency', () => {
    const kinds = (changes: Record<string, unknown>) => tinyLatent(changes).layers.map(({ ffn }) => ffn.kind);
    expect(kinds({})).toEqual(['dense', 'moe', 'moe', 'moe']);
    expect(kinds({ first_k_dense_replace: 0, moe_layer_freq: 2 })).toEqual(['moe', 'dense', 'moe', 'dense']);
    expect(kinds({ moe_layer_freq: [0, 0, 1, 1] })).toEqual(['dense', 'dense', 'moe', 'moe']);
    const mlp_layer_types = ['sparse', 'dense', 'sparse', 'sparse'];
    expect(kinds({ mlp_layer_types })).toEqual(['moe', 'dense', 'moe', 'moe']);
    expect(kinds({ n_routed_experts: null })).toEqual(Array(4).fill('dense'));
  });

  it.each([
    [{ moe_layer_freq: [0, 1] }, /moe_layer_freq is a list of 2: it must be a list of 4 entries/],
    [{ moe_layer_freq: [0, 1, 2, 1] }, /moe_layer_freq\[2\] is 2: it must be 0 \(dense\) or 1/],
    [{ mlp_layer_types: ['sparse', 'dense', 'wide', 'dense'] }, /mlp_layer_types\[2\] is "wide"/],
  ])('refuse the list %o', (changes, sentence) => {
    expect(() => tinyLatent(changes)).toThrow(sentence);
  });

  it('keep shared experts in one network of their joint width, and none where there are none', () => {
    const shared = (changes: Record<string, unknown>): number => {
      const weights = tinyLatent(changes).layers[1]!.ffn.weights.filter(
        ({ weightClass }) => weightClass === 'sharedExperts',
      );
      return sumOfParameters(weights);
    };
    expect(shared({ n_shared_experts: 3 })).toBe(3 * 1000 * 300);
    expect(shared({ n_shared_experts: null })).toBe(0);
    // DeepseekV2Config: two.
    expect(shared({ model_type: 'deepseek_v2', n_shared_experts: undefined })).toBe(3 * 1000 * 200);
  });

  it('fall back on plain attention where a V2 file says use_mla is false (DeepSeek-OCR, DeepSeek-VL2-tiny)', () => {
    // The language part of DeepSeek-OCR: 12 layers of width 1280, 10 heads.
    const text = {
      model_type: 'deepseek_v2',
      hidden_size: 1280,
      num_hidden_layers: 12,
      num_attention_heads: 10,
      num_key_value_heads: 10,
      intermediate_size: 6848,
      moe_intermediate_size: 896,
      n_routed_experts: 64,
      n_shared_experts: 2,
      num_experts_per_tok: 6,
      first_k_dense_replace: 1,
      kv_lora_rank: null,
      q_lora_rank: null,
      qk_nope_head_dim: 0,
      qk_rope_head_dim: 0,
      v_head_dim: 0,
      topk_method: 'greedy',
      vocab_size: 129280,
      max_position_embeddings: 8192,
    };
    const model = analyze({ ...text, use_mla: false });
    const layers = 12 * (4 * 1280 * 1280 + 2 * 1280) + 3 * 1280 * 6848 + 11 * (64 * 1280 + 66 * 3 * 1280 * 896);
    expect(model.totalParameters).toBe(2 * 129280 * 1280 + layers + 1280);
    expect(model.layers[0]!.attention.label).toBe('MHA 10 query / 10 KV heads of 128');
    expect(analyze(text).layers).toEqual(model.layers);
  });

  it('A.X K1 has a third norm behind its experts', () => {
    const norms = (model_type: string) =>
      tinyLatent({ model_type }).layers.map((layer) => sumOfParameters(layer.norms));
    expect(norms('axk1')).toEqual([2000, 3000, 3000, 3000]);
    expect(norms('deepseek_v3')).toEqual(Array(4).fill(2000));
  });

  it('MiniCPM3 and Youtu tie their head, the others do not', () => {
    const isTied = (model_type: string) =>
      analyze({ ...tinyLatentConfig({ model_type }), tie_word_embeddings: undefined }).isHeadTied;
    expect(['minicpm3', 'youtu', 'deepseek_v2', 'deepseek_v3', 'glm_moe_dsa'].map(isTied)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

import { dsaAttention, DSA } from '../attention/dsa.ts';
import { gqaAttention } from '../attention/gqa.ts';
import { MLA, mlaAttention } from '../attention/mla.ts';
import { denseFfn } from '../ffn/dense.ts';
import { afterDenseLayers, moeFfn, moeOrDense, sharedOfExpertWidth } from '../ffn/moe.ts';
import { shortcutFfn } from '../ffn/shortcut.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, never, type AttentionReader, type FfnReader, type FlagRule } from '../frame.ts';
import { nextTokenBlocks } from './mtp.ts';
import { attentionBias, mlpBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

/** DeepSeek's mixture of experts: some dense layers first, shared experts in one network of their joint width. */
const deepseekMoe = (routerBias: FlagRule, bias: FlagRule = never): FfnReader => {
  const dense = denseFfn({ bias });
  return moeOrDense(
    moeFfn({
      sparse: afterDenseLayers,
      expertWidth: ['moe_intermediate_size'],
      routerBias,
      shared: sharedOfExpertWidth('n_shared_experts', { bias }),
      dense,
    }),
    dense,
  );
};

/** `noaux_tc` corrects the router's scores by one number per expert (`e_score_correction_bias`). */
const correctsScores: FlagRule = (fields) => fields.optionalText(['topk_method']) === 'noaux_tc';

/** The V3 line corrects them unless its file names another method. */
const correctsScoresUnlessSaid: FlagRule = (fields) => !fields.has('topk_method') || correctsScores(fields);

/**
 * Small members of the V2 line (DeepSeek-VL2-tiny, DeepSeek-OCR) have plain attention instead: `use_mla` is false, or both
 * parts of a query head are empty (as vLLM decides it).
 */
const isWithoutLatent = (fields: ConfigFields): boolean =>
  !fields.flag(['use_mla'], true) ||
  ['qk_nope_head_dim', 'qk_rope_head_dim'].every((name) => fields.optionalCount([name], LIMITS.heads, 0) === 0);

const plainAttention = gqaAttention({ qkvBias: attentionBias, outBias: attentionBias });
const latentAttention = mlaAttention();
const v2Attention: AttentionReader = (fields, frame) =>
  (isWithoutLatent(fields) ? plainAttention : latentAttention)(fields, frame);

const latent: DecoderFamily = {
  attention: latentAttention,
  ffn: deepseekMoe(correctsScoresUnlessSaid),
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: MLA.layerTypes,
};

/** Defaults of Transformers' DeepseekV2Config. */
const deepseekV2: DecoderFamily = {
  ...latent,
  attention: v2Attention,
  ffn: deepseekMoe(correctsScores, mlpBias),
  defaults: {
    num_attention_heads: 32,
    q_lora_rank: 1536,
    kv_lora_rank: 512,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
    n_routed_experts: 64,
    n_shared_experts: 2,
    moe_intermediate_size: 1407,
    first_k_dense_replace: 0,
    intermediate_size: 11008,
  },
};

/** Defaults of Transformers' DeepseekV3Config. */
const deepseekV3: DecoderFamily = {
  ...latent,
  defaults: {
    vocab_size: 129280,
    hidden_size: 7168,
    intermediate_size: 18432,
    moe_intermediate_size: 2048,
    num_hidden_layers: 61,
    num_attention_heads: 128,
    n_shared_experts: 1,
    n_routed_experts: 256,
    num_experts_per_tok: 8,
    q_lora_rank: 1536,
    kv_lora_rank: 512,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
    first_k_dense_replace: 3,
  },
  mtpParameters: nextTokenBlocks(latent),
};

/** DeepSeek-V3.2: V3 with an indexer in every layer (Transformers' DeepseekV32Config). */
const sparse: DecoderFamily = {
  ...latent,
  attention: dsaAttention,
  layerTypes: [...DSA.layerTypes, ...MLA.layerTypes],
};
const deepseekV32: DecoderFamily = {
  ...sparse,
  defaults: { ...deepseekV3.defaults, index_topk: 2048, index_head_dim: 128, index_n_heads: 64 },
  mtpParameters: nextTokenBlocks(sparse),
};

/** GLM-5: defaults of Transformers' GlmMoeDsaConfig. */
const glmMoeDsa: DecoderFamily = {
  ...deepseekV32,
  defaults: {
    ...deepseekV32.defaults,
    vocab_size: 154880,
    hidden_size: 6144,
    intermediate_size: 12288,
    num_hidden_layers: 78,
    num_attention_heads: 64,
    q_lora_rank: 2048,
    qk_nope_head_dim: 192,
    v_head_dim: 256,
    index_n_heads: 32,
  },
};

/** GLM-4.7-Flash: defaults of Transformers' Glm4MoeLiteConfig (one dense layer first). */
const glm4MoeLite: DecoderFamily = {
  ...deepseekV3,
  defaults: {
    ...deepseekV3.defaults,
    vocab_size: 154880,
    hidden_size: 2048,
    intermediate_size: 10240,
    moe_intermediate_size: 1536,
    num_hidden_layers: 47,
    num_attention_heads: 20,
    n_routed_experts: 64,
    num_experts_per_tok: 4,
    q_lora_rank: 768,
    qk_nope_head_dim: 192,
    v_head_dim: 256,
    first_k_dense_replace: 1,
  },
};

/** A.X K1: V3 with one more norm behind the experts of a layer (Transformers' AXK1Config). */
const axk1: DecoderFamily = {
  ...deepseekV3,
  defaults: {
    ...deepseekV3.defaults,
    vocab_size: 163840,
    num_attention_heads: 64,
    n_routed_experts: 192,
    first_k_dense_replace: 1,
  },
  norms: {
    kind: 'weight',
    perLayer: (fields, frame) => {
      const isSparse = afterDenseLayers(fields, frame);
      return (layer) => (isSparse(layer) ? 3 : 2);
    },
  },
  mtpParameters: nextTokenBlocks(latent, { layerNorms: 3 }),
};

/** Mistral Small 4: V3 without the correction of scores (Transformers' Mistral4Config). */
const mistral4: DecoderFamily = {
  ...latent,
  ffn: deepseekMoe(never),
  defaults: {
    ...deepseekV3.defaults,
    vocab_size: 131072,
    hidden_size: 4096,
    intermediate_size: 12288,
    num_hidden_layers: 36,
    num_attention_heads: 32,
    n_routed_experts: 128,
    num_experts_per_tok: 4,
    q_lora_rank: 1024,
    kv_lora_rank: 256,
    qk_nope_head_dim: 64,
    first_k_dense_replace: 0,
  },
};

/** Dense networks in every layer: defaults of Transformers' MiniCPM3Config and YoutuConfig. */
const minicpm3: DecoderFamily = {
  ...latent,
  ffn: denseFfn({ bias: mlpBias }),
  isHeadTied: true,
  defaults: {
    vocab_size: 73448,
    hidden_size: 2560,
    intermediate_size: 6400,
    num_hidden_layers: 62,
    num_attention_heads: 40,
    q_lora_rank: 768,
    kv_lora_rank: 256,
    qk_nope_head_dim: 64,
    qk_rope_head_dim: 32,
  },
};
const youtu: DecoderFamily = {
  ...latent,
  ffn: denseFfn(),
  isHeadTied: true,
  defaults: {
    ...deepseekV3.defaults,
    vocab_size: 128256,
    hidden_size: 2048,
    intermediate_size: 6144,
    num_hidden_layers: 32,
    num_attention_heads: 16,
  },
};

/** LongCat's sub-layers are numbered inside their layer. */
const longcatAttention: AttentionReader = (fields, frame) => {
  const subLayers = ([0, 1] as const).map((subLayer) =>
    mlaAttention({ module: `self_attn.${subLayer}` })(fields, frame),
  );
  return (layer) => {
    const attentionOf = subLayers[layer % 2];
    if (!attentionOf) throw new Error(`layer ${layer} has no sub-layer`);
    return attentionOf(layer);
  };
};

/** Layers of two sub-layers each: `num_layers`; what Transformers saves as `num_hidden_layers` beside it counts both. */
const longcatLayers = (fields: ConfigFields): number =>
  2 * fields.count(['num_layers', ...NAMES.numLayers], LIMITS.layers / 2, 'the number of decoder layers');

const longcatFlash: DecoderFamily = {
  ...latent,
  attention: longcatAttention,
  ffn: shortcutFfn,
  numLayers: longcatLayers,
  // The list, where there is one, counts sub-layers.
  mtpParameters: nextTokenBlocks({ attention: latentAttention, ffn: denseFfn() }, { countIfAbsent: 1 }),
  // Transformers' LongcatFlashConfig.
  defaults: {
    vocab_size: 131072,
    hidden_size: 6144,
    num_attention_heads: 64,
    ffn_hidden_size: 12288,
    q_lora_rank: 1536,
    kv_lora_rank: 512,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
    moe_topk: 12,
    n_routed_experts: 512,
    zero_expert_num: 256,
    expert_ffn_hidden_size: 2048,
  },
};

/** Decoders with multi-head latent attention (MLA), by `model_type`. */
export const LATENT_FAMILIES: Record<string, DecoderFamily> = {
  axk1,
  deepseek_v2: deepseekV2,
  deepseek_v3: deepseekV3,
  deepseek_v32: deepseekV32,
  glm4_moe_lite: glm4MoeLite,
  glm_moe_dsa: glmMoeDsa,
  kimi_k2: deepseekV3,
  longcat_flash: longcatFlash,
  minicpm3,
  mistral4,
  youtu,
};

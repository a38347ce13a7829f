import { fullWidthNorm, gqaAttention, kvHeads, perHeadNorm, sinks } from '../attention/gqa.ts';
import { slidingWindow } from '../attention/window.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import {
  afterDenseLayers,
  gatedSharedExpert,
  layerRange,
  moeFfn,
  sharedOfExpertWidth,
  sparseSteps,
  type SparseRule,
} from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, never } from '../frame.ts';
import { nextTokenBlocks } from './mtp.ts';
import { attentionBias, LAYER_NORMS, optionalPerHeadNorm, qwenWindow, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const mixtral: DecoderFamily = {
  defaults: { num_key_value_heads: 8 },
  attention: gqaAttention({ window: slidingWindow() }),
  ffn: moeFfn({ expertWidth: ['intermediate_size'], module: 'block_sparse_moe' }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

/** Experts behind RMSNorms and untied heads, nothing else in common. */
const plainMoe: DecoderFamily = { ...mixtral, defaults: {} };

const qwen2Moe: DecoderFamily = {
  ...plainMoe,
  defaults: { num_key_value_heads: 16, shared_expert_intermediate_size: 5632 },
  attention: gqaAttention({ qkvBias: flag('qkv_bias', true), window: qwenWindow }),
  ffn: moeFfn({ sparse: sparseSteps, expertWidth: ['moe_intermediate_size'], shared: gatedSharedExpert }),
};

const qwen3Moe: DecoderFamily = {
  ...plainMoe,
  defaults: { num_key_value_heads: 4 },
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, qkNorm: perHeadNorm, window: qwenWindow }),
  ffn: moeFfn({ sparse: sparseSteps, expertWidth: ['moe_intermediate_size'] }),
};

const olmoe: DecoderFamily = {
  ...plainMoe,
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, qkNorm: fullWidthNorm }),
};

/** LayerNorms, biases in attention and head. */
const phimoe: DecoderFamily = {
  ...plainMoe,
  defaults: { num_key_value_heads: 8 },
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, window: slidingWindow() }),
  norms: LAYER_NORMS,
  headBias: flag('lm_head_bias', false),
};

const graniteMoe: DecoderFamily = {
  ...plainMoe,
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias }),
};

/** One more network beside the experts, fused gate and up, where `shared_intermediate_size` is above 0. */
const graniteMoeShared: DecoderFamily = {
  ...graniteMoe,
  ffn: moeFfn({
    expertWidth: ['intermediate_size'],
    module: 'block_sparse_moe',
    shared: (fields, { hiddenSize }) => {
      const width = fields.optionalCount(['shared_intermediate_size'], LIMITS.width, 0) ?? 0;
      return width === 0 ? [] : ffnWeights('sharedExperts', 'shared_mlp', { hiddenSize, width });
    },
  }),
};

/** Attention sinks, a window in three of four layers (GraniteMoeSWAConfig). */
const graniteMoeSwa: DecoderFamily = {
  ...graniteMoeShared,
  attention: gqaAttention({
    qkvBias: attentionBias,
    outBias: attentionBias,
    extraWeights: (heads) => sinks(heads),
    window: slidingWindow({ tokens: 128, fullEvery: 4, isFullFirst: true }),
  }),
};

const minimaxM2: DecoderFamily = {
  ...plainMoe,
  defaults: { num_key_value_heads: 8 },
  attention: gqaAttention({ headDim: 128, qkNorm: fullWidthNorm }),
  ffn: moeFfn({ expertWidth: ['intermediate_size'], routerBias: always }),
};

/** Experts with biases; one attention sink per head; every other layer slides. */
const gptOss: DecoderFamily = {
  ...plainMoe,
  attention: gqaAttention({
    headDim: 64,
    numKvHeads: kvHeads(8),
    qkvBias: flag('attention_bias', true),
    outBias: flag('attention_bias', true),
    extraWeights: (heads) => sinks(heads),
    window: slidingWindow({ tokens: 128, fullEvery: 2 }),
  }),
  ffn: moeFfn({ expertWidth: ['intermediate_size'], expertBias: always, routerBias: always }),
};

const ernieAttention = gqaAttention({
  numKvHeads: kvHeads(4),
  qkvBias: flag('use_bias', false),
  outBias: flag('use_bias', false),
});
const ernieDense = denseFfn({ bias: flag('use_bias', false) });

/** Ernie4_5_MoeConfig. */
const ERNIE_SHARED_EXPERTS = 2;

const leavesSharedExpertsOpen = (fields: ConfigFields): boolean => !fields.has('moe_num_shared_experts');
const OPEN_SHARED_EXPERTS =
  'The file does not say moe_num_shared_experts: two are assumed, as Transformers does; PaddlePaddle, whose own files leave it out, takes none.';

/** The decoder of ERNIE's vision models lists its layers as `mlp_layer_types` (Ernie4_5_VLMoeTextConfig). */
const ernieSparse: SparseRule = (fields, frame) =>
  (fields.has('mlp_layer_types') ? afterDenseLayers : layerRange)(fields, frame);

/** Ernie4_5_MoeConfig's values for keys left out. */
const ernie45Moe: DecoderFamily = {
  ...plainMoe,
  defaults: { moe_layer_start_index: 1, moe_k: 6, moe_num_experts: 64 },
  attention: ernieAttention,
  ffn: moeFfn({
    sparse: ernieSparse,
    expertWidth: ['moe_intermediate_size'],
    routerBias: always,
    shared: sharedOfExpertWidth('moe_num_shared_experts', {
      otherwise: ERNIE_SHARED_EXPERTS,
      bias: flag('use_bias', false),
    }),
    dense: ernieDense,
  }),
  isHeadTied: true,
  headBias: flag('use_bias', false),
  isEstimated: leavesSharedExpertsOpen,
  assumptions: (fields) => (leavesSharedExpertsOpen(fields) ? [OPEN_SHARED_EXPERTS] : []),
  // The layer of its block is dense, and no norm follows it.
  mtpParameters: nextTokenBlocks({ attention: ernieAttention, ffn: ernieDense }, { ownNorms: 2 }),
};

/** DeepSeekMoE before MLA. */
const deepseek: DecoderFamily = {
  ...plainMoe,
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias }),
  ffn: moeFfn({
    sparse: afterDenseLayers,
    expertWidth: ['moe_intermediate_size'],
    shared: sharedOfExpertWidth('n_shared_experts'),
  }),
};

const correctedMoe = moeFfn({
  sparse: afterDenseLayers,
  expertWidth: ['moe_intermediate_size'],
  routerBias: always,
  shared: sharedOfExpertWidth('n_shared_experts'),
});

const glm4MoeAttention = gqaAttention({
  numKvHeads: kvHeads(8),
  qkvBias: attentionBias,
  qkNorm: optionalPerHeadNorm,
});

const glm4Moe: DecoderFamily = {
  ...plainMoe,
  defaults: { first_k_dense_replace: 1, n_shared_experts: 1 },
  attention: glm4MoeAttention,
  ffn: correctedMoe,
  mtpParameters: nextTokenBlocks({ attention: glm4MoeAttention, ffn: correctedMoe }),
};

/** The text decoder of GLM-4.5V: biases on queries, keys and values unless the file says otherwise (Glm4vMoeTextConfig). */
const glm4vMoeText: DecoderFamily = {
  ...glm4Moe,
  attention: gqaAttention({ numKvHeads: kvHeads(8), qkvBias: flag('attention_bias', true) }),
};

/** GLM-4.5's experts in every layer (SolarOpenConfig). */
const solarOpen: DecoderFamily = {
  ...plainMoe,
  defaults: {
    num_key_value_heads: 8,
    head_dim: 128,
    n_routed_experts: 128,
    n_shared_experts: 1,
    num_experts_per_tok: 8,
    moe_intermediate_size: 1280,
  },
  attention: gqaAttention({ qkvBias: attentionBias }),
  ffn: moeFfn({
    expertWidth: ['moe_intermediate_size'],
    routerBias: always,
    shared: sharedOfExpertWidth('n_shared_experts'),
  }),
};

const dots1: DecoderFamily = {
  ...plainMoe,
  defaults: { num_key_value_heads: 32 },
  attention: gqaAttention({
    qkvBias: attentionBias,
    outBias: attentionBias,
    qkNorm: perHeadNorm,
    window: qwenWindow,
  }),
  ffn: correctedMoe,
};

/** LayerNorms without bias. */
const dbrx: DecoderFamily = {
  ...plainMoe,
  attention: gqaAttention(),
  ffn: moeFfn({ expertWidth: ['ffn_config.ffn_hidden_size'] }),
};

/** FlexOlmo: OLMo 2's attention and norms, OLMoE's experts. */
const flexOlmo: DecoderFamily = { ...olmoe, defaults: { num_experts: 7, num_experts_per_tok: 5 } };

/** Qwen 3's attention and experts, layers listed one by one (MellumConfig). */
const mellum: DecoderFamily = {
  ...plainMoe,
  defaults: { num_key_value_heads: 4, head_dim: 128 },
  attention: gqaAttention({
    qkvBias: attentionBias,
    outBias: attentionBias,
    qkNorm: perHeadNorm,
    window: (fields, frame) =>
      fields.has('layer_types') ? slidingWindow({ tokens: 1024 })(fields, frame) : () => null,
  }),
  ffn: moeFfn({ sparse: afterDenseLayers, expertWidth: ['moe_intermediate_size'] }),
};

/** Decoders with routed experts, by `model_type`; those with further parts are in `moe-more.ts`. */
export const MOE_FAMILIES: Record<string, DecoderFamily> = {
  dbrx,
  deepseek,
  dots1,
  ernie4_5_moe: ernie45Moe,
  ernie4_5_vl_moe_text: { ...ernie45Moe, headBias: never },
  flex_olmo: flexOlmo,
  glm4_moe: glm4Moe,
  glm4v_moe_text: glm4vMoeText,
  gpt_oss: gptOss,
  granitemoe: graniteMoe,
  granitemoe_swa: graniteMoeSwa,
  granitemoeshared: graniteMoeShared,
  mellum,
  minimax_m2: minimaxM2,
  mixtral,
  olmoe,
  phimoe,
  qwen2_moe: qwen2Moe,
  qwen3_moe: qwen3Moe,
  solar_open: solarOpen,
  qwen3_omni_moe_text: qwen3Moe,
  qwen3_vl_moe_text: { ...qwen3Moe, defaults: { num_key_value_heads: 16 } },
};

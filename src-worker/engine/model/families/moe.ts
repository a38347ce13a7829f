import { fullWidthNorm, gqaAttention, kvHeads, perHeadNorm } from '../attention/gqa.ts';
import { slidingWindow } from '../attention/window.ts';
import { denseFfn } from '../ffn/dense.ts';
import {
  afterDenseLayers,
  gatedSharedExpert,
  layerRange,
  moeFfn,
  sharedOfExpertWidth,
  sparseSteps,
} from '../ffn/moe.ts';
import { always, flag } from '../frame.ts';
import { vector } from '../weight.ts';
import { attentionBias, LAYER_NORMS, optionalPerHeadNorm, qwenWindow, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const mixtral: DecoderFamily = {
  attention: gqaAttention({ window: slidingWindow() }),
  ffn: moeFfn({ expertWidth: ['intermediate_size'], module: 'block_sparse_moe' }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

const qwen2Moe: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({ qkvBias: flag('qkv_bias', true), window: qwenWindow }),
  ffn: moeFfn({ sparse: sparseSteps, expertWidth: ['moe_intermediate_size'], shared: gatedSharedExpert }),
};

const qwen3Moe: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, qkNorm: perHeadNorm, window: qwenWindow }),
  ffn: moeFfn({ sparse: sparseSteps, expertWidth: ['moe_intermediate_size'] }),
};

const olmoe: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, qkNorm: fullWidthNorm }),
};

/** LayerNorms, biases in attention and head. */
const phimoe: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, window: slidingWindow() }),
  norms: LAYER_NORMS,
  headBias: flag('lm_head_bias', false),
};

const graniteMoe: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias }),
};

const minimaxM2: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({ headDim: 128, qkNorm: fullWidthNorm }),
  ffn: moeFfn({ expertWidth: ['intermediate_size'], routerBias: always }),
};

/** Experts with biases; one attention sink per head; every other layer slides. */
const gptOss: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({
    headDim: 64,
    numKvHeads: kvHeads(8),
    qkvBias: flag('attention_bias', true),
    outBias: flag('attention_bias', true),
    extraWeights: ({ numHeads }) => [vector('attention', 'self_attn.sinks', numHeads, numHeads)],
    window: slidingWindow({ tokens: 128, fullEvery: 2 }),
  }),
  ffn: moeFfn({ expertWidth: ['intermediate_size'], expertBias: always, routerBias: always }),
};

const ernie45Moe: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({
    numKvHeads: kvHeads(4),
    qkvBias: flag('use_bias', false),
    outBias: flag('use_bias', false),
  }),
  ffn: moeFfn({
    sparse: layerRange,
    expertWidth: ['moe_intermediate_size'],
    routerBias: always,
    shared: sharedOfExpertWidth('moe_num_shared_experts'),
    dense: denseFfn({ bias: flag('use_bias', false) }),
  }),
  isHeadTied: true,
};

/** DeepSeekMoE before MLA. */
const deepseek: DecoderFamily = {
  ...mixtral,
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

const glm4Moe: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({
    numKvHeads: kvHeads(8),
    headDim: 128,
    qkvBias: attentionBias,
    qkNorm: optionalPerHeadNorm,
  }),
  ffn: correctedMoe,
};

const dots1: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, qkNorm: perHeadNorm }),
  ffn: correctedMoe,
};

/** LayerNorms without bias. */
const dbrx: DecoderFamily = {
  ...mixtral,
  attention: gqaAttention(),
  ffn: moeFfn({ expertWidth: ['ffn_config.ffn_hidden_size'] }),
};

/** Decoders with routed experts, by `model_type`. */
export const MOE_FAMILIES: Record<string, DecoderFamily> = {
  dbrx,
  deepseek,
  dots1,
  ernie4_5_moe: ernie45Moe,
  ernie4_5_vl_moe_text: ernie45Moe,
  glm4_moe: glm4Moe,
  glm4v_moe_text: {
    ...glm4Moe,
    attention: gqaAttention({ numKvHeads: kvHeads(8), qkvBias: flag('attention_bias', true) }),
  },
  gpt_oss: gptOss,
  granitemoe: graniteMoe,
  minimax_m2: minimaxM2,
  mixtral,
  olmoe,
  phimoe,
  qwen2_moe: qwen2Moe,
  qwen3_moe: qwen3Moe,
  qwen3_omni_moe_text: qwen3Moe,
  qwen3_vl_moe_text: qwen3Moe,
};

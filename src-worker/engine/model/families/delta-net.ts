import { gatedDeltaNet, type DeltaNetOptions } from '../attention/gated-delta-net.ts';
import { fullWidthNorm, gqaAttention, kvHeads, perHeadNorm } from '../attention/gqa.ts';
import { byLayerType, everyNth } from '../attention/layer-types.ts';
import { denseFfn } from '../ffn/dense.ts';
import { gatedSharedExpert, moeFfn, sparseSteps } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, NAMES, withClassDefaults, type FfnReader } from '../frame.ts';
import { attentionBias, RMS_NORMS } from './shared.ts';
import { tokenPredictionParameters } from './token-prediction.ts';
import type { DecoderFamily } from './types.ts';

const LAYER_TYPES = ['linear_attention', 'full_attention'];
const everyFourthFull = everyNth('full_attention_interval', 4, 'full_attention', 'linear_attention');

/** Defaults of `Qwen3NextConfig`, `Qwen3_5TextConfig` and `Qwen3_5MoeTextConfig`. */
const QWEN_DELTA_NET = { numKeyHeads: 16, numValueHeads: 32, keyHeadDim: 128, valueHeadDim: 128, kernel: 4 };

/** Full attention with a gate on its output, which the query projection yields beside the queries. */
const gatedAttention = (numKvHeads: number) =>
  gqaAttention({
    headDim: 256,
    numKvHeads: kvHeads(numKvHeads),
    qkvBias: attentionBias,
    outBias: attentionBias,
    qkNorm: perHeadNorm,
    hasOutputGate: always,
  });

interface QwenOptions {
  numKvHeads: number;
  layout: DeltaNetOptions['layout'] & string;
  ffn: FfnReader;
  /** FFN of the layer for multi-token prediction. */
  predictionFfn: FfnReader;
  /** Layers for multi-token prediction when the file names no number. */
  predictionLayers: number;
}

/** Qwen3-Next and Qwen3.5: three layers of linear attention, then one of full attention. */
const qwen = ({ numKvHeads, layout, ffn, predictionFfn, predictionLayers }: QwenOptions): DecoderFamily => ({
  attention: byLayerType(
    {
      linear_attention: gatedDeltaNet({ layout, defaults: () => QWEN_DELTA_NET }),
      full_attention: gatedAttention(numKvHeads),
    },
    everyFourthFull,
  ),
  ffn,
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: LAYER_TYPES,
  mtpParameters: tokenPredictionParameters({
    otherwise: predictionLayers,
    attention: gatedAttention(numKvHeads),
    ffn: predictionFfn,
    normsBeside: 3,
  }),
});

const sparse = { expertWidth: ['moe_intermediate_size'], shared: gatedSharedExpert };

const qwen3NextDefaults = {
  num_experts: 512,
  num_experts_per_tok: 10,
  moe_intermediate_size: 512,
  shared_expert_intermediate_size: 512,
};

/** Its files do not name the block for multi-token prediction that the checkpoints ship; vLLM loads one, too. */
const qwen3Next = qwen({
  numKvHeads: 2,
  layout: 'fused',
  ffn: withClassDefaults(qwen3NextDefaults, moeFfn({ ...sparse, sparse: sparseSteps })),
  predictionFfn: withClassDefaults(qwen3NextDefaults, moeFfn(sparse)),
  predictionLayers: 1,
});

const qwen35 = qwen({
  numKvHeads: 4,
  layout: 'split',
  ffn: denseFfn(),
  predictionFfn: denseFfn(),
  predictionLayers: 0,
});

const qwen35MoeFfn = withClassDefaults(
  {
    num_experts: 256,
    num_experts_per_tok: 8,
    moe_intermediate_size: 512,
    shared_expert_intermediate_size: 512,
  },
  moeFfn(sparse),
);

const qwen35Moe = qwen({
  numKvHeads: 2,
  layout: 'split',
  ffn: qwen35MoeFfn,
  predictionFfn: qwen35MoeFfn,
  predictionLayers: 0,
});

/** `OlmoHybridConfig`: as many heads as attention has, keys of three quarters of the hidden size, values twice as large. */
function olmoDeltaNet(fields: ConfigFields, { hiddenSize }: { hiddenSize: number }) {
  const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const numKeyHeads = fields.optionalCount(['linear_num_key_heads'], LIMITS.heads) ?? numHeads;
  const keyHeadDim =
    fields.optionalCount(['linear_key_head_dim'], LIMITS.width) ?? Math.floor((0.75 * hiddenSize) / numKeyHeads);
  return { numKeyHeads, numValueHeads: numHeads, keyHeadDim, valueHeadDim: 2 * keyHeadDim, kernel: 4 };
}

const olmoHybrid: DecoderFamily = {
  attention: byLayerType(
    {
      linear_attention: gatedDeltaNet({ layout: 'separate', defaults: olmoDeltaNet }),
      full_attention: gqaAttention({ qkvBias: attentionBias, outBias: attentionBias, qkNorm: fullWidthNorm }),
    },
    (_, { numLayers }) =>
      (layer) =>
        // A model of fewer than four layers has its last one full.
        layer % 4 === 3 || (numLayers < 4 && layer === numLayers - 1) ? 'full_attention' : 'linear_attention',
  ),
  ffn: denseFfn(),
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: LAYER_TYPES,
};

/** Decoders with gated delta nets beside full attention, by `model_type`. */
export const DELTA_NET_FAMILIES: Record<string, DecoderFamily> = {
  olmo_hybrid: olmoHybrid,
  qwen3_5_moe_text: qwen35Moe,
  qwen3_5_text: qwen35,
  qwen3_next: qwen3Next,
};

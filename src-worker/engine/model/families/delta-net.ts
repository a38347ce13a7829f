import { gatedDeltaNet, type DeltaNetOptions } from '../attention/gated-delta-net.ts';
import { fullWidthNorm, gqaAttention, perHeadNorm } from '../attention/gqa.ts';
import { byLayerType, everyNth } from '../attention/layer-types.ts';
import { denseFfn } from '../ffn/dense.ts';
import { gatedSharedExpert, moeFfn, sparseSteps } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, NAMES, type FfnReader } from '../frame.ts';
import { nextTokenBlocks } from './mtp.ts';
import { attentionBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const LAYER_TYPES = ['linear_attention', 'full_attention'];
const everyFourthFull = everyNth('full_attention_interval', 4, 'full_attention', 'linear_attention');

/** Defaults of `Qwen3NextConfig`, `Qwen3_5TextConfig` and `Qwen3_5MoeTextConfig`. */
const QWEN_DELTA_NET = { numKeyHeads: 16, numValueHeads: 32, keyHeadDim: 128, valueHeadDim: 128, kernel: 4 };

/** Full attention with a gate on its output, which the query projection yields beside the queries. */
const gatedAttention = gqaAttention({
  headDim: 256,
  qkvBias: attentionBias,
  outBias: attentionBias,
  qkNorm: perHeadNorm,
  hasOutputGate: always,
});

interface QwenOptions {
  layout: DeltaNetOptions['layout'] & string;
  defaults: Readonly<Record<string, unknown>>;
  ffn: FfnReader;
  /** FFN of the layer for multi-token prediction. */
  predictionFfn: FfnReader;
  /** Layers for multi-token prediction where the file does not say. */
  predictionLayers?: number;
}

/** Qwen3-Next and Qwen3.5: three layers of linear attention, then one of full attention. */
const qwen = ({ layout, defaults, ffn, predictionFfn, predictionLayers = 0 }: QwenOptions): DecoderFamily => ({
  defaults: { num_attention_heads: 16, max_position_embeddings: 32_768, ...defaults },
  attention: byLayerType(
    {
      linear_attention: gatedDeltaNet({ layout, defaults: () => QWEN_DELTA_NET }),
      full_attention: gatedAttention,
    },
    everyFourthFull,
  ),
  ffn,
  norms: RMS_NORMS,
  isHeadTied: false,
  layerTypes: LAYER_TYPES,
  mtpParameters: nextTokenBlocks(
    { attention: gatedAttention, ffn: predictionFfn },
    { count: ['mtp_num_hidden_layers', 'num_nextn_predict_layers'], countIfAbsent: predictionLayers },
  ),
});

const sparse = { expertWidth: ['moe_intermediate_size'], shared: gatedSharedExpert };
const everywhereSparse = moeFfn(sparse);

/** Its files do not name the block for multi-token prediction that the checkpoints ship; vLLM loads one, too. */
const qwen3Next = qwen({
  layout: 'fused',
  defaults: {
    num_key_value_heads: 2,
    intermediate_size: 5632,
    num_experts: 512,
    num_experts_per_tok: 10,
    moe_intermediate_size: 512,
    shared_expert_intermediate_size: 512,
  },
  ffn: moeFfn({ ...sparse, sparse: sparseSteps }),
  predictionFfn: everywhereSparse,
  predictionLayers: 1,
});

const qwen35 = qwen({
  layout: 'split',
  defaults: { num_key_value_heads: 4, intermediate_size: 12_288 },
  ffn: denseFfn(),
  predictionFfn: denseFfn(),
});

const qwen35Moe = qwen({
  layout: 'split',
  defaults: {
    num_key_value_heads: 2,
    num_experts: 256,
    num_experts_per_tok: 8,
    moe_intermediate_size: 512,
    shared_expert_intermediate_size: 512,
  },
  ffn: everywhereSparse,
  predictionFfn: everywhereSparse,
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
  defaults: { max_position_embeddings: 65_536 },
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

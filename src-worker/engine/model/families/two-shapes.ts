import {
  gqaByLayer,
  perHeadNorm,
  readHeads,
  type GqaLayerShape,
  type GqaShapeRule,
  type HeadShape,
} from '../attention/gqa.ts';
import { layerTypes } from '../attention/layer-types.ts';
import { mfaAttention } from '../attention/mfa.ts';
import { slidingWindow } from '../attention/window.ts';
import { ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, afterFirstLayer, listedLayers, moeFfn } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, type AttentionReader, type Frame } from '../frame.ts';
import { linear, type Weight } from '../weight.ts';
import { attentionBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily } from './types.ts';

const isFlag = (value: unknown): value is number => value === 0 || value === 1;

/** Heads under the names `<prefix>num_attention_heads` and so on; values may be of another size than keys. */
function namedHeads(fields: ConfigFields, prefix: string, otherwise: HeadShape | null): HeadShape {
  const count = (name: string, fallback: number | undefined): number => {
    const written = fields.optionalCount([`${prefix}${name}`], LIMITS.heads) ?? fallback;
    if (written === undefined) throw fields.missing([`${prefix}${name}`], 'the heads of one kind of layer');
    return written;
  };
  const numHeads = count('num_attention_heads', otherwise?.numHeads);
  const numKvHeads = count('num_key_value_heads', otherwise?.numKvHeads ?? numHeads);
  const headDim = count('head_dim', otherwise?.headDim);
  if (numHeads % numKvHeads !== 0) {
    throw fields.invalid(`${prefix}num_key_value_heads`, numKvHeads, `a divisor of the ${numHeads} query heads`);
  }
  return { numHeads, numKvHeads, headDim, valueHeadDim: count('v_head_dim', otherwise?.valueHeadDim ?? headDim) };
}

/**
 * Layers that slide: as `layer_types` lists them, as the checkpoint's own files do (`hybrid_layer_pattern`: 1 = a window, 0 =
 * the whole context), else all but the first and every sixth (MiMoV2FlashConfig).
 */
function mimoSlides(fields: ConfigFields, frame: Frame): (layer: number) => boolean {
  const types = layerTypes(fields, frame.numLayers);
  if (types) return (layer) => types[layer] === 'sliding_attention';
  const pattern = fields.optionalList(['hybrid_layer_pattern'], LIMITS.layers, isFlag, '0 (full) or 1 (window)');
  if (!pattern) return (layer) => layer > 0 && (layer + 1) % 6 !== 0;
  if (pattern.length < frame.numLayers) {
    throw fields.invalid('hybrid_layer_pattern', pattern, `a list of ${frame.numLayers} entries, one per layer`);
  }
  return (layer) => pattern[layer] === 1;
}

/** Sliding layers have heads of their own (`swa_*`; MiMoV2FlashConfig: twice the KV heads) and a sink per query head. */
const mimoShapes: GqaShapeRule = (fields, frame) => {
  const full = namedHeads(fields, '', null);
  const sliding = namedHeads(fields, 'swa_', { ...full, numKvHeads: 2 * full.numKvHeads });
  const slidesIn = mimoSlides(fields, frame);
  const window = fields.optionalCount(['sliding_window_size', 'sliding_window'], LIMITS.context, 1);
  const hasQkvBias = attentionBias(fields);
  const sinks = {
    sliding: flag('add_swa_attention_sink_bias', true)(fields),
    full: flag('add_full_attention_sink_bias', false)(fields),
  };
  return (layer) => {
    const slides = slidesIn(layer);
    if (slides && window === null) throw fields.missing(['sliding_window_size'], 'the window in tokens');
    return {
      heads: slides ? sliding : full,
      windowTokens: slides ? window : null,
      hasQkvBias,
      hasSinks: slides ? sinks.sliding : sinks.full,
    };
  };
};

/** Experts in the layers `moe_layer_freq` or `mlp_layer_types` marks, else in all but the first (MiMoV2FlashConfig). */
const mimoV2Flash: DecoderFamily = {
  defaults: {
    num_key_value_heads: 4,
    head_dim: 192,
    v_head_dim: 128,
    sliding_window: 128,
    intermediate_size: 16_384,
    first_k_dense_replace: 1,
  },
  attention: gqaByLayer(mimoShapes),
  ffn: moeFfn({ sparse: afterDenseLayers, expertWidth: ['moe_intermediate_size'], routerBias: always }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

/** Query heads written for each layer, with one gate per head or per feature (LagunaConfig's `gating`). */
const lagunaHeads: GqaShapeRule = (fields, frame) => {
  const plain = readHeads(fields, frame);
  const listed = fields.optionalCountPerLayer(['num_attention_heads_per_layer'], LIMITS.heads, frame.numLayers);
  const windowOf = slidingWindow({ tokens: 512 })(fields, frame);
  const slides = fields.has('layer_types') ? windowOf : () => null;
  const hasBias = attentionBias(fields);
  return (layer) => {
    const numHeads = listed?.(layer) ?? plain.numHeads;
    if (numHeads % plain.numKvHeads !== 0) {
      const cure = `a multiple of the ${plain.numKvHeads} KV heads`;
      throw fields.invalid(`num_attention_heads_per_layer[${layer}]`, numHeads, cure);
    }
    const heads = { ...plain, numHeads };
    return { heads, windowTokens: slides(layer), qkNorm: perHeadNorm(heads), hasQkvBias: hasBias, hasOutBias: hasBias };
  };
};

const isGatedPerHead = (fields: ConfigFields): boolean =>
  fields.holdsText(['gating']) ? fields.optionalText(['gating']) === 'per-head' : fields.flag(['gating'], true);

const lagunaAttention: AttentionReader = (fields, frame) => {
  const isPerHead = isGatedPerHead(fields);
  const gate = ({ heads: { numHeads, headDim } }: GqaLayerShape, { hiddenSize }: Frame): Weight[] =>
    linear('attention', 'self_attn.g_proj', isPerHead ? numHeads : numHeads * headDim, hiddenSize, {
      splitUnits: numHeads,
    });
  return gqaByLayer(lagunaHeads, gate)(fields, frame);
};

/** One dense layer first, then experts with one shared one of its own width (LagunaConfig). */
const laguna: DecoderFamily = {
  defaults: {
    num_key_value_heads: 8,
    head_dim: 128,
    num_experts: 256,
    num_experts_per_tok: 8,
    moe_intermediate_size: 512,
    shared_expert_intermediate_size: 512,
    first_k_dense_replace: 1,
  },
  attention: lagunaAttention,
  ffn: moeFfn({
    sparse: afterDenseLayers,
    expertWidth: ['moe_intermediate_size'],
    routerBias: always,
    shared: (fields, { hiddenSize }) => {
      const width = fields.optionalCount(['shared_expert_intermediate_size'], LIMITS.width, 0) ?? 0;
      return width === 0 ? [] : ffnWeights('sharedExperts', 'mlp.shared_experts', { hiddenSize, width });
    },
  }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

const sharedExpert =
  (module: string) =>
  (fields: ConfigFields, { hiddenSize }: Frame): Weight[] => {
    const width = fields.optionalCount(['share_expert_dim'], LIMITS.width, 0) ?? 0;
    return width === 0 ? [] : ffnWeights('sharedExperts', module, { hiddenSize, width });
  };

const listedExperts = listedLayers('moe_layers_enum', afterFirstLayer);

const step3Text: DecoderFamily = {
  attention: mfaAttention,
  ffn: moeFfn({
    module: 'moe',
    sparse: listedExperts,
    expertWidth: ['moe_intermediate_size'],
    shared: sharedExpert('share_expert'),
  }),
  norms: RMS_NORMS,
  isHeadTied: false,
};

/** Decoders whose layers have heads of several shapes, and Step's first, by `model_type`. */
export const TWO_SHAPE_FAMILIES: Record<string, DecoderFamily> = {
  laguna,
  mimo_v2_flash: mimoV2Flash,
  step3_text: step3Text,
};

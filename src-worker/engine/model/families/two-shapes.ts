import { gqaByLayer, type GqaShapeRule, type HeadShape } from '../attention/gqa.ts';
import { mfaAttention } from '../attention/mfa.ts';
import { ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, afterFirstLayer, listedLayers, moeFfn } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { always, flag, type Frame } from '../frame.ts';
import type { Weight } from '../weight.ts';
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

/** `hybrid_layer_pattern`: 1 = a window with heads of its own (`swa_*`) and a sink per head, 0 = the whole context. */
const mimoShapes: GqaShapeRule = (fields, frame) => {
  const full = namedHeads(fields, '', null);
  const sliding = namedHeads(fields, 'swa_', full);
  const pattern = fields.optionalList(['hybrid_layer_pattern'], LIMITS.layers, isFlag, '0 (full) or 1 (window)');
  if (pattern && pattern.length < frame.numLayers) {
    throw fields.invalid('hybrid_layer_pattern', pattern, `a list of ${frame.numLayers} entries, one per layer`);
  }
  const window = fields.optionalCount(['sliding_window_size', 'sliding_window'], LIMITS.context, 1);
  const hasQkvBias = attentionBias(fields);
  const sinks = {
    sliding: flag('add_swa_attention_sink_bias', false)(fields),
    full: flag('add_full_attention_sink_bias', false)(fields),
  };
  return (layer) => {
    const slides = pattern?.[layer] === 1;
    if (slides && window === null) throw fields.missing(['sliding_window_size'], 'the window in tokens');
    return {
      heads: slides ? sliding : full,
      windowTokens: slides ? window : null,
      hasQkvBias,
      hasSinks: slides ? sinks.sliding : sinks.full,
    };
  };
};

/** Experts in the layers `moe_layer_freq` marks with 1. */
const mimoV2Flash: DecoderFamily = {
  attention: gqaByLayer(mimoShapes),
  ffn: moeFfn({ sparse: afterDenseLayers, expertWidth: ['moe_intermediate_size'], routerBias: always }),
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

/** Decoders whose windowed layers have heads of another shape than the full ones, and Step's first, by `model_type`. */
export const TWO_SHAPE_FAMILIES: Record<string, DecoderFamily> = {
  mimo_v2_flash: mimoV2Flash,
  step3_text: step3Text,
};

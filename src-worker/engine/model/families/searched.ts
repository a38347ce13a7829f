import { gqaByLayer, readHeads, type GqaShapeRule } from '../attention/gqa.ts';
import { NO_ATTENTION } from '../attention/none.ts';
import { denseFfn, denseFfnByLayer, ffnWeights, denseLayer } from '../ffn/dense.ts';
import { NO_FFN } from '../ffn/none.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, NAMES, type AttentionReader, type FfnReader, type Frame } from '../frame.ts';
import { memoized } from '../memoized.ts';
import type { Attention, Ffn } from '../types.ts';
import { linear } from '../weight.ts';
import { attentionBias, mlpBias, RMS_NORMS } from './shared.ts';
import type { DecoderFamily, NormCountRule } from './types.ts';

/** What a search left of one half of a layer. */
type Replacement = 'none' | 'linear' | 'kept';

const replacement = (part: ConfigFields | null): Replacement => {
  if (part?.flag(['no_op'], false)) return 'none';
  return part?.flag(['replace_with_linear'], false) ? 'linear' : 'kept';
};

/** The layers of a NAS model as `block_configs` lists them; null for the older files that only list KV heads. */
function blocks(fields: ConfigFields, frame: Frame): ConfigFields[] | null {
  const list = fields.nestedList('block_configs', LIMITS.layers);
  if (list && list.length !== frame.numLayers) {
    throw fields.invalid('block_configs', list, `a list of ${frame.numLayers} entries, one per layer`);
  }
  return list;
}

const partOf = (list: ConfigFields[] | null, layer: number, name: string): ConfigFields | null =>
  list?.[layer]?.nested(name) ?? null;

/** KV heads of a kept attention: written as such, or as query heads per group. */
const deciShapes: GqaShapeRule = (fields, frame) => {
  const list = blocks(fields, frame);
  const plain = readHeads(fields, frame, {
    numKvHeads: (own, numHeads) => (list ? numHeads : (own.optionalCount(NAMES.numKvHeads, LIMITS.heads) ?? numHeads)),
  });
  const listed = fields.optionalCountPerLayer(['num_key_value_heads_per_layer'], LIMITS.heads, frame.numLayers);
  const hasBias = attentionBias(fields);
  return (layer) => {
    const block = partOf(list, layer, 'attention');
    const group = block?.optionalCount(['n_heads_in_group'], LIMITS.heads) ?? null;
    const written = block?.optionalCount(['num_key_value_heads'], LIMITS.heads) ?? listed?.(layer) ?? null;
    const numKvHeads = written ?? (group === null ? plain.numKvHeads : plain.numHeads / group);
    if (!Number.isInteger(numKvHeads) || plain.numHeads % numKvHeads !== 0) {
      const cure = `a divisor of the ${plain.numHeads} query heads`;
      throw fields.invalid(`block_configs[${layer}].attention.n_heads_in_group`, group ?? written, cure);
    }
    const heads = { ...plain, numKvHeads };
    return { heads, windowTokens: null, hasQkvBias: hasBias, hasOutBias: hasBias };
  };
};

const linearInPlace = (hiddenSize: number): Attention => ({
  ...NO_ATTENTION,
  label: 'a matrix in place of attention',
  weights: linear('attention', 'self_attn.linear_attn', hiddenSize, hiddenSize),
});

const deciAttention: AttentionReader = (fields, frame) => {
  const list = blocks(fields, frame);
  const keptOf = gqaByLayer(deciShapes)(fields, frame);
  const inPlace = linearInPlace(frame.hiddenSize);
  return (layer) => {
    const kind = replacement(partOf(list, layer, 'attention'));
    return kind === 'none' ? NO_ATTENTION : kind === 'linear' ? inPlace : keptOf(layer);
  };
};

/** Multiple of which the inner width is the next larger. */
const WIDTH_STEP = 256;

/** int(2 · ffn_mult · h / 3), rounded up to whole steps: how the DeciLM class reads `ffn_mult`. */
const widthOfMultiple = (multiple: number, hiddenSize: number): number =>
  Math.ceil(Math.trunc((2 * multiple * hiddenSize) / 3) / WIDTH_STEP) * WIDTH_STEP;

const deciFfn: FfnReader = (fields, frame) => {
  const list = blocks(fields, frame);
  if (!list) return denseFfn({ bias: mlpBias })(fields, frame);
  const { hiddenSize } = frame;
  const hasBias = mlpBias(fields);
  const keptOf = memoized((width: number) =>
    denseLayer(width, true, ffnWeights('denseFfn', 'mlp', { hiddenSize, width, hasBias })),
  );
  const inPlace: Ffn = {
    ...NO_FFN,
    label: 'a matrix in place of the FFN',
    weights: linear('denseFfn', 'mlp.linear_mlp', hiddenSize, hiddenSize),
  };
  return (layer) => {
    const block = partOf(list, layer, 'ffn');
    const kind = replacement(block);
    if (kind !== 'kept') return kind === 'none' ? NO_FFN : inPlace;
    const multiple = block?.optionalPositive(['ffn_mult'], 1000) ?? null;
    const written = block?.optionalCount(['intermediate_size'], LIMITS.width) ?? null;
    const width = multiple === null ? written : widthOfMultiple(multiple, hiddenSize);
    if (width === null) {
      throw fields.missing(
        [`block_configs[${layer}].ffn.ffn_mult`],
        'the inner width as a multiple of the hidden size',
      );
    }
    return keptOf(width);
  };
};

/** A half that is gone takes its norm with it. */
const deciNorms: NormCountRule = (fields, frame) => {
  const list = blocks(fields, frame);
  const counts = (layer: number, name: string): number => (replacement(partOf(list, layer, name)) === 'none' ? 0 : 1);
  return (layer) => counts(layer, 'attention') + counts(layer, 'ffn');
};

/** Llama with layers that a search thinned out (Nemotron-NAS, DeciLM). */
const deci: DecoderFamily = {
  attention: deciAttention,
  ffn: deciFfn,
  norms: { kind: 'weight', perLayer: deciNorms },
  isHeadTied: false,
};

const openElmShapes: GqaShapeRule = (fields, frame) => {
  const headDim = fields.optionalCount(['head_dim'], LIMITS.heads) ?? 128;
  const queries = fields.optionalCountPerLayer(['num_query_heads'], LIMITS.heads, frame.numLayers);
  const kvHeads = fields.optionalCountPerLayer(['num_kv_heads'], LIMITS.heads, frame.numLayers);
  const qkNorm = fields.flag(['normalize_qk_projections'], false) ? 2 * headDim : 0;
  return (layer) => {
    const numHeads = queries?.(layer) ?? null;
    if (numHeads === null) throw fields.missing(['num_query_heads'], 'the query heads of each layer');
    const numKvHeads = kvHeads?.(layer) ?? numHeads;
    if (numHeads % numKvHeads !== 0) {
      throw fields.invalid(`num_kv_heads[${layer}]`, numKvHeads, `a divisor of the ${numHeads} query heads`);
    }
    return { heads: { numHeads, numKvHeads, headDim, valueHeadDim: headDim }, windowTokens: null, qkNorm };
  };
};

/** The nearest multiple of `divisor`, never below 90 % of the value: how the OpenELM class rounds its widths. */
function roundedWidth(value: number, divisor: number): number {
  const nearest = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return nearest < 0.9 * value ? nearest + divisor : nearest;
}

const isMultiple = (value: unknown): value is number => typeof value === 'number' && value > 0 && value < 1000;

const openElmWidths = (fields: ConfigFields, frame: Frame): ((layer: number) => number) => {
  const multiples = fields.optionalList(['ffn_multipliers'], LIMITS.layers, isMultiple, 'a number above 0');
  const divisor = fields.optionalCount(['ffn_dim_divisor'], LIMITS.width) ?? 256;
  return (layer) => {
    const multiple = multiples?.[layer];
    if (multiple === undefined)
      throw fields.missing(['ffn_multipliers'], 'the inner width of each layer over model_dim');
    return roundedWidth(multiple * frame.hiddenSize, divisor);
  };
};

const gated = denseFfnByLayer(openElmWidths, { module: 'ffn' });
const plain = denseFfnByLayer(openElmWidths, { module: 'ffn', isGated: false });
const withGlu = flag('ffn_with_glu', true);

/** Heads and widths grow with the depth (OpenELMConfig's values for keys left out). */
const openElm: DecoderFamily = {
  attention: gqaByLayer(openElmShapes, () => [], 'attn'),
  ffn: (fields, frame) => (withGlu(fields) ? gated : plain)(fields, frame),
  norms: RMS_NORMS,
  isHeadTied: true,
};

/** Decoders whose layers a search or a schedule gave shapes of their own, by `model_type`. */
export const SEARCHED_FAMILIES: Record<string, DecoderFamily> = {
  deci,
  'nemotron-nas': deci,
  openelm: openElm,
};

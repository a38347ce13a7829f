import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, never, type AttentionReader, type FlagRule, type Frame } from '../frame.ts';
import type { AttentionKindEntry } from './kind.ts';
import { memoized } from '../memoized.ts';
import type { Attention } from '../types.ts';
import { linear, vector, type Weight } from '../weight.ts';
import { wholeContext, type WindowRule } from './window.ts';

export interface HeadShape {
  numHeads: number;
  numKvHeads: number;
  headDim: number;
  /** Size of a value head; differs from `headDim` in few families. */
  valueHeadDim: number;
}

/** How a family's grouped-query attention differs from the plain one (no biases, no norms, whole context). */
export interface GqaOptions {
  /** Module path before the projections. */
  module?: string;
  /** Biases of the query, key and value projections. */
  qkvBias?: FlagRule;
  /** Bias of the output projection. */
  outBias?: FlagRule;
  /** Parameters of the norms on queries and keys of one layer. */
  qkNorm?: (heads: HeadShape, fields: ConfigFields) => number;
  /** KV heads from the file; the plain rule reads them and falls back on one per query head. */
  numKvHeads?: (fields: ConfigFields, numHeads: number) => number;
  /** Head size when the file gives none; absent = hidden size over heads. */
  headDim?: number;
  window?: WindowRule;
  /** The query projection also yields a gate for the output. */
  hasOutputGate?: FlagRule;
  /** Further weights of one layer, for example attention sinks. */
  extraWeights?: (heads: HeadShape, fields: ConfigFields, frame: Frame) => Weight[];
}

/** KV heads as written, else `otherwise` (a class default), else one per query head. */
export const kvHeads =
  (otherwise?: number) =>
  (fields: ConfigFields, numHeads: number): number =>
    fields.optionalCount(NAMES.numKvHeads, LIMITS.heads) ?? otherwise ?? numHeads;

/** One norm weight of the head size each for queries and keys, shared by all heads. */
export const perHeadNorm = ({ headDim }: HeadShape): number => 2 * headDim;

/** Norm weights over the full width of queries and keys. */
export const fullWidthNorm = ({ numHeads, numKvHeads, headDim }: HeadShape): number =>
  (numHeads + numKvHeads) * headDim;

/** The heads as most files write them: numbers of query and KV heads, and their size. */
export function readHeads(fields: ConfigFields, frame: Frame, options: GqaOptions = {}): HeadShape {
  const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const numKvHeads = (options.numKvHeads ?? kvHeads())(fields, numHeads);
  if (numKvHeads > numHeads || numHeads % numKvHeads !== 0) {
    throw fields.invalid(NAMES.numKvHeads, numKvHeads, `a divisor of the ${numHeads} query heads`);
  }
  const headDim = fields.optionalCount(NAMES.headDim, LIMITS.heads) ?? options.headDim ?? frame.hiddenSize / numHeads;
  if (!Number.isInteger(headDim)) {
    const cure = `a divisor of the hidden size ${frame.hiddenSize}, or head_dim must be given`;
    throw fields.invalid(NAMES.numHeads, numHeads, cure);
  }
  return { numHeads, numKvHeads, headDim, valueHeadDim: headDim };
}

/** What distinguishes one grouped-query layer from the next. */
interface GqaLayer {
  heads: HeadShape;
  windowTokens: number | null;
  /** Reads the keys and values of an earlier layer: keeps no cache and has no projections for them. */
  sharesKv?: boolean;
  /** Keys serve as values, too: one projection, both cached. */
  keyIsValue?: boolean;
  weights: Weight[];
}

function label({ heads, windowTokens, sharesKv = false }: GqaLayer): string {
  const { numHeads, numKvHeads, headDim, valueHeadDim } = heads;
  const name = numKvHeads === numHeads ? 'MHA' : numKvHeads === 1 ? 'MQA' : 'GQA';
  const size = valueHeadDim === headDim ? `${headDim}` : `${headDim} / ${valueHeadDim}`;
  const window = windowTokens === null ? '' : `, window ${windowTokens}`;
  const shared = sharesKv ? ', KV of an earlier layer' : '';
  return `${name} ${numHeads} query / ${numKvHeads} KV heads of ${size}${window}${shared}`;
}

/**
 * Grouped-query attention in the terms of all kinds: keys and values of the KV heads (not the query heads) are cached; a
 * token multiplies queries with keys and weights with values, 2 FLOP per element each.
 */
export function gqaLayer(layer: GqaLayer): Attention {
  const { heads, windowTokens, sharesKv = false, weights } = layer;
  const { numHeads, numKvHeads, headDim, valueHeadDim } = heads;
  const perToken = { elementsPerToken: numKvHeads * (headDim + valueHeadDim), splitUnits: numKvHeads };
  const flop = 2 * numHeads * (headDim + valueHeadDim);
  return {
    kind: 'gqa',
    label: label(layer),
    weights,
    numHeads,
    cache: sharesKv ? [] : [{ ...perToken, windowTokens, bytesPerElement: null }],
    context: [{ ...perToken, bytesPerElement: null, attendedTokens: windowTokens, decodeFlop: flop, promptFlop: flop }],
    state: [],
    recurrenceFlop: 0,
  };
}

/** One learned number per query head that takes part in the softmax. */
export const sinks = ({ numHeads }: Pick<HeadShape, 'numHeads'>, module = 'self_attn'): Weight[] => [
  vector('attention', `${module}.sinks`, numHeads, numHeads),
];

interface GqaProjections {
  module: string;
  hasQkvBias: boolean;
  hasOutBias: boolean;
  /** Parameters of the norms on queries and keys. */
  qkNorm: number;
  hasOutputGate?: boolean;
  sharesKv?: boolean;
  keyIsValue?: boolean;
}

/** h·H·d (queries, twice with an output gate) + h·K·(d + dv) (keys, values) + H·dv·h (output), biases and norms. */
export function gqaWeights(hiddenSize: number, heads: HeadShape, projections: GqaProjections): Weight[] {
  const { numHeads, numKvHeads, headDim, valueHeadDim } = heads;
  const { module, hasQkvBias, hasOutBias, qkNorm } = projections;
  const query = { hasBias: hasQkvBias, splitUnits: numHeads };
  const keyValue = { hasBias: hasQkvBias, splitUnits: numKvHeads };
  const queries = numHeads * headDim * (projections.hasOutputGate ? 2 : 1);
  const out = { hasBias: hasOutBias, splitUnits: numHeads, splitsInputs: true };
  return [
    ...linear('attention', `${module}.q_proj`, queries, hiddenSize, query),
    ...(projections.sharesKv
      ? []
      : linear('attention', `${module}.k_proj`, numKvHeads * headDim, hiddenSize, keyValue)),
    ...(projections.sharesKv || projections.keyIsValue
      ? []
      : linear('attention', `${module}.v_proj`, numKvHeads * valueHeadDim, hiddenSize, keyValue)),
    ...linear('attention', `${module}.o_proj`, hiddenSize, numHeads * valueHeadDim, out),
    ...(qkNorm > 0 ? [vector('attention', `${module}.qk_norm`, qkNorm)] : []),
  ];
}

/**
 * Multi-head, grouped-query and multi-query attention, told apart by the number of KV heads. Fused and separate projections
 * count the same.
 */
export function gqaAttention(options: GqaOptions = {}): AttentionReader {
  return (fields, frame) => {
    const heads = readHeads(fields, frame, options);
    const weights = [
      ...gqaWeights(frame.hiddenSize, heads, {
        module: options.module ?? 'self_attn',
        hasQkvBias: (options.qkvBias ?? never)(fields),
        hasOutBias: (options.outBias ?? never)(fields),
        hasOutputGate: (options.hasOutputGate ?? never)(fields),
        qkNorm: options.qkNorm?.(heads, fields) ?? 0,
      }),
      ...(options.extraWeights?.(heads, fields, frame) ?? []),
    ];
    const windowOf = (options.window ?? wholeContext)(fields, frame);
    const attentionOf = memoized((windowTokens: number | null) => gqaLayer({ heads, windowTokens, weights }));
    return (layer) => attentionOf(windowOf(layer));
  };
}

/** One layer of a family whose layers differ in their heads, what they share or what they see. */
export interface GqaLayerShape extends Omit<GqaLayer, 'weights'>, Partial<Omit<GqaProjections, 'module'>> {
  /** One learned number per query head that takes part in the softmax. */
  hasSinks?: boolean;
}

/** What such a family says of each layer (0-based); reads the fields once. */
export type GqaShapeRule = (fields: ConfigFields, frame: Frame) => (layer: number) => GqaLayerShape;

/** Grouped-query attention whose layers have shapes of their own; equal shapes are one object. */
export function gqaByLayer(
  shapeOf: GqaShapeRule,
  extraWeights: (shape: GqaLayerShape, frame: Frame) => Weight[] = () => [],
  module = 'self_attn',
): AttentionReader {
  return (fields, frame) => {
    const shapes = shapeOf(fields, frame);
    const known = new Map<string, Attention>();
    return (layer) => {
      const shape = shapes(layer);
      const key = JSON.stringify(shape);
      const found = known.get(key);
      if (found) return found;
      const { heads, hasQkvBias = false, hasOutBias = false, qkNorm = 0 } = shape;
      const weights = [
        ...gqaWeights(frame.hiddenSize, heads, { ...shape, module, hasQkvBias, hasOutBias, qkNorm }),
        ...(shape.hasSinks ? sinks(heads, module) : []),
        ...extraWeights(shape, frame),
      ];
      const attention = gqaLayer({ ...shape, weights });
      known.set(key, attention);
      return attention;
    };
  };
}

export const GQA: AttentionKindEntry = {
  words: 'multi-head, grouped-query or multi-query attention',
  shortName: 'GQA',
  layerTypes: ['full_attention', 'sliding_attention', 'chunked_attention', 'attention'],
  telltales: [],
  read: gqaAttention(),
};

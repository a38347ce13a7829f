import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, never, type AttentionReader, type FlagRule, type Frame } from '../frame.ts';
import type { GqaAttention } from '../types.ts';
import { wholeContext, type WindowRule } from './window.ts';

export interface HeadShape {
  numHeads: number;
  numKvHeads: number;
  headDim: number;
}

/** How a family's grouped-query attention differs from the plain one (no biases, no norms, whole context). */
export interface GqaOptions {
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
  /** Further parameters of one layer, for example attention sinks. */
  extraParameters?: (heads: HeadShape) => number;
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

function readHeads(fields: ConfigFields, frame: Frame, options: GqaOptions): HeadShape {
  const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const numKvHeads = (options.numKvHeads ?? kvHeads())(fields, numHeads);
  if (numKvHeads > numHeads || numHeads % numKvHeads !== 0) {
    throw fields.invalid('num_key_value_heads', numKvHeads, `a divisor of the ${numHeads} query heads`);
  }
  const headDim = fields.optionalCount(NAMES.headDim, LIMITS.heads) ?? options.headDim ?? frame.hiddenSize / numHeads;
  if (!Number.isInteger(headDim)) {
    const cure = `a divisor of the hidden size ${frame.hiddenSize}, or head_dim must be given`;
    throw fields.invalid('num_attention_heads', numHeads, cure);
  }
  return { numHeads, numKvHeads, headDim };
}

/**
 * Multi-head, grouped-query and multi-query attention: parameters = h·H·d (queries) + 2·h·K·d (keys, values) + H·d·h
 * (output), with biases and query/key norms where the family has them. Fused and separate projections count the same.
 */
export function gqaAttention(options: GqaOptions = {}): AttentionReader {
  return (fields, frame) => {
    const heads = readHeads(fields, frame, options);
    const { numHeads, numKvHeads, headDim } = heads;
    const queryWidth = numHeads * headDim;
    const keyValueWidth = 2 * numKvHeads * headDim;
    const projections = frame.hiddenSize * (2 * queryWidth + keyValueWidth);
    const qkvBias = (options.qkvBias ?? never)(fields) ? queryWidth + keyValueWidth : 0;
    const outBias = (options.outBias ?? never)(fields) ? frame.hiddenSize : 0;
    const norms = options.qkNorm?.(heads, fields) ?? 0;
    const extra = options.extraParameters?.(heads) ?? 0;
    const windowOf = (options.window ?? wholeContext)(fields, frame);
    return (layer): GqaAttention => ({
      kind: 'gqa',
      ...heads,
      windowTokens: windowOf(layer),
      parameters: projections + qkvBias + outBias + norms + extra,
    });
  };
}

import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, NAMES, type AttentionReader, type FlagRule, type Frame } from '../frame.ts';
import type { Attention, CacheShare } from '../types.ts';
import { linear, vector, type Weight } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';

export interface MlaShape {
  numHeads: number;
  /** Size of the compressed query; null = queries come straight from the hidden state. */
  queryRank: number | null;
  /** Size of the vector that keys and values of all heads are compressed to. */
  latentSize: number;
  /** Elements of a query or key head that carry the position; the key's are one for all heads. */
  ropeDim: number;
  /** Elements of a query or key head without position. */
  nopeDim: number;
  valueDim: number;
}

interface MlaOptions {
  /** Module path before the projections. */
  module?: string;
  /** Bias of the projections that lead down and of the output; those that lead up to the heads have none. */
  bias?: FlagRule;
  /** A gate of the size of all value heads multiplies the output (Kimi). */
  hasOutputGate?: FlagRule;
}

const headSize = (fields: ConfigFields, name: string, what: string): number => {
  const size = fields.optionalCount([name], LIMITS.heads, 0);
  if (size === null) throw fields.missing([name], what);
  return size;
};

/** The sizes of multi-head latent attention. `num_key_value_heads` and `head_dim` mean nothing here. */
export function readMlaShape(fields: ConfigFields, frame: Frame): MlaShape {
  const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const valueDim = fields.optionalCount(['v_head_dim'], LIMITS.heads) ?? frame.hiddenSize / numHeads;
  if (!Number.isInteger(valueDim)) {
    const cure = `a divisor of the hidden size ${frame.hiddenSize}, or v_head_dim must be given`;
    throw fields.invalid(NAMES.numHeads, numHeads, cure);
  }
  return {
    numHeads,
    queryRank: fields.optionalCount(['q_lora_rank'], LIMITS.width),
    latentSize: fields.count(['kv_lora_rank'], LIMITS.width, 'the size of the compressed keys and values'),
    ropeDim: headSize(fields, 'qk_rope_head_dim', 'the elements of a query head with rotary position'),
    nopeDim: headSize(fields, 'qk_nope_head_dim', 'the elements of a query head without position'),
    valueDim,
  };
}

interface MlaProjections {
  module: string;
  hasBias: boolean;
  hasOutputGate: boolean;
}

/**
 * Queries h·r + r + r·H·(nope + rope), or h·H·(nope + rope) without compression; keys and values h·(c + rope) + c +
 * c·H·(nope + v); output H·v·h. What leads down to the compressed vectors is whole on every GPU of a tensor-parallel group
 * (vLLM: replicated), what leads up is divided by heads.
 */
function mlaWeights(hiddenSize: number, shape: MlaShape, projections: MlaProjections): Weight[] {
  const { numHeads, queryRank, latentSize, ropeDim, nopeDim, valueDim } = shape;
  const { module, hasBias, hasOutputGate } = projections;
  const heads = { splitUnits: numHeads };
  const queries = numHeads * (nopeDim + ropeDim);
  const values = numHeads * valueDim;
  return [
    ...(queryRank === null
      ? linear('attention', `${module}.q_proj`, queries, hiddenSize, heads)
      : [
          ...linear('attention', `${module}.q_a_proj`, queryRank, hiddenSize, { hasBias }),
          vector('attention', `${module}.q_a_layernorm`, queryRank),
          ...linear('attention', `${module}.q_b_proj`, queries, queryRank, heads),
        ]),
    ...linear('attention', `${module}.kv_a_proj_with_mqa`, latentSize + ropeDim, hiddenSize, { hasBias }),
    vector('attention', `${module}.kv_a_layernorm`, latentSize),
    ...linear('attention', `${module}.kv_b_proj`, numHeads * (nopeDim + valueDim), latentSize, heads),
    ...(hasOutputGate ? linear('attention', `${module}.g_proj`, values, hiddenSize, heads) : []),
    ...linear('attention', `${module}.o_proj`, hiddenSize, values, { ...heads, hasBias, splitsInputs: true }),
  ];
}

/** What one token leaves in the cache: the compressed vector and the key's positions, once for all heads, on every GPU. */
export const latentCache = ({ latentSize, ropeDim }: MlaShape): Omit<CacheShare, 'windowTokens'> => ({
  elementsPerToken: latentSize + ropeDim,
  splitUnits: 1,
  bytesPerElement: null,
});

/** FLOP of a token per attended token in the absorbed form: every head scores c + rope elements and sums c. */
export const absorbedFlop = ({ numHeads, latentSize, ropeDim }: MlaShape): number =>
  2 * numHeads * (2 * latentSize + ropeDim);

export function mlaLabel({ numHeads, queryRank, latentSize, ropeDim }: MlaShape): string {
  const query = queryRank === null ? '' : `, query rank ${queryRank}`;
  return `MLA ${numHeads} heads, latent ${latentSize} + ${ropeDim}${query}`;
}

/**
 * Multi-head latent attention in the terms of all kinds. A token that decodes works on the cached vectors themselves (the
 * up-projections are absorbed into query and output); a prompt expands them to heads first, which is less work for many
 * queries at once: nope + rope elements to score, v to sum.
 *
 * Assumed for every family: the engine caches the compressed vector, as vLLM does for the DeepSeek line, Kimi, GLM and
 * LongCat. vLLM's own MiniCPM3 class expands it to heads before caching.
 */
function mlaLayer(shape: MlaShape, weights: Weight[]): Attention {
  const { numHeads, ropeDim, nopeDim, valueDim } = shape;
  const cached = latentCache(shape);
  return {
    kind: 'mla',
    label: mlaLabel(shape),
    weights,
    numHeads,
    cache: [{ ...cached, windowTokens: null }],
    context: [
      {
        ...cached,
        attendedTokens: null,
        decodeFlop: absorbedFlop(shape),
        promptFlop: 2 * numHeads * (nopeDim + ropeDim + valueDim),
      },
    ],
    state: [],
    recurrenceFlop: 0,
  };
}

/** The weights of one layer of multi-head latent attention, with the switches its fields name. */
export function readMlaWeights(
  fields: ConfigFields,
  frame: Frame,
  shape: MlaShape,
  options: MlaOptions = {},
): Weight[] {
  const { module = 'self_attn', bias = flag('attention_bias', false) } = options;
  const hasOutputGate = (options.hasOutputGate ?? flag('mla_use_output_gate', false))(fields);
  return mlaWeights(frame.hiddenSize, shape, { module, hasBias: bias(fields), hasOutputGate });
}

/** Multi-head latent attention in every layer it is asked for, with and without a compressed query (`q_lora_rank`). */
export function mlaAttention(options: MlaOptions = {}): AttentionReader {
  return (fields, frame) => {
    const shape = readMlaShape(fields, frame);
    const attention = mlaLayer(shape, readMlaWeights(fields, frame, shape, options));
    return () => attention;
  };
}

export const MLA: AttentionKindEntry = {
  words: 'multi-head latent attention (MLA)',
  shortName: 'MLA',
  layerTypes: [],
  telltales: ['kv_lora_rank'],
  read: mlaAttention(),
};

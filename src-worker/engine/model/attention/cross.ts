import { LIMITS, type ConfigFields } from '../fields.ts';
import type { AttentionReader, Frame } from '../frame.ts';
import type { Attention } from '../types.ts';
import { vector } from '../weight.ts';
import { gqaAttention, gqaWeights, perHeadNorm, readHeads } from './gqa.ts';
import type { AttentionKindEntry } from './kind.ts';

/** The layers of Llama 3.2 Vision that look at a picture; MllamaTextConfig sets these for a file that names none. */
const CROSS_LAYERS = [3, 8, 13, 18, 23, 28, 33, 38];

const isLayer = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0;

/** The layers (0-based) that attend to pictures instead of the text before. */
export function crossLayers(fields: ConfigFields): ReadonlySet<number> {
  const written = fields.optionalList(['cross_attention_layers'], LIMITS.layers, isLayer, 'a layer number from 0');
  return new Set(written ?? CROSS_LAYERS);
}

/**
 * Attention from the text to the tokens of a picture: the projections of grouped-query attention, norms on queries and keys,
 * and two learned gates. It keeps nothing per text token; the keys and values of a picture are not counted.
 */
function crossLayer(fields: ConfigFields, frame: Frame): Attention {
  const heads = readHeads(fields, frame);
  return {
    kind: 'cross',
    label: `cross-attention to pictures, ${heads.numHeads} query / ${heads.numKvHeads} KV heads of ${heads.headDim}`,
    weights: [
      ...gqaWeights(frame.hiddenSize, heads, {
        module: 'cross_attn',
        hasQkvBias: false,
        hasOutBias: false,
        qkNorm: perHeadNorm(heads),
      }),
      vector('attention', 'cross_attn_gates', 2),
    ],
    numHeads: heads.numHeads,
    cache: [],
    context: [],
    state: [],
    recurrenceFlop: 0,
  };
}

/** Grouped-query attention with layers that attend to pictures between. */
export const crossAttention: AttentionReader = (fields, frame) => {
  const isCross = crossLayers(fields);
  const selfOf = gqaAttention()(fields, frame);
  const cross = crossLayer(fields, frame);
  return (layer) => (isCross.has(layer) ? cross : selfOf(layer));
};

export const CROSS: AttentionKindEntry = {
  words: 'cross-attention to pictures between layers of self-attention',
  shortName: 'Cross',
  layerTypes: [],
  telltales: ['cross_attention_layers'],
  read: crossAttention,
};

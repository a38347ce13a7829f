import { GQA } from './attention/gqa.ts';
import { checkLayerTypes } from './attention/layer-types.ts';
import { contextLength } from './context.ts';
import type { DecoderFamily, NormKind } from './families/types.ts';
import { LIMITS, type ConfigFields } from './fields.ts';
import { always, NAMES, type Frame } from './frame.ts';
import { memoized } from './memoized.ts';
import type { Attention, Ffn, Layer, Model } from './types.ts';
import { linear, table, vector, type Weight } from './weight.ts';

/** The parts of a model that its family decides; `isEstimated` where its context is. */
export type Decoder = Pick<
  Model,
  | 'hiddenSize'
  | 'vocabularySize'
  | 'maxContextTokens'
  | 'layers'
  | 'outside'
  | 'isHeadTied'
  | 'mtpParameters'
  | 'isEstimated'
  | 'assumptions'
>;

const NORM_SIZE: Record<NormKind, number> = { weight: 1, weight_and_bias: 2, none: 0 };

/** Tokens of the vocabulary that tensor parallelism keeps together: vLLM pads to whole groups of 64. */
export const VOCABULARY_GROUP = 64;

/** Parts a vocabulary can be split into. */
const vocabularyParts = (vocabularySize: number): number => Math.ceil(vocabularySize / VOCABULARY_GROUP);

function readFrame(fields: ConfigFields, family: DecoderFamily, maxContextTokens: number): Frame {
  return {
    hiddenSize: fields.count(NAMES.hiddenSize, LIMITS.width, 'the width of the residual stream'),
    numLayers:
      family.numLayers?.(fields) ?? fields.count(NAMES.numLayers, LIMITS.layers, 'the number of decoder layers'),
    vocabularySize: fields.count(NAMES.vocabularySize, LIMITS.vocabulary, 'the number of tokens'),
    maxContextTokens,
  };
}

/** Parameters of one norm of the hidden size. */
function normSizeOf(fields: ConfigFields, { norms }: DecoderFamily, { hiddenSize }: Frame): number {
  const kind = typeof norms.kind === 'function' ? norms.kind(fields) : norms.kind;
  return NORM_SIZE[kind] * hiddenSize;
}

/** The layers, equal ones as one object. */
function readLayers(fields: ConfigFields, family: DecoderFamily, frame: Frame): Layer[] {
  const attentionOf = family.attention(fields, frame);
  const ffnOf = family.ffn(fields, frame);
  const { perLayer } = family.norms;
  const normsOf = typeof perLayer === 'number' ? () => perLayer : perLayer(fields, frame);
  const normSize = normSizeOf(fields, family, frame);
  const normWeights = memoized((count: number): Weight[] =>
    count * normSize > 0 ? [vector('norms', 'norm', normSize, 1, count)] : [],
  );
  const layerOf = memoized((attention: Attention) =>
    memoized((ffn: Ffn) => memoized((norms: Weight[]): Layer => ({ attention, ffn, norms }))),
  );
  return Array.from({ length: frame.numLayers }, (_, layer) =>
    layerOf(attentionOf(layer))(ffnOf(layer))(normWeights(normsOf(layer))),
  );
}

/**
 * Embedding, layers, final norm and head of a decoder, read from its file by its family's rules. Without `hasHead` the
 * weights end at the final norm, as those of a model that embeds texts do.
 */
export function readDecoder(written: ConfigFields, family: DecoderFamily, hasHead = true): Decoder {
  const fields = written.withDefaults(family.defaults ?? {});
  const context = contextLength(fields, family);
  const frame = readFrame(fields, family, context.tokens);
  const { hiddenSize, vocabularySize } = frame;
  checkLayerTypes(fields, frame.numLayers, family.layerTypes ?? GQA.layerTypes);
  const layers = readLayers(fields, family, frame);
  const isHeadTied =
    typeof family.isHeadTied === 'function' ? family.isHeadTied(fields) : fields.flag(NAMES.tied, family.isHeadTied);
  const ownsHead = hasHead && !isHeadTied;
  const splitUnits = vocabularyParts(vocabularySize);
  const normSize = normSizeOf(fields, family, frame);
  const hasFinalNorm = (family.norms.hasFinal ?? always)(fields) && normSize > 0;
  const embeddingWidth = family.embeddingWidth?.(fields, hiddenSize) ?? hiddenSize;
  const outside: Weight[] = [
    table('embedding', 'embed_tokens', vocabularySize, embeddingWidth, splitUnits),
    ...(family.extraOutside?.(fields, frame) ?? []),
    ...(hasFinalNorm ? [vector('norms', 'norm', normSize)] : []),
    ...(ownsHead ? linear('head', 'lm_head', vocabularySize, embeddingWidth, { splitUnits }) : []),
    ...(hasHead && family.headBias?.(fields) ? [vector('head', 'lm_head.bias', vocabularySize, splitUnits)] : []),
  ];
  return {
    hiddenSize,
    vocabularySize,
    maxContextTokens: frame.maxContextTokens,
    layers,
    outside,
    isHeadTied,
    mtpParameters: family.mtpParameters?.(fields, frame) ?? 0,
    isEstimated: context.isEstimated,
    assumptions: [
      ...(family.assumptions?.(fields) ?? []),
      ...(context.assumption === null ? [] : [context.assumption]),
    ],
  };
}

import { contextLength } from './context.ts';
import type { DecoderFamily, NormKind } from './families/types.ts';
import { LIMITS, type ConfigFields } from './fields.ts';
import { always, NAMES, type Frame } from './frame.ts';
import type { Layer, Model } from './types.ts';

/** The parts of a model that its family decides. */
export type Decoder = Pick<
  Model,
  | 'hiddenSize'
  | 'vocabularySize'
  | 'maxContextTokens'
  | 'embeddingParameters'
  | 'headParameters'
  | 'isHeadTied'
  | 'finalNormParameters'
  | 'layers'
  | 'assumptions'
>;

const NORM_SIZE: Record<NormKind, number> = { weight: 1, weight_and_bias: 2, none: 0 };

/** Embedding, layers, final norm and head of a decoder, read from its file by its family's rules. */
export function readDecoder(fields: ConfigFields, family: DecoderFamily): Decoder {
  const context = contextLength(fields);
  const frame: Frame = {
    hiddenSize: fields.count(NAMES.hiddenSize, LIMITS.width, 'the width of the residual stream'),
    numLayers: fields.count(NAMES.numLayers, LIMITS.layers, 'the number of decoder layers'),
    vocabularySize: fields.count(NAMES.vocabularySize, LIMITS.vocabulary, 'the number of tokens'),
    maxContextTokens: context.tokens,
  };
  const { hiddenSize, vocabularySize } = frame;
  const attentionOf = family.attention(fields, frame);
  const ffnOf = family.ffn(fields, frame);
  const normSize = NORM_SIZE[family.norms.kind] * hiddenSize;
  const { perLayer } = family.norms;
  const normParameters = normSize * (typeof perLayer === 'number' ? perLayer : perLayer(fields));
  const layers = Array.from({ length: frame.numLayers }, (_, layer): Layer => ({
    attention: attentionOf(layer),
    ffn: ffnOf(layer),
    normParameters,
  }));

  const isHeadTied = fields.flag(['tie_word_embeddings'], family.isHeadTied);
  const headBias = family.headBias?.(fields) ? vocabularySize : 0;
  return {
    hiddenSize,
    vocabularySize,
    maxContextTokens: frame.maxContextTokens,
    embeddingParameters: vocabularySize * hiddenSize + (family.extraEmbedding?.(fields, frame) ?? 0),
    headParameters: (isHeadTied ? 0 : vocabularySize * hiddenSize) + headBias,
    isHeadTied,
    finalNormParameters: (family.norms.hasFinal ?? always)(fields) ? normSize : 0,
    layers,
    assumptions: [
      ...(family.assumptions?.(fields) ?? []),
      ...(context.assumption === null ? [] : [context.assumption]),
    ],
  };
}

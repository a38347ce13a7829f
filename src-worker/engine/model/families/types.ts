import type { ConfigFields } from '../fields.ts';
import type { AttentionReader, FfnReader, FlagRule, Frame } from '../frame.ts';

/** Size of one norm: RMSNorm and bias-free LayerNorm have a weight, LayerNorm also a bias, OLMo's has neither. */
export type NormKind = 'weight' | 'weight_and_bias' | 'none';

/**
 * A family of decoders as its differences to the plain one: embedding, layers of norms + attention + FFN, a final norm and
 * an output head. Adding a family is one entry in a table beside this file.
 */
export interface DecoderFamily {
  attention: AttentionReader;
  ffn: FfnReader;
  /** `perLayer`: how many norms of the hidden size a layer has (2 unless the family says otherwise). */
  norms: {
    kind: NormKind;
    perLayer: number | ((fields: ConfigFields) => number);
    /** Is there one before the head? Yes unless the family says otherwise. */
    hasFinal?: FlagRule;
  };
  /** Does the head share the embedding when `tie_word_embeddings` is absent? */
  isHeadTied: boolean;
  headBias?: FlagRule;
  /** Embedding parameters beside vocabulary x hidden: learned positions, an embedding norm. */
  extraEmbedding?: (fields: ConfigFields, frame: Frame) => number;
  /** Generators whose `architectures` entry does not follow the usual names. */
  architectures?: readonly string[];
  /** Sentences about what was taken for granted; only the family of unknown decoders has them. */
  assumptions?: (fields: ConfigFields) => string[];
}

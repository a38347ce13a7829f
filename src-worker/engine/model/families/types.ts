import type { ConfigFields } from '../fields.ts';
import type { AttentionReader, FfnReader, FlagRule, Frame } from '../frame.ts';
import type { Weight } from '../weight.ts';

/** Size of one norm: RMSNorm and bias-free LayerNorm have a weight, LayerNorm also a bias, OLMo's has neither. */
export type NormKind = 'weight' | 'weight_and_bias' | 'none';

/** How many norms of the hidden size a layer (0-based) has; reads the fields once. */
export type NormCountRule = (fields: ConfigFields, frame: Frame) => (layer: number) => number;

/**
 * A family of decoders as its differences to the plain one: embedding, layers of norms + attention + FFN, a final norm and
 * an output head. Adding a family is one entry in a table beside this file.
 */
export interface DecoderFamily {
  /** What the family's Transformers class sets for keys a file leaves out. */
  defaults?: Readonly<Record<string, unknown>>;
  attention: AttentionReader;
  ffn: FfnReader;
  /** `perLayer`: how many norms of the hidden size a layer has (2 unless the family says otherwise). */
  norms: {
    kind: NormKind | ((fields: ConfigFields) => NormKind);
    perLayer: number | NormCountRule;
    /** Is there one before the head? Yes unless the family says otherwise. */
    hasFinal?: FlagRule;
  };
  /** Does the head share the embedding when `tie_word_embeddings` is absent? A rule decides by other fields, too. */
  isHeadTied: boolean | FlagRule;
  headBias?: FlagRule;
  /** True when `max_position_embeddings` already is the length after RoPE scaling. */
  statesExtendedContext?: boolean;
  /** Entries of `layer_types` its layers may have; absent = those of grouped-query attention. */
  layerTypes?: readonly string[];
  /** Number of layers where the file does not name it in the usual way. */
  numLayers?: (fields: ConfigFields) => number;
  /** Width of embedding and head where it differs from the hidden size. */
  embeddingWidth?: (fields: ConfigFields, hiddenSize: number) => number;
  /** Longest sequence when the file names none: the class's default, in tokens. */
  contextTokens?: number;
  /** Weights outside the layers beside vocabulary x hidden: learned positions, an embedding norm. */
  extraOutside?: (fields: ConfigFields, frame: Frame) => Weight[];
  /** Parameters of the block(s) for multi-token prediction that the checkpoint ships on top of the total. */
  mtpParameters?: (fields: ConfigFields, frame: Frame) => number;
  /** Generators whose `architectures` entry does not follow the usual names. */
  architectures?: readonly string[];
  /** Files the modelling code leaves open: their figures are labelled estimated. */
  isEstimated?: FlagRule;
  /** Sentences about what was taken for granted, for unknown decoders and estimated files. */
  assumptions?: (fields: ConfigFields) => string[];
}

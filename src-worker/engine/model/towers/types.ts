import type { ConfigFields } from '../fields.ts';
import type { Frame } from '../frame.ts';
import type { Tower } from '../types.ts';

/** The text model that a projector leads to: its sizes and its part of the file. */
export interface TextFrame extends Pick<Frame, 'hiddenSize' | 'vocabularySize' | 'numLayers'> {
  fields: ConfigFields;
}

/** Reads one kind of vision or audio part from the outer object of a file; [] where the file has none. */
export type TowerReader = (fields: ConfigFields, text: TextFrame) => Tower[];

/** Some classes around a decoder share its head with the embedding where neither object of the file says. */
export const tiedUnlessSaid = (text: ConfigFields): ConfigFields => text.withDefaults({ tie_word_embeddings: true });

/** A model around a text decoder: where the decoder's fields lie, and what stands before it. */
export interface MultimodalFamily {
  /**
   * Names the object with the decoder's fields goes by, for example `text_config`; the first one present is read. In a file
   * with none of them the fields lie in the outer object.
   */
  text: readonly string[];
  /** model_type of the decoder, or how the file tells it; what the inner object says wins where it is given. */
  textModelType: string | ((fields: ConfigFields) => string);
  /** What the class around the decoder sets for keys the decoder's object leaves out, before the decoder's own class does. */
  textDefaults?: Readonly<Record<string, unknown>>;
  /** The decoder's fields where its file writes them in a way no decoder does. */
  textFields?: (text: ConfigFields) => ConfigFields;
  towers: readonly TowerReader[];
  /** True for a file whose model_type is not known. */
  isEstimated?: boolean;
  /** Generators whose `architectures` entry does not follow the usual names. */
  architectures?: readonly string[];
  /** Objects of the file that describe parts which are left out on purpose; `assumptions` says so. */
  leavesOut?: readonly string[];
  /** Sentences about parts of the checkpoint that are not counted. */
  assumptions?: (fields: ConfigFields) => string[];
}

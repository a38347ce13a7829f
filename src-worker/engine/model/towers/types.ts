import type { ConfigFields } from '../fields.ts';
import type { Frame } from '../frame.ts';
import type { Tower } from '../types.ts';

/** Sizes of the text model that a projector leads to. */
export type TextFrame = Pick<Frame, 'hiddenSize' | 'vocabularySize' | 'numLayers'>;

/** Reads one kind of vision or audio part from the outer object of a file; [] where the file has none. */
export type TowerReader = (fields: ConfigFields, text: TextFrame) => Tower[];

/** A model around a text decoder: where the decoder's fields lie, and what stands before it. */
export interface MultimodalFamily {
  /** Object with the decoder's fields, for example `text_config`; null = they lie in the outer object. */
  text: string | null;
  /** model_type of the decoder; what the inner object says wins where it is given. */
  textModelType: string;
  /** What the decoder's class sets for keys the inner object leaves out. */
  textDefaults?: Readonly<Record<string, unknown>>;
  towers: readonly TowerReader[];
}

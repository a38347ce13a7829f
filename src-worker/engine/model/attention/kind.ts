import type { AttentionReader } from '../frame.ts';

/** What the registry says of one kind of attention; each kind's file exports its entry. */
export interface AttentionKindEntry {
  /** The kind in words, as they follow "uses": `multi-head latent attention (MLA)`. */
  words: string;
  /** The kind in a column of a list: `MLA`. */
  shortName: string;
  /** Entries of `layer_types` (and older spellings of it) that name this kind. */
  layerTypes: readonly string[];
  /** Fields that betray it in a file whose model_type is not known; none = it is never guessed. */
  telltales: readonly string[];
  /** True for what stands in attention's place: layers of it stand beside layers of attention. */
  isRecurrence?: true;
  /** Kinds whose fields it has as well: a file that betrays this one does not mean them. */
  includes?: readonly AttentionKindEntry[];
  /** Reads it by its usual field names: what an unknown architecture is computed with. */
  read: AttentionReader;
}

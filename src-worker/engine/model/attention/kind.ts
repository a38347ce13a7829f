import type { AttentionReader } from '../frame.ts';

/** What the registry says of one kind of attention; each kind's file exports its entry. */
export interface AttentionKindEntry {
  /** The kind in words, as they follow "uses": `multi-head latent attention (MLA)`. */
  words: string;
  /** Entries of `layer_types` (and older spellings of it) that name this kind. */
  layerTypes: readonly string[];
  /** Fields that betray it in a file whose model_type is not known; none = it is never guessed. */
  telltales: readonly string[];
  /** Reads it by its usual field names: what an unknown architecture is computed with. */
  read: AttentionReader;
}

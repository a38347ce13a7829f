import type { FfnReader } from '../frame.ts';

/** What the registry says of one kind of feed-forward network; each kind's file exports its entry. */
export interface FfnKindEntry {
  words: string;
  /** Fields that betray it in a file whose model_type is not known. */
  telltales: readonly string[];
  /** Reads it by its usual field names: what an unknown architecture is computed with. */
  read: FfnReader;
}

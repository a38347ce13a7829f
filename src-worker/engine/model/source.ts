/**
 * What the headers of a checkpoint's safetensors files say, added up: enough to check a count, nothing of the weights.
 * Elements are counted as stored: a packed format holds several weights in one element, scales are elements too.
 */
export interface SafetensorsSummary {
  /** By the format's own names: `BF16`, `F8_E4M3`, `U8`, …; empty where only the size is known. */
  elementsByDtype: Record<string, number>;
  /** Bytes of all tensors; null where it is not told. */
  totalBytes: number | null;
}

/** Where a config came from: shipped, kept in the store, read from a path, fetched from a hub, in its local cache. */
type ModelOrigin = 'bundled' | 'imported' | 'file' | 'hub' | 'hf_cache';

/** The bundled model whose config stands for one that is not bundled itself. */
export interface FactsOf {
  id: string;
  /** Fields of config.json that are the model's own. */
  differs: string[];
}

/** A config.json with where it came from. */
export interface ModelSource {
  id: string;
  /** The parsed JSON of config.json: outside input, not yet checked. */
  config: unknown;
  origin: ModelOrigin;
  /** Repository, address, path or catalog entry it was taken from. */
  source: string;
  /** Commit of the repository; null where it is not known. */
  revision: string | null;
  safetensors: SafetensorsSummary | null;
  /** ISO time at which it was kept, or its file was written; null for what ships with the program. */
  addedAt: string | null;
  /** Absent for a model whose own config this is. */
  factsOf?: FactsOf;
}

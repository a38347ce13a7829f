import type { DecoderFamily } from './types.ts';

/** Decoders with layers of several shapes: shared keys and values, per-layer embeddings, searched blocks, by `model_type`. */
export const MIXED_FAMILIES: Record<string, DecoderFamily> = {};

import type { DecoderFamily } from './types.ts';

/** Decoders with multi-head latent attention (MLA), by `model_type`. */
export const LATENT_FAMILIES: Record<string, DecoderFamily> = {};

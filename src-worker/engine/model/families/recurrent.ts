import type { DecoderFamily } from './types.ts';

/** Decoders with layers that keep a constant state: state-space, linear attention, short convolutions, alone or beside attention, by `model_type`. */
export const RECURRENT_FAMILIES: Record<string, DecoderFamily> = {};

import type { Ffn } from '../types.ts';

/** A layer without a feed-forward network: state-space layers, sub-layers that only attend. */
export const NO_FFN: Ffn = { kind: 'none', label: 'no FFN', weights: [], experts: null };

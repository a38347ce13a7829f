import type { Ffn } from '../types.ts';
import type { FfnKindEntry } from './kind.ts';

/** A layer without a feed-forward network: state-space layers, sub-layers that only attend. */
export const NO_FFN: Ffn = { kind: 'none', label: 'no FFN', weights: [], experts: null };

export const NONE: FfnKindEntry = { words: 'no feed-forward network', telltales: [], read: () => () => NO_FFN };

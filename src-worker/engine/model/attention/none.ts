import type { Attention } from '../types.ts';
import type { AttentionKindEntry } from './kind.ts';

/** A layer that does not look at other tokens: sub-layers that are only a feed-forward network. */
export const NO_ATTENTION: Attention = {
  kind: 'none',
  label: 'no attention',
  weights: [],
  numHeads: null,
  cache: [],
  context: [],
  state: [],
  recurrenceFlop: 0,
};

export const NONE: AttentionKindEntry = {
  words: 'no attention',
  shortName: '',
  layerTypes: [],
  telltales: [],
  read: () => () => NO_ATTENTION,
};

import type { AttentionReader } from '../frame.ts';
import { commonDivisor } from '../heads.ts';
import { memoized } from '../memoized.ts';
import type { Attention } from '../types.ts';
import { gqaAttention } from './gqa.ts';
import type { AttentionKindEntry } from './kind.ts';
import { BAMBA_FIELDS, mamba2 } from './mamba2.ts';

/** Several mixers in one layer as one: everything they hold, read and compute adds up; all their heads must be divided. */
export function sideBySide(parts: readonly Attention[]): Attention {
  const heads = parts.flatMap(({ numHeads }) => (numHeads === null ? [] : [numHeads]));
  return {
    kind: 'parallel',
    label: parts.map(({ label }) => label).join(' + '),
    weights: parts.flatMap(({ weights }) => weights),
    numHeads: heads.length > 0 ? commonDivisor(heads) : null,
    numMixers: parts.length,
    cache: parts.flatMap(({ cache }) => cache),
    context: parts.flatMap(({ context }) => context),
    state: parts.flatMap(({ state }) => state),
    recurrenceFlop: parts.reduce((sum, { recurrenceFlop }) => sum + recurrenceFlop, 0),
  };
}

/** Attention and a recurrence over the same input (Falcon-H1), or one after the other in one layer (Zamba2). */
export function parallelMixers(first: AttentionReader, second: AttentionReader): AttentionReader {
  return (fields, frame) => {
    const firstOf = first(fields, frame);
    const secondOf = second(fields, frame);
    const both = memoized((one: Attention) => memoized((other: Attention) => sideBySide([one, other])));
    return (layer) => both(firstOf(layer))(secondOf(layer));
  };
}

export const PARALLEL: AttentionKindEntry = {
  words: 'attention and a recurrence side by side',
  shortName: 'Parallel',
  layerTypes: ['hybrid'],
  telltales: [],
  read: parallelMixers(gqaAttention(), mamba2({ fields: BAMBA_FIELDS })),
};

import type { Attention } from '../types.ts';
import { ATTENTION_KINDS } from './kinds.ts';

const shortNames: ReadonlyMap<string, string> = new Map(
  Object.entries(ATTENTION_KINDS).map(([kind, entry]) => [kind, entry.shortName]),
);

/** A name for lists: `GQA 32/8`, `MHA 32`, `MQA` with their heads, other kinds by their short name. */
export function shortAttentionName({ kind, numHeads, context }: Attention): string {
  const [work] = context;
  if (kind !== 'gqa' || numHeads === null || !work) return shortNames.get(kind) ?? kind;
  const numKvHeads = work.splitUnits;
  if (numKvHeads === numHeads) return `MHA ${numHeads}`;
  return numKvHeads === 1 ? 'MQA' : `GQA ${numHeads}/${numKvHeads}`;
}

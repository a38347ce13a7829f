import type { Attention, AttentionKind } from '../types.ts';

/** What memory and speed need to know of one kind of attention. */
interface AttentionTraits<One extends Attention> {
  /** KV-cache elements one token adds to one layer on one GPU of a tensor-parallel group. */
  kvElementsPerToken(attention: One, tensorParallel: number): number;
  /** FLOP of scores and weighted sum per token and attended token, all heads. */
  flopPerAttendedToken(attention: One): number;
  /** Name for people. */
  label(attention: One): string;
}

type TraitsByKind = { [Kind in AttentionKind]: AttentionTraits<Extract<Attention, { kind: Kind }>> };

const TRAITS: TraitsByKind = {
  gqa: {
    // Keys and values of the KV heads (not the query heads). Beyond one head per GPU they are replicated, not split.
    kvElementsPerToken: ({ numKvHeads, headDim }, tensorParallel) =>
      2 * Math.ceil(numKvHeads / tensorParallel) * headDim,
    flopPerAttendedToken: ({ numHeads, headDim }) => 4 * numHeads * headDim,
    label: ({ numHeads, numKvHeads, headDim, windowTokens }) => {
      const name = numKvHeads === numHeads ? 'MHA' : numKvHeads === 1 ? 'MQA' : 'GQA';
      const window = windowTokens === null ? '' : `, window ${windowTokens}`;
      return `${name} ${numHeads} query / ${numKvHeads} KV heads of ${headDim}${window}`;
    },
  },
};

/** The traits of an attention's kind. */
export const attentionTraits = (attention: Attention): AttentionTraits<Attention> => TRAITS[attention.kind];

import { BLOCK_SPARSE } from './block-sparse.ts';
import { COMPRESSED } from './compressed.ts';
import { DSA } from './dsa.ts';
import { GQA } from './gqa.ts';
import type { AttentionKindEntry } from './kind.ts';
import { MLA } from './mla.ts';
import { NONE } from './none.ts';

/** Every kind of attention, and of what stands in its place: one line for each file beside this one. */
export const ATTENTION_KINDS = {
  blockSparse: BLOCK_SPARSE,
  compressed: COMPRESSED,
  dsa: DSA,
  gqa: GQA,
  mla: MLA,
  none: NONE,
} satisfies Record<string, AttentionKindEntry>;

export type AttentionKind = keyof typeof ATTENTION_KINDS;

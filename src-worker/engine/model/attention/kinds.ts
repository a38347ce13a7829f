import { CROSS } from './cross.ts';
import { GQA } from './gqa.ts';
import type { AttentionKindEntry } from './kind.ts';
import { MFA } from './mfa.ts';
import { NONE } from './none.ts';

/** Every kind of attention, and of what stands in its place: one line for each file beside this one. */
export const ATTENTION_KINDS = {
  gqa: GQA,
  cross: CROSS,
  mfa: MFA,
  none: NONE,
} satisfies Record<string, AttentionKindEntry>;

export type AttentionKind = keyof typeof ATTENTION_KINDS;

import { DENSE } from './dense.ts';
import type { FfnKindEntry } from './kind.ts';
import { MOE } from './moe.ts';
import { NONE } from './none.ts';
import { SHORTCUT } from './shortcut.ts';

/** Every kind of feed-forward network: one line for each file beside this one. */
export const FFN_KINDS = {
  dense: DENSE,
  moe: MOE,
  none: NONE,
  shortcut: SHORTCUT,
} satisfies Record<string, FfnKindEntry>;

export type FfnKind = keyof typeof FFN_KINDS;

import { BLOCK_SPARSE } from './block-sparse.ts';
import { COMPRESSED } from './compressed.ts';
import { DSA } from './dsa.ts';
import { GATED_DELTA_NET } from './gated-delta-net.ts';
import { CROSS } from './cross.ts';
import { GQA } from './gqa.ts';
import { KIMI_DELTA } from './kimi-delta.ts';
import type { AttentionKindEntry } from './kind.ts';
import { LIGHTNING } from './lightning.ts';
import { MAMBA1 } from './mamba1.ts';
import { MAMBA2 } from './mamba2.ts';
import { MLA } from './mla.ts';
import { MLSTM } from './mlstm.ts';
import { MFA } from './mfa.ts';
import { NONE } from './none.ts';
import { PARALLEL } from './parallel.ts';
import { RG_LRU } from './rg-lru.ts';
import { SHORT_CONVOLUTION } from './short-convolution.ts';

/** Every kind of attention, and of what stands in its place: one line for each file beside this one. */
export const ATTENTION_KINDS = {
  blockSparse: BLOCK_SPARSE,
  compressed: COMPRESSED,
  dsa: DSA,
  gatedDeltaNet: GATED_DELTA_NET,
  gqa: GQA,
  kimiDelta: KIMI_DELTA,
  lightning: LIGHTNING,
  mamba1: MAMBA1,
  mamba2: MAMBA2,
  mla: MLA,
  mlstm: MLSTM,
  cross: CROSS,
  mfa: MFA,
  none: NONE,
  parallel: PARALLEL,
  rgLru: RG_LRU,
  shortConvolution: SHORT_CONVOLUTION,
} satisfies Record<string, AttentionKindEntry>;

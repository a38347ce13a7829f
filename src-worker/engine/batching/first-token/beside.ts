import type { MeanStep } from '../mean-step.ts';
import type { PrefillTable } from '../prefill-table.ts';
import type { Spread } from '../spread.ts';
import { MAX_FIXED_OTHERS, NEGLIGIBLE, type Others } from '../step-sharers.ts';
import { ANY_SLOT, type NodePrefills, type NodeTimes } from './node-times.ts';
import { computePrefills } from './prefills.ts';
import { depositPart, type FirstTokenScratch } from './scratch.ts';

/* Arrivals that come as they like, with the prompts of others that share their steps. */

/** Combinations rarer than this use the prompt nodes merged in pairs. */
const COARSE_BELOW = 0.03;
/** Rarer combinations take half of the others to come before. */
const SPLIT_ABOVE = 0.01;
/** Of several prompts that share a step with another, the share that came before it in the lower half of all cases. */
const PART_BEFORE = 0.25;

/** Deposits what is found with everyone who may share the step. */
export function depositBeside(
  scratch: FirstTokenScratch,
  others: Others,
  table: PrefillTable,
  step: MeanStep,
  spread: Spread,
): void {
  const { ahead, part, found, fine, coarse } = scratch;
  const { chances, tokens, count, numFixed } = others;
  for (let k = 0; k < count; k += 1) {
    const chance = found.chance * (chances[k] as number);
    if (chance < NEGLIGIBLE) continue;
    const beside = tokens[k] as number;
    ahead.beside = beside;
    part.chance = chance;
    const isFixed = k < numFixed && ahead.leftOver === 0;
    const isOneStep = beside === 0 || ahead.leftOver + beside + fine.longestTokens <= step.roomTokens;
    const times = (isOneStep ? chance : chance / 2) < COARSE_BELOW ? coarse : fine;
    if (isOneStep) {
      depositOrdered(scratch, 1, isFixed ? k : ANY_SLOT, times, table, step, spread);
    } else if (!isFixed && chance < SPLIT_ABOVE) {
      depositOrdered(scratch, 0.5, ANY_SLOT, times, table, step, spread);
    } else {
      // Not all fit into one step: who came first is served first. One other came before or after, of several a part did.
      const isOne = k < numFixed;
      const behind = isFixed ? k : ANY_SLOT;
      const inFront = isFixed ? MAX_FIXED_OTHERS + k : ANY_SLOT;
      part.chance = chance / 2;
      depositOrdered(scratch, isOne ? 1 : 1 - PART_BEFORE, behind, times, table, step, spread);
      depositOrdered(scratch, isOne ? 0 : PART_BEFORE, inFront, times, table, step, spread);
    }
  }
}

/** Deposits the case that a share of the tokens `beside` is computed before one's own; times are kept in `slot`. */
function depositOrdered(
  { ahead, around, part }: FirstTokenScratch,
  shareBefore: number,
  slot: number,
  times: NodeTimes,
  table: PrefillTable,
  step: MeanStep,
  spread: Spread,
): void {
  const prefills = times.prefills[slot] as NodePrefills;
  ahead.before = shareBefore * ahead.beside;
  ahead.after = ahead.beside - ahead.before;
  if (slot === ANY_SLOT || prefills.aheadTokens !== ahead.beside) {
    computePrefills(prefills, times, table, step, ahead, around);
  }
  depositPart(part, prefills, times, spread);
}

import type { LoadOnArrival } from '../arrival-finds.ts';
import { leftOver, setLeftOver } from '../left-over.ts';
import { shareApart, type MeanStep } from '../mean-step.ts';
import type { Spread } from '../spread.ts';
import { NEGLIGIBLE } from '../step-sharers.ts';
import type { BatchingSubject } from '../subject.ts';
import { depositApart } from './apart.ts';
import { computePrefills } from './prefills.ts';
import { depositPart, type FirstTokenScratch } from './scratch.ts';

/** Regular arrivals, `share` of all: some prompts come and end one by one, the others come several to a step. */
export function depositRegular(
  scratch: FirstTokenScratch,
  subject: BatchingSubject,
  load: LoadOnArrival,
  share: number,
  spread: Spread,
): void {
  const { ahead, around, found } = scratch;
  const apart = shareApart(load.step, around.arrivalsPerMs);
  ahead.leftOver = 0;
  found.chance = share * apart;
  if (found.chance >= NEGLIGIBLE) depositApart(scratch, subject, load, spread);
  found.chance = share * (1 - apart);
  if (found.chance >= NEGLIGIBLE) depositTogether(scratch, subject, load, spread);
}

/**
 * Prompts that come several to a step: every step is like the last, and all that come in one are computed in the next, unless
 * prompts are left over.
 */
function depositTogether(
  scratch: FirstTokenScratch,
  subject: BatchingSubject,
  load: LoadOnArrival,
  spread: Spread,
): void {
  const { ahead, around, found } = scratch;
  const { step } = load;
  const together = found.chance;
  setLeftOver(subject, load);
  const { chance, tokens, weights } = leftOver;
  const behind = chance > NEGLIGIBLE ? chance : 0;
  const beside = Math.max(0, around.arrivalsPerMs * step.busyMeanMs - 1) * around.meanTokens;
  ahead.before = beside / 2;
  ahead.after = beside / 2;
  found.chance = together * (1 - behind);
  ahead.leftOver = 0;
  depositBehind(scratch, subject, step, step.busyMeanMs, spread);
  for (let i = 0; i < tokens.length && behind > 0; i += 1) {
    found.chance = together * behind * (weights[i] as number);
    ahead.leftOver = tokens[i] as number;
    depositBehind(scratch, subject, step, step.fullChunkMs, spread);
  }
}

/** Deposits what is found behind what is ahead, by regular prompts while a step of `stepMs` runs. */
function depositBehind(
  { ahead, around, part, found, fine, busyTable, waited }: FirstTokenScratch,
  { plan }: BatchingSubject,
  step: MeanStep,
  stepMs: number,
  spread: Spread,
): void {
  const own = fine.any;
  computePrefills(own, fine, busyTable, step, ahead, around);
  const waitMs = plan.firstTokenWaitSteps * stepMs;
  part.chance = found.chance;
  part.fixedMs = plan.ttftBaseMs + waitMs;
  part.squareWidth = stepMs ** 2;
  depositPart(part, own, fine, spread);
  waited.meanMs += found.chance * waitMs;
}

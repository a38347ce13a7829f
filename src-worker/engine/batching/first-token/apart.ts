import { NEVER_IDLE, type LoadOnArrival } from '../arrival-finds.ts';
import type { MeanStep } from '../mean-step.ts';
import { findPrefills, foundPrefills, NUM_BINS, waitAfter } from '../regular-arrivals.ts';
import type { Spread } from '../spread.ts';
import { NEGLIGIBLE } from '../step-sharers.ts';
import type { BatchingSubject } from '../subject.ts';
import type { NodePrefills } from './node-times.ts';
import { computePrefills } from './prefills.ts';
import { depositPart, type FirstTokenScratch } from './scratch.ts';

/** Prompts that mostly end before the next one comes, `share` of all: what one finds is what the one before left (regular-arrivals.ts). */
export function depositApart(
  scratch: FirstTokenScratch,
  subject: BatchingSubject,
  load: LoadOnArrival,
  share: number,
  spread: Spread,
): void {
  const { ahead, around, fine, busyTable, idleTable, regular, part } = scratch;
  const own = fine.any;
  const { step } = load;
  const { arrivalsPerMs } = around;
  // Nobody comes while one's own prompt is computed.
  around.arrivalsPerMs = 0;
  ahead.leftOver = 0;
  ahead.before = 0;
  ahead.after = 0;
  computePrefills(own, fine, busyTable, step, ahead, around);
  around.arrivalsPerMs = arrivalsPerMs;
  setRegular(scratch, subject, load, own);
  findPrefills(regular);
  const idleChance = foundPrefills.noneChance * idleBetween(subject, step, regular.gapMs);
  depositFound(scratch, subject, step, share, idleChance, spread);
  if (idleChance > NEGLIGIBLE) {
    around.arrivalsPerMs = 0;
    computePrefills(own, fine, idleTable, step, ahead, around);
    around.arrivalsPerMs = arrivalsPerMs;
    part.chance = share * idleChance;
    part.fixedMs = subject.plan.ttftBaseMs;
    part.squareWidth = 0;
    depositPart(part, own, fine, spread);
  }
}

/** Fills `regular` for prompts that take as long by themselves as `own` says. */
function setRegular(
  { regular, busyTable, fine }: FirstTokenScratch,
  { plan, lengths }: BatchingSubject,
  { arrivalsPerMs, step }: LoadOnArrival,
  own: NodePrefills,
): void {
  regular.gapMs = 1 / arrivalsPerMs;
  regular.decodeOnlyMs = step.decodeOnlyMs;
  regular.handedOutBefore = Math.max(0, plan.firstTokenWaitSteps - 0.5);
  regular.lastStepMs = busyTable.ms(Math.min(step.pieceMeanTokens, step.roomTokens));
  regular.sharedSavingMs = Math.max(0, regular.lastStepMs - step.msPerPromptToken * step.pieceMeanTokens);
  regular.weights = lengths.prompts.weights;
  const numNodes = regular.weights.length;
  if (regular.prefillMs.length < numNodes) regular.prefillMs = new Float64Array(numNodes);
  // Tokenizing holds up nobody else.
  for (let i = 0; i < numNodes; i += 1) regular.prefillMs[i] = (own.ms[i] as number) - (fine.tokenizeMs[i] as number);
}

/** Deposits those who find decodes alone (all but `idleChance` of those who find no prefill), and those who find a prefill. */
function depositFound(
  { regular, part, fine, waited }: FirstTokenScratch,
  { plan }: BatchingSubject,
  step: MeanStep,
  share: number,
  idleChance: number,
  spread: Spread,
): void {
  const own = fine.any;
  const { noneChance, chances, leftMs, widthsMs } = foundPrefills;
  const freeMs = (regular.handedOutBefore + 0.5) * step.decodeOnlyMs;
  part.chance = share * (noneChance - idleChance);
  part.fixedMs = plan.ttftBaseMs + freeMs;
  part.squareWidth = step.decodeOnlyMs ** 2;
  depositPart(part, own, fine, spread);
  waited.meanMs += part.chance * freeMs;
  for (let bin = 0; bin < NUM_BINS; bin += 1) {
    const chance = chances[bin] as number;
    if (chance < NEGLIGIBLE) continue;
    const waitMs = waitAfter(regular, leftMs[bin] as number);
    part.chance = share * chance;
    waited.meanMs += part.chance * waitMs;
    part.fixedMs = plan.ttftBaseMs + waitMs;
    part.squareWidth = (widthsMs[bin] as number) ** 2;
    depositPart(part, own, fine, spread);
  }
}

/** Gaps after which nobody who came before is still there. */
const MOST_GAPS = 64;

/** Chance that regular arrivals find nobody: everyone who came before, one gap after the other, has ended. */
function idleBetween({ lengths }: BatchingSubject, step: MeanStep, gapMs: number): number {
  if (lengths.moments.outputMean <= 1) return 1;
  if (step.decodes > NEVER_IDLE) return 0;
  const { tokens, weights, widths } = lengths.outputs;
  const firstMs = step.decodeOnlyMs + step.msPerPromptToken * lengths.moments.uncachedMean;
  let chance = 1;
  for (let gaps = 1; gaps <= MOST_GAPS && chance > NEGLIGIBLE; gaps += 1) {
    const afterMs = gaps * gapMs - firstMs;
    let ended = 0;
    for (let i = 0; i < tokens.length; i += 1) {
      const endMs = ((tokens[i] as number) - 1) * step.meanMs;
      const halfMs = Math.max(step.meanMs, ((widths[i] as number) * step.meanMs) / 2);
      ended += (weights[i] as number) * Math.min(1, Math.max(0, (afterMs - endMs + halfMs) / (2 * halfMs)));
    }
    if (ended > 1 - 1e-9) return chance;
    chance *= ended;
  }
  return chance;
}

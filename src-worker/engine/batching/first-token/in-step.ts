import type { LoadOnArrival } from '../arrival-finds.ts';
import { roundWaits, waitInRounds, type ClientRounds } from '../client-rounds.ts';
import { LOCKSTEP_HALF_WIDTH } from '../lockstep.ts';
import type { MeanStep } from '../mean-step.ts';
import { NOTHING_DECODES } from '../prefill-table.ts';
import type { Spread } from '../spread.ts';
import { NEGLIGIBLE } from '../step-sharers.ts';
import type { BatchingSubject } from '../subject.ts';
import { computePrefills } from './prefills.ts';
import { depositPart, type FirstTokenScratch } from './scratch.ts';

/* Clients of a closed loop who ask again at once, or nearly so: they fall into step with each other. */

/** Steps that an arrival at any time waits for the one that runs. */
const MEAN_REST_OF_STEP = 0.5;

/**
 * Clients who ask again at once find a busy engine every time. They wait for the steps that the profile says, and for `prefills`
 * of others in step with them. Pauses as long as that wait dissolve it: `part.chance` is the share of those still in step.
 * Returns the mean ms of the wait beyond the steps under way, times that share.
 */
export function depositInStep(
  scratch: FirstTokenScratch,
  subject: BatchingSubject,
  load: LoadOnArrival,
  prefills: number,
  spread: Spread,
): number {
  const { part, fine } = scratch;
  const { plan } = subject;
  const { step } = load;
  const inStepMs = prefills * prefillBetweenMs(scratch, subject, load);
  if (load.rounds) return depositRounds(scratch, subject, load, load.rounds, inStepMs, spread);
  const waitMs = waitInStep(subject, step, inStepMs);
  part.chance = shareStill(load, inStepMs);
  part.fixedMs = plan.ttftBaseMs + waitMs;
  part.squareWidth = (2 * LOCKSTEP_HALF_WIDTH * inStepMs) ** 2;
  if (part.chance > NEGLIGIBLE) depositPart(part, fine.any, fine, spread);
  return part.chance * inStepMs;
}

/** Mean ms that the prefill of one holds up the others in step with it. Leaves the prefills of all in `fine.any`. */
function prefillBetweenMs(
  { ahead, around, fine, busyTable }: FirstTokenScratch,
  { lengths }: BatchingSubject,
  { arrivalsPerMs, step }: LoadOnArrival,
): number {
  const prefills = fine.any;
  const { weights, uncachedTokens } = lengths.prompts;
  // Prompts that come faster than one a step share steps.
  const perStep = arrivalsPerMs * lengths.moments.uncachedMean * step.busyMeanMs;
  ahead.leftOver = 0;
  ahead.before = Math.max(0, Math.min(step.roomTokens, perStep) - lengths.moments.uncachedMean);
  ahead.after = 0;
  computePrefills(prefills, fine, busyTable, step, ahead, around);
  let prefillMs = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const own = uncachedTokens[i] as number;
    // The rest of a long prompt shares its step with the next one's beginning: in a queue of them steps are full.
    const inFullSteps = (own / step.roomTokens) * busyTable.fullMs + (fine.pairsMs[i] as number);
    const computeMs = own > step.roomTokens ? inFullSteps : (prefills.ms[i] as number) - (fine.tokenizeMs[i] as number);
    prefillMs += (weights[i] as number) * computeMs;
  }
  return prefillMs;
}

/** ms that a client in step waits: for the steps under way, and for prefills of others, which are the same where nobody decodes. */
function waitInStep({ plan, lengths }: BatchingSubject, step: MeanStep, inStepMs: number): number {
  const underWayMs = plan.firstTokenWaitSteps * step.busyMeanMs;
  return lengths.moments.outputMean > 1 ? underWayMs + inStepMs : Math.max(underWayMs, inStepMs);
}

/** Share of those who pause that what lasts so many ms still holds together. */
const shareStill = ({ pauseMs }: LoadOnArrival, ms: number): number =>
  pauseMs > 0 ? Math.exp(-pauseMs / Math.max(ms, 1e-9)) : 1;

/** The clients in step as their rounds say, and those whose answers end at any time. The mean of those in step is `inStepMs`, as measured. */
function depositRounds(
  { part, fine, idleTable, burstMs, laterMs }: FirstTokenScratch,
  subject: BatchingSubject,
  load: LoadOnArrival,
  rounds: ClientRounds,
  inStepMs: number,
  spread: Spread,
): number {
  const { plan, lengths } = subject;
  const { step } = load;
  idleTable.set(subject, NOTHING_DECODES, step);
  waitInRounds(rounds, {
    promptTokens: lengths.moments.uncachedMean,
    roomTokens: step.roomTokens,
    outputTokens: lengths.moments.outputMean,
    handedOutChance: plan.firstTokenWaitSteps > MEAN_REST_OF_STEP ? 1 : 0,
    burstMs,
    laterMs,
  });
  const { count, numInStep, chances, ms, squareWidths, inStepShare, inStepMeanMs } = roundWaits;
  const eachInStepMs = inStepMs / inStepShare;
  const scale = inStepMeanMs > 0 ? waitInStep(subject, step, eachInStepMs) / inStepMeanMs : 1;
  const inStep = shareStill(load, eachInStepMs);
  // Pauses of a step take those whose answers end at any time away from the ends of steps.
  const atEnds = shareStill(load, step.busyMeanMs);
  let held = 0;
  let waitedMs = 0;
  for (let k = 0; k < count; k += 1) {
    const factor = k < numInStep ? scale : 1;
    part.chance = (k < numInStep ? inStep : atEnds) * (chances[k] as number);
    if (part.chance < NEGLIGIBLE) continue;
    part.fixedMs = plan.ttftBaseMs + factor * (ms[k] as number);
    part.squareWidth = factor * factor * (squareWidths[k] as number);
    depositPart(part, fine.any, fine, spread);
    held += part.chance;
    waitedMs += part.chance * factor * (ms[k] as number);
  }
  part.chance = held;
  return Math.max(0, waitedMs - held * plan.firstTokenWaitSteps * step.busyMeanMs);
}

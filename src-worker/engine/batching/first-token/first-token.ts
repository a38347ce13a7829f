import { finds, findOnArrival, type LoadOnArrival } from '../arrival-finds.ts';
import { NOTHING_DECODES } from '../prefill-table.ts';
import { randomShare, shareApart } from '../regular-arrivals.ts';
import type { Spread } from '../spread.ts';
import { NEGLIGIBLE, Others, othersInStep, regularOthersInStep } from '../step-sharers.ts';
import type { BatchingSubject } from '../subject.ts';
import { depositApart } from './apart.ts';
import { depositBeside } from './beside.ts';
import { coarseNodes } from './coarse-nodes.ts';
import { depositInStep } from './in-step.ts';
import { setAround } from './prefills.ts';
import type { FirstTokenScratch } from './scratch.ts';

const ALONE = new Others();
ALONE.add(1, 0);

/**
 * Deposits the distribution of TTFT (ms) into `spread`: residual of the step in progress, left-over and simultaneous
 * prompts of others, the request's own prefill, tokenizing and API time (QUEUEING.md 3.6). Fills `scratch.waited`.
 */
export function depositFirstToken(
  scratch: FirstTokenScratch,
  subject: BatchingSubject,
  load: LoadOnArrival,
  spread: Spread,
): void {
  const { busyTable, idleTable, fine, coarse, around, part, waited } = scratch;
  const { step } = load;
  const { prompts } = subject.lengths;
  busyTable.set(subject, step, step);
  fine.fill(prompts, subject);
  coarse.fill(coarseNodes(prompts), subject);
  setAround(around, subject, load.arrivalsPerMs, load.relativeSpread);
  let free = 1;
  waited.meanMs = 0;
  if (load.lockstepPrefills !== null) {
    waited.meanMs = depositInStep(scratch, subject, load, load.lockstepPrefills, spread);
    free = 1 - part.chance;
    if (free < NEGLIGIBLE) return;
  }
  idleTable.set(subject, NOTHING_DECODES, step);
  const random = free * randomShare(subject, load);
  const regular = free - random;
  const apart = regular > 0 ? regular * shareApart(step, around.arrivalsPerMs) : 0;
  if (apart >= NEGLIGIBLE) depositApart(scratch, subject, load, apart, spread);
  if (regular - apart >= NEGLIGIBLE) {
    depositWithinSteps(scratch, subject, load, regular - apart, regularOthersInStep, spread);
  }
  if (random > 0) depositWithinSteps(scratch, subject, load, random, othersInStep, spread);
}

/** Those who come at any moment of the step in progress, `share` of all: whatever they find, with everyone who may share their step. */
function depositWithinSteps(
  scratch: FirstTokenScratch,
  subject: BatchingSubject,
  load: LoadOnArrival,
  share: number,
  othersIn: typeof othersInStep,
  spread: Spread,
): void {
  const { busyTable, idleTable, ahead, part, found, waited } = scratch;
  const { plan } = subject;
  const { step } = load;
  // Engines hand a step over one ahead: a request waits for that one too (FIDELITY.md section 2, wres). Where nobody decodes there is none.
  const isHandedOut = subject.lengths.moments.outputMean > 1;
  const pipelineMs = isHandedOut ? Math.max(0, plan.firstTokenWaitSteps - 0.5) * step.busyMeanMs : 0;
  findOnArrival(subject, load);
  for (let find = 0; find < finds.count; find += 1) {
    found.chance = share * (finds.chances[find] as number);
    if (found.chance < NEGLIGIBLE) continue;
    const isIdle = finds.isIdle[find] === 1;
    const residualMs = load.hasResidual ? (finds.stepMs[find] as number) : 0;
    waited.meanMs += (found.chance * residualMs) / 2;
    ahead.leftOver = finds.leftOverTokens[find] as number;
    part.fixedMs = residualMs / 2 + plan.ttftBaseMs + (isIdle ? 0 : pipelineMs);
    part.squareWidth = residualMs * residualMs;
    const others = isIdle ? ALONE : othersIn(subject, load, finds.stepMs, find);
    depositBeside(scratch, others, isIdle ? idleTable : busyTable, step, spread);
  }
}

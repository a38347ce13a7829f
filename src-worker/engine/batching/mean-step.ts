import { NORMAL_WEIGHTS, NORMAL_Z } from './normal-nodes.ts';
import { MAX_STATES, STATE_BLOCK, stationary } from './piece-chain.ts';
import { askedPiecesMs, askPieces, batch, cutPieces, pieces, piecesMs, timePieces } from './pieces.ts';
import type { BatchingSubject } from './subject.ts';

const EXPECTATION_ROUNDS = 12;
/** Stands for no arrivals at all, so that chances and times stay finite. */
export const LEAST_ARRIVALS_PER_MS = 1e-15;

/**
 * The mean step of a replica with a given number of decodes, and the chances of meeting the different kinds of step
 * (QUEUEING.md 3.3). Several prompt pieces may share a step, and a long step collects more of them: a Markov chain on
 * their number, because an independent count is up to 40 % off.
 */
export interface MeanStep {
  /** Decodes asked for, and as a step that decodes at all sees them: B / (1 - e^-B). */
  decodes: number;
  busyDecodes: number;
  contextTokens: number;
  /** ms of a step without prompt pieces. */
  decodeOnlyMs: number;
  /** Prompt tokens a step has room for. */
  roomTokens: number;
  /** ms of a step with a full chunk. */
  fullChunkMs: number;
  /** Share of time spent in full chunks of long prompts. */
  fullChunkShare: number;
  /** ms of the average step, full chunks included. */
  meanMs: number;
  /** [state] chance that a step (other than a full chunk) carries `count` pieces, and its duration. */
  numStates: number;
  stateCounts: Float64Array;
  stateChances: Float64Array;
  stateMs: Float64Array;
  /** Extra ms per step of one more prompt token, near the mean piece. */
  msPerPromptToken: number;
  pieceMeanTokens: number;
  pieceStdTokens: number;
  /** [node] ms a prompt adds to the steps it takes part in. */
  promptExtraMs: Float64Array;
  /** ms of the average step that does something: without decodes, the gaps between prompts are no steps. */
  busyMeanMs: number;
}

export type MeanStepOutcome = { kind: 'steady'; step: MeanStep } | { kind: 'saturated' };

/** Decodes as a step that decodes at all sees them: at least one; matters for experts, whose first token loads whole ones. */
function busyDecodesOf(subject: BatchingSubject, decodes: number): number {
  if (subject.lengths.moments.outputMean <= 1) return 0;
  if (subject.population !== null) return Math.min(Math.max(decodes, 1), Math.max(1, subject.population));
  if (decodes >= 30) return decodes;
  return decodes < 1e-9 ? 1 : decodes / -Math.expm1(-decodes);
}

/** Prompts that can interrupt a request: in a closed loop all but its own. */
export function othersPerMs(subject: BatchingSubject, arrivalsPerMs: number): number {
  const { population } = subject;
  return population === null ? arrivalsPerMs : (arrivalsPerMs * Math.max(0, population - 1)) / Math.max(population, 1);
}

/** A mean step to be filled. */
export const newMeanStep = (): MeanStep => ({
  decodes: 0,
  busyDecodes: 0,
  contextTokens: 0,
  decodeOnlyMs: 0,
  roomTokens: 0,
  fullChunkMs: 0,
  fullChunkShare: 0,
  meanMs: 0,
  numStates: 0,
  stateCounts: new Float64Array(MAX_STATES),
  stateChances: new Float64Array(MAX_STATES),
  stateMs: new Float64Array(MAX_STATES),
  msPerPromptToken: 0,
  pieceMeanTokens: 0,
  pieceStdTokens: 0,
  promptExtraMs: new Float64Array(0),
  busyMeanMs: 0,
});

/** The searches ask for some ten thousand mean steps and keep one in ten: each is solved in here, and copied when it is kept. */
const solved = newMeanStep();

/** Solves the mean step at `decodes` sequences decoding and `totalPerMs` prompts arriving. */
export function meanStep(
  subject: BatchingSubject,
  totalPerMs: number,
  decodes: number,
  roomTokens?: number,
): MeanStepOutcome {
  if (meanStepMs(subject, totalPerMs, decodes, roomTokens) === null) return { kind: 'saturated' };
  return { kind: 'steady', step: lastMeanStep() };
}

/** A copy of what the last successful `meanStepMs` solved. */
function lastMeanStep(): MeanStep {
  const step = newMeanStep();
  keepMeanStep(step);
  return step;
}

/** Copies what the last successful `meanStepMs` solved into `step`. */
export function keepMeanStep(step: MeanStep): void {
  step.decodes = solved.decodes;
  step.busyDecodes = solved.busyDecodes;
  step.contextTokens = solved.contextTokens;
  step.decodeOnlyMs = solved.decodeOnlyMs;
  step.roomTokens = solved.roomTokens;
  step.fullChunkMs = solved.fullChunkMs;
  step.fullChunkShare = solved.fullChunkShare;
  step.meanMs = solved.meanMs;
  step.numStates = solved.numStates;
  step.stateCounts.set(solved.stateCounts);
  step.stateChances.set(solved.stateChances);
  step.stateMs.set(solved.stateMs);
  step.msPerPromptToken = solved.msPerPromptToken;
  step.pieceMeanTokens = solved.pieceMeanTokens;
  step.pieceStdTokens = solved.pieceStdTokens;
  step.busyMeanMs = solved.busyMeanMs;
  const { extraMs } = pieces;
  if (step.promptExtraMs.length === extraMs.length) step.promptExtraMs.set(extraMs);
  else step.promptExtraMs = extraMs.slice();
}

/** A step with a full chunk: its duration, and the prompt tokens in it. */
export interface FullStep {
  fullChunkMs: number;
  roomTokens: number;
}

/** Parts of the mean step that no arrivals enter. */
export interface EmptyStep extends FullStep {
  decodeOnlyMs: number;
}

/** Of what the last successful `meanStepMs` solved: the decodes, and the full step beside them. */
export const lastDecodes = (): number => solved.decodes;
export const lastFullStep = (): FullStep => solved;

/** Steps at `decodes` sequences with no prompt and with a full chunk. */
export function emptyStep(subject: BatchingSubject, decodes: number): EmptyStep {
  const { decodeOnlyMs, roomTokens } = setBatch(subject, decodes);
  cutPieces(subject.lengths.prompts);
  return {
    decodeOnlyMs,
    roomTokens,
    fullChunkMs: batch.stepMs(roomTokens, roomTokens * pieces.promptPairsPerToken, 1),
  };
}

/** Fills what follows from the decodes alone, with `roomTokens` for prompts where it is said. */
function setBatch(subject: BatchingSubject, decodes: number, roomTokens?: number): MeanStep {
  const { plan, lengths, maxNumBatchedTokens } = subject;
  const { moments } = lengths;
  solved.decodes = decodes;
  solved.busyDecodes = busyDecodesOf(subject, decodes);
  solved.contextTokens = solved.busyDecodes * moments.decodeContextMean;
  solved.roomTokens = roomTokens ?? Math.max(1, maxNumBatchedTokens - solved.busyDecodes);
  batch.set(plan, solved.busyDecodes, solved.contextTokens);
  solved.decodeOnlyMs = moments.outputMean > 1 ? batch.stepMs(0, 0, 0) : 0;
  pieces.decodeOnlyMs = solved.decodeOnlyMs;
  pieces.roomTokens = solved.roomTokens;
  return solved;
}

/**
 * ms of the mean step alone, null where there is none: nothing is allocated, the rest is behind `keepMeanStep`. `roomTokens`
 * cuts prompts as at another number of decodes. Two steps that are compared need the same cut: a node of the prompt lengths
 * stands for many prompts, and where it passes a multiple of the room, all of them would seem to take a further chunk.
 */
export function meanStepMs(
  subject: BatchingSubject,
  totalPerMs: number,
  decodes: number,
  roomTokens?: number,
): number | null {
  const { moments } = subject.lengths;
  const arrivalsPerMs = Math.max(othersPerMs(subject, totalPerMs), LEAST_ARRIVALS_PER_MS);
  const { decodeOnlyMs, roomTokens: room } = setBatch(subject, decodes, roomTokens);
  cutPieces(subject.lengths.prompts);
  timePieces(subject.lengths.prompts, arrivalsPerMs);
  if (pieces.fullChunkShare >= 1) return null;

  // Arrivals meet only the time that full chunks leave.
  const effectiveArrivals = arrivalsPerMs / (1 - pieces.fullChunkShare);
  const expected = expectedPieces(effectiveArrivals);
  if (expected === null) return null;
  // Where every further piece brings more than one further piece along, the queue of pieces never empties.
  const atRoom = Math.max(room / pieces.meanTokens, 1);
  if (effectiveArrivals * (piecesMs(atRoom) / atRoom) >= 1) return null;

  const twice = piecesMs(2);
  solved.msPerPromptToken = Math.max(0, (twice - pieces.singleExtraMs) / pieces.meanTokens);
  solved.fullChunkMs = batch.stepMs(room, room * pieces.promptPairsPerToken, 1);
  solved.fullChunkShare = pieces.fullChunkShare;
  solved.pieceMeanTokens = pieces.meanTokens;
  solved.pieceStdTokens = pieces.stdTokens;
  fillStates(expected, effectiveArrivals);
  if (subject.scvArrival < 1) mixRegular(1 - subject.scvArrival, effectiveArrivals);
  let mean = 0;
  for (let m = 0; m < solved.numStates; m += 1) {
    mean += (solved.stateChances[m] as number) * (solved.stateMs[m] as number);
  }
  const stepsPerMs = arrivalsPerMs * pieces.fullChunksPerPrompt + (1 - pieces.fullChunkShare) / mean;
  solved.meanMs = 1 / stepsPerMs;
  solved.busyMeanMs = moments.outputMean > 1 ? solved.meanMs : decodeOnlyMs + pieces.singleExtraMs;
  return solved.meanMs;
}

/**
 * `meanStepMs` of prompts of mean length that share steps in equal numbers, null where there is none: within some per cent for a
 * tenth of the work, so that searches know where to begin.
 */
export function roughMeanStepMs(subject: BatchingSubject, totalPerMs: number, decodes: number): number | null {
  const arrivalsPerMs = Math.max(othersPerMs(subject, totalPerMs), LEAST_ARRIVALS_PER_MS);
  const { roomTokens } = setBatch(subject, decodes);
  cutPieces(subject.lengths.prompts);
  pieces.singleExtraMs = piecesMs(1);
  const { pairsPerToken, fullChunksPerPrompt } = pieces;
  const chunksPerMs = arrivalsPerMs * fullChunksPerPrompt;
  const fullChunkMs = fullChunksPerPrompt > 0 ? batch.stepMs(roomTokens, roomTokens * pairsPerToken, 0) : 0;
  const fullChunkShare = chunksPerMs * fullChunkMs;
  if (fullChunkShare >= 1) return null;
  const effectiveArrivals = arrivalsPerMs / (1 - fullChunkShare);
  const expected = expectedPieces(effectiveArrivals);
  if (expected === null) return null;
  return 1 / (chunksPerMs + ((1 - fullChunkShare) * effectiveArrivals) / Math.max(expected, 1e-300));
}

/** Mean number of pieces a step collects; null where it grows without end. */
function expectedPieces(effectiveArrivals: number): number | null {
  const { decodeOnlyMs } = solved;
  let expected = effectiveArrivals * (decodeOnlyMs + pieces.singleExtraMs);
  for (let round = 0; round < EXPECTATION_ROUNDS; round += 1) {
    const before = expected;
    const extraMs = expected > 1 ? piecesMs(expected) : expected * pieces.singleExtraMs;
    expected = effectiveArrivals * (decodeOnlyMs + extraMs);
    if (!Number.isFinite(expected) || expected > 1e6) return null;
    // Few pieces: the expectation only chooses how many states are followed. Many: it is the state.
    if (Math.abs(expected - before) < (expected < MAX_STATES / 4 ? 0.02 : 1e-4) * before) break;
  }
  return expected;
}

/** Chance that may lie beyond the last state that is followed: mean steps are then within 0.05 % of those of longer chains. */
const MOST_CUT_OFF = 1e-4;

const wholeBlocks = (states: number): number => Math.ceil(states / STATE_BLOCK) * STATE_BLOCK;

/** Fills the states of `solved`: steps by their number of pieces, or nodes of it where that is large. */
function fillStates(expected: number, effectiveArrivals: number): void {
  const step = solved;
  const { decodeOnlyMs } = step;
  const needed = Math.ceil(expected + 5 * Math.sqrt(expected) + 2);
  if (needed <= MAX_STATES) {
    const spreadMs = step.msPerPromptToken * pieces.stdTokens;
    // Long steps collect further pieces: how far their number reaches is known once the chain is solved.
    for (let states = 0; ;) {
      const from = states;
      states = Math.min(MAX_STATES, states === 0 ? wholeBlocks(needed) : states + STATE_BLOCK);
      timeStates(from, states);
      // Without decodes an empty step does not exist: the engine waits for the next prompt.
      if (decodeOnlyMs === 0) step.stateMs[0] = 1 / effectiveArrivals;
      step.numStates = states;
      stationary(step.stateChances, states, step.stateMs, spreadMs, effectiveArrivals);
      if (states === MAX_STATES || (step.stateChances[states - 1] as number) < MOST_CUT_OFF) return;
    }
  }
  // Many pieces in every step: their number is normal around its mean, with the spread that long steps feed back.
  const slope = Math.min(0.95, effectiveArrivals * step.msPerPromptToken * pieces.meanTokens);
  const deviation = Math.sqrt(expected / (1 - slope * slope));
  step.numStates = NORMAL_Z.length;
  for (let i = 0; i < NORMAL_Z.length; i += 1) {
    const count = Math.max(1, expected + (NORMAL_Z[i] as number) * deviation);
    step.stateCounts[i] = count;
    step.stateChances[i] = NORMAL_WEIGHTS[i] as number;
    step.stateMs[i] = decodeOnlyMs + piecesMs(count);
  }
}

/** Share of regular prompts that have a step of their own: all where two steps pass between two arrivals, none where one does. */
export function shareApart({ stateMs, decodeOnlyMs }: MeanStep, arrivalsPerMs: number): number {
  return Math.min(1, Math.max(0, 2 - arrivalsPerMs * ((stateMs[1] as number) + decodeOnlyMs)));
}

/**
 * Regular arrivals do not share steps as long as each prompt ends before the next comes: every one has a step of its own.
 * `share` of the arrivals' regularity is mixed into the chances of the chain, which are those of Poisson arrivals.
 */
function mixRegular(share: number, effectiveArrivals: number): void {
  const { stateChances, stateCounts, stateMs, decodeOnlyMs, numStates } = solved;
  const isFollowed = stateCounts[0] === 0 && stateCounts[1] === 1;
  const own = (effectiveArrivals * decodeOnlyMs) / (1 - effectiveArrivals * ((stateMs[1] as number) - decodeOnlyMs));
  const mixed = share * shareApart(solved, effectiveArrivals);
  if (!isFollowed || mixed === 0 || !(own > 0 && own < 1)) return;
  for (let j = 0; j < numStates; j += 1) {
    const regular = j === 0 ? 1 - own : j === 1 ? own : 0;
    stateChances[j] = (1 - mixed) * (stateChances[j] as number) + mixed * regular;
  }
}

/** ms of the steps of `solved` with `from` to `to - 1` pieces. */
function timeStates(from: number, to: number): void {
  const { stateMs, stateCounts, decodeOnlyMs } = solved;
  // Single pieces are known length by length, and with none there is nothing to add.
  const first = Math.max(from, 2);
  for (let j = first; j < to; j += 1) askPieces(j - first, j);
  batch.time(to - first);
  for (let j = from; j < to; j += 1) {
    stateCounts[j] = j;
    stateMs[j] = decodeOnlyMs + (j >= first ? askedPiecesMs(j - first, j) : j * pieces.singleExtraMs);
  }
}

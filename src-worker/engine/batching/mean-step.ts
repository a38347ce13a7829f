import { NORMAL_WEIGHTS, NORMAL_Z } from './normal-nodes.ts';
import { chain, MAX_STATES, STATE_BLOCK, stationary } from './piece-chain.ts';
import {
  askedPiecesMs,
  askPieces,
  batch,
  cutPieces,
  pieces,
  piecesAtRoom,
  piecesMs,
  timeBounds,
  timeMeanPiece,
  timePieces,
} from './pieces.ts';
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
  /** [node] ms a prompt adds to the steps it takes part in; has room for more. */
  promptExtraMs: Float64Array;
  /** [node] ms that the last piece of a prompt alone adds to a step; has room for more. */
  pieceExtraMs: Float64Array;
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
  pieceExtraMs: new Float64Array(0),
  busyMeanMs: 0,
});

/**
 * What a mean step is asked for. The searches ask for some ten thousand: fields of what they hold, because a number that is worked
 * out and handed to a function is allocated.
 */
export interface StepLoad {
  /** Prompts that arrive in a ms. */
  arrivalsPerMs: number;
  /** Sequences that decode. */
  decodes: number;
  /**
   * Prompt tokens a step has room for; 0: as many as the decodes leave. Two steps that are compared need prompts cut alike: a node
   * of their lengths stands for many, and where it passes a multiple of the room, all of them would seem to take a further chunk.
   */
  roomTokens: number;
}

/** The searches keep one mean step in ten: each is solved in here, and copied when it is kept. */
const solved = newMeanStep();
/** What was solved last, to be read at once. */
export const solvedStep: Readonly<MeanStep> = solved;

/** The mean step at `decodes` sequences decoding and `arrivalsPerMs` prompts arriving. */
export function meanStep(subject: BatchingSubject, arrivalsPerMs: number, decodes: number): MeanStepOutcome {
  if (!solveMeanStep(subject, { arrivalsPerMs, decodes, roomTokens: 0 })) return { kind: 'saturated' };
  const step = newMeanStep();
  keepMeanStep(step);
  return { kind: 'steady', step };
}

/** Copies what the last successful `solveMeanStep` solved into `step`. */
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
  const { extraMs, lastExtraMs } = pieces;
  if (step.promptExtraMs.length < extraMs.length) {
    step.promptExtraMs = new Float64Array(extraMs.length);
    step.pieceExtraMs = new Float64Array(extraMs.length);
  }
  step.promptExtraMs.set(extraMs);
  step.pieceExtraMs.set(lastExtraMs);
}

/** Solves only what no arrivals enter: steps at `decodes` sequences with no prompt and with a full chunk. */
export function solveEmptyStep(subject: BatchingSubject, asked: StepLoad): void {
  setBatch(subject, asked);
  timeBounds(subject.lengths.moments.outputMean > 1);
  keepBounds();
}

/** Sets the steps of `batch` and cuts the prompts for them. */
function setBatch(subject: BatchingSubject, { arrivalsPerMs, decodes, roomTokens }: StepLoad): void {
  const { plan, lengths, maxNumBatchedTokens } = subject;
  solved.decodes = decodes;
  solved.busyDecodes = busyDecodesOf(subject, decodes);
  solved.contextTokens = solved.busyDecodes * lengths.moments.decodeContextMean;
  solved.roomTokens = roomTokens > 0 ? roomTokens : Math.max(1, maxNumBatchedTokens - solved.busyDecodes);
  batch.set(plan, solved);
  pieces.roomTokens = solved.roomTokens;
  pieces.arrivalsPerMs = Math.max(othersPerMs(subject, arrivalsPerMs), LEAST_ARRIVALS_PER_MS);
  cutPieces(lengths.prompts);
}

function keepBounds(): void {
  solved.decodeOnlyMs = pieces.decodeOnlyMs;
  solved.fullChunkMs = pieces.fullChunkMs;
}

/** Solves the mean step; false where there is none. `keepMeanStep` copies it. */
export function solveMeanStep(subject: BatchingSubject, asked: StepLoad): boolean {
  const hasDecodes = subject.lengths.moments.outputMean > 1;
  setBatch(subject, asked);
  timePieces(subject.lengths.prompts, hasDecodes);
  keepBounds();
  const { arrivalsPerMs } = pieces;
  if (pieces.fullChunkShare >= 1) return false;

  // Arrivals meet only the time that full chunks leave.
  chain.arrivalsPerMs = arrivalsPerMs / (1 - pieces.fullChunkShare);
  if (!expectPieces()) return false;
  // Where every further piece brings more than one further piece along, the queue of pieces never empties.
  if (chain.arrivalsPerMs * (pieces.roomExtraMs / piecesAtRoom()) >= 1) return false;

  solved.msPerPromptToken = Math.max(0, (pieces.twiceExtraMs - pieces.singleExtraMs) / pieces.meanTokens);
  solved.fullChunkShare = pieces.fullChunkShare;
  solved.pieceMeanTokens = pieces.meanTokens;
  solved.pieceStdTokens = pieces.stdTokens;
  chain.randomShare = Math.min(1, subject.scvArrival);
  chain.waitsWhenEmpty = !hasDecodes;
  fillStates();
  let mean = 0;
  for (let m = 0; m < solved.numStates; m += 1) {
    mean += (solved.stateChances[m] as number) * (solved.stateMs[m] as number);
  }
  const stepsPerMs = arrivalsPerMs * pieces.fullChunksPerPrompt + (1 - pieces.fullChunkShare) / mean;
  solved.meanMs = 1 / stepsPerMs;
  solved.busyMeanMs = hasDecodes ? solved.meanMs : pieces.decodeOnlyMs + pieces.singleExtraMs;
  return true;
}

/**
 * Solves only `meanMs`, of prompts of mean length that share steps in equal numbers; false where there is none. Within some per cent
 * of `solveMeanStep` for a tenth of the work, so that searches know where to begin.
 */
export function solveRoughStep(subject: BatchingSubject, asked: StepLoad): boolean {
  setBatch(subject, asked);
  timeMeanPiece(subject.lengths.moments.outputMean > 1);
  const { arrivalsPerMs, fullChunksPerPrompt, fullChunkMs } = pieces;
  const chunksPerMs = arrivalsPerMs * fullChunksPerPrompt;
  const fullChunkShare = chunksPerMs * fullChunkMs;
  if (fullChunkShare >= 1) return false;
  chain.arrivalsPerMs = arrivalsPerMs / (1 - fullChunkShare);
  if (!expectPieces()) return false;
  solved.meanMs = 1 / (chunksPerMs + ((1 - fullChunkShare) * chain.arrivalsPerMs) / Math.max(expected.pieces, 1e-300));
  return true;
}

/** Mean number of pieces a step collects, written over by `expectPieces`. */
const expected = { pieces: 0 };

/** Fills `expected`; false where they grow without end. */
function expectPieces(): boolean {
  const { decodeOnlyMs, singleExtraMs } = pieces;
  const { arrivalsPerMs } = chain;
  let count = arrivalsPerMs * (decodeOnlyMs + singleExtraMs);
  for (let round = 0; round < EXPECTATION_ROUNDS; round += 1) {
    const before = count;
    const extraMs = count > 1 ? piecesMs(count) : count * singleExtraMs;
    count = arrivalsPerMs * (decodeOnlyMs + extraMs);
    if (!Number.isFinite(count) || count > 1e6) return false;
    // Few pieces: the expectation only chooses how many states are followed. Many: it is the state.
    if (Math.abs(count - before) < (count < MAX_STATES / 4 ? 0.02 : 1e-4) * before) break;
  }
  expected.pieces = count;
  return true;
}

/** Chance that may lie beyond the last state that is followed: mean steps are then within 0.05 % of those of longer chains. */
const MOST_CUT_OFF = 1e-4;

const wholeBlocks = (states: number): number => Math.ceil(states / STATE_BLOCK) * STATE_BLOCK;

/** Fills the states of `solved`: steps by their number of pieces, or nodes of it where that is large. */
function fillStates(): void {
  const step = solved;
  const { decodeOnlyMs } = step;
  const { arrivalsPerMs, randomShare } = chain;
  const mean = expected.pieces;
  chain.spreadMs = step.msPerPromptToken * pieces.stdTokens;
  const needed = Math.ceil(mean + 5 * Math.sqrt(mean) + 2);
  if (needed <= MAX_STATES) {
    // Long steps collect further pieces: how far their number reaches is known once the chain is solved.
    for (let states = 0; ;) {
      const from = states;
      states = Math.min(MAX_STATES, states === 0 ? wholeBlocks(needed) : states + STATE_BLOCK);
      timeStates(from, states);
      if (decodeOnlyMs === 0) step.stateMs[0] = 1 / arrivalsPerMs;
      step.numStates = states;
      stationary(step.stateChances, states, step.stateMs);
      if (states === MAX_STATES || (step.stateChances[states - 1] as number) < MOST_CUT_OFF) return;
    }
  }
  // Many pieces in every step: their number is normal around its mean, with the spread that long steps feed back.
  const slope = Math.min(0.95, arrivalsPerMs * step.msPerPromptToken * pieces.meanTokens);
  // Of regular arrivals the lengths of the pieces before spread their number.
  const regular = (1 - randomShare) * Math.min(1, (arrivalsPerMs * chain.spreadMs) ** 2);
  const deviation = Math.sqrt((mean * (randomShare + regular)) / (1 - slope * slope));
  step.numStates = NORMAL_Z.length;
  for (let i = 0; i < NORMAL_Z.length; i += 1) {
    const count = Math.max(1, mean + (NORMAL_Z[i] as number) * deviation);
    step.stateCounts[i] = count;
    step.stateChances[i] = NORMAL_WEIGHTS[i] as number;
    step.stateMs[i] = decodeOnlyMs + piecesMs(count);
  }
}

/** ms that steps last on average over time, which meets long ones more often; full chunks included. */
export function timeMeanMs({ numStates, stateChances, stateMs, fullChunkShare, fullChunkMs }: MeanStep): number {
  let mean = 0;
  let second = 0;
  for (let j = 0; j < numStates; j += 1) {
    const ms = stateMs[j] as number;
    mean += (stateChances[j] as number) * ms;
    second += (stateChances[j] as number) * ms * ms;
  }
  return fullChunkShare * fullChunkMs + (1 - fullChunkShare) * (second / mean);
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

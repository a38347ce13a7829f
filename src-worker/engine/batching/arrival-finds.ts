import { burst, setBurst } from './bursts.ts';
import type { ClientRounds } from './client-rounds.ts';
import { leftOver, setLeftOver } from './left-over.ts';
import { othersPerMs, timeMeanMs, type MeanStep } from './mean-step.ts';
import { NORMAL_WEIGHTS, NORMAL_Z } from './normal-nodes.ts';
import { NEGLIGIBLE, SPREAD_ABOVE } from './step-sharers.ts';
import type { BatchingSubject } from './subject.ts';

/** Kinds of steps met: with up to three pieces in five lengths each, with more, full ones, and none. */
const MOST_FINDS = 300;

/** What stands between an arrival and its own prefill. One instance is written over for every rate. */
class Finds {
  /** [find] */
  readonly chances = new Float64Array(MOST_FINDS);
  /** Length of the step in progress; the arrival meets it at a uniform moment. */
  readonly stepMs = new Float64Array(MOST_FINDS);
  /** Prompt tokens already waiting beyond what that step computes. */
  readonly leftOverTokens = new Float64Array(MOST_FINDS);
  /** 1 where nothing runs. */
  readonly isIdle = new Uint8Array(MOST_FINDS);
  count = 0;

  add(chance: number, stepMs: number, leftOverTokens: number, isIdle: 0 | 1): void {
    const at = this.count;
    if (at >= MOST_FINDS) throw new Error(`more than ${MOST_FINDS} kinds of steps to arrive in`);
    this.chances[at] = chance;
    this.stepMs[at] = stepMs;
    this.leftOverTokens[at] = leftOverTokens;
    this.isIdle[at] = isIdle;
    this.count = at + 1;
  }
}

export const finds = new Finds();

export interface LoadOnArrival {
  arrivalsPerMs: number;
  scvArrival: number;
  step: MeanStep;
  /** Relative slow spread of the step time, from the wandering of the batch. */
  relativeSpread: number;
  /** Share of arrivals to an empty engine does not apply when a user's next request follows at once (closed loop). */
  hasResidual: boolean;
  /** Prefills of others that requests wait for which come in step with them; null = they come as they like. */
  lockstepPrefills: number | null;
  /** How those waits are spread: the rounds of the clients; null = evenly around their mean. */
  rounds: ClientRounds | null;
  /** Mean ms that users pause before they ask again: the longer, the fewer are in step. */
  pauseMs: number;
}

/** Fills `finds`: the time average of the steps, full chunks and left-over prompts apart. */
export function findOnArrival(subject: BatchingSubject, load: LoadOnArrival): void {
  const { step } = load;
  setLeftOver(subject, load);
  const { tokens, weights, chance: behindChance, emptyChance } = leftOver;
  const fullChance = behindChance + emptyChance;
  finds.count = 0;
  let timeTotal = 0;
  for (let j = 0; j < step.numStates; j += 1) {
    timeTotal += (step.stateChances[j] as number) * (step.stateMs[j] as number);
  }
  const idleShare = idleShareOf(subject, step);
  const { prompts } = subject.lengths;
  setPieceSpread(step, prompts.weights);
  const further = furtherChance(subject, load);
  let carried = 0;
  for (let j = 0; j < step.numStates; j += 1) {
    const ms = step.stateMs[j] as number;
    const count = step.stateCounts[j] as number;
    const own = ((1 - fullChance) * (step.stateChances[j] as number) * ms) / timeTotal;
    const met = own + further * carried;
    const chance = j === step.numStates - 1 ? met : (1 - further) * met;
    carried = met;
    if (chance < NEGLIGIBLE) continue;
    if (count === 0) {
      finds.add(chance * idleShare, 0, 0, 1);
      finds.add(chance * (1 - idleShare), ms, 0, 0);
      continue;
    }
    // Lengths of the pieces spread the step; arrivals meet long ones more often.
    const sd = pieceSpread.sdMs * Math.sqrt(count);
    steps.chance = chance;
    steps.meanMs = ms;
    steps.sdMs = sd;
    const isSpread = sd >= LEAST_SPREAD * ms && chance > (count === 1 ? SINGLE_SPREAD_ABOVE : SPREAD_ABOVE);
    if (!isSpread || count > MOST_SPREAD) finds.add(chance, ms, 0, 0);
    else if (count === 1) addSinglePieces(step, prompts.weights);
    else addSeveralPieces(step);
  }
  if (emptyChance > NEGLIGIBLE) finds.add(emptyChance, step.fullChunkMs, 0, 0);
  if (behindChance > NEGLIGIBLE) {
    for (let i = 0; i < tokens.length; i += 1) {
      finds.add(behindChance * (weights[i] as number), step.fullChunkMs, tokens[i] as number, 0);
    }
  }
}

/**
 * Chance that one further piece is in the step in progress, and one more after that, and so on: somebody of a burst finds those
 * who came just before. 0 where states do not stand for single pieces, or nobody comes in bursts.
 */
function furtherChance(subject: BatchingSubject, { arrivalsPerMs, scvArrival, step }: LoadOnArrival): number {
  if (scvArrival <= 1 || step.stateCounts[0] !== 0) return 0;
  setBurst(othersPerMs(subject, arrivalsPerMs) * timeMeanMs(step), scvArrival);
  return burst.before / (1 + burst.before);
}

/** Steps that vary by less than this share of themselves are taken to last as long as they do on average. */
const LEAST_SPREAD = 0.02;
/** Steps with one prompt are mostly what is met, and what tails come from: rarer ones than those with several are spread. */
const SINGLE_SPREAD_ABOVE = 2e-3;
/** Steps with more pieces than this are taken to last as long as they do on average. */
const MOST_SPREAD = 8;
/** Steps with some number of pieces: the chance to meet one, how long they last and by how much they vary. Written over for each. */
const steps = { chance: 0, meanMs: 0, sdMs: 0 };
/** sd (ms) by which the lengths of prompts spread the last piece of one. */
const pieceSpread = { sdMs: 0 };

function setPieceSpread({ pieceExtraMs }: MeanStep, weights: Float64Array): void {
  let mean = 0;
  let second = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const weight = weights[i] as number;
    const ms = pieceExtraMs[i] as number;
    mean += weight * ms;
    second += weight * ms * ms;
  }
  pieceSpread.sdMs = Math.sqrt(Math.max(0, second - mean * mean));
}

/** Groups of single pieces by what they add to a step, finer where that is little. */
const PIECE_GROUPS = 5;
/** [group] share of prompts, and the same times the ms and their squares of their steps. */
const groupShares = new Float64Array(PIECE_GROUPS);
const groupMs = new Float64Array(PIECE_GROUPS);
const groupSquares = new Float64Array(PIECE_GROUPS);

/** Adds the steps with the last piece of one prompt, each as often as it takes time; together they last as long as `steps` says. */
function addSinglePieces({ decodeOnlyMs, pieceExtraMs }: MeanStep, weights: Float64Array): void {
  const { chance, meanMs } = steps;
  groupShares.fill(0);
  groupMs.fill(0);
  groupSquares.fill(0);
  let longest = 0;
  for (let i = 0; i < weights.length; i += 1) longest = Math.max(longest, pieceExtraMs[i] as number);
  for (let i = 0; i < weights.length; i += 1) {
    const extra = Math.max(0, pieceExtraMs[i] as number);
    const group = Math.min(PIECE_GROUPS - 1, Math.floor(PIECE_GROUPS * Math.sqrt(extra / longest)));
    const ms = decodeOnlyMs + extra;
    const weight = weights[i] as number;
    groupShares[group] = (groupShares[group] as number) + weight;
    groupMs[group] = (groupMs[group] as number) + weight * ms;
    groupSquares[group] = (groupSquares[group] as number) + weight * ms * ms;
  }
  for (let group = 0; group < PIECE_GROUPS; group += 1) {
    const ms = groupMs[group] as number;
    if (ms > 0) finds.add((chance * ms) / meanMs, (groupSquares[group] as number) / ms, 0, 0);
  }
}

/** Adds steps with several pieces: what these add is lognormal, of the mean and the spread it has. */
function addSeveralPieces(step: MeanStep): void {
  const { chance, meanMs, sdMs } = steps;
  const extraMs = Math.max(0, meanMs - step.decodeOnlyMs);
  const sigma = Math.sqrt(Math.log1p((sdMs / Math.max(extraMs, 1e-9)) ** 2));
  let norm = 0;
  for (let i = 0; i < NORMAL_Z.length; i += 1) {
    norm += (NORMAL_WEIGHTS[i] as number) * Math.exp(sigma * (NORMAL_Z[i] as number));
  }
  for (let i = 0; i < NORMAL_Z.length; i += 1) {
    const ms = step.decodeOnlyMs + (extraMs * Math.exp(sigma * (NORMAL_Z[i] as number))) / norm;
    finds.add((chance * (NORMAL_WEIGHTS[i] as number) * ms) / meanMs, ms, 0, 0);
  }
}

/** Decodes above which a replica is never idle (QUEUEING.md 3.6, point 1: e^-6 is 0.25 %). */
export const NEVER_IDLE = 6;

/** Chance that nobody decodes when a request arrives, among the times without prompt pieces. */
function idleShareOf(subject: BatchingSubject, step: MeanStep): number {
  if (subject.lengths.moments.outputMean <= 1) return 1;
  // In a closed loop an arrival meets the others only (arrival theorem).
  if (subject.population !== null) {
    const busy = Math.min(1, step.decodes / subject.population);
    return (1 - busy) ** Math.max(0, subject.population - 1);
  }
  return step.decodes < NEVER_IDLE ? Math.exp(-step.decodes) : 0;
}

import { stepTimeMs } from '../roofline/step-time.ts';
import type { BatchingSubject } from './subject.ts';

/** Most prompt pieces one step is followed for one by one; beyond it their number is nearly certain. */
const MAX_STATES = 17;
const POWER_ITERATIONS = 60;
const EXPECTATION_ROUNDS = 12;
const POWER_TOLERANCE = 1e-6;
/** Stands for no arrivals at all, so that chances and times stay finite. */
const LEAST_ARRIVALS_PER_MS = 1e-15;

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

/** Poisson chances 0..n-1 into `out` (the last state takes the rest), added with weight `share`. */
function addPoisson(out: Float64Array, offset: number, states: number, mean: number, share: number): void {
  let term = Math.exp(-mean);
  let left = 1;
  for (let m = 0; m < states - 1; m += 1) {
    const index = offset + m;
    out[index] = (out[index] as number) + share * term;
    left -= term;
    term *= mean / (m + 1);
  }
  const last = offset + states - 1;
  out[last] = (out[last] as number) + share * Math.max(0, left);
}

const transition = new Float64Array(MAX_STATES * MAX_STATES);
const current = new Float64Array(MAX_STATES);
const following = new Float64Array(MAX_STATES);

/** Stationary chances of the chain on the number of pieces per step, into `chances`. */
function stationary(
  chances: Float64Array,
  states: number,
  stateMs: Float64Array,
  spreadMs: number,
  arrivalsPerMs: number,
  expected: number,
): void {
  transition.fill(0);
  for (let j = 0; j < states; j += 1) {
    const duration = stateMs[j] as number;
    const spread = Math.min(spreadMs * Math.sqrt(j), duration);
    addPoisson(transition, j * states, states, arrivalsPerMs * (duration + spread), 0.5);
    addPoisson(transition, j * states, states, arrivalsPerMs * (duration - spread), 0.5);
  }
  current.fill(0);
  addPoisson(current, 0, states, expected, 1);
  for (let round = 0; round < POWER_ITERATIONS; round += 1) {
    following.fill(0);
    for (let j = 0; j < states; j += 1) {
      const chance = current[j] as number;
      if (chance < 1e-15) continue;
      for (let m = 0; m < states; m += 1) {
        following[m] = (following[m] as number) + chance * (transition[j * states + m] as number);
      }
    }
    let change = 0;
    for (let m = 0; m < states; m += 1) {
      change += Math.abs((following[m] as number) - (current[m] as number));
      current[m] = following[m] as number;
    }
    if (change < POWER_TOLERANCE) break;
  }
  for (let m = 0; m < states; m += 1) chances[m] = current[m] as number;
}

/** Standard normal in five cells cut at -1.5, -0.5, 0.5 and 1.5: conditional means and probabilities. */
export const NORMAL_NODES: readonly (readonly [value: number, weight: number])[] = [
  [-1.93867717, 0.0668072],
  [-0.92064461, 0.24173034],
  [0, 0.38292492],
  [0.92064461, 0.24173034],
  [1.93867717, 0.0668072],
];

interface Pieces {
  extraMs: Float64Array;
  meanTokens: number;
  stdTokens: number;
  pairsPerToken: number;
  /** ms per unit time spent in full chunks. */
  fullChunkShare: number;
  fullChunksPerPrompt: number;
  /** Mean ms a single piece adds to a step. */
  singleExtraMs: number;
}

/** Cuts every prompt node into full chunks and a last piece, and times both. */
function cutPieces(
  subject: BatchingSubject,
  busyDecodes: number,
  contextTokens: number,
  decodeOnlyMs: number,
  room: number,
  arrivalsPerMs: number,
): Pieces {
  const { plan, lengths } = subject;
  const { uncachedTokens, cachedTokens, weights } = lengths.prompts;
  const count = uncachedTokens.length;
  const pieces: Pieces = {
    extraMs: new Float64Array(count),
    meanTokens: 0,
    stdTokens: 0,
    pairsPerToken: 0,
    fullChunkShare: 0,
    fullChunksPerPrompt: 0,
    singleExtraMs: 0,
  };
  let second = 0;
  let pairs = 0;
  for (let i = 0; i < count; i += 1) {
    const uncached = uncachedTokens[i] as number;
    const cached = cachedTokens[i] as number;
    const weight = weights[i] as number;
    const chunks = Math.max(0, Math.ceil(uncached / room) - 1);
    const rest = uncached - chunks * room;
    const attended = cached + chunks * room + rest / 2;
    const pieceMs = stepTimeMs(plan, busyDecodes, contextTokens, rest, rest * attended, 1) - decodeOnlyMs;
    let chunksMs = 0;
    if (chunks > 0) {
      chunksMs = chunks * stepTimeMs(plan, busyDecodes, contextTokens, room, room * (cached + (chunks * room) / 2), 0);
    }
    pieces.extraMs[i] = pieceMs + chunksMs - chunks * decodeOnlyMs;
    pieces.meanTokens += weight * rest;
    second += weight * rest * rest;
    pairs += weight * rest * attended;
    pieces.singleExtraMs += weight * pieceMs;
    pieces.fullChunkShare += arrivalsPerMs * weight * chunksMs;
    pieces.fullChunksPerPrompt += weight * chunks;
  }
  pieces.stdTokens = Math.sqrt(Math.max(0, second - pieces.meanTokens ** 2));
  pieces.pairsPerToken = pairs / pieces.meanTokens;
  return pieces;
}

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

/** Solves the mean step at `decodes` sequences decoding and `totalPerMs` prompts arriving. */
export function meanStep(subject: BatchingSubject, totalPerMs: number, decodes: number): MeanStepOutcome {
  const { plan, lengths, maxNumBatchedTokens } = subject;
  const { moments } = lengths;
  const hasDecodes = moments.outputMean > 1;
  const arrivalsPerMs = Math.max(othersPerMs(subject, totalPerMs), LEAST_ARRIVALS_PER_MS);
  const busyDecodes = busyDecodesOf(subject, decodes);
  const contextTokens = busyDecodes * moments.decodeContextMean;
  const decodeOnlyMs = hasDecodes ? stepTimeMs(plan, busyDecodes, contextTokens, 0, 0, 0) : 0;
  const room = Math.max(1, maxNumBatchedTokens - busyDecodes);
  const pieces = cutPieces(subject, busyDecodes, contextTokens, decodeOnlyMs, room, arrivalsPerMs);
  if (pieces.fullChunkShare >= 1) return { kind: 'saturated' };

  const pieceTime = (count: number): number => {
    const tokens = count * pieces.meanTokens;
    const fitting = Math.min(tokens, room);
    const endings = Math.min(count, room / pieces.meanTokens);
    const ms = stepTimeMs(plan, busyDecodes, contextTokens, fitting, fitting * pieces.pairsPerToken, endings);
    return (ms - decodeOnlyMs) * (tokens / fitting);
  };
  // Arrivals meet only the time that full chunks leave.
  const effectiveArrivals = arrivalsPerMs / (1 - pieces.fullChunkShare);
  let expected = effectiveArrivals * (decodeOnlyMs + pieces.singleExtraMs);
  for (let round = 0; round < EXPECTATION_ROUNDS; round += 1) {
    const before = expected;
    expected =
      effectiveArrivals * (decodeOnlyMs + (expected > 1 ? pieceTime(expected) : expected * pieces.singleExtraMs));
    if (!Number.isFinite(expected) || expected > 1e6) return { kind: 'saturated' };
    // Few pieces: the expectation only chooses how many states are followed. Many: it is the state.
    if (Math.abs(expected - before) < (expected < MAX_STATES / 4 ? 0.02 : 1e-4) * before) break;
  }
  // Where every further piece brings more than one further piece along, the queue of pieces never empties.
  const atRoom = Math.max(room / pieces.meanTokens, 1);
  if (effectiveArrivals * (pieceTime(atRoom) / atRoom) >= 1) return { kind: 'saturated' };

  const twice = pieceTime(2);
  const msPerPromptToken = Math.max(0, (twice - pieces.singleExtraMs) / pieces.meanTokens);
  const step: MeanStep = {
    decodes,
    busyDecodes,
    contextTokens,
    decodeOnlyMs,
    roomTokens: room,
    fullChunkMs: stepTimeMs(plan, busyDecodes, contextTokens, room, room * pieces.pairsPerToken, 1),
    fullChunkShare: pieces.fullChunkShare,
    meanMs: 0,
    numStates: 0,
    stateCounts: new Float64Array(MAX_STATES),
    stateChances: new Float64Array(MAX_STATES),
    stateMs: new Float64Array(MAX_STATES),
    msPerPromptToken,
    pieceMeanTokens: pieces.meanTokens,
    pieceStdTokens: pieces.stdTokens,
    promptExtraMs: pieces.extraMs,
    busyMeanMs: 0,
  };
  fillStates(step, expected, pieceTime, pieces, effectiveArrivals);
  let mean = 0;
  for (let m = 0; m < step.numStates; m += 1) {
    mean += (step.stateChances[m] as number) * (step.stateMs[m] as number);
  }
  const stepsPerMs = arrivalsPerMs * pieces.fullChunksPerPrompt + (1 - pieces.fullChunkShare) / mean;
  step.meanMs = 1 / stepsPerMs;
  step.busyMeanMs = hasDecodes ? step.meanMs : decodeOnlyMs + pieces.singleExtraMs;
  return { kind: 'steady', step };
}

function fillStates(
  step: MeanStep,
  expected: number,
  pieceTime: (count: number) => number,
  pieces: Pieces,
  effectiveArrivals: number,
): void {
  const needed = Math.ceil(expected + 5 * Math.sqrt(expected) + 2);
  if (needed <= MAX_STATES) {
    step.numStates = Math.max(4, needed);
    for (let j = 0; j < step.numStates; j += 1) {
      step.stateCounts[j] = j;
      const extra = j === 0 ? 0 : j === 1 ? pieces.singleExtraMs : pieceTime(j);
      // Without decodes an empty step does not exist: the engine waits for the next prompt.
      const isIdleState = j === 0 && step.decodeOnlyMs === 0;
      step.stateMs[j] = isIdleState ? 1 / effectiveArrivals : step.decodeOnlyMs + extra;
    }
    const spreadMs = step.msPerPromptToken * pieces.stdTokens;
    stationary(step.stateChances, step.numStates, step.stateMs, spreadMs, effectiveArrivals, expected);
    return;
  }
  // Many pieces in every step: their number is normal around its mean, with the spread that long steps feed back.
  const slope = Math.min(0.95, effectiveArrivals * step.msPerPromptToken * pieces.meanTokens);
  const deviation = Math.sqrt(expected / (1 - slope * slope));
  step.numStates = NORMAL_NODES.length;
  NORMAL_NODES.forEach(([z, chance], i) => {
    const count = Math.max(1, expected + z * deviation);
    step.stateCounts[i] = count;
    step.stateChances[i] = chance;
    step.stateMs[i] = step.decodeOnlyMs + pieceTime(count);
  });
}

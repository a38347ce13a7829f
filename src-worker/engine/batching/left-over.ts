import { logGamma } from '../numerics/gamma.ts';
import type { PromptNodes } from '../workload/lengths.ts';
import { LEAST_ARRIVALS_PER_MS, othersPerMs, timeMeanMs, type MeanStep } from './mean-step.ts';
import type { BatchingSubject } from './subject.ts';

/**
 * Prompt tokens that wait because a step was full, as an arrival finds them. Two causes: a prompt longer than a step has room for,
 * behind which others queue up; and congestion, when prompts that would fit come together.
 */

/** Nodes of an exponential law in six cells: conditional means and weights of cells cut at 0, .3, .55, .75, .9, .97, 1. */
const CELL_EDGES = [0, 0.3, 0.55, 0.75, 0.9, 0.97, 1];
const NUM_NODES = CELL_EDGES.length - 1;
const EXPONENTIAL_VALUES = Float64Array.from({ length: NUM_NODES }, (_, i) => exponentialMean(i));
/** [node] chance of each. */
const NODE_WEIGHTS = Float64Array.from({ length: NUM_NODES }, (_, i) => cellWeight(i));

function cellWeight(i: number): number {
  return (CELL_EDGES[i + 1] as number) - (CELL_EDGES[i] as number);
}

function exponentialMean(i: number): number {
  // E[X; a < X < b] = (a + 1) e^-a - (b + 1) e^-b for the unit exponential.
  const partial = (p: number): number => (p >= 1 ? 0 : (1 - Math.log1p(-p)) * (1 - p));
  return (partial(CELL_EDGES[i] as number) - partial(CELL_EDGES[i + 1] as number)) / cellWeight(i);
}

/** Powers of an exponential variable (Weibull laws): squared coefficients of variation from 0.08 to 69, in between in proportion. */
const POWERS = Array.from({ length: 31 }, (_, i) => 0.25 + 0.125 * i);
/** [power] nodes of mean 1. */
const POWER_NODES = POWERS.map((power) => {
  const values = EXPONENTIAL_VALUES.map((value) => value ** power);
  const mean = values.reduce((sum, value, i) => sum + value * (NODE_WEIGHTS[i] as number), 0);
  return values.map((value) => value / mean);
});
/** [power] variance of the law / square of its mean: Γ(1 + 2p) / Γ(1 + p)² - 1. */
const POWER_SCVS = Float64Array.from(POWERS, (power) => Math.expm1(logGamma(1 + 2 * power) - 2 * logGamma(1 + power)));

/** What an arrival finds left over. Written over for every rate. */
export const leftOver = {
  /** Chance of meeting a full chunk with prompts left over, and of one without. */
  chance: 0,
  emptyChance: 0,
  /** [node] tokens left over where there are some, and chances that add up to 1. */
  tokens: new Float64Array(NUM_NODES),
  weights: NODE_WEIGHTS,
};

/** Mean and squared coefficient of variation of what is left over where something is. Written over for every rate. */
const law = { meanTokens: 0, scv: 1 };

/** Fills the nodes of `leftOver`: a Weibull law with the moments of `law`. */
function setNodes(): void {
  const { meanTokens, scv } = law;
  const last = POWERS.length - 1;
  let above = 1;
  while (above < last && (POWER_SCVS[above] as number) < scv) above += 1;
  const low = POWER_SCVS[above - 1] as number;
  const high = POWER_SCVS[above] as number;
  const share = Math.min(1, Math.max(0, (scv - low) / (high - low)));
  const narrow = POWER_NODES[above - 1] as Float64Array;
  const wide = POWER_NODES[above] as Float64Array;
  for (let i = 0; i < NUM_NODES; i += 1) {
    leftOver.tokens[i] = meanTokens * ((1 - share) * (narrow[i] as number) + share * (wide[i] as number));
  }
}

/** Most of the time that anything may take: a queue beyond it has no steady state. */
const MOST_LOAD = 0.999;
/** Regular arrivals of several prompts a step are not quite regular in steps: their number is a whole one. */
const LEAST_SCV = 0.05;
/** Least share of a step that short prompts leave to long ones. */
const LEAST_ROOM = 0.01;

/**
 * Prompts as work of full steps, in tokens: those of a long prompt count as much more as its chunks take longer than the average
 * full one, because they see its own context. Written over for every rate.
 */
const work = {
  /** Moments of the work of a prompt. */
  mean: 0,
  second: 0,
  third: 0,
  /** The first two moments of what is left of a long prompt beyond the chunk in progress, over the time of its chunks. */
  restMean: 0,
  restSecond: 0,
  /** Tokens of prompts that fit into a step, per prompt of any length. */
  short: 0,
  /** Share of a full step that short prompts leave to long ones. */
  leftShare: 1,
  /** ms of full steps that a prompt starts, on average, where nothing is left over. */
  startedMs: 0,
};

function setWork({ prompts }: BatchingSubject['lengths'], step: MeanStep): void {
  const { weights, uncachedTokens } = prompts;
  const { roomTokens: room, fullChunkMs } = step;
  let mean = 0;
  let second = 0;
  let third = 0;
  let chunksMs = 0;
  let rest = 0;
  let restSecond = 0;
  let short = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const weight = weights[i] as number;
    let tokens = uncachedTokens[i] as number;
    if (tokens <= room) short += weight * tokens;
    else {
      const chunks = Math.ceil(tokens / room) - 1;
      const ms = chunkMs(step, i, chunks);
      const scale = ms / fullChunkMs;
      tokens *= scale;
      const each = room * scale;
      const weightMs = weight * ms;
      // Sums over the chunks k = 1..n of (tokens - k each) and of its square.
      const firstSum = (chunks * (chunks + 1)) / 2;
      const secondSum = (firstSum * (2 * chunks + 1)) / 3;
      chunksMs += weightMs * chunks;
      rest += weightMs * (chunks * tokens - each * firstSum);
      restSecond += weightMs * (chunks * tokens * tokens - 2 * each * tokens * firstSum + each * each * secondSum);
    }
    mean += weight * tokens;
    second += weight * tokens * tokens;
    third += weight * tokens * tokens * tokens;
  }
  work.mean = mean;
  work.second = second;
  work.third = third;
  work.restMean = chunksMs > 0 ? rest / chunksMs : 0;
  work.restSecond = chunksMs > 0 ? restSecond / chunksMs : 0;
  work.short = short;
}

/** ms of a full chunk of node `i`, which has so many. */
const chunkMs = ({ promptExtraMs, pieceExtraMs, decodeOnlyMs }: MeanStep, i: number, chunks: number): number =>
  ((promptExtraMs[i] as number) - (pieceExtraMs[i] as number)) / chunks + decodeOnlyMs;

/**
 * Fills `work.startedMs`. Short prompts that come while a long one is computed take `1 - leftShare` of each step's room: it needs
 * further ones.
 */
function setStarted({ weights, uncachedTokens }: PromptNodes, step: MeanStep): void {
  const { roomTokens: room } = step;
  const left = room * work.leftShare;
  let ms = 0;
  for (let i = 0; i < weights.length; i += 1) {
    const tokens = uncachedTokens[i] as number;
    if (tokens <= room) continue;
    const chunks = Math.ceil(tokens / room) - 1;
    ms += (weights[i] as number) * chunkMs(step, i, chunks) * Math.ceil((tokens - room) / left);
  }
  work.startedMs = ms;
}

interface Arrivals {
  arrivalsPerMs: number;
  scvArrival: number;
  step: MeanStep;
}

/**
 * Fills `leftOver`. Behind a long prompt: what others bring while it is computed, and others again while these are, is a delay
 * cycle, in which the work found is what is left of the delay plus that of an M/G/1 queue of all prompts (Takagi 1991, Queueing
 * Analysis 1, chapter 1). Congestion: a discrete queue of tokens with the correction of Kraemer and Langenbach-Belz (QUEUEING.md
 * 3.6, point 2). Of the two the one that leaves more tokens, on average; the chance and the spread of the one give way to the other's
 * while congestion grows from as much to twice as much (no theory: it keeps percentiles from falling there; decision 36).
 */
export function setLeftOver(subject: BatchingSubject, { arrivalsPerMs: allPerMs, scvArrival, step }: Arrivals): void {
  const { moments, prompts } = subject.lengths;
  const { roomTokens: room, fullChunkMs } = step;
  // Nobody finds prompts of his own: a user of a closed loop has one at a time.
  const arrivalsPerMs = Math.max(othersPerMs(subject, allPerMs), LEAST_ARRIVALS_PER_MS);
  const perStep = arrivalsPerMs * fullChunkMs;
  const tokensPerStep = perStep * moments.uncachedMean;
  const busy = Math.min(MOST_LOAD, tokensPerStep / room);
  setWork(subject.lengths, step);

  const queued = Math.min(MOST_LOAD, (perStep * work.mean) / room);
  const spreadSquare = work.second - work.mean * work.mean;
  const waitMean = (perStep * (spreadSquare + scvArrival * work.mean * work.mean)) / (2 * room * (1 - queued));
  // What comes during the step in progress shares the next one, and is counted there.
  const longMean = Math.max(work.restMean / 2, work.restMean + waitMean - tokensPerStep / 2);
  work.leftShare = Math.max(LEAST_ROOM, 1 - (perStep * work.short) / room);
  setStarted(prompts, step);
  // Long prompts that come meanwhile prolong the cycle by all of their tokens.
  const started = (arrivalsPerMs * work.startedMs * work.leftShare) / (1 - busy);
  const behindLong = started / (1 + started);

  const burst = Math.max(1, scvArrival);
  const secondMoment = moments.uncachedVariance + burst * moments.uncachedMean ** 2;
  const variance = perStep * secondMoment;
  const correction = Math.exp(
    (-2 * (1 - busy)) / (3 * busy * (Math.max(scvArrival, LEAST_SCV) + variance / tokensPerStep ** 2)),
  );
  // Steps that are not full collect less than a full one does.
  const collected = Math.min(correction, (timeMeanMs(step) / fullChunkMs) ** (1 / burst));
  const congestion = Math.max(0, variance / (2 * room * (1 - busy)) - tokensPerStep / 2) * collected;

  const behind = behindLong * longMean;
  const restVariance = work.restSecond - work.restMean * work.restMean;
  const waitVariance = waitMean * waitMean + (perStep * work.third) / (3 * room * (1 - queued));
  const longScv = longMean > 0 ? (restVariance + waitVariance) / (longMean * longMean) : 1;
  const residual = work.second / (2 * work.mean);
  const congestedScv = ((1 - busy) * work.third) / (3 * work.mean * residual * residual) + 2 * busy - 1;
  const whenAny = secondMoment / (2 * moments.uncachedMean) / (1 - busy);
  const congested = Math.min(MOST_LOAD, congestion / whenAny);
  // From one cause to the other step by step, so that nobody waits less where the load rises.
  const share = behind > 0 ? Math.min(1, Math.max(0, congestion / behind - 1)) : 1;
  leftOver.chance = behindLong + share * Math.max(0, congested - behindLong);
  // Full chunks are met as often as they take time, however seldom prompts are left over behind them.
  leftOver.emptyChance = Math.max(0, Math.min(MOST_LOAD, step.fullChunkShare) - leftOver.chance);
  law.meanTokens = leftOver.chance > 0 ? Math.max(behind, congestion) / leftOver.chance : 0;
  law.scv = (1 - share) * longScv + share * congestedScv;
  setNodes();
}

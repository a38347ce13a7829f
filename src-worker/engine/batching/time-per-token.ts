import { type MeanStep } from './mean-step.ts';
import { NORMAL_WEIGHTS, NORMAL_Z } from './normal-nodes.ts';
import type { SteadyState } from './fixed-point.ts';
import type { Part, Spread } from './spread.ts';
import type { BatchingSubject } from './subject.ts';

/** What all requests of a replica share when their token times are drawn. */
export interface TokenTimes {
  /** ms by which a request sees longer steps than the average step. */
  shiftMs: number;
  /** Variance of the number of decodes / its mean. */
  batchDispersion: number;
  /** Tokens after the first of the mean answer. */
  decodesPerPrompt: number;
  /** ms of prompts that queued behind a request and are computed right after its first token, and what a step has room for. */
  queuedMs: number;
  roomMs: number;
  /** Second moment of the ms a prompt adds to the steps of others, with the spread of their number. */
  extraSecondMoment: number;
  /** Steps over which the batch forgets, and the variance of its wandering and that of contexts. */
  correlationSteps: number;
  slowVariance: number;
  /** Of the load these follow from; the share of its arrivals that is random, and the mean TTFT. */
  arrivalsPerMs: number;
  randomShare: number;
  firstTokenMeanMs: number;
  /** Of those that would decode, the share that finds room in the KV cache and among the seats (room-wait.ts). */
  withRoomShare: number;
}

export const newTokenTimes = (): TokenTimes => ({
  shiftMs: 0,
  batchDispersion: 0,
  decodesPerPrompt: 0,
  queuedMs: 0,
  roomMs: 0,
  extraSecondMoment: 0,
  correlationSteps: 0,
  slowVariance: 0,
  arrivalsPerMs: 0,
  randomShare: 1,
  firstTokenMeanMs: 0,
  withRoomShare: 1,
});

/** Mean and spread of the time per output token of a request of one length, written over by `setLaw`. */
export const law = {
  /** Tokens after the first. */
  tokens: 1,
  /** A step in which nobody's prompt interrupts, as a request sees it, and what prompts add to it on average. */
  baseMs: 0,
  interruptedMs: 0,
  /** Chance that no prompt interrupts the whole answer. */
  undisturbedChance: 1,
  /** Variance from prefills that interrupt: short-lived, skewed. */
  prefillVariance: 0,
  /** Variance from the wandering of the batch and of contexts: slow, symmetric. */
  slowVariance: 0,
};

export interface ClosedLoopShare {
  /** Share of time a user is in the system; 0 for open arrivals. */
  presentFraction: number;
}

/** (2 (e^-x - 1 + x)) / x²: how much of a slow fluctuation survives averaging over x correlation lengths. */
function averagingFactor(x: number): number {
  if (x < 1e-4) return 1 - x / 3;
  return (2 * (Math.expm1(-x) + x)) / (x * x);
}

/**
 * Fills `times`: time per output token counted in steps, not in seconds: a decode stays exactly n steps, and arrivals per step grow with
 * the length of the step, so an arrival causes further arrivals: a branching process, which "mean plus square root"
 * closures miss (QUEUEING.md 3.5). As if nobody waited for a first token: `setWaitBefore` adds that.
 */
export function setTokenTimes(
  times: TokenTimes,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  state: SteadyState,
  closed: ClosedLoopShare,
): void {
  const { moments } = subject.lengths;
  const { step, msPerDecode, feedbackGain, promptExtraMeanMs, prefillShare } = state;
  // Between constant (0) and Poisson (1) arrivals the randomness enters in proportion; above, bursts add to it.
  const random = Math.min(1, subject.scvArrival);
  const burst = Math.max(1, subject.scvArrival);
  const extraVariance = Math.max(0, state.promptExtraSecondMoment - promptExtraMeanMs ** 2);
  const countSpread = closed.presentFraction > 0 ? 1 - closed.presentFraction : random * burst;
  const extraSecond = extraVariance + countSpread * promptExtraMeanMs ** 2;

  const decodesPerPrompt = Math.max(1e-9, moments.outputMean - 1);
  const free = 1 - prefillShare;
  const lengthsOnly = (arrivalsPerMs ** 2 * extraVariance) / free ** 2;
  const poissonFamily = 1 / free + prefillShare / free ** 2 + lengthsOnly;
  const family = (1 - random) * (1 + lengthsOnly) + random * poissonFamily;
  const overlap = moments.outputOverlap;
  const familySpread = family - 1 + (burst - 1);
  const dispersion =
    (((1 - random) * (1 - overlap) + random + familySpread * overlap) / (1 - feedbackGain)) *
    (1 - closed.presentFraction);

  const { decodes } = step;
  const alreadyCounted = decodes > 0 ? decodes / -Math.expm1(-decodes) : 1;
  const itself = 1 + decodes - alreadyCounted;
  const contextSlope = contextMs(subject, state);
  const contextVariance =
    contextSlope ** 2 *
    decodes *
    moments.decodeContextVariance *
    (step.meanMs / Math.max(step.decodeOnlyMs, 1e-9)) ** 2;

  const seenMs = msPerDecode * (dispersion - 1 + itself);
  const bentMs = (state.curvatureMs * dispersion) / (1 - feedbackGain);
  times.shiftMs = Math.min(Math.max(0, seenMs + bentMs), step.meanMs / 2);
  times.batchDispersion = dispersion;
  times.decodesPerPrompt = decodesPerPrompt;
  times.queuedMs = 0;
  times.roomMs = Math.max(1e-9, step.fullChunkMs - step.meanMs);
  times.extraSecondMoment = extraSecond;
  times.correlationSteps = moments.outputSecondMoment / (2 * moments.outputMean) / (1 - feedbackGain);
  times.slowVariance = msPerDecode ** 2 * decodes * dispersion + contextVariance;
  times.arrivalsPerMs = arrivalsPerMs;
  times.randomShare = random;
  times.firstTokenMeanMs = 0;
}

/** ms from the arrival of a request to its first token: the mean of all of it, and of the step in progress. */
export interface FirstTokenWait {
  firstTokenMeanMs: number;
  residualMeanMs: number;
}

/** Adds to `times` what comes meanwhile: prompts that queue behind a request delay the tokens after its first. */
export function setWaitBefore(
  times: TokenTimes,
  { step, promptExtraMeanMs, prefillShare }: SteadyState,
  { firstTokenMeanMs, residualMeanMs }: FirstTokenWait,
): void {
  const { arrivalsPerMs, randomShare } = times;
  const queuedForMs = Math.max(0, firstTokenMeanMs - residualMeanMs - step.meanMs);
  times.queuedMs = randomShare * ((arrivalsPerMs * promptExtraMeanMs * queuedForMs) / (1 - prefillShare));
  times.firstTokenMeanMs = firstTokenMeanMs;
}

/** Gaps are not all met alike: whole ones are counted over this much around their number. */
const GAP_SPREAD = 0.25;

/** Whole gaps in `gaps` gaps, on average over GAP_SPREAD on both sides. */
function wholeGaps(gaps: number): number {
  if (gaps > 1e6) return gaps - 0.5;
  const whole = Math.floor(gaps + GAP_SPREAD);
  const passed = Math.min(1, Math.max(0, (gaps + GAP_SPREAD - whole) / (2 * GAP_SPREAD)));
  return Math.max(0, whole - 1 + passed);
}

/**
 * How often prompts interrupt an answer of `lifeMs` / as often as they come: regular ones as often as gaps fit into it, and those
 * that are over before the next one comes never.
 */
function interruptedShare({ arrivalsPerMs, randomShare, firstTokenMeanMs }: TokenTimes, lifeMs: number): number {
  if (randomShare === 1) return 1;
  const regular = wholeGaps((lifeMs + firstTokenMeanMs) * arrivalsPerMs) / (lifeMs * arrivalsPerMs);
  return randomShare + (1 - randomShare) * regular;
}

/** Fills `law` for a request with `law.tokens` tokens after the first. */
export function setLaw(state: SteadyState, times: TokenTimes): void {
  const n = law.tokens;
  const { decodesPerPrompt, queuedMs, roomMs, extraSecondMoment: extraSecond } = times;
  const { step, msPerDecode, feedbackGain, promptExtraMeanMs, prefillShare } = state;
  const free = 1 - prefillShare;
  const y = n / decodesPerPrompt;
  const reached = decodesPerPrompt * (y < 1e-6 ? y / 2 : 1 + Math.expm1(-y) / y);
  const afterFirst = roomMs * -Math.expm1(-queuedMs / (n * roomMs));
  const cross = promptExtraMeanMs > 0 ? 1 + (2 * msPerDecode * reached) / ((1 - feedbackGain) * promptExtraMeanMs) : 1;
  const interruptions = ((step.meanMs / n) * times.arrivalsPerMs * extraSecond * cross) / free ** 2;
  const queuedVariance = promptExtraMeanMs > 0 ? (queuedMs * extraSecond) / (promptExtraMeanMs * free * n * n) : 0;
  const addedMs = Math.max(0, step.meanMs - step.decodeOnlyMs);
  law.baseMs = step.decodeOnlyMs + times.shiftMs;
  law.interruptedMs = addedMs * interruptedShare(times, n * step.meanMs) + afterFirst;
  // Each prompt that comes lets further ones come: what counts are families (Borel and Tanner).
  const families = promptExtraMeanMs > 0 ? (n * law.interruptedMs * free) / promptExtraMeanMs : 0;
  law.undisturbedChance = promptExtraMeanMs > 0 ? times.randomShare * Math.exp(-families) : 1;
  law.prefillVariance = interruptions + queuedVariance;
  law.slowVariance = times.slowVariance * averagingFactor(n / times.correlationSteps);
  if (times.withRoomShare < 1) leaveThoseWithRoom(step.decodeOnlyMs, times.withRoomShare);
}

/** Whoever waits for room does not slow the others: by Little's law their tokens take as much less as fewer decode. */
function leaveThoseWithRoom(decodeOnlyMs: number, share: number): void {
  const aboveMs = law.baseMs + law.interruptedMs - decodeOnlyMs;
  if (!(aboveMs > 0)) return;
  const kept = Math.max(0, 1 - ((1 - share) * (aboveMs + decodeOnlyMs)) / aboveMs);
  law.baseMs = decodeOnlyMs + kept * (law.baseMs - decodeOnlyMs);
  law.interruptedMs *= kept;
  law.prefillVariance *= kept * kept;
  law.slowVariance *= kept * kept;
}

/** ms one more token of context adds to a step. */
function contextMs(subject: BatchingSubject, state: SteadyState): number {
  let slope = 0;
  const { decodes } = state.step;
  const mean = subject.lengths.moments.decodeContextMean;
  for (const group of subject.plan.attention) {
    if (group.windowTokens !== null && mean > group.windowTokens) continue;
    slope += Math.max(group.computeMsPerContextToken, group.readMsPerContextToken);
  }
  return decodes > 0 ? slope : 0;
}

/** Standard normal in eight cells, finer in the upper tail: conditional mean and probability of each. */
const SKEW_NODES: readonly (readonly [z: number, weight: number])[] = [
  [-1.75498, 0.1],
  [-0.86097, 0.2],
  [-0.25625, 0.2],
  [0.25625, 0.2],
  [0.76356, 0.15],
  [1.23614, 0.08],
  [1.68495, 0.045],
  [2.3378, 0.025],
];
const SKEW_Z = Float64Array.from(SKEW_NODES, ([z]) => z);
const SKEW_WEIGHTS = Float64Array.from(SKEW_NODES, ([, weight]) => weight);
/** Shape below which a gamma law is replaced by a lognormal one with its mean and variance. */
const LEAST_SHAPE = 0.4;
/** An atom rarer than this is left out. */
const RARE = 1e-3;

/** ms by which prompts lengthen a token, as nodes with their weights: written over for every output length. */
export const interruptions = {
  count: 0,
  ms: new Float64Array(SKEW_NODES.length + 1),
  weights: new Float64Array(SKEW_NODES.length + 1),
  /** Square of the ms that a node stands for; nothing where nobody interrupts. */
  squareWidth: 0,
};

/**
 * Fills `interruptions` from `law`: nobody's prompt with its chance, and a skewed law for all others, so that the mean is the
 * law's and the variance too, as long as no answer would be slower than in full steps all the way.
 */
export function setInterruptions({ decodeOnlyMs, fullChunkMs }: MeanStep): void {
  const { ms, weights } = interruptions;
  const { interruptedMs, prefillVariance, undisturbedChance } = law;
  const atom = undisturbedChance > RARE ? Math.min(0.999, undisturbedChance) : 0;
  const first = atom > 0 ? 1 : 0;
  ms[0] = 0;
  weights[0] = atom;
  const mean = interruptedMs / (1 - atom);
  const variance = (prefillVariance + interruptedMs * interruptedMs) / (1 - atom) - mean * mean;
  interruptions.squareWidth = variance > 0 ? variance / 4 : 0;
  if (!(mean > 0 && variance > 0)) {
    ms[first] = Math.max(0, mean);
    weights[first] = 1 - atom;
    interruptions.count = first + 1;
    return;
  }
  const longest = Math.max(mean, fullChunkMs - decodeOnlyMs);
  const shape = (mean * mean) / variance;
  const sigma = shape < LEAST_SHAPE ? Math.sqrt(Math.log1p(1 / shape)) : 0;
  const c = 1 / (9 * shape);
  const rootC = Math.sqrt(c);
  let sum = 0;
  for (let k = 0; k < SKEW_Z.length; k += 1) {
    const z = SKEW_Z[k] as number;
    // Wilson and Hilferty's cube for a gamma law.
    const root = Math.max(0, 1 - c + z * rootC);
    const value = sigma > 0 ? Math.exp(sigma * z - (sigma * sigma) / 2) : root * root * root;
    sum += (SKEW_WEIGHTS[k] as number) * value;
    ms[first + k] = mean * value;
    weights[first + k] = (1 - atom) * (SKEW_WEIGHTS[k] as number);
  }
  interruptions.count = first + SKEW_Z.length;
  // Nodes of a skewed law miss a little of its mean.
  for (let k = first; k < interruptions.count; k += 1) ms[k] = Math.min(longest, (ms[k] as number) / sum);
}

const MOST_PAIRS = (SKEW_NODES.length + 1) * NORMAL_Z.length;
/** [interruption x normal node] ms, squares of widths and weights of the deposits of one output length. */
const values = new Float64Array(MOST_PAIRS);
const squareWidths = new Float64Array(MOST_PAIRS);
const pairWeights = new Float64Array(MOST_PAIRS);
/** [interruption] the same where the slow wandering is a width. */
const singleMs = new Float64Array(SKEW_NODES.length + 1);
const singleWidths = new Float64Array(SKEW_NODES.length + 1);
const singleWeights = new Float64Array(SKEW_NODES.length + 1);
const part: Part = { chance: 0, fixedMs: 0, squareWidth: 0 };
/** A decode is never faster than this share of the step that only decodes: nodes of a normal law know no bound. */
const LEAST_SHARE = 0.98;

/** A slow wandering narrower than this share of a step is a width, not nodes of its own. */
const NARROW = 0.02;

/** Deposits `interruptions` as `part` says. */
function depositInterruptions(spread: Spread): void {
  const { count, ms, weights, squareWidth } = interruptions;
  for (let k = 0; k < ms.length; k += 1) {
    singleMs[k] = ms[k] as number;
    singleWidths[k] = (ms[k] as number) > 0 ? squareWidth : 0;
    singleWeights[k] = k < count ? (weights[k] as number) : 0;
  }
  spread.addPart(part, singleMs, singleWidths, singleWeights);
}

/** Deposits the distribution of TPOT over requests (ms) into `spread`. */
export function depositTokenTimes(
  subject: BatchingSubject,
  state: SteadyState,
  times: TokenTimes,
  spread: Spread,
): void {
  const { tokens, weights } = subject.lengths.outputs;
  const least = state.step.decodeOnlyMs * LEAST_SHARE;
  for (let i = 0; i < tokens.length; i += 1) {
    law.tokens = Math.max(1, (tokens[i] as number) - 1);
    setLaw(state, times);
    setInterruptions(state.step);
    const slowSd = Math.sqrt(law.slowVariance);
    part.chance = weights[i] as number;
    if (slowSd < NARROW * law.baseMs) {
      part.fixedMs = law.baseMs;
      part.squareWidth = 12 * law.slowVariance;
      depositInterruptions(spread);
      continue;
    }
    part.fixedMs = 0;
    part.squareWidth = law.slowVariance;
    let at = 0;
    for (let k = 0; k < interruptions.count; k += 1) {
      const fast = interruptions.ms[k] as number;
      for (let s = 0; s < NORMAL_Z.length; s += 1) {
        const value = law.baseMs + fast + (NORMAL_Z[s] as number) * slowSd;
        values[at] = value > least ? value : least;
        squareWidths[at] = fast > 0 ? interruptions.squareWidth : 0;
        pairWeights[at] = (interruptions.weights[k] as number) * (NORMAL_WEIGHTS[s] as number);
        at += 1;
      }
    }
    pairWeights.fill(0, at);
    spread.addPart(part, values, squareWidths, pairWeights);
  }
}

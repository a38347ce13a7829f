import { normalCdf } from '../numerics/normal.ts';
import { NORMAL_NODES } from './mean-step.ts';
import type { SteadyState } from './fixed-point.ts';
import type { Spread } from './spread.ts';
import type { BatchingSubject } from './subject.ts';

/** Mean and spread of the time per output token of a request with `n` tokens after the first. */
export interface TokenTimeLaw {
  /** A step in which nobody's prompt interrupts, as a request sees it. */
  baseMs: number;
  /** What prompts add to it on average. */
  interruptedMs: number;
  /** Chance that no prompt interrupts the whole answer. */
  undisturbedChance: number;
  /** Variance from prefills that interrupt: short-lived, skewed. */
  prefillVariance: number;
  /** Variance from the wandering of the batch and of contexts: slow, symmetric. */
  slowVariance: number;
}

/** What all requests of a replica share when their token times are drawn. */
export interface TokenTimes {
  /** ms by which a request sees longer steps than the average step. */
  shiftMs: number;
  /** Variance of the number of decodes / its mean. */
  batchDispersion: number;
  lawFor(decodeTokens: number): TokenTimeLaw;
}

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
 * Time per output token counted in steps, not in seconds: a decode stays exactly n steps, and arrivals per step grow with
 * the length of the step, so an arrival causes further arrivals: a branching process, which "mean plus square root"
 * closures miss (QUEUEING.md 3.5).
 */
export function tokenTimes(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  state: SteadyState,
  firstTokenMeanMs: number,
  residualMeanMs: number,
  closed: ClosedLoopShare,
): TokenTimes {
  const { moments } = subject.lengths;
  const { step, msPerDecode, feedbackGain, promptExtraMeanMs, prefillShare } = state;
  // Between constant (0) and Poisson (1) arrivals the randomness enters in proportion; above, bursts add to it.
  const random = Math.min(1, subject.scvArrival);
  const burst = Math.max(1, subject.scvArrival);
  const mix = (regular: number, poisson: number): number => (1 - random) * regular + random * poisson;
  const extraVariance = Math.max(0, state.promptExtraSecondMoment - promptExtraMeanMs ** 2);
  const countSpread = closed.presentFraction > 0 ? 1 - closed.presentFraction : mix(0, burst);
  const extraSecond = extraVariance + countSpread * promptExtraMeanMs ** 2;

  const decodesPerPrompt = Math.max(1e-9, moments.outputMean - 1);
  const free = 1 - prefillShare;
  const lengthsOnly = (arrivalsPerMs ** 2 * extraVariance) / free ** 2;
  const family = mix(1 + lengthsOnly, 1 / free + prefillShare / free ** 2 + lengthsOnly);
  const overlap = 2 * normalCdf(-moments.outputLogSigma / Math.SQRT2);
  const familySpread = family - 1 + (burst - 1);
  const dispersion =
    ((mix(1 - overlap, 1) + familySpread * overlap) / (1 - feedbackGain)) * (1 - closed.presentFraction);

  const { decodes } = step;
  const alreadyCounted = decodes > 0 ? decodes / -Math.expm1(-decodes) : 1;
  const itself = 1 + decodes - alreadyCounted;
  const seenMs = msPerDecode * (dispersion - 1 + itself);
  const bentMs = (state.curvatureMs * dispersion) / (1 - feedbackGain);
  const shiftMs = Math.min(Math.max(0, seenMs + bentMs), step.meanMs / 2);

  const queuedMs =
    random *
    ((arrivalsPerMs * promptExtraMeanMs * Math.max(0, firstTokenMeanMs - residualMeanMs - step.meanMs)) / free);
  const roomMs = Math.max(1e-9, step.fullChunkMs - step.meanMs);
  const correlation = moments.outputSecondMoment / (2 * moments.outputMean) / (1 - feedbackGain);
  const contextSlope = contextMs(subject, state);
  const contextVariance =
    contextSlope ** 2 *
    decodes *
    moments.decodeContextVariance *
    (step.meanMs / Math.max(step.decodeOnlyMs, 1e-9)) ** 2;
  const slow = msPerDecode ** 2 * decodes * dispersion + contextVariance;

  return {
    shiftMs,
    batchDispersion: dispersion,
    lawFor(n) {
      const y = n / decodesPerPrompt;
      const reached = decodesPerPrompt * (y < 1e-6 ? y / 2 : 1 + Math.expm1(-y) / y);
      const afterFirst = roomMs * -Math.expm1(-queuedMs / (n * roomMs));
      const cross =
        promptExtraMeanMs > 0 ? 1 + (2 * msPerDecode * reached) / ((1 - feedbackGain) * promptExtraMeanMs) : 1;
      const interruptions = ((step.meanMs / n) * arrivalsPerMs * extraSecond * cross) / free ** 2;
      const queuedVariance = promptExtraMeanMs > 0 ? (queuedMs * extraSecond) / (promptExtraMeanMs * free * n * n) : 0;
      // Regular prompts interrupt an answer as often as gaps fit into it, and those that are over before the next comes never.
      const lifeMs = n * step.meanMs;
      const regular = (wholeGaps((lifeMs + firstTokenMeanMs) * arrivalsPerMs) / arrivalsPerMs / lifeMs) * (1 - random);
      const interruptedMs = Math.max(0, step.meanMs - step.decodeOnlyMs) * (random + regular) + afterFirst;
      return {
        baseMs: step.decodeOnlyMs + shiftMs,
        interruptedMs,
        // Prompts that come in threes and fours count by families: each that comes lets further ones come (Borel and Tanner).
        undisturbedChance:
          promptExtraMeanMs > 0 ? random * Math.exp((-n * interruptedMs * free) / promptExtraMeanMs) : 1,
        prefillVariance: interruptions + queuedVariance,
        slowVariance: slow * averagingFactor(n / correlation),
      };
    },
  };
}

/** Gaps are not all met alike: whole ones are counted over this much around their number. */
const GAP_SPREAD = 0.25;

/** Whole gaps in `gaps` gaps, on average over GAP_SPREAD on both sides. */
function wholeGaps(gaps: number): number {
  if (gaps > 1e6) return gaps - 0.5;
  const whole = Math.floor(gaps + GAP_SPREAD);
  const passed = Math.min(1, Math.max(0, (gaps + GAP_SPREAD - whole) / (2 * GAP_SPREAD)));
  return whole - 1 + passed < 0 ? 0 : whole - 1 + passed;
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
/** Shape below which a gamma law is replaced by a lognormal one with its mean and variance. */
const LEAST_SHAPE = 0.4;
/** An atom rarer than this is left out. */
const RARE = 1e-3;

/** ms by which prompts lengthen a token, as nodes with their weights: written over for every output length. */
export const interruptions = {
  count: 0,
  ms: new Float64Array(SKEW_NODES.length + 1),
  weights: new Float64Array(SKEW_NODES.length + 1),
  /** ms that a node stands for on both sides of it. */
  widthMs: 0,
};

/**
 * Fills `interruptions`: nobody's prompt with its chance, and a skewed law for all others, so that the mean is the law's and the
 * variance as long as none is beyond `longestMs`: an answer cannot be slower than in full steps all the way.
 */
export function setInterruptions(law: TokenTimeLaw, longestMs: number): void {
  const nodes = interruptions;
  const { interruptedMs, prefillVariance } = law;
  const atom = law.undisturbedChance > RARE ? Math.min(0.999, law.undisturbedChance) : 0;
  nodes.count = 0;
  if (atom > 0) addNode(0, atom);
  const mean = interruptedMs / (1 - atom);
  const variance = (prefillVariance + interruptedMs * interruptedMs) / (1 - atom) - mean * mean;
  nodes.widthMs = 0.5 * Math.sqrt(Math.max(0, variance));
  if (!(mean > 0 && variance > 0)) {
    addNode(Math.max(0, mean), 1 - atom);
    return;
  }
  const shape = (mean * mean) / variance;
  const sigma = shape < LEAST_SHAPE ? Math.sqrt(Math.log1p(1 / shape)) : 0;
  const c = 1 / (9 * shape);
  const rootC = Math.sqrt(c);
  let sum = 0;
  for (const [z, weight] of SKEW_NODES) {
    // Wilson and Hilferty's cube for a gamma law.
    const root = 1 - c + z * rootC;
    const value = shape < LEAST_SHAPE ? Math.exp(sigma * z - (sigma * sigma) / 2) : root > 0 ? root * root * root : 0;
    sum += weight * value;
    addNode(mean * value, (1 - atom) * weight);
  }
  // Nodes of a skewed law miss a little of its mean.
  for (let k = atom > 0 ? 1 : 0; k < nodes.count; k += 1) {
    nodes.ms[k] = Math.min(Math.max(longestMs, mean), (nodes.ms[k] as number) / sum);
  }
}

function addNode(ms: number, weight: number): void {
  interruptions.ms[interruptions.count] = ms;
  interruptions.weights[interruptions.count] = weight;
  interruptions.count += 1;
}

/** [pair of nodes] ms, widths and weights of the deposits of one output length. */
const MOST_PAIRS = (SKEW_NODES.length + 1) * NORMAL_NODES.length;
const values = new Float64Array(MOST_PAIRS);
const widths = new Float64Array(MOST_PAIRS);
const pairWeights = new Float64Array(MOST_PAIRS);

/** Deposits the distribution of TPOT over requests (ms) into `spread`. */
export function depositTokenTimes(
  subject: BatchingSubject,
  state: SteadyState,
  times: TokenTimes,
  spread: Spread,
): void {
  const { tokens, weights } = subject.lengths.outputs;
  const { decodeOnlyMs, fullChunkMs } = state.step;
  for (let i = 0; i < tokens.length; i += 1) {
    const n = Math.max(1, (tokens[i] as number) - 1);
    const law = times.lawFor(n);
    const slowSd = Math.sqrt(law.slowVariance);
    setInterruptions(law, fullChunkMs - decodeOnlyMs);
    const width = Math.sqrt(interruptions.widthMs ** 2 + slowSd ** 2);
    const least = decodeOnlyMs * 0.98;
    let at = 0;
    for (let k = 0; k < interruptions.count; k += 1) {
      const fast = interruptions.ms[k] as number;
      for (const [z, weight] of NORMAL_NODES) {
        const value = law.baseMs + fast + z * slowSd;
        values[at] = value > least ? value : least;
        widths[at] = fast === 0 ? slowSd : width;
        pairWeights[at] = (interruptions.weights[k] as number) * weight;
        at += 1;
      }
    }
    pairWeights.fill(0, at);
    spread.addAll(values, widths, pairWeights, weights[i] as number);
  }
}

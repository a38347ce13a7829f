import { normalCdf } from '../numerics/normal.ts';
import { type MeanStep } from './mean-step.ts';
import { NORMAL_NODES } from './normal-nodes.ts';
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
  /** Of the load these follow from. */
  arrivalsPerMs: number;
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
});

/** Mean and spread of the time per output token of a request of one length, written over by `setLaw`. */
export const law = {
  /** Tokens after the first. */
  tokens: 1,
  meanMs: 0,
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
 * closures miss (QUEUEING.md 3.5).
 */
export function setTokenTimes(
  times: TokenTimes,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  state: SteadyState,
  firstTokenMeanMs: number,
  residualMeanMs: number,
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
  const overlap = 2 * normalCdf(-moments.outputLogSigma / Math.SQRT2);
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

  times.shiftMs = Math.min(Math.max(0, msPerDecode * (dispersion - 1 + itself)), step.meanMs / 2);
  times.batchDispersion = dispersion;
  times.decodesPerPrompt = decodesPerPrompt;
  times.queuedMs =
    random *
    ((arrivalsPerMs * promptExtraMeanMs * Math.max(0, firstTokenMeanMs - residualMeanMs - step.meanMs)) / free);
  times.roomMs = Math.max(1e-9, step.fullChunkMs - step.meanMs);
  times.extraSecondMoment = extraSecond;
  times.correlationSteps = moments.outputSecondMoment / (2 * moments.outputMean) / (1 - feedbackGain);
  times.slowVariance = msPerDecode ** 2 * decodes * dispersion + contextVariance;
  times.arrivalsPerMs = arrivalsPerMs;
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
  law.meanMs = Math.max(step.decodeOnlyMs, step.meanMs + times.shiftMs + afterFirst);
  law.prefillVariance = interruptions + queuedVariance;
  law.slowVariance = times.slowVariance * averagingFactor(n / times.correlationSteps);
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
const GAMMA_NODES: readonly (readonly [z: number, weight: number])[] = [
  [-1.75498, 0.1],
  [-0.86097, 0.2],
  [-0.25625, 0.2],
  [0.25625, 0.2],
  [0.76356, 0.15],
  [1.23614, 0.08],
  [1.68495, 0.045],
  [2.3378, 0.025],
];

const GAMMA_Z = Float64Array.from(GAMMA_NODES, ([z]) => z);

/** [GAMMA_NODES x NORMAL_NODES] what each pair of nodes weighs, and its slow part in standard deviations. */
const NODE_WEIGHTS = Float64Array.from(
  GAMMA_NODES.flatMap(([, weight]) => NORMAL_NODES.map(([, slowWeight]) => weight * slowWeight)),
);
const SLOW_Z = Float64Array.from(GAMMA_NODES.flatMap(() => NORMAL_NODES.map(([z]) => z)));
/** The same pairs in ms, written over for every output length; they have no widths of their own. */
const values = new Float64Array(NODE_WEIGHTS.length);
const NO_WIDTHS = new Float64Array(NODE_WEIGHTS.length);
const part: Part = { chance: 0, fixedMs: 0, squareWidth: 0 };
/** [node of GAMMA_NODES] quantile-like nodes of a positive skewed law, written over for every output length. */
const skewed = new Float64Array(GAMMA_NODES.length);

/** Fills `skewed` from the mean of `law` above `leastMs` and its variance: Wilson-Hilferty, lognormal when very skewed. */
function setSkewedNodes({ decodeOnlyMs: leastMs }: MeanStep): void {
  const mean = law.meanMs - leastMs;
  const variance = law.prefillVariance;
  if (mean <= 0 || variance <= 0) {
    skewed.fill(Math.max(0, mean));
    return;
  }
  const shape = mean ** 2 / variance;
  const sigma = shape < 0.4 ? Math.sqrt(Math.log1p(1 / shape)) : 0;
  const c = 1 / (9 * shape);
  const rootC = Math.sqrt(c);
  for (let k = 0; k < GAMMA_NODES.length; k += 1) {
    const z = GAMMA_Z[k] as number;
    if (shape < 0.4) {
      skewed[k] = mean * Math.exp(sigma * z - (sigma * sigma) / 2);
      continue;
    }
    const root = 1 - c + z * rootC;
    skewed[k] = root > 0 ? mean * (root * root * root) : 0;
  }
}

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
    law.tokens = Math.max(1, (tokens[i] as number) - 1);
    setLaw(state, times);
    const above = law.meanMs - decodeOnlyMs;
    const slowSd = Math.sqrt(law.slowVariance);
    part.chance = weights[i] as number;
    part.squareWidth = 0.25 * law.prefillVariance + law.slowVariance;
    const longest = Math.max(above, fullChunkMs - decodeOnlyMs);
    const least = decodeOnlyMs * 0.98;
    setSkewedNodes(state.step);
    for (let k = 0; k < GAMMA_NODES.length; k += 1) {
      const fast = Math.min(skewed[k] as number, longest);
      for (let s = 0; s < NORMAL_NODES.length; s += 1) {
        const at = k * NORMAL_NODES.length + s;
        const value = decodeOnlyMs + fast + (SLOW_Z[at] as number) * slowSd;
        values[at] = value > least ? value : least;
      }
    }
    spread.addPart(part, values, NO_WIDTHS, NODE_WEIGHTS);
  }
}

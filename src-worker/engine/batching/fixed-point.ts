import {
  keepMeanStep,
  newMeanStep,
  othersPerMs,
  solvedStep,
  solveEmptyStep,
  solveMeanStep,
  solveRoughStep,
  type MeanStep,
  type StepLoad,
} from './mean-step.ts';
import { IDLE_KV_TOKENS_PER_SEQUENCE, type BatchingSubject, type SaturationKind } from './subject.ts';

const MAX_ROUNDS = 60;
const RELATIVE_TOLERANCE = 1e-5;

/** The steady state of a replica: how many sequences decode, and how strongly load feeds back into itself. */
export interface SteadyState {
  step: MeanStep;
  /** ms a further decode adds to the mean step. */
  msPerDecode: number;
  /** ms by which steps are shorter (negative) on average than at the average number of decodes, per unit of its variance / mean. */
  curvatureMs: number;
  /** Share of a disturbance of the batch that comes back through longer steps, 0..0.95. */
  feedbackGain: number;
  /** ms a prompt adds to the steps of others, first and second moment. */
  promptExtraMeanMs: number;
  promptExtraSecondMoment: number;
  /** Share of time that prefill adds to steps. */
  prefillShare: number;
}

/** A steady state to be filled. */
export const newSteadyState = (): SteadyState => ({
  step: newMeanStep(),
  msPerDecode: 0,
  curvatureMs: 0,
  feedbackGain: 0,
  promptExtraMeanMs: 0,
  promptExtraSecondMoment: 0,
  prefillShare: 0,
});

export type FixedPoint = { kind: 'steady'; state: SteadyState } | { kind: 'saturated'; cause: SaturationKind };

const decodesByKv = ({ lengths, kvCacheTokens }: BatchingSubject): number =>
  kvCacheTokens / (lengths.moments.decodeContextMean + IDLE_KV_TOKENS_PER_SEQUENCE);

/** Most decodes a replica can hold. */
export const mostDecodes = (subject: BatchingSubject): number => Math.min(decodesByKv(subject), subject.maxNumSeqs);

/** The same, and what binds first. */
export const decodeLimit = (subject: BatchingSubject): { decodes: number; cause: 'kv' | 'seats' } => ({
  decodes: mostDecodes(subject),
  cause: decodesByKv(subject) < subject.maxNumSeqs ? 'kv' : 'seats',
});

/** Steps of the search never grow the decodes by more than this factor of what the last step time asks for. */
const LONGEST_STRIDE = 4;
/** A state that feeds back more of a disturbance than this is not steady for long. */
const MOST_GAIN = 0.95;
/** Times a chord that leaves what is steady is halved. */
const NUDGE_ROUNDS = 4;
/** Slope of the gap above which a secant says nothing about a root. */
const FLAT = -1e-4;

/**
 * Little's law for the decodes in flight: B = rate x (output - 1) x step(B), the smallest root of the gap
 * g(B) = rate·n·step(B) - B. The gap is positive at 0. For dense models it is convex, but for small jumps where a prompt takes
 * a chunk more, so secants approach the root from the left and a gap that grows again has none (QUEUEING.md 3.4). Experts make it
 * concave at few decodes (every further token loads further experts), and regular arrivals where they begin to share steps: there
 * the search goes on to the seats and the KV cache. A change of sign is bracketed, and is a root also where the gap jumps over zero.
 * No root is a value, not an error.
 */
export function littleFixedPoint(subject: BatchingSubject, arrivalsPerMs: number): FixedPoint {
  const state = newSteadyState();
  const cause = solveFixedPoint(state, subject, arrivalsPerMs);
  return cause === null ? { kind: 'steady', state } : { kind: 'saturated', cause };
}

/** `littleFixedPoint` into `state`; why there is none, or null where it is filled. */
export function solveFixedPoint(
  state: SteadyState,
  subject: BatchingSubject,
  arrivalsPerMs: number,
): SaturationKind | null {
  const cause = saturationAt(subject, arrivalsPerMs);
  if (cause !== null) return cause;
  keepMeanStep(state.step);
  describe(state, subject, arrivalsPerMs);
  return null;
}

/** Rounds and relative gap of the rough root; a slope flatter than this is near an edge where rough is not good enough. */
const ROUGH_ROUNDS = 8;
const ROUGH_TOLERANCE = 1e-3;
const ROUGH_FLAT = -0.1;

/** The step that is asked for, written over every time. */
const asked: StepLoad = { arrivalsPerMs: 0, decodes: 0, roomTokens: 0 };
/** What all steps of a search share: rate x tokens after the first, and the most decodes that a replica holds. */
const search = { offered: 0, most: 0 };
/** The root of `solveRoughStep` and the slope of the gap there, approached from the left; written over every time. */
const rough = { decodes: 0, slope: -1 };

/** Fills `rough`; false where its secants do not lead to a root below the most decodes. */
function findRough(subject: BatchingSubject): boolean {
  const { offered, most } = search;
  asked.decodes = 0;
  if (!solveRoughStep(subject, asked)) return false;
  let low = 0;
  let lowGap = offered * solvedStep.meanMs;
  let decodes = lowGap;
  for (let round = 0; round < ROUGH_ROUNDS; round += 1) {
    if (!(decodes < most)) return false;
    asked.decodes = decodes;
    if (!solveRoughStep(subject, asked)) return false;
    const gap = offered * solvedStep.meanMs - decodes;
    const slope = (gap - lowGap) / (decodes - low);
    if (!(slope < ROUGH_FLAT)) return false;
    rough.decodes = decodes - gap / slope;
    rough.slope = slope;
    if (Math.abs(gap) <= ROUGH_TOLERANCE * decodes) return rough.decodes < most;
    low = decodes;
    lowGap = gap;
    decodes = rough.decodes;
  }
  return false;
}

/** Secants from the rough root that are tried before the search from the left. */
const SECANT_ROUNDS = 6;

/** True where secants from `rough` end at a root, which is the last step solved: well inside what is steady they all do. */
function isRootNearRough(subject: BatchingSubject): boolean {
  const { offered, most } = search;
  let { decodes, slope } = rough;
  let before = 0;
  let gapBefore = 0;
  for (let round = 0; round < SECANT_ROUNDS; round += 1) {
    asked.decodes = decodes;
    if (!(decodes > 0 && decodes < most && solveMeanStep(subject, asked))) return false;
    const gap = offered * solvedStep.meanMs - decodes;
    if (round > 0) slope = (gap - gapBefore) / (decodes - before);
    if (!(slope < ROUGH_FLAT)) return false;
    if (Math.abs(gap) <= RELATIVE_TOLERANCE * Math.max(decodes, 1e-6)) return true;
    before = decodes;
    gapBefore = gap;
    decodes -= gap / slope;
  }
  return false;
}

/** The verdict of `littleFixedPoint` alone; null = steady, and then the root's step is the last one solved (mean-step.ts). */
export function saturationAt(subject: BatchingSubject, arrivalsPerMs: number): SaturationKind | null {
  const decodesPerPrompt = Math.max(0, subject.lengths.moments.outputMean - 1);
  asked.arrivalsPerMs = arrivalsPerMs;
  asked.roomTokens = 0;
  search.offered = arrivalsPerMs * decodesPerPrompt;
  search.most = mostDecodes(subject);
  const isFound = decodesPerPrompt > 0 && findRough(subject) && isRootNearRough(subject);
  const cause = isFound ? null : saturationFromLeft(subject);
  return cause ?? (carriesPrompts(subject) ? null : 'compute');
}

/** Prompt tokens that come / those that full steps carry, below which full steps are no question. */
const LIGHT_TOKEN_LOAD = 0.8;
/** Times the decodes of full steps are found from the length of the steps. */
const FULL_STEP_ROUNDS = 3;

/**
 * Do full steps carry the prompts that come? Where all steps are full, most decode: rate x tokens x full step. The root, the last
 * step solved, may lie below, but a load that full steps do not carry fills them, and never leaves them again.
 */
function carriesPrompts(subject: BatchingSubject): boolean {
  const root = solvedStep.decodes;
  const tokensPerMs = othersPerMs(subject, asked.arrivalsPerMs) * subject.lengths.moments.uncachedMean;
  if (tokensPerMs * solvedStep.fullChunkMs < LIGHT_TOKEN_LOAD * solvedStep.roomTokens) return true;
  for (let round = 0; round < FULL_STEP_ROUNDS; round += 1) {
    asked.decodes = Math.min(search.most, search.offered * solvedStep.fullChunkMs);
    solveEmptyStep(subject, asked);
  }
  if (tokensPerMs * solvedStep.fullChunkMs >= solvedStep.roomTokens) return false;
  asked.decodes = root;
  return solveMeanStep(subject, asked);
}

/** Does a gap that grows again have no root further on? */
const isGapConvex = ({ plan, scvArrival }: BatchingSubject): boolean => !plan.experts && scvArrival >= 1;

/** `saturationAt` by the search that finds the smallest root wherever it lies, or that there is none. */
function saturationFromLeft(subject: BatchingSubject): SaturationKind | null {
  asked.decodes = 0;
  if (!solveMeanStep(subject, asked)) return 'compute';
  if (subject.lengths.moments.outputMean <= 1) return null;

  const { offered, most } = search;
  let low = 0;
  let lowGap = offered * solvedStep.meanMs;
  let high = Infinity;
  let highGap = -Infinity;
  /** Decodes at which prefill alone is too much. */
  let blocked = Infinity;
  let decodes = Math.min(lowGap, most);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    asked.decodes = decodes;
    if (!solveMeanStep(subject, asked)) {
      blocked = decodes;
      if (blocked - low < 0.02 * blocked) return 'compute';
      decodes = (low + blocked) / 2;
      continue;
    }
    const gap = offered * solvedStep.meanMs - decodes;
    if (Math.abs(gap) <= RELATIVE_TOLERANCE * Math.max(decodes, 1e-6)) return null;
    // A node of the prompts that takes another chunk lets the gap jump over zero: the replica stays there.
    if (Number.isFinite(high) && high - low <= RELATIVE_TOLERANCE * high) return null;
    if (gap < 0) {
      // The same end moved twice: halve the other one's weight (Illinois).
      if (Number.isFinite(high)) lowGap /= 2;
      high = decodes;
      highGap = gap;
    } else {
      if (decodes >= most) return causeAtLimit(subject);
      const slope = (gap - lowGap) / (decodes - low);
      low = decodes;
      lowGap = gap;
      if (Number.isFinite(high)) highGap /= 2;
      else {
        if (slope >= FLAT && isGapConvex(subject)) return 'compute';
        const wanted = decodes + gap;
        const next = slope < FLAT ? Math.max(decodes - gap / slope, wanted) : 2 * wanted;
        decodes = Math.min(next, LONGEST_STRIDE * wanted, (low + blocked) / 2, most);
        continue;
      }
    }
    decodes = low + (high - low) * Math.min(0.95, Math.max(0.05, lowGap / (lowGap - highGap)));
  }
  // Slower than any real approach to a root: the root lies at the edge of stability.
  return 'compute';
}

/** Share of its limit by which a replica is asked for more decodes than it holds. */
const BEYOND_LIMIT = 0.05;

/**
 * What saturates when the decodes outgrow the seats or the KV cache: those, if more of them would help; the GPU itself, if
 * a further decode brings in more work than it carries.
 */
function causeAtLimit(subject: BatchingSubject): SaturationKind {
  const { offered, most } = search;
  asked.decodes = most;
  if (!solveMeanStep(subject, asked)) return 'compute';
  const atMs = solvedStep.meanMs;
  asked.decodes = most * (1 + BEYOND_LIMIT);
  if (!solveMeanStep(subject, asked)) return 'compute';
  const gain = (offered * (solvedStep.meanMs - atMs)) / (most * BEYOND_LIMIT);
  return gain >= 1 ? 'compute' : decodeLimit(subject).cause;
}

/**
 * ms a further decode adds to the step of `state`, into it; near the edge of stability the most a steady state can have. The
 * step is asked for at the same room.
 */
function setSlope(state: SteadyState, subject: BatchingSubject, arrivalsPerMs: number): void {
  const { decodes, meanMs } = state.step;
  state.msPerDecode = 0;
  if (decodes <= 0) return;
  // A chord, not the tangent: the tangent overstates the slope for experts at few decodes.
  let nudge = Math.max(0.03 * decodes, Math.min(1, Math.sqrt(decodes)));
  for (let round = 0; round < NUDGE_ROUNDS; round += 1) {
    asked.decodes = decodes + nudge;
    if (solveMeanStep(subject, asked)) {
      state.msPerDecode = Math.max(0, (solvedStep.meanMs - meanMs) / nudge);
      return;
    }
    nudge /= 2;
  }
  state.msPerDecode = MOST_GAIN / (arrivalsPerMs * Math.max(1, subject.lengths.moments.outputMean - 1));
}

/**
 * What the wandering of a Poisson number of decodes around its mean does to the mean step, into `state`. Experts bend the step
 * down: the first decodes load whole ones, further ones find them loaded. Other steps are straight, or as good as that.
 */
function setCurvature(state: SteadyState, subject: BatchingSubject): void {
  const { decodes, meanMs } = state.step;
  state.curvatureMs = 0;
  if (!subject.plan.experts || decodes < 1) return;
  const deviation = Math.min(Math.sqrt(decodes), 0.7 * decodes);
  asked.decodes = decodes + deviation;
  if (!solveMeanStep(subject, asked)) return;
  const aboveMs = solvedStep.meanMs;
  asked.decodes = decodes - deviation;
  if (!solveMeanStep(subject, asked)) return;
  state.curvatureMs = Math.min(0, (aboveMs + solvedStep.meanMs) / 2 - meanMs) * (decodes / deviation ** 2);
}

/** Fills what follows from the step of `state`. */
function describe(state: SteadyState, subject: BatchingSubject, arrivalsPerMs: number): void {
  const { step } = state;
  const { moments, prompts } = subject.lengths;
  const decodesPerPrompt = Math.max(0, moments.outputMean - 1);
  asked.roomTokens = step.roomTokens;
  setSlope(state, subject, arrivalsPerMs);
  setCurvature(state, subject);
  // Without decodes there is nobody to delay: a prompt's extra time is its own prefill.
  const extraMean =
    decodesPerPrompt > 0
      ? Math.max(0, (step.meanMs - step.decodeOnlyMs) / (arrivalsPerMs * step.meanMs))
      : step.busyMeanMs;
  let first = 0;
  let second = 0;
  for (let i = 0; i < prompts.weights.length; i += 1) {
    const extra = Math.max(0, step.promptExtraMs[i] as number);
    first += (prompts.weights[i] as number) * extra;
    second += (prompts.weights[i] as number) * extra * extra;
  }
  state.feedbackGain = Math.min(MOST_GAIN, arrivalsPerMs * decodesPerPrompt * state.msPerDecode);
  state.promptExtraMeanMs = extraMean;
  state.promptExtraSecondMoment = first > 0 ? (second / first ** 2) * extraMean ** 2 : 0;
  state.prefillShare = Math.min(0.999, arrivalsPerMs * extraMean);
}

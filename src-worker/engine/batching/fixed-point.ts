import {
  emptyStep,
  keepMeanStep,
  lastDecodes,
  lastFullStep,
  meanStepMs,
  newMeanStep,
  othersPerMs,
  roughMeanStepMs,
  type FullStep,
  type MeanStep,
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

/** Most decodes a replica can hold, and what binds first. */
export function decodeLimit(subject: BatchingSubject): { decodes: number; cause: 'kv' | 'seats' } {
  const context = subject.lengths.moments.decodeContextMean + IDLE_KV_TOKENS_PER_SEQUENCE;
  const byKv = subject.kvCacheTokens / context;
  return byKv < subject.maxNumSeqs ? { decodes: byKv, cause: 'kv' } : { decodes: subject.maxNumSeqs, cause: 'seats' };
}

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
 * g(B) = rate·n·step(B) - B. The gap is positive at 0. For dense models it is convex, so secants approach the root from the
 * left and a gap that grows again has none (QUEUEING.md 3.4). Experts make it concave at few decodes (every further token
 * loads further experts): there the search goes on to the seats and the KV cache, and a change of sign is bracketed.
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

/** The root of `roughMeanStepMs` and the slope of the gap there, approached from the left; written over every time. */
const rough = { decodes: 0, slope: -1 };

/** Fills `rough`; false where its secants do not lead to a root below `most`. */
function findRough(subject: BatchingSubject, arrivalsPerMs: number, offered: number, most: number): boolean {
  const firstMs = roughMeanStepMs(subject, arrivalsPerMs, 0);
  if (firstMs === null) return false;
  let low = 0;
  let lowGap = offered * firstMs;
  let decodes = lowGap;
  for (let round = 0; round < ROUGH_ROUNDS; round += 1) {
    if (!(decodes < most)) return false;
    const stepMs = roughMeanStepMs(subject, arrivalsPerMs, decodes);
    if (stepMs === null) return false;
    const gap = offered * stepMs - decodes;
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
function isRootNearRough(subject: BatchingSubject, arrivalsPerMs: number, offered: number, most: number): boolean {
  let { decodes, slope } = rough;
  let before = 0;
  let gapBefore = 0;
  for (let round = 0; round < SECANT_ROUNDS; round += 1) {
    const stepMs = decodes > 0 && decodes < most ? meanStepMs(subject, arrivalsPerMs, decodes) : null;
    if (stepMs === null) return false;
    const gap = offered * stepMs - decodes;
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
  const decodesPerPrompt = subject.lengths.moments.outputMean - 1;
  const most = decodeLimit(subject).decodes;
  const offered = arrivalsPerMs * decodesPerPrompt;
  const isNear = decodesPerPrompt > 0 && findRough(subject, arrivalsPerMs, offered, most);
  const isFound = isNear && isRootNearRough(subject, arrivalsPerMs, offered, most);
  const cause = isFound ? null : saturationFromLeft(subject, arrivalsPerMs);
  return cause ?? (carriesPrompts(subject, arrivalsPerMs, Math.max(0, offered), most) ? null : 'compute');
}

/** Prompt tokens that come / those that full steps carry, below which full steps are no question. */
const LIGHT_TOKEN_LOAD = 0.8;
/** Times the decodes of full steps are found from the length of the steps. */
const FULL_STEP_ROUNDS = 3;

/**
 * Do full steps carry the prompts that come? Where all steps are full, most decode: rate x tokens x full step. The root of the
 * last step solved may lie below, but a load that full steps do not carry fills them, and never leaves them again.
 */
function carriesPrompts(subject: BatchingSubject, arrivalsPerMs: number, offered: number, most: number): boolean {
  const root = lastDecodes();
  const tokensPerMs = othersPerMs(subject, arrivalsPerMs) * subject.lengths.moments.uncachedMean;
  let full: FullStep = lastFullStep();
  if (tokensPerMs * full.fullChunkMs < LIGHT_TOKEN_LOAD * full.roomTokens) return true;
  for (let round = 0; round < FULL_STEP_ROUNDS; round += 1) {
    full = emptyStep(subject, Math.min(most, offered * full.fullChunkMs));
  }
  if (tokensPerMs * full.fullChunkMs >= full.roomTokens) return false;
  return meanStepMs(subject, arrivalsPerMs, root) !== null;
}

/** `saturationAt` by the search that finds the smallest root wherever it lies, or that there is none. */
function saturationFromLeft(subject: BatchingSubject, arrivalsPerMs: number): SaturationKind | null {
  const decodesPerPrompt = subject.lengths.moments.outputMean - 1;
  const firstMs = meanStepMs(subject, arrivalsPerMs, 0);
  if (firstMs === null) return 'compute';
  if (decodesPerPrompt <= 0) return null;

  const offered = arrivalsPerMs * decodesPerPrompt;
  const limit = decodeLimit(subject);
  let low = 0;
  let lowGap = offered * firstMs;
  let high = Infinity;
  let highGap = -Infinity;
  /** Decodes at which prefill alone is too much. */
  let blocked = Infinity;
  let decodes = Math.min(lowGap, limit.decodes);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const stepMs = meanStepMs(subject, arrivalsPerMs, decodes);
    if (stepMs === null) {
      blocked = decodes;
      if (blocked - low < 0.02 * blocked) return 'compute';
      decodes = (low + blocked) / 2;
      continue;
    }
    const gap = offered * stepMs - decodes;
    if (Math.abs(gap) <= RELATIVE_TOLERANCE * Math.max(decodes, 1e-6)) return null;
    if (gap < 0) {
      // The same end moved twice: halve the other one's weight (Illinois).
      if (Number.isFinite(high)) lowGap /= 2;
      high = decodes;
      highGap = gap;
    } else {
      if (decodes >= limit.decodes) return causeAtLimit(subject, arrivalsPerMs, limit);
      const slope = (gap - lowGap) / (decodes - low);
      if (!subject.plan.experts && slope >= FLAT) return 'compute';
      if (Number.isFinite(high)) highGap /= 2;
      low = decodes;
      lowGap = gap;
      if (!Number.isFinite(high)) {
        const wanted = decodes + gap;
        const next = slope < FLAT ? Math.max(decodes - gap / slope, wanted) : 2 * wanted;
        decodes = Math.min(next, LONGEST_STRIDE * wanted, (low + blocked) / 2, limit.decodes);
        continue;
      }
    }
    decodes = low + (high - low) * Math.min(0.95, Math.max(0.05, lowGap / (lowGap - highGap)));
  }
  // Slower than any real approach to a root: the root lies at the edge of stability.
  return 'compute';
}

/**
 * What saturates when the decodes outgrow the seats or the KV cache: those, if more of them would help; the GPU itself, if
 * a further decode brings in more work than it carries.
 */
function causeAtLimit(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  limit: ReturnType<typeof decodeLimit>,
): SaturationKind {
  const decodesPerPrompt = Math.max(0, subject.lengths.moments.outputMean - 1);
  const atMs = meanStepMs(subject, arrivalsPerMs, limit.decodes);
  const furtherMs = meanStepMs(subject, arrivalsPerMs, limit.decodes * 1.05);
  if (atMs === null || furtherMs === null) return 'compute';
  const gain = (arrivalsPerMs * decodesPerPrompt * (furtherMs - atMs)) / (limit.decodes * 0.05);
  return gain >= 1 ? 'compute' : limit.cause;
}

/** ms a further decode adds to the mean step; near the edge of stability the most a steady state can have. */
function slopeAt(subject: BatchingSubject, arrivalsPerMs: number, { decodes, meanMs, roomTokens }: MeanStep): number {
  if (decodes <= 0) return 0;
  // A chord, not the tangent: the tangent overstates the slope for experts at few decodes.
  let nudge = Math.max(0.03 * decodes, Math.min(1, Math.sqrt(decodes)));
  for (let round = 0; round < NUDGE_ROUNDS; round += 1) {
    const furtherMs = meanStepMs(subject, arrivalsPerMs, decodes + nudge, roomTokens);
    if (furtherMs !== null) return Math.max(0, (furtherMs - meanMs) / nudge);
    nudge /= 2;
  }
  return MOST_GAIN / (arrivalsPerMs * Math.max(1, subject.lengths.moments.outputMean - 1));
}

/**
 * What the wandering of a Poisson number of decodes around its mean does to the mean step. Experts bend the step down: the first
 * decodes load whole ones, further ones find them loaded. Other steps are straight, or as good as that.
 */
function curvatureAt(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  { decodes, meanMs, roomTokens }: MeanStep,
): number {
  if (!subject.plan.experts || decodes < 1) return 0;
  const deviation = Math.min(Math.sqrt(decodes), 0.7 * decodes);
  const aboveMs = meanStepMs(subject, arrivalsPerMs, decodes + deviation, roomTokens);
  const belowMs = meanStepMs(subject, arrivalsPerMs, decodes - deviation, roomTokens);
  if (aboveMs === null || belowMs === null) return 0;
  return Math.min(0, (aboveMs + belowMs) / 2 - meanMs) * (decodes / deviation ** 2);
}

/** Fills what follows from the step of `state`. */
function describe(state: SteadyState, subject: BatchingSubject, arrivalsPerMs: number): void {
  const { step } = state;
  const { moments, prompts } = subject.lengths;
  const decodesPerPrompt = Math.max(0, moments.outputMean - 1);
  const msPerDecode = slopeAt(subject, arrivalsPerMs, step);
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
  state.msPerDecode = msPerDecode;
  state.curvatureMs = curvatureAt(subject, arrivalsPerMs, step);
  state.feedbackGain = Math.min(MOST_GAIN, arrivalsPerMs * decodesPerPrompt * msPerDecode);
  state.promptExtraMeanMs = extraMean;
  state.promptExtraSecondMoment = first > 0 ? (second / first ** 2) * extraMean ** 2 : 0;
  state.prefillShare = Math.min(0.999, arrivalsPerMs * extraMean);
}

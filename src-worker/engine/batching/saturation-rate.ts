import { mostDecodes, saturationAt } from './fixed-point.ts';
import { solvedStep, solveEmptyStep, solveMeanStep, solveRoughStep, type StepLoad } from './mean-step.ts';
import type { BatchingSubject, SaturationKind } from './subject.ts';

const RELATIVE_TOLERANCE = 1e-3;

/** The step that is asked for, written over every time. */
const asked: StepLoad = { arrivalsPerMs: 0, decodes: 0, roomTokens: 0 };

/**
 * A rate no replica can exceed: with `decodes` sequences at once and no prompt at all, requests leave at
 * decodes / (tokens · step). Upper bracket of every search, never reported (QUEUEING.md 3.9). `guessPerMs` also counts the
 * prompts, in full chunks: near the saturation rate, but on either side of it.
 */
export function rateUpperBound(subject: BatchingSubject): { perMs: number; guessPerMs: number } {
  const decodesPerPrompt = Math.max(1e-9, subject.lengths.moments.outputMean - 1);
  const limit = mostDecodes(subject);
  const { uncachedMean } = subject.lengths.moments;
  let best = 0;
  let guess = 0;
  for (let i = 1; i <= 12; i += 1) {
    const decodes = limit * (i / 12) ** 2;
    asked.decodes = decodes;
    solveEmptyStep(subject, asked);
    const { decodeOnlyMs, fullChunkMs, roomTokens } = solvedStep;
    const byDecode = decodeOnlyMs > 0 ? decodes / (decodesPerPrompt * decodeOnlyMs) : Infinity;
    const byPrefill = roomTokens / (uncachedMean * fullChunkMs);
    best = Math.max(best, Math.min(byDecode, byPrefill));
    const prefillMs = (uncachedMean * (fullChunkMs - decodeOnlyMs)) / roomTokens;
    guess = Math.max(guess, 1 / (1 / Math.min(byDecode, byPrefill) + prefillMs));
  }
  return { perMs: best, guessPerMs: guess };
}

/** The rate (per ms) at which a replica stops having a steady state, to 0.1 %, and what saturates there. */
export function saturationRate(
  subject: BatchingSubject,
  knownSteadyPerMs = 0,
): { perMs: number; cause: SaturationKind } {
  let low = knownSteadyPerMs;
  let high = Math.max(rateUpperBound(subject).perMs, knownSteadyPerMs) * 1.001;
  let cause: SaturationKind = 'compute';
  const tryAt = (ratePerMs: number): void => {
    const saturatedBy = saturationAt(subject, ratePerMs);
    if (saturatedBy === null) low = ratePerMs;
    else {
      high = ratePerMs;
      cause = saturatedBy;
    }
  };
  // Where seats or cache bind the rate is known but for the verdict; where the GPU does it is the edge of a fold, and searched.
  const likely = carriedAtLimit(subject, high);
  if (likely !== null) {
    for (const rate of [likely * (1 - LIKELY_WITHIN), likely * (1 + LIKELY_WITHIN)]) {
      if (rate > low && rate < high) tryAt(rate);
    }
  }
  for (let round = 0; round < 60; round += 1) {
    if (high - low <= RELATIVE_TOLERANCE * high) break;
    tryAt(low > 0 ? Math.sqrt(low * high) : high / 2);
    if (high < 1e-12) break;
  }
  return { perMs: low, cause };
}

/** Either side of the likely rate that is tried first: together they close the bracket. */
const LIKELY_WITHIN = 0.45 * RELATIVE_TOLERANCE;
/** Share of the limit at which fewer are carried where the seats or the cache are what binds. */
const BELOW_LIMIT = 0.98;

/**
 * The rate (per ms) that fills the seats or the cache, by the same law as the fixed point read the other way; null where further
 * sequences do not raise it, so that something else binds before.
 */
function carriedAtLimit(subject: BatchingSubject, bound: number): number | null {
  const limit = mostDecodes(subject);
  const atLimit = carriedAt(subject, limit, bound);
  return carriedAt(subject, BELOW_LIMIT * limit, bound) < atLimit ? atLimit : null;
}

/** Rounds and relative tolerance of the rate that keeps so many decoding. */
const RATE_ROUNDS = 8;
const RATE_TOLERANCE = 1e-4;

/** The rate (per ms) that keeps `decodes` sequences decoding, from rough steps first. */
function carriedAt(subject: BatchingSubject, decodes: number, bound: number): number {
  const roughly = solvedRate(subject, decodes, bound, bound / 2, solveRoughStep);
  return solvedRate(subject, decodes, bound, roughly, solveMeanStep);
}

type SolveStep = (subject: BatchingSubject, asked: StepLoad) => boolean;

/** Root of rate · tokens · step(rate) = decodes below `bound`, by secants that are kept in their bracket. */
function solvedRate(subject: BatchingSubject, decodes: number, bound: number, start: number, solve: SolveStep): number {
  const tokens = Math.max(1e-9, subject.lengths.moments.outputMean - 1);
  let low = 0;
  let lowGap = -decodes;
  let high = bound;
  let highGap = Infinity;
  let rate = start;
  asked.decodes = decodes;
  for (let round = 0; round < RATE_ROUNDS; round += 1) {
    asked.arrivalsPerMs = rate;
    const ms = solve(subject, asked) ? solvedStep.meanMs : null;
    const gap = ms === null ? Infinity : rate * tokens * ms - decodes;
    if (Math.abs(gap) <= RATE_TOLERANCE * decodes) break;
    if (gap < 0) {
      low = rate;
      lowGap = gap;
    } else {
      high = rate;
      highGap = gap;
    }
    // At a fixed step the rate would be this; a little less, as steps grow with the rate.
    const byStep = ms === null ? (low + high) / 2 : decodes / (tokens * ms);
    const chord = Number.isFinite(highGap) && low > 0 ? low - (lowGap * (high - low)) / (highGap - lowGap) : byStep;
    rate = chord > low && chord < high ? chord : (low + high) / 2;
  }
  return rate;
}

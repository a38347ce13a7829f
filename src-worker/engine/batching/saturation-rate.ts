import { decodeLimit, saturationAt } from './fixed-point.ts';
import { emptyStep } from './mean-step.ts';
import type { BatchingSubject, SaturationKind } from './subject.ts';

const RELATIVE_TOLERANCE = 1e-3;

/**
 * A rate no replica can exceed: with `decodes` sequences at once and no prompt at all, requests leave at
 * decodes / (tokens · step). Upper bracket of every search, never reported (QUEUEING.md 3.9). `guessPerMs` also counts the
 * prompts, in full chunks: near the saturation rate, but on either side of it.
 */
export function rateUpperBound(subject: BatchingSubject): { perMs: number; guessPerMs: number } {
  const decodesPerPrompt = Math.max(1e-9, subject.lengths.moments.outputMean - 1);
  const limit = decodeLimit(subject).decodes;
  let best = 0;
  let guess = 0;
  for (let i = 1; i <= 12; i += 1) {
    const decodes = limit * (i / 12) ** 2;
    const step = emptyStep(subject, decodes);
    const byDecode = step.decodeOnlyMs > 0 ? decodes / (decodesPerPrompt * step.decodeOnlyMs) : Infinity;
    const byPrefill = step.roomTokens / (subject.lengths.moments.uncachedMean * step.fullChunkMs);
    best = Math.max(best, Math.min(byDecode, byPrefill));
    const prefillMs = (subject.lengths.moments.uncachedMean * (step.fullChunkMs - step.decodeOnlyMs)) / step.roomTokens;
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
  for (let round = 0; round < 60; round += 1) {
    if (high - low <= RELATIVE_TOLERANCE * high) break;
    const middle = low > 0 ? Math.sqrt(low * high) : high / 2;
    const saturatedBy = saturationAt(subject, middle);
    if (saturatedBy === null) low = middle;
    else {
      high = middle;
      cause = saturatedBy;
    }
    if (high < 1e-12) break;
  }
  return { perMs: low, cause };
}

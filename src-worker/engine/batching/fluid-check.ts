import { meanStep } from './mean-step.ts';
import type { BatchingSubject } from './subject.ts';

/** Share of the KV cache that running requests may fill in the fluid balance, and the tokens a request holds beside. */
const FLUID_KV_SHARE = 0.92;
const FLUID_KV_TOKENS = 16;
const FLUID_POINTS = 48;
/** Stands for no arrivals where only step times are asked for. */
const NO_ARRIVALS_PER_MS = 1e-12;

/**
 * Fluid check of a saturation verdict (QUEUEING.md 3.9): is there a number of decodes at which prompts and tokens leave as
 * fast as they arrive, prompts filling whole steps? Then the closed form's "no steady state" is not confirmed.
 */
export function isSaturationConfirmed(subject: BatchingSubject, arrivalsPerMs: number): boolean {
  const { uncachedMean, outputMean, decodeContextMean } = subject.lengths.moments;
  const byKv = (FLUID_KV_SHARE * subject.kvCacheTokens) / (decodeContextMean + FLUID_KV_TOKENS);
  const most = Math.min(subject.maxNumSeqs, byKv);
  for (let i = 1; i <= FLUID_POINTS; i += 1) {
    const decodes = most * (i / FLUID_POINTS) ** 2;
    const outcome = meanStep(subject, NO_ARRIVALS_PER_MS, decodes);
    if (outcome.kind === 'saturated') continue;
    const { step } = outcome;
    const tokenLoad = (arrivalsPerMs * uncachedMean * step.fullChunkMs) / step.roomTokens;
    if (tokenLoad >= 1 || step.decodeOnlyMs === 0) continue;
    const stepsPerMs = (arrivalsPerMs * uncachedMean) / step.roomTokens + (1 - tokenLoad) / step.decodeOnlyMs;
    if ((arrivalsPerMs * Math.max(0, outputMean - 1)) / stepsPerMs <= decodes) return false;
  }
  return true;
}

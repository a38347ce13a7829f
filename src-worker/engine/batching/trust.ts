import type { SteadyState } from './fixed-point.ts';
import { PRESSURE_LIMIT_Z, type Pressure } from './pressure.ts';
import type { BatchingSubject } from './subject.ts';

/** How far the closed form can be believed (QUEUEING.md 3, "trusted", and 3.9). */
export type TrustKind = 'ok' | 'critical' | 'kv_pressure' | 'slot_pressure' | 'bursty';

/**
 * Edges of the region in which the closed form was confirmed by simulation (QUEUEING.md 3, "trusted"; full chunks of a prompt,
 * tokens of an answer and what a prompt of another adds to an answer, as a share of its decodes alone: `npm run report:closed-form`. Where
 * that share is 0.4 and more, E2E P50 is up to 22 % off, below it 9 % at most, of 65 fresh draws. Answers of
 * one token: where a prompt takes more than an eighth of a step, how steps fill up counts, and P99 is up to 30 % too high).
 */
const TRUSTED = {
  feedbackGain: 0.6,
  prefillShare: 0.5,
  tokenLoad: 0.7,
  scvArrival: 2,
  chunks: 2,
  answerTokens: 20,
  promptPerAnswer: 0.4,
  onlyPrompts: 1 / 8,
  promptScv: 1.44,
};

/** What speaks against the figures of a load, the gravest first. */
export function trustOf(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  { step, feedbackGain, prefillShare, promptExtraMeanMs }: SteadyState,
  { pressureZ, pressureCause }: Pressure,
): TrustKind {
  if (pressureZ < PRESSURE_LIMIT_Z) return pressureCause === 'kv' ? 'kv_pressure' : 'slot_pressure';
  if (subject.scvArrival > TRUSTED.scvArrival) return 'bursty';
  const tokenLoad = (arrivalsPerMs * subject.lengths.moments.uncachedMean * step.fullChunkMs) / step.roomTokens;
  const { uncachedMean, outputMean, promptMean, promptVariance } = subject.lengths.moments;
  const answerMs = (outputMean - 1) * step.decodeOnlyMs;
  const isShortAnswer = outputMean < TRUSTED.answerTokens || promptExtraMeanMs > TRUSTED.promptPerAnswer * answerMs;
  const isCritical =
    feedbackGain > TRUSTED.feedbackGain ||
    prefillShare > TRUSTED.prefillShare ||
    tokenLoad > TRUSTED.tokenLoad ||
    uncachedMean > TRUSTED.chunks * step.roomTokens ||
    (outputMean > 1 ? isShortAnswer : uncachedMean > TRUSTED.onlyPrompts * step.roomTokens) ||
    promptVariance > TRUSTED.promptScv * promptMean ** 2;
  return isCritical ? 'critical' : 'ok';
}

import type { StepPlan } from '../roofline/step-plan.ts';
import { stepTimeMs } from '../roofline/step-time.ts';
import { decodeLimit } from './fixed-point.ts';
import type { LatencyPercentiles } from './spread.ts';
import type { BatchingSubject } from './subject.ts';

/** A fixed batch that starts together: prefill of all in budget-sized chunks, then one step per output token. */
export interface StaticBatch {
  /** ms until a sequence's first token: prompts are computed one chunk after the other, later waves wait for those before. */
  ttftMs: LatencyPercentiles;
  tpotMs: number;
  /** ms until a sequence's last token; those of a wave end together. */
  e2eMs: LatencyPercentiles;
  /** ms until the last token of the last wave. */
  wallMs: number;
  running: number;
  /** Batch / what fits at once; above 1 the batch runs in waves. */
  waves: number;
}

/** Sequences that start together, in the mean; may be fractional where a batch is split over streams. */
interface Wave {
  running: number;
  promptTokens: number;
  uncachedTokens: number;
  outputTokens: number;
  maxNumBatchedTokens: number;
}

/** ms until all of a wave have their first token, and of each further one. */
export function waveMs(plan: StepPlan, wave: Wave): { prefillMs: number; tpotMs: number } {
  const { running, promptTokens, uncachedTokens, outputTokens, maxNumBatchedTokens } = wave;
  const attended = promptTokens - uncachedTokens + uncachedTokens / 2;
  const tokens = running * uncachedTokens;
  // Rounding is no chunk of its own.
  const chunks = Math.max(1, Math.ceil(tokens / maxNumBatchedTokens - 1e-9));
  const perChunk = tokens / chunks;
  const context = promptTokens + outputTokens / 2;
  return {
    prefillMs: chunks * stepTimeMs(plan, 0, 0, perChunk, perChunk * attended, running / chunks),
    tpotMs: outputTokens > 1 ? stepTimeMs(plan, running, running * context, 0, 0, 0) : 0,
  };
}

/** Times a static batch (FIDELITY.md section 3, static_batch); lengths are taken at their means. */
export function evaluateStaticBatch(subject: BatchingSubject, batch: number): StaticBatch {
  const { plan, lengths, maxNumBatchedTokens } = subject;
  const { promptMean, uncachedMean, outputMean } = lengths.moments;
  const running = Math.max(1, Math.min(batch, Math.floor(decodeLimit(subject).decodes)));
  const wave = { promptTokens: promptMean, uncachedTokens: uncachedMean, outputTokens: outputMean };
  const { prefillMs, tpotMs } = waveMs(plan, { running, ...wave, maxNumBatchedTokens });
  const attended = promptMean - uncachedMean / 2;
  const fullChunkMs = stepTimeMs(
    plan,
    0,
    0,
    maxNumBatchedTokens,
    maxNumBatchedTokens * attended,
    maxNumBatchedTokens / uncachedMean,
  );
  const frontMs = plan.ttftBaseMs + plan.tokenizeMsPerToken * promptMean;
  const wholeMs = prefillMs + frontMs + Math.max(0, outputMean - 1) * tpotMs;
  const waves = Math.max(1, batch / running);
  const prompts = Math.ceil(running);
  /** First token of the prompt at a share of a wave: it comes with the chunk that the prompt ends in, full ones first. */
  const firstMs = (share: number): number => {
    const prompt = Math.max(1, Math.ceil(share * prompts - 1e-9));
    const chunks = Math.ceil((prompt * uncachedMean) / maxNumBatchedTokens - 1e-9);
    return frontMs + Math.min(prefillMs, chunks * fullChunkMs);
  };
  return {
    ttftMs: overWaves(firstMs, prompts, wholeMs, waves),
    tpotMs,
    e2eMs: overWaves(() => wholeMs, 1, wholeMs, waves),
    wallMs: wholeMs * waves,
    running,
    waves,
  };
}

/**
 * Latency over all sequences when wave k starts after k waves; the last one may be partial. `ownMs`: of the sequence at a
 * share (0, 1] of a wave, in steps of one of `sequences`.
 */
function overWaves(
  ownMs: (share: number) => number,
  sequences: number,
  waveMs: number,
  waves: number,
): LatencyPercentiles {
  const at = (probability: number): number => {
    const before = Math.max(0, Math.ceil(probability * waves - 1e-9) - 1);
    return before * waveMs + ownMs(probability * waves - before);
  };
  const whole = Math.floor(waves);
  const part = waves - whole;
  let [ofWave, ofPart] = [0, 0];
  for (let i = 1; i <= sequences; i += 1) {
    const ms = ownMs(i / sequences) / sequences;
    ofWave += ms;
    // The one in which the batch ends counts by its part.
    ofPart += ms * Math.min(1, Math.max(0, part * sequences - (i - 1)));
  }
  // Waves 0..whole-1 are full; the rest of the sequences come after all of them.
  const sum = whole * (ofWave + ((whole - 1) / 2) * waveMs) + ofPart + part * whole * waveMs;
  return { mean: sum / waves, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}

import { stepTimeMs } from '../roofline/step-time.ts';
import { decodeLimit } from './fixed-point.ts';
import type { LatencyPercentiles } from './spread.ts';
import type { BatchingSubject } from './subject.ts';

/** A fixed batch that starts together: prefill of all in budget-sized chunks, then one step per output token. */
export interface StaticBatch {
  /** ms until a sequence's first token; later waves wait for those before them. */
  ttftMs: LatencyPercentiles;
  tpotMs: number;
  /** ms until a sequence's last token. */
  e2eMs: LatencyPercentiles;
  /** ms until the last token of the last wave. */
  wallMs: number;
  running: number;
  /** Batch / what fits at once; above 1 the batch runs in waves. */
  waves: number;
}

/** Times a static batch (FIDELITY.md section 3, static_batch); lengths are taken at their means. */
export function evaluateStaticBatch(subject: BatchingSubject, batch: number): StaticBatch {
  const { plan, lengths, maxNumBatchedTokens } = subject;
  const { promptMean, uncachedMean, outputMean } = lengths.moments;
  const running = Math.max(1, Math.min(batch, Math.floor(decodeLimit(subject).decodes)));
  const attended = promptMean - uncachedMean + uncachedMean / 2;
  const tokens = running * uncachedMean;
  const chunks = Math.ceil(tokens / maxNumBatchedTokens);
  const perChunk = tokens / chunks;
  const prefillMs = chunks * stepTimeMs(plan, 0, 0, perChunk, perChunk * attended, running / chunks);
  const context = promptMean + outputMean / 2;
  const tpotMs = outputMean > 1 ? stepTimeMs(plan, running, running * context, 0, 0, 0) : 0;
  const firstMs = prefillMs + plan.ttftBaseMs + plan.tokenizeMsPerToken * promptMean;
  const waveMs = firstMs + Math.max(0, outputMean - 1) * tpotMs;
  const waves = Math.max(1, batch / running);
  return {
    ttftMs: overWaves(firstMs, waveMs, waves),
    tpotMs,
    e2eMs: overWaves(waveMs, waveMs, waves),
    wallMs: waveMs * waves,
    running,
    waves,
  };
}

/** Latency over all sequences when wave k starts after k waves; the last one may be partial. */
function overWaves(ownMs: number, waveMs: number, waves: number): LatencyPercentiles {
  const at = (share: number): number => ownMs + Math.max(0, Math.ceil(share * waves - 1e-9) - 1) * waveMs;
  const whole = Math.floor(waves);
  // Waves 0..whole-1 are full; the rest of the sequences come after all of them.
  const sum = whole * (ownMs + ((whole - 1) / 2) * waveMs) + (waves - whole) * (ownMs + whole * waveMs);
  return { mean: sum / waves, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}

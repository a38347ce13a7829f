import { stepTimeMs } from '../roofline/step-time.ts';
import { decodeLimit } from './fixed-point.ts';
import type { BatchingSubject } from './subject.ts';

/** A fixed batch that starts together: prefill of all in budget-sized chunks, then one step per output token. */
export interface StaticBatch {
  /** ms until the first tokens of a wave. */
  ttftMs: number;
  tpotMs: number;
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
  const ttftMs = prefillMs + plan.ttftBaseMs + plan.tokenizeMsPerToken * promptMean;
  const waves = Math.max(1, batch / running);
  return { ttftMs, tpotMs, wallMs: (ttftMs + Math.max(0, outputMean - 1) * tpotMs) * waves, running, waves };
}

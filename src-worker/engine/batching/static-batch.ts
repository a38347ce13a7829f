import { weightedQuantiles } from '../numerics/weighted-quantile.ts';
import { decodeLimit } from './fixed-point.ts';
import type { LatencyPercentiles } from './spread.ts';
import { followBatch, type Cohort } from './static-batch-steps.ts';
import type { BatchingSubject } from './subject.ts';

/** A fixed batch that starts together, its steps followed one by one. */
export interface StaticBatch {
  /** ms until a sequence's first token: prompts are computed one chunk after the other. */
  ttftMs: LatencyPercentiles;
  /** ms of a sequence's later tokens, the prompts of others that share its steps included. */
  tpotMs: LatencyPercentiles;
  /** ms until a sequence's last token. */
  e2eMs: LatencyPercentiles;
  /** ms until the last token of the batch. */
  wallMs: number;
  running: number;
  /** Batch / what fits at once; above 1 the rest begins as seats and room in the KV cache come free. */
  waves: number;
  /** Is it the KV cache that has no room for all of them? */
  isShortOfKv: boolean;
}

/** Steps with prompts that are followed at most: some tenths of a second. A longer batch goes on as it does up to there. */
const MOST_PROMPT_STEPS = 200_000;

/** Times a static batch; lengths are taken at their means, answers at whole tokens. */
export function evaluateStaticBatch(subject: BatchingSubject, batch: number): StaticBatch {
  const { plan, lengths, maxNumBatchedTokens } = subject;
  const { promptMean, uncachedMean } = lengths.moments;
  const outputTokens = Math.max(1, Math.round(lengths.moments.outputMean));
  const limit = decodeLimit(subject);
  const running = Math.max(1, Math.min(batch, Math.floor(limit.decodes)));
  const sequences = Math.min(batch, Math.max(running, (MOST_PROMPT_STEPS * maxNumBatchedTokens) / uncachedMean));
  const cohorts = followBatch(plan, {
    sequences,
    running,
    promptTokens: promptMean,
    uncachedTokens: uncachedMean,
    outputTokens,
    maxNumBatchedTokens,
  });
  const frontMs = plan.ttftBaseMs + plan.tokenizeMsPerToken * promptMean;
  const further = batch / sequences;
  const of = (msOf: (cohort: Cohort) => number): LatencyPercentiles => overSequences(cohorts, msOf);
  return {
    ttftMs: of(({ firstMs }) => frontMs + further * firstMs),
    tpotMs: of(({ firstMs, lastMs }) => (lastMs - firstMs) / Math.max(1, outputTokens - 1)),
    e2eMs: of(({ lastMs }) => frontMs + further * lastMs),
    wallMs: frontMs + further * (cohorts.at(-1)?.lastMs ?? 0),
    running,
    waves: Math.max(1, batch / running),
    isShortOfKv: batch > running && limit.cause === 'kv',
  };
}

function overSequences(cohorts: readonly Cohort[], msOf: (cohort: Cohort) => number): LatencyPercentiles {
  const ms = Float64Array.from(cohorts, msOf);
  const weights = Float64Array.from(cohorts, ({ sequences }) => sequences);
  const [p50 = 0, p90 = 0, p95 = 0, p99 = 0] = weightedQuantiles(ms, weights, [0.5, 0.9, 0.95, 0.99]);
  let total = 0;
  let weighted = 0;
  for (let k = 0; k < ms.length; k += 1) {
    total += weights[k] as number;
    weighted += (weights[k] as number) * (ms[k] as number);
  }
  return { mean: weighted / total, p50, p90, p95, p99 };
}

import { countedQuantiles } from '../numerics/sample.ts';
import { decodeLimit } from './fixed-point.ts';
import type { LatencyPercentiles } from './spread.ts';
import { followBatch, type Cohort } from './static-batch-steps.ts';
import type { BatchingSubject } from './subject.ts';

/** A fixed batch that starts together, dealt out over streams, its steps followed one by one. */
export interface StaticBatch {
  /** ms until a sequence's first token: prompts are computed one chunk after the other. */
  ttftMs: LatencyPercentiles;
  /** ms of a sequence's later tokens, the prompts of others that share its steps included. */
  tpotMs: LatencyPercentiles;
  /** ms until a sequence's last token. */
  e2eMs: LatencyPercentiles;
  /** ms until the last token of the batch. */
  wallMs: number;
  /** Sequences that decode in all streams together, on average over `wallMs` and at most; and at most in one of them. */
  meanRunning: number;
  maxRunning: number;
  mostInStream: number;
  /** Does a stream find room for all that it is dealt? If not, the rest begins as seats and room in the KV cache come free. */
  isSeatedAtOnce: boolean;
  /** Is the KV cache too small for those who run at once, at their longest? */
  isShortOfKv: boolean;
}

/** Whole budgets of prompt tokens that are followed at most. A longer batch goes on at the pace it has up to there. */
const MOST_BUDGETS = 100_000;

/** Times a static batch; lengths are taken at their means, answers at whole tokens. */
export function evaluateStaticBatch(subject: BatchingSubject, batch: number, streams = 1): StaticBatch {
  const { plan, lengths, kvCacheTokens } = subject;
  const { promptMean } = lengths.moments;
  const outputTokens = Math.max(1, Math.round(lengths.moments.outputMean));
  const seated = Math.max(1, Math.floor(decodeLimit(subject).decodes));
  // Dealt out one by one: some streams have one more than the others.
  const fewer = Math.floor(batch / streams);
  const withMore = batch - fewer * streams;
  const cohorts = [
    ...(withMore > 0 ? cohortsOf(subject, { sequences: fewer + 1, seated, outputTokens, streams: withMore }) : []),
    ...(fewer > 0 ? cohortsOf(subject, { sequences: fewer, seated, outputTokens, streams: streams - withMore }) : []),
  ];
  const frontMs = plan.ttftBaseMs + plan.tokenizeMsPerToken * promptMean;
  const ttftMs = overSequences(cohorts, ({ firstMs }) => frontMs + firstMs);
  const e2eMs = overSequences(cohorts, ({ lastMs }) => frontMs + lastMs);
  const laterTokens = Math.max(1, outputTokens - 1);
  const wallMs = frontMs + cohorts.reduce((longest, { lastMs }) => Math.max(longest, lastMs), 0);
  const most = withMore > 0 ? fewer + 1 : fewer;
  const mostInStream = Math.min(most, seated);
  return {
    ttftMs,
    tpotMs: overSequences(cohorts, ({ firstMs, lastMs }) => (lastMs - firstMs) / laterTokens),
    e2eMs,
    wallMs,
    meanRunning: ((e2eMs.mean - ttftMs.mean) * batch) / wallMs,
    maxRunning: withMore * mostInStream + (streams - withMore) * Math.min(fewer, seated),
    mostInStream,
    isSeatedAtOnce: most <= seated,
    isShortOfKv: mostInStream > 1 && mostInStream * (promptMean + outputTokens) > kvCacheTokens,
  };
}

interface Dealt {
  /** Of one stream. */
  sequences: number;
  seated: number;
  outputTokens: number;
  /** Streams with as many. */
  streams: number;
}

/** Cohorts of so many streams that are dealt alike. */
function cohortsOf(subject: BatchingSubject, { sequences, seated, outputTokens, streams }: Dealt): Cohort[] {
  const { plan, lengths, maxNumBatchedTokens } = subject;
  const { promptMean, uncachedMean } = lengths.moments;
  const followed = Math.min(
    sequences,
    Math.max(seated, Math.ceil((MOST_BUDGETS * maxNumBatchedTokens) / uncachedMean)),
  );
  const cohorts = followBatch(plan, {
    sequences: followed,
    running: Math.min(followed, seated),
    promptTokens: promptMean,
    uncachedTokens: uncachedMean,
    outputTokens,
    maxNumBatchedTokens,
  });
  const further = sequences / followed;
  return cohorts.map((cohort) => {
    const firstMs = further * cohort.firstMs;
    const lastMs = firstMs + (cohort.lastMs - cohort.firstMs);
    return { sequences: Math.round(cohort.sequences * further) * streams, firstMs, lastMs };
  });
}

function overSequences(cohorts: readonly Cohort[], msOf: (cohort: Cohort) => number): LatencyPercentiles {
  const ms = Float64Array.from(cohorts, msOf);
  const counts = Float64Array.from(cohorts, ({ sequences }) => sequences);
  const [p50 = 0, p90 = 0, p95 = 0, p99 = 0] = countedQuantiles(ms, counts, [0.5, 0.9, 0.95, 0.99]);
  let total = 0;
  let weighted = 0;
  for (let k = 0; k < ms.length; k += 1) {
    total += counts[k] as number;
    weighted += (counts[k] as number) * (ms[k] as number);
  }
  return { mean: weighted / total, p50, p90, p95, p99 };
}

import type { LatencyPercentiles } from '../engine/batching/spread.ts';
import type { TrustKind } from '../engine/batching/trust.ts';
import type { BatchingSubject, SaturationKind } from '../engine/batching/subject.ts';
import type { PredictDocument, Remark, ThroughputDocument } from '../protocol/documents.ts';
import type { PredictInput } from '../protocol/requests.ts';
import { latencySummary } from './common.ts';
import type { Deployment } from './deployment.ts';
import { latencyRanges, noRangeReason, throughputRanges, uncertaintyOf } from './uncertainty.ts';

/** Parts of a prediction that do not depend on how it was made. */

export const SATURATION_WORDS: Record<SaturationKind, string> = {
  compute: 'The replica cannot work off what arrives.',
  kv: 'The KV cache is full before the load is carried.',
  seats: 'All seats (max_num_seqs) are taken before the load is carried.',
};

/** Of answers that no simulation gave. */
export const NOT_SIMULATED = { simulation: null, timeline: null, trace: null };

const NO_LATENCY: LatencyPercentiles | null = null;
const NO_FIGURES = 'There is no steady state, so there are no figures to give a range for.';

export interface Latencies {
  ttftMs: LatencyPercentiles;
  /** null where an answer has one token. */
  tpotMs: LatencyPercentiles | null;
  e2eMs: LatencyPercentiles;
}

export const latencySummaries = ({ ttftMs, tpotMs, e2eMs }: Latencies) => ({
  ttft_ms: latencySummary(ttftMs),
  tpot_ms: latencySummary(tpotMs),
  e2e_ms: latencySummary(e2eMs),
});

interface RangedFigures {
  latencies: Latencies;
  throughput: ThroughputDocument;
  utilization: number | null;
  decodeParts: Record<string, number>;
  /** The rate is the question's, not a prediction. */
  isRateGiven: boolean;
  /** Of the closed form that made the figures. */
  trust?: TrustKind;
}

export function rangesOf(
  { measured }: Deployment,
  { plan }: BatchingSubject,
  { latencies, throughput, utilization, decodeParts, isRateGiven, trust }: RangedFigures,
): Pick<PredictDocument, 'interval' | 'interval_reason' | 'interval_basis'> {
  const isClosedLoop = !isRateGiven && utilization !== null;
  // Users of a closed loop drive a replica to its limit by themselves: that is no load near capacity.
  const load = isClosedLoop ? null : utilization;
  const uncertainty = uncertaintyOf({
    ...measured,
    decodeParts,
    utilization: load,
    isClosedLoop,
    ...(trust && { trust }),
  });
  if (!uncertainty) return { interval: null, interval_reason: noRangeReason(measured), interval_basis: null };
  const interval = {
    ...latencyRanges(latencies, uncertainty, plan.weightReadFloorMs),
    ...(isRateGiven ? {} : throughputRanges(throughput, uncertainty)),
  };
  return { interval, interval_reason: null, interval_basis: uncertainty.basis };
}

/** A document without latency: saturated, or without memory. */
export function withoutLatency(
  deployment: Deployment,
  saturation: Remark<SaturationKind> | null,
  bottleneck: PredictDocument['bottleneck'],
): PredictDocument {
  const none = latencySummary(NO_LATENCY);
  return {
    ...deployment.base,
    ttft_ms: none,
    tpot_ms: none,
    e2e_ms: none,
    throughput: { requests_per_s: null, output_tokens_per_s: null, total_tokens_per_s: null },
    utilization: null,
    saturated: saturation !== null,
    saturation,
    batch: { mean_running: null, max_running: null },
    step_time_ms: null,
    bottleneck,
    trust: null,
    interval: null,
    interval_reason: noRangeReason(deployment.measured) ?? NO_FIGURES,
    interval_basis: null,
    ...NOT_SIMULATED,
    warnings: deployment.warnings,
  };
}

/** Batches in flight of the whole deployment: the load is split evenly over them. */
export const allStreams = ({ streams }: Deployment, { replicas }: PredictInput): number => streams * replicas;

/** The document of what lacks memory. */
export function notFitting(deployment: Deployment): PredictDocument {
  const sentence = deployment.warnings[0]?.sentence ?? 'Does not fit.';
  return withoutLatency(deployment, null, { kind: 'kv_capacity', sentence });
}

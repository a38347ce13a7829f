import { evaluateBatching } from '../engine/batching/closed-form.ts';
import { isSaturationConfirmed } from '../engine/batching/fluid-check.ts';
import type { TrustKind } from '../engine/batching/trust.ts';
import { saturationRate } from '../engine/batching/saturation-rate.ts';
import type { LatencyPercentiles } from '../engine/batching/spread.ts';
import { evaluateStaticBatch, type StaticBatch } from '../engine/batching/static-batch.ts';
import type { BatchingSubject, SaturationKind } from '../engine/batching/subject.ts';
import type { Facts } from '../engine/facts.ts';
import type { ModelSource } from '../engine/model/types.ts';
import { bottleneckOf } from '../engine/sizing/bottleneck.ts';
import { oneAtATimeAt } from '../engine/sizing/one-at-a-time.ts';
import { stepViewOf } from '../engine/sizing/replica-load.ts';
import { MS_PER_S } from '../engine/units.ts';
import type { RequestLengths } from '../engine/workload/lengths.ts';
import type { PredictDocument, Remark, ThroughputDocument, Warning } from '../protocol/documents.ts';
import { formatSignificant } from '../protocol/numbers.ts';
import type { PredictInput } from '../protocol/requests.ts';
import { answerClosedLoop, type SteadyAnswer } from './closed-loop.ts';
import { rounded, stepTimeDocument } from './common.ts';
import { deploy, type Deployment } from './deployment.ts';
import { checkLoad } from './load-options.ts';
import {
  allStreams,
  latencySummaries,
  NOT_SIMULATED,
  notFitting,
  rangesOf,
  SATURATION_WORDS,
  withoutLatency,
} from './predict-parts.ts';
import { simulatedDocument } from './simulated-document.ts';
import { arrivalWarnings, CROWDED_BATCH, trustRemark, UNEVEN_BATCH, type TrustedArrivals } from './trust-words.ts';

const throughputOf = (rateReqPerS: number, { moments }: RequestLengths): ThroughputDocument => ({
  requests_per_s: rounded(rateReqPerS),
  output_tokens_per_s: rounded(rateReqPerS * moments.outputMean),
  total_tokens_per_s: rounded(rateReqPerS * (moments.promptMean + moments.outputMean)),
});

const shifted = (latency: LatencyPercentiles, byMs: number): LatencyPercentiles => ({
  mean: latency.mean + byMs,
  p50: latency.p50 + byMs,
  p90: latency.p90 + byMs,
  p95: latency.p95 + byMs,
  p99: latency.p99 + byMs,
});

function steadyDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  answer: SteadyAnswer,
): PredictDocument {
  const { outcome, ratePerMs, saturationPerMs, waitMs, streams } = answer;
  const ttft = shifted(outcome.ttftMs, waitMs);
  const step = stepViewOf(subject, outcome.meanRunning, ratePerMs, outcome.meanStepMs);
  const latencies = {
    ttftMs: ttft,
    tpotMs: subject.lengths.moments.outputMean > 1 ? outcome.tpotMs : null,
    e2eMs: shifted(outcome.e2eMs, waitMs),
  };
  const throughput = throughputOf(ratePerMs * streams * MS_PER_S, subject.lengths);
  const utilization = Math.min(1, ratePerMs / saturationPerMs);
  const isRateGiven = input.rate !== undefined;
  const trust = trustOf(deployment, outcome.trust, utilization);
  // Of a replica that has requests at all.
  const busyStreams = streams / Math.min(input.replicas, streams);
  return {
    ...deployment.base,
    ...latencySummaries(latencies),
    throughput,
    utilization: rounded(utilization),
    saturated: false,
    saturation: null,
    batch: {
      mean_running: rounded(outcome.meanRunning * busyStreams),
      max_running: outcome.maxRunning * Math.ceil(busyStreams),
    },
    step_time_ms: { decode: stepTimeDocument(step.decode), prefill: stepTimeDocument(step.prefill) },
    bottleneck: bottleneckOf({
      saturation: null,
      ttftP95Ms: ttft.p95,
      unhinderedTtftP95Ms: outcome.unhinderedTtftP95Ms,
      meanRunning: outcome.meanRunning * busyStreams,
      step,
    }),
    trust: trustRemark(trust, input.method, arrivalsOf(subject, input)),
    ...rangesOf(deployment, subject, {
      latencies,
      throughput,
      utilization,
      decodeParts: step.decode,
      isRateGiven,
      trust,
    }),
    ...NOT_SIMULATED,
    warnings: deployment.warnings,
  };
}

/**
 * Utilization above which prefills in steps of their own are off in the closed form, which mixes them into the steps of decodes:
 * 8B on an H100 with 1000/200 tokens, against the simulation, TPOT P99 -10 % at 0.32, -16 % at 0.54, -23 % at 0.75.
 */
const MOST_SEPARATE = 0.3;

const trustOf = ({ hasSeparatePrefill }: Deployment, trust: TrustKind, utilization: number): TrustKind =>
  trust === 'ok' && hasSeparatePrefill && utilization > MOST_SEPARATE ? 'critical' : trust;

function saturatedDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  ratePerMs: number,
  cause: SaturationKind,
  saturationPerMs: number,
): PredictDocument {
  const limit = `A replica saturates at ${formatSignificant(saturationPerMs * deployment.streams * MS_PER_S)} requests/s.`;
  if (deployment.base.method === 'batching' && !isSaturationConfirmed(subject, ratePerMs)) {
    const sentence = `The closed form finds no steady state, but a fluid balance does not confirm it: only a simulation can tell (--method simulation). ${limit}`;
    return { ...withoutLatency(deployment, null, null), trust: { kind: 'uncertain', sentence } };
  }
  const sentence = `${SATURATION_WORDS[cause]} ${limit}`;
  const kind = cause === 'kv' ? 'kv_capacity' : cause;
  return withoutLatency(deployment, { kind: cause, sentence }, { kind, sentence });
}

function batchTrust(isUneven: boolean, { isShortOfKv }: StaticBatch): Remark<TrustKind> {
  if (isUneven) return { kind: 'critical', sentence: UNEVEN_BATCH };
  return isShortOfKv ? { kind: 'kv_pressure', sentence: CROWDED_BATCH } : trustRemark('ok', 'static_batch');
}

function staticBatchDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  batch: number,
): PredictDocument {
  const streams = allStreams(deployment, input);
  const result = evaluateStaticBatch(subject, batch, streams);
  const step = stepViewOf(subject, result.mostInStream, 0, 0);
  const trust = batchTrust(input.input_cv > 0 || input.output_cv > 0, result);
  const warnings = [...deployment.warnings];
  if (!result.isSeatedAtOnce) {
    const sentence = `Only ${result.maxRunning} of ${batch} sequences fit at once: the others begin as room comes free.`;
    warnings.push({ code: 'waves', sentence });
  }
  const latencies = {
    ttftMs: result.ttftMs,
    tpotMs: subject.lengths.moments.outputMean > 1 ? result.tpotMs : null,
    e2eMs: result.e2eMs,
  };
  const throughput = throughputOf((batch / result.wallMs) * MS_PER_S, subject.lengths);
  return {
    ...deployment.base,
    ...latencySummaries(latencies),
    throughput,
    utilization: null,
    saturated: false,
    saturation: null,
    batch: {
      mean_running: rounded(result.meanRunning / input.replicas),
      max_running: Math.ceil(result.maxRunning / input.replicas),
    },
    step_time_ms: { decode: stepTimeDocument(step.decode), prefill: stepTimeDocument(step.prefill) },
    bottleneck: bottleneckOf({
      saturation: null,
      ttftP95Ms: result.ttftMs.p95,
      unhinderedTtftP95Ms: result.ttftMs.p95,
      meanRunning: result.maxRunning / input.replicas,
      step,
    }),
    trust,
    ...rangesOf(deployment, subject, {
      latencies,
      throughput,
      utilization: null,
      decodeParts: step.decode,
      isRateGiven: false,
      trust: trust.kind,
    }),
    ...NOT_SIMULATED,
    warnings,
  };
}

/** One deployment under one load. What does not fit is answered with nulls and the shortfall, not with an error. */
export function answerPredict(input: PredictInput, source: ModelSource, facts: Facts): PredictDocument {
  checkLoad(input);
  const deployment = deploy(input, source, facts);
  const { subject } = deployment;
  if (!subject) return notFitting(deployment);
  if (input.method === 'simulation')
    return simulatedDocument(deployment, subject, input, { hasTimeline: false, checkpoint: null });
  const atOnce = input.rate === 'inf' ? (input.num_prompts ?? undefined) : input.batch;
  if (atOnce !== undefined) return staticBatchDocument(deployment, subject, input, atOnce);
  if (input.concurrency !== undefined) {
    const answer = answerClosedLoop(deployment, subject, input, input.concurrency);
    if (!answer) return saturatedDocument(deployment, subject, 0, 'compute', saturationRate(subject).perMs);
    return steadyDocument(deployment, subject, input, answer);
  }
  if (input.num_prompts !== null) deployment.warnings.push(runIgnored(input.num_prompts, input.method));
  deployment.warnings.unshift(...arrivalWarnings(input.method, arrivalsOf(subject, input)));
  const streams = allStreams(deployment, input);
  const ratePerMs = Number(input.rate ?? 0) / streams / MS_PER_S;
  const { outcome, saturationPerMs } =
    input.method === 'mg1'
      ? oneAtATimeAt(subject, ratePerMs)
      : { outcome: evaluateBatching(subject, ratePerMs), saturationPerMs: saturationRate(subject).perMs };
  if (outcome.kind === 'saturated') {
    return saturatedDocument(deployment, subject, ratePerMs, outcome.cause, saturationPerMs);
  }
  return steadyDocument(deployment, subject, input, { outcome, ratePerMs, saturationPerMs, waitMs: 0, streams });
}

const arrivalsOf = ({ scvArrival }: BatchingSubject, { arrival }: PredictInput): TrustedArrivals => ({
  process: arrival,
  scv: scvArrival,
});

const runIgnored = (numPrompts: number, method: string): Warning => ({
  code: 'num_prompts_ignored',
  sentence: `Method ${method} answers a steady state, whatever the number of requests: --method simulation runs ${numPrompts} from empty to the last answer.`,
});

import { evaluateBatching, isSaturationConfirmed } from '../engine/batching/closed-form.ts';
import { evaluateClosedLoop } from '../engine/batching/closed-loop.ts';
import { decodeLimit } from '../engine/batching/fixed-point.ts';
import { lockstepPrefills, REQUESTS_PER_CLIENT } from '../engine/batching/lockstep.ts';
import { saturationRate } from '../engine/batching/saturation-rate.ts';
import type { LatencyPercentiles } from '../engine/batching/spread.ts';
import { evaluateStaticBatch } from '../engine/batching/static-batch.ts';
import type { BatchingSubject, SaturationKind } from '../engine/batching/subject.ts';
import type { Facts } from '../engine/facts.ts';
import type { ModelSource } from '../engine/model/types.ts';
import { bottleneckOf } from '../engine/sizing/bottleneck.ts';
import { oneAtATimeAt } from '../engine/sizing/one-at-a-time.ts';
import { stepViewOf } from '../engine/sizing/replica-load.ts';
import type { SteadyLoad } from '../engine/sizing/types.ts';
import { MS_PER_S, msFromSeconds } from '../engine/units.ts';
import type { RequestLengths } from '../engine/workload/lengths.ts';
import type { PredictDocument, Remark, ThroughputDocument, Warning } from '../protocol/documents.ts';
import type { PredictInput } from '../protocol/requests.ts';
import { latencySummary, rounded, stepTimeDocument, trustRemark } from './common.ts';
import { deploy, type Deployment } from './deployment.ts';
import { latencyRanges, noRangeReason, throughputRanges, uncertaintyOf } from './uncertainty.ts';

const SATURATION_WORDS: Record<SaturationKind, string> = {
  compute: 'The replica cannot work off what arrives.',
  kv: 'The KV cache is full before the load is carried.',
  seats: 'All seats (max_num_seqs) are taken before the load is carried.',
};

const NO_LATENCY: LatencyPercentiles | null = null;
const NO_FIGURES = 'There is no steady state, so there are no figures to give a range for.';

interface Latencies {
  ttftMs: LatencyPercentiles;
  /** null where an answer has one token. */
  tpotMs: LatencyPercentiles | null;
  e2eMs: LatencyPercentiles;
}

const latencySummaries = ({ ttftMs, tpotMs, e2eMs }: Latencies) => ({
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
}

function rangesOf(
  { measured }: Deployment,
  { plan }: BatchingSubject,
  { latencies, throughput, utilization, decodeParts, isRateGiven }: RangedFigures,
): Pick<PredictDocument, 'interval' | 'interval_reason' | 'interval_basis'> {
  const isClosedLoop = !isRateGiven && utilization !== null;
  // Users of a closed loop drive a replica to its limit by themselves: that is no load near capacity.
  const load = isClosedLoop ? null : utilization;
  const uncertainty = uncertaintyOf({ ...measured, decodeParts, utilization: load, isClosedLoop });
  if (!uncertainty) return { interval: null, interval_reason: noRangeReason(measured), interval_basis: null };
  const interval = {
    ...latencyRanges(latencies, uncertainty, plan.weightReadFloorMs),
    ...(isRateGiven ? {} : throughputRanges(throughput, uncertainty)),
  };
  return { interval, interval_reason: null, interval_basis: uncertainty.basis };
}

/** A document without latency: saturated, or without memory. */
function withoutLatency(
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
    warnings: deployment.warnings,
  };
}

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

/** Batches in flight of the whole deployment: the load is split evenly over them. */
const allStreams = ({ streams }: Deployment, { replicas }: PredictInput): number => streams * replicas;

interface SteadyAnswer {
  outcome: SteadyLoad;
  ratePerMs: number;
  saturationPerMs: number;
  /** ms added to every first token: waiting for a seat. */
  waitMs: number;
}

function steadyDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  answer: SteadyAnswer,
): PredictDocument {
  const { outcome, ratePerMs, saturationPerMs, waitMs } = answer;
  const ttft = shifted(outcome.ttftMs, waitMs);
  const step = stepViewOf(subject, outcome.meanRunning, ratePerMs, outcome.meanStepMs);
  const latencies = {
    ttftMs: ttft,
    tpotMs: subject.lengths.moments.outputMean > 1 ? outcome.tpotMs : null,
    e2eMs: shifted(outcome.e2eMs, waitMs),
  };
  const throughput = throughputOf(ratePerMs * allStreams(deployment, input) * MS_PER_S, subject.lengths);
  const utilization = Math.min(1, ratePerMs / saturationPerMs);
  const isRateGiven = input.rate !== undefined;
  return {
    ...deployment.base,
    ...latencySummaries(latencies),
    throughput,
    utilization: rounded(utilization),
    saturated: false,
    saturation: null,
    batch: {
      mean_running: rounded(outcome.meanRunning * deployment.streams),
      max_running: outcome.maxRunning * deployment.streams,
    },
    step_time_ms: { decode: stepTimeDocument(step.decode), prefill: stepTimeDocument(step.prefill) },
    bottleneck: bottleneckOf({
      saturation: null,
      ttftP95Ms: ttft.p95,
      unhinderedTtftP95Ms: outcome.unhinderedTtftP95Ms,
      meanRunning: outcome.meanRunning * deployment.streams,
      step,
    }),
    trust: trustRemark(outcome.trust, input.method),
    ...rangesOf(deployment, subject, { latencies, throughput, utilization, decodeParts: step.decode, isRateGiven }),
    warnings: deployment.warnings,
  };
}

function saturatedDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  ratePerMs: number,
  cause: SaturationKind,
  saturationPerMs: number,
): PredictDocument {
  const limit = `A replica saturates at ${(saturationPerMs * deployment.streams * MS_PER_S).toPrecision(3)} requests/s.`;
  if (deployment.base.method === 'batching' && !isSaturationConfirmed(subject, ratePerMs)) {
    const sentence = `The closed form finds no steady state, but a fluid balance does not confirm it: only a simulation can tell. ${limit}`;
    return { ...withoutLatency(deployment, null, null), trust: { kind: 'uncertain', sentence } };
  }
  const sentence = `${SATURATION_WORDS[cause]} ${limit}`;
  const kind = cause === 'kv' ? 'kv_capacity' : cause;
  return withoutLatency(deployment, { kind: cause, sentence }, { kind, sentence });
}

function staticBatchDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  batch: number,
): PredictDocument {
  const streams = allStreams(deployment, input);
  const result = evaluateStaticBatch(subject, batch / streams);
  const constant = (ms: number): LatencyPercentiles => ({ mean: ms, p50: ms, p90: ms, p95: ms, p99: ms });
  const step = stepViewOf(subject, result.running, 0, 0);
  const warnings = [...deployment.warnings];
  if (result.waves > 1) {
    const sentence = `Only ${result.running * deployment.streams} of ${batch / input.replicas} sequences fit at once: the batch runs in waves.`;
    warnings.push({ code: 'waves', sentence });
  }
  const latencies = {
    ttftMs: result.ttftMs,
    tpotMs: subject.lengths.moments.outputMean > 1 ? constant(result.tpotMs) : null,
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
    batch: { mean_running: result.running * deployment.streams, max_running: result.running * deployment.streams },
    step_time_ms: { decode: stepTimeDocument(step.decode), prefill: stepTimeDocument(step.prefill) },
    bottleneck: bottleneckOf({
      saturation: null,
      ttftP95Ms: result.ttftMs.p95,
      unhinderedTtftP95Ms: result.ttftMs.p95,
      meanRunning: result.running * deployment.streams,
      step,
    }),
    trust: trustRemark('ok', 'static_batch'),
    ...rangesOf(deployment, subject, {
      latencies,
      throughput,
      utilization: null,
      decodeParts: step.decode,
      isRateGiven: false,
    }),
    warnings,
  };
}

/** One deployment under one load. What does not fit is answered with nulls and the shortfall, not with an error. */
export function answerPredict(input: PredictInput, source: ModelSource, facts: Facts): PredictDocument {
  const deployment = deploy(input, source, facts);
  const { subject } = deployment;
  if (!subject) {
    const sentence = deployment.warnings[0]?.sentence ?? 'Does not fit.';
    return withoutLatency(deployment, null, { kind: 'kv_capacity', sentence });
  }
  if (input.batch !== undefined) return staticBatchDocument(deployment, subject, input, input.batch);
  if (input.concurrency !== undefined) return closedLoopDocument(deployment, subject, input, input.concurrency);
  const ratePerMs = (input.rate ?? 0) / allStreams(deployment, input) / MS_PER_S;
  const { outcome, saturationPerMs } =
    input.method === 'mg1'
      ? oneAtATimeAt(subject, ratePerMs)
      : { outcome: evaluateBatching(subject, ratePerMs), saturationPerMs: saturationRate(subject).perMs };
  if (outcome.kind === 'saturated') {
    return saturatedDocument(deployment, subject, ratePerMs, outcome.cause, saturationPerMs);
  }
  if (input.method === 'mg1' && subject.scvArrival !== 1) {
    const sentence = `Method mg1 takes arrivals as Poisson; "${input.arrival}" is not modeled by it.`;
    deployment.warnings.push({ code: 'arrival_ignored', sentence });
  }
  return steadyDocument(deployment, subject, input, { outcome, ratePerMs, saturationPerMs, waitMs: 0 });
}

/**
 * Users who ask again at once are the clients of a benchmark with a fixed concurrency, and are predicted as those are; null for
 * those who pause, or are alone.
 */
function prefillsInStep(
  { measured: { calibration, engine } }: Deployment,
  subject: BatchingSubject,
  thinkTimeS: number,
  users: number,
): number | null {
  if (thinkTimeS > 0 || users <= 1) return null;
  const { outputMean, outputSecondMoment } = subject.lengths.moments;
  const question = {
    seated: Math.min(users, decodeLimit(subject).decodes),
    requestsPerClient: REQUESTS_PER_CLIENT,
    outputCv: Math.sqrt(Math.max(0, outputSecondMoment / outputMean ** 2 - 1)),
    generation: engine.generation,
  };
  return lockstepPrefills(question, calibration);
}

const inStepWarning = (prefills: number): Warning => ({
  code: 'in_step',
  sentence: `Users who ask again at once fall into step, as the clients of a benchmark do: each waits for ${prefills.toPrecision(2)} prompts of others on average, the opening burst of a run of ${REQUESTS_PER_CLIENT} requests a user among them. Users who pause do not: give --think-time.`,
});

function closedLoopDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  concurrency: number,
): PredictDocument {
  const users = concurrency / allStreams(deployment, input);
  const saturationPerMs = saturationRate(subject).perMs;
  const inStep = prefillsInStep(deployment, subject, input.think_time, users);
  if (inStep !== null) deployment.warnings.push(inStepWarning(inStep));
  const thinkTimeMs = msFromSeconds(input.think_time);
  const closed = evaluateClosedLoop({ subject, users, thinkTimeMs, saturationPerMs, lockstepPrefills: inStep });
  if (!closed) return saturatedDocument(deployment, subject, 0, 'compute', saturationPerMs);
  const { outcome, ratePerMs, seatWaitMs } = closed;
  return steadyDocument(deployment, subject, input, { outcome, ratePerMs, saturationPerMs, waitMs: seatWaitMs });
}

import { evaluateBatching, type BatchingSteady } from '../engine/batching/closed-form.ts';
import type { LatencyPercentiles } from '../engine/batching/spread.ts';
import { evaluateClosedLoop } from '../engine/batching/closed-loop.ts';
import { saturationRate } from '../engine/batching/saturation-rate.ts';
import { evaluateStaticBatch } from '../engine/batching/static-batch.ts';
import type { BatchingSubject, SaturationKind } from '../engine/batching/subject.ts';
import { fabricFor } from '../engine/communication/fabric.ts';
import { invalidInput } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import { engineRefusal, precisionSupport } from '../engine/hardware/precision.ts';
import { resolveGpuId } from '../engine/hardware/resolve.ts';
import { engineLimits, fitMemory } from '../engine/memory/fit.ts';
import { analyzeModel } from '../engine/model/analyze.ts';
import type { Model, ModelSource } from '../engine/model/types.ts';
import { compileStepPlan } from '../engine/roofline/step-plan.ts';
import { bottleneckOf } from '../engine/sizing/bottleneck.ts';
import { stepViewOf } from '../engine/sizing/replica-load.ts';
import { gibFromBytes, MS_PER_S, msFromSeconds } from '../engine/units.ts';
import { fixedPrefixCache, requestLengths, type RequestLengths } from '../engine/workload/lengths.ts';
import {
  SCHEMA_VERSION,
  type PredictDocument,
  type Remark,
  type ThroughputDocument,
  type Warning,
} from '../protocol/documents.ts';
import type { PredictInput } from '../protocol/requests.ts';
import {
  latencySummary,
  memoryDocument,
  NO_INTERVAL,
  rounded,
  stepTimeDocument,
  trustRemark,
  versionsOf,
} from './common.ts';
import { resolveCalibration, resolveEngine, resolvePrecisions } from './resolve.ts';

/** A deployment ready to be put under load, or the memory that it lacks. */
interface Deployment {
  base: Pick<PredictDocument, 'schema_version' | 'input' | 'memory' | 'method' | 'calibration' | 'versions'>;
  warnings: Warning[];
  subject: BatchingSubject | null;
}

function lengthsFor(input: PredictInput, model: Model): RequestLengths {
  const spread = (mean: number, cv: number) => ({
    mean,
    std: mean * cv,
    min: 1,
    // Far beyond any quantile that is read; the context limit cuts what a model cannot take.
    max: Math.max(mean * (1 + 20 * cv), 1),
  });
  const hitFraction = input.prefix_hit_rate ?? (input.prefix_tokens > 0 ? 1 : 0);
  return requestLengths({
    promptParts: [spread(input.input_tokens, input.input_cv)],
    output: spread(input.output_tokens, input.output_cv),
    cache: fixedPrefixCache(input.prefix_tokens, hitFraction),
    maxContextTokens: model.maxContextTokens,
  });
}

function checkLoad(input: PredictInput): void {
  const given = [input.rate, input.concurrency, input.batch].filter((value) => value !== undefined).length;
  if (given === 1) return;
  const what = given === 0 ? 'No load was given' : 'More than one load was given';
  throw invalidInput('load_needed', `${what}: give one of --rate, --concurrency and --batch.`, {});
}

function scvOf(input: PredictInput): number {
  if (input.arrival === 'constant') return 0;
  if (input.arrival === 'gamma') return (input.arrival_cv ?? 1) ** 2;
  return 1;
}

function deploy(input: PredictInput, source: ModelSource, facts: Facts): Deployment {
  checkLoad(input);
  const gpuId = resolveGpuId(facts, input.gpu);
  const gpu = facts.gpus.find(({ id }) => id === gpuId);
  if (!gpu) throw new Error(`resolved GPU ${gpuId} is not in the catalog`);
  const calibration = resolveCalibration(input.calibration, facts);
  const engine = resolveEngine(input.engine, facts);
  const model = analyzeModel(source);
  const [precision] = resolvePrecisions(input.quantization === null ? [] : [input.quantization], model);
  if (!precision) throw new Error('no precision resolved');
  const refusal = engineRefusal(gpu, engine.minComputeCapability);
  if (refusal) throw invalidInput('compute_capability', refusal.sentence, { gpu: gpu.id });
  const support = precisionSupport(gpu, precision);
  if (support.kind === 'unsupported') throw invalidInput('dtype_unsupported', support.sentence, { gpu: gpu.id });
  const odd = model.layers.find(({ attention }) => attention.numHeads % input.tp !== 0);
  if (odd) {
    const sentence = `tp ${input.tp} does not divide the ${odd.attention.numHeads} attention heads of ${model.id}: use a divisor, for example ${largestDivisor(odd.attention.numHeads, input.tp)}.`;
    throw invalidInput('tp_heads', sentence, { tp: input.tp });
  }
  const limits = engineLimits(engine, gpu, {
    maxNumBatchedTokens: input.max_num_batched_tokens,
    maxNumSeqs: input.max_num_seqs,
    gpuMemoryUtilization: input.gpu_memory_utilization,
  });
  const kvBytesPerElement = input.kv_cache_dtype === 'fp8' ? 1 : 2;
  const shared = {
    model,
    gpu,
    gpuShare: 1,
    precision,
    kvBytesPerElement,
    tensorParallel: input.tp,
    calibration,
  } as const;
  const memory = fitMemory({ ...shared, limits });
  const lengths = lengthsFor(input, model);
  const base: Deployment['base'] = {
    schema_version: SCHEMA_VERSION,
    input: {
      ...input,
      model: model.id,
      gpu: gpu.id,
      quantization: precision,
      engine: `${engine.engine}@${engine.version}`,
    },
    memory: memoryDocument(memory),
    method: input.method,
    calibration: calibration.name,
    versions: versionsOf(facts, calibration.name),
  };
  const warnings: Warning[] =
    support.kind === 'weight_only' && support.warning ? [{ code: 'weight_only', sentence: support.warning }] : [];
  if (lengths.cut) {
    const share = (lengths.cut.requestsFraction * 100).toPrecision(2);
    const sentence = `${share} % of the requests are longer than the ${model.maxContextTokens} tokens of ${model.id} and were cut.`;
    warnings.push({ code: 'context_cut', sentence });
  }
  if (model.isEstimated) {
    warnings.push({ code: 'estimated_architecture', sentence: model.assumptions.join(' ') });
  }
  if (!memory.fits) {
    const sentence = `Does not fit: ${gibFromBytes(memory.shortfallBytes).toFixed(1)} GiB per GPU are missing for ${gibFromBytes(memory.weightsBytes).toFixed(1)} GiB of weights on ${gpu.name}.`;
    return { base, warnings: [{ code: 'memory', sentence }, ...warnings], subject: null };
  }
  const plan = compileStepPlan({
    ...shared,
    support,
    fabric: fabricFor(gpu, input.tp, null),
    generation: engine.generation,
  });
  if (!plan.isFamilyMeasured) {
    const sentence = `No measurement of ${gpu.name} informs the step times: factors of its family are used.`;
    warnings.push({ code: 'extrapolated_gpu', sentence });
  }
  const subject: BatchingSubject = {
    plan,
    lengths,
    maxNumBatchedTokens: limits.maxNumBatchedTokens,
    maxNumSeqs: limits.maxNumSeqs,
    kvCacheTokens: memory.kvCacheTokens,
    scvArrival: scvOf(input),
    population: null,
  };
  return { base, warnings, subject };
}

function largestDivisor(heads: number, limit: number): number {
  for (let tp = Math.min(heads, limit); tp > 1; tp -= 1) if (heads % tp === 0) return tp;
  return 1;
}

const SATURATION_WORDS: Record<SaturationKind, string> = {
  compute: 'The replica cannot work off what arrives.',
  kv: 'The KV cache is full before the load is carried.',
  seats: 'All seats (max_num_seqs) are taken before the load is carried.',
};

const NO_LATENCY: LatencyPercentiles | null = null;

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
    interval_reason: NO_INTERVAL,
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

interface SteadyAnswer {
  outcome: BatchingSteady;
  ratePerMs: number;
  /** ms added to every first token: waiting for a seat. */
  waitMs: number;
}

function steadyDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  answer: SteadyAnswer,
): PredictDocument {
  const { outcome, ratePerMs, waitMs } = answer;
  const ttft = shifted(outcome.ttftMs, waitMs);
  const step = stepViewOf(subject, outcome.meanRunning, ratePerMs, outcome.meanStepMs);
  const idle = evaluateBatching(subject, ratePerMs * 1e-4);
  const saturation = saturationRate(subject);
  return {
    ...deployment.base,
    ttft_ms: latencySummary(ttft),
    tpot_ms: latencySummary(subject.lengths.moments.outputMean > 1 ? outcome.tpotMs : null),
    e2e_ms: latencySummary(shifted(outcome.e2eMs, waitMs)),
    throughput: throughputOf(ratePerMs * input.replicas * MS_PER_S, subject.lengths),
    utilization: rounded(ratePerMs / saturation.perMs),
    saturated: false,
    saturation: null,
    batch: { mean_running: rounded(outcome.meanRunning), max_running: outcome.maxRunning },
    step_time_ms: { decode: stepTimeDocument(step.decode), prefill: stepTimeDocument(step.prefill) },
    bottleneck: bottleneckOf({
      saturation: null,
      ttftP95Ms: ttft.p95,
      idleTtftP95Ms: idle.kind === 'steady' ? idle.ttftMs.p95 : ttft.p95,
      meanRunning: outcome.meanRunning,
      step,
    }),
    trust: trustRemark(outcome.trust),
    interval: null,
    interval_reason: NO_INTERVAL,
    warnings: deployment.warnings,
  };
}

function saturatedDocument(deployment: Deployment, subject: BatchingSubject, cause: SaturationKind): PredictDocument {
  const { perMs } = saturationRate(subject);
  const sentence = `${SATURATION_WORDS[cause]} A replica saturates at ${(perMs * MS_PER_S).toPrecision(3)} requests/s.`;
  const kind = cause === 'kv' ? 'kv_capacity' : cause;
  return withoutLatency(deployment, { kind: cause, sentence }, { kind, sentence });
}

function staticBatchDocument(
  deployment: Deployment,
  subject: BatchingSubject,
  input: PredictInput,
  batch: number,
): PredictDocument {
  const result = evaluateStaticBatch(subject, batch / input.replicas);
  const constant = (ms: number): LatencyPercentiles => ({ mean: ms, p50: ms, p90: ms, p95: ms, p99: ms });
  const step = stepViewOf(subject, result.running, 0, 0);
  const warnings = [...deployment.warnings];
  if (result.waves > 1) {
    const sentence = `Only ${result.running} of ${batch / input.replicas} sequences fit at once: the batch runs in waves.`;
    warnings.push({ code: 'waves', sentence });
  }
  return {
    ...deployment.base,
    ttft_ms: latencySummary(constant(result.ttftMs)),
    tpot_ms: latencySummary(subject.lengths.moments.outputMean > 1 ? constant(result.tpotMs) : null),
    e2e_ms: latencySummary(constant(result.wallMs)),
    throughput: throughputOf((batch / result.wallMs) * MS_PER_S, subject.lengths),
    utilization: null,
    saturated: false,
    saturation: null,
    batch: { mean_running: result.running, max_running: result.running },
    step_time_ms: { decode: stepTimeDocument(step.decode), prefill: stepTimeDocument(step.prefill) },
    bottleneck: bottleneckOf({
      saturation: null,
      ttftP95Ms: result.ttftMs,
      idleTtftP95Ms: result.ttftMs,
      meanRunning: result.running,
      step,
    }),
    trust: trustRemark('ok'),
    interval: null,
    interval_reason: NO_INTERVAL,
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
  if (input.concurrency !== undefined) {
    const users = input.concurrency / input.replicas;
    const closed = evaluateClosedLoop({ subject, users, thinkTimeMs: msFromSeconds(input.think_time) });
    if (!closed) return saturatedDocument(deployment, subject, 'compute');
    const { outcome, ratePerMs, seatWaitMs } = closed;
    return steadyDocument(deployment, subject, input, { outcome, ratePerMs, waitMs: seatWaitMs });
  }
  const ratePerMs = (input.rate ?? 0) / input.replicas / MS_PER_S;
  const outcome = evaluateBatching(subject, ratePerMs);
  if (outcome.kind === 'saturated') return saturatedDocument(deployment, subject, outcome.cause);
  return steadyDocument(deployment, subject, input, { outcome, ratePerMs, waitMs: 0 });
}

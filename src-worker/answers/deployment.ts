import type { BatchingSubject } from '../engine/batching/subject.ts';
import { fabricFor } from '../engine/communication/fabric.ts';
import { invalidInput } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import { engineRefusal } from '../engine/hardware/precision.ts';
import { resolveGpuId } from '../engine/hardware/resolve.ts';
import type { Gpu } from '../engine/hardware/types.ts';
import { engineName } from '../engine/memory/engine-name.ts';
import { engineLimits, fitMemory, type EngineLimits } from '../engine/memory/fit.ts';
import type { EngineDefaults } from '../engine/memory/types.ts';
import { analyzeGenerator, sameArchitectureSentence } from '../engine/model/analyze.ts';
import type { Model, ModelSource, Precision } from '../engine/model/types.ts';
import { expertRefusal, expertWarnings } from './expert-spread.ts';
import { compileStepPlan } from '../engine/roofline/step-plan.ts';
import { undividedHeads } from '../engine/model/heads.ts';
import { parallelName, replicaGpus } from '../engine/sizing/plan-groups.ts';
import {
  cacheRefusal,
  dtypeRefusal,
  largestDivisor,
  modelRefusal,
  pipelineWarning,
  supportOf,
} from '../engine/sizing/plan-refusals.ts';
import { streamsFor } from '../engine/sizing/replica-subject.ts';
import { streamShare } from '../engine/sizing/streams.ts';
import { gibFromBytes } from '../engine/units.ts';
import { fixedPrefixCache, fractionalCache, requestLengths, type RequestLengths } from '../engine/workload/lengths.ts';
import { SCHEMA_VERSION, type PredictDocument, type Warning } from '../protocol/documents.ts';
import { formatFixed, formatPercent } from '../protocol/numbers.ts';
import type { PredictInput } from '../protocol/requests.ts';
import { scvOfScheduler } from './arrival-share.ts';
import { extrapolatedGpu, memoryDocument, versionsOf } from './common.ts';
import { idleRouter } from './load-options.ts';
import { resolveCalibration, resolveEngine, resolvePrecisions } from './resolve.ts';
import type { UncertainDeployment } from './uncertainty.ts';

/** One deployment of `predict`, ready to be put under load; `subject` is null when it lacks memory. */
export interface Deployment {
  base: Pick<PredictDocument, 'schema_version' | 'input' | 'memory' | 'method' | 'calibration' | 'versions'>;
  warnings: Warning[];
  /** Batches that a replica keeps in flight, one for each pipeline stage of each rank; `subject` is one of them. */
  streams: number;
  subject: BatchingSubject | null;
  /** Longest prompt + answer of the model; null = no limit. */
  maxContextTokens: number | null;
  /** Prompts have steps of their own. */
  hasSeparatePrefill: boolean;
  /** What its figures are as sure as, but for the load. */
  measured: Pick<UncertainDeployment, 'calibration' | 'gpu' | 'engine' | 'model' | 'isWeightOnly' | 'method'>;
}

/** Draws of a lognormal stay below this many standard deviations for every quantile that is read. */
const FAR_TAIL = 20;

function lengthsFor(input: PredictInput, model: Model): RequestLengths {
  const spread = (mean: number, cv: number) => ({
    mean,
    std: mean * cv,
    min: Math.min(1, mean),
    max: Math.max(mean * (1 + FAR_TAIL * cv), 1),
  });
  return requestLengths({
    promptParts: [spread(input.input_tokens, input.input_cv)],
    output: spread(input.output_tokens, input.output_cv),
    cache: cacheOf(input),
    maxContextTokens: model.maxContextTokens,
  });
}

function cacheOf({ prefix_tokens: prefix, cacheable_ratio: share, prefix_hit_rate: hitRate }: PredictInput) {
  if (share !== null) return fractionalCache({ hitFraction: hitRate ?? 1, cacheableFraction: share });
  return fixedPrefixCache(prefix, hitRate ?? (prefix > 0 ? 1 : 0));
}

/** What of their prompts requests may share: the tokens of a prefix, or a share of each. */
function checkPrefix(asked: PredictInput): void {
  const { prefix_hit_rate: hitRate, prefix_tokens: prefix, cacheable_ratio: share, input_tokens: input } = asked;
  if (share !== null && prefix > 0) {
    const sentence = `cacheable_ratio ${share} contradicts prefix_tokens ${prefix}: leave one of them out.`;
    throw invalidInput('prefix_twice', sentence, {});
  }
  if (hitRate !== null && prefix === 0 && share === null) {
    const sentence = 'prefix_hit_rate needs --prefix-tokens or --cacheable-ratio: how much of a prompt is shared?';
    throw invalidInput('prefix_tokens_needed', sentence, {});
  }
  if (prefix >= input && prefix > 0) {
    const sentence = `prefix_tokens ${prefix} must be below input_tokens ${input}: at least one token is computed.`;
    throw invalidInput('prefix_too_long', sentence, {});
  }
}

function precisionOn(gpu: Gpu, precision: Precision, engine: EngineDefaults, model: Model) {
  const refusal = engineRefusal(gpu, engine);
  if (refusal) throw invalidInput('compute_capability', refusal.sentence, { gpu: gpu.id });
  const layers = modelRefusal({ model, engine }, gpu);
  if (layers) throw invalidInput('model_unsupported', layers.detail, { gpu: gpu.id, model: model.id });
  const dtype = dtypeRefusal({ model, engine }, gpu);
  if (dtype) throw invalidInput('dtype_unsupported', dtype.detail, { gpu: gpu.id, model: model.id });
  const support = supportOf({ model, engine }, gpu, precision);
  if (support.kind === 'unsupported') throw invalidInput('dtype_unsupported', support.sentence, { gpu: gpu.id });
  return support;
}

function checkSplit(model: Model, { tp: tensorParallel, pp, dp, ep }: PredictInput): void {
  if (pp > model.layers.length) {
    throw invalidInput(
      'pp_layers',
      `pp ${pp} needs a layer for every stage: ${model.id} has ${model.layers.length}, use at most as many.`,
      { pp, layers: model.layers.length },
    );
  }
  const spread = expertRefusal(model, { tp: tensorParallel, dp, ep });
  if (spread) throw invalidInput('parallelism_invalid', spread.sentence, spread.details);
  const heads = undividedHeads(model, tensorParallel);
  if (heads === null) return;
  throw invalidInput(
    'tp_heads',
    `tp ${tensorParallel} does not divide the ${heads.count} ${heads.words} of ${model.id}: use a divisor, for example ${largestDivisor(heads.count, tensorParallel)}.`,
    { tp: tensorParallel },
  );
}

/** Ranks of a replica that have requests, and the batches that each of them keeps in flight. */
interface Streams {
  ranks: number;
  perRank: number;
}

/**
 * A fixed batch smaller than the ranks or than the pipeline leaves some of them empty; one request at a time passes the
 * stages alone.
 */
function streamsOf({ method, pp, dp, batch: given, rate, num_prompts: numPrompts, replicas }: PredictInput): Streams {
  const batch = given ?? (rate === 'inf' ? (numPrompts ?? undefined) : undefined);
  const sequences = batch === undefined ? Infinity : Math.max(1, Math.floor(batch / replicas));
  const ranks = Math.min(dp, sequences);
  const perRank = Math.min(
    streamsFor(method === 'mg1' ? 'mg1' : 'batching', pp),
    Math.max(1, Math.floor(sequences / ranks)),
  );
  return { ranks, perRank };
}

/** GPUs of a replica and what it is called: `TP 2 × PP 4 × DP 2`. */
function replicaName({ tp, pp, dp }: PredictInput): { gpus: number; name: string } {
  const group = { tensorParallel: tp, pipelineParallel: pp };
  const name = dp === 1 ? parallelName(group) : `${parallelName(group)} × DP ${dp}`;
  return { gpus: replicaGpus(group) * dp, name };
}

/** `0.14.1` is a 0.14. */
const isVersionOf = (asked: string, { version }: EngineDefaults): boolean =>
  `${asked.replace(/^v/, '')}.`.startsWith(`${version}.`);

/** What of the engine's ways the figures cannot show. */
function engineWarnings(
  input: PredictInput,
  engine: EngineDefaults,
  limits: EngineLimits,
  isFp8Cache: boolean,
): Warning[] {
  const warnings: Warning[] = [];
  const asked = input.engine.split('@')[1];
  if (asked !== undefined && !isVersionOf(asked, engine)) {
    const sentence = `Version ${asked} is predicted with the defaults of ${engineName(engine)}.`;
    warnings.push({ code: 'engine_version', sentence });
  }
  // A simulation does as they do.
  if (limits.hasSeparatePrefill && input.method !== 'simulation') {
    const sentence = `${engineName(engine)} prefills in steps of its own; chunked prefill is assumed, so latencies under load are extrapolated.`;
    warnings.push({ code: 'separate_prefill', sentence });
  }
  if (isFp8Cache && input.kv_cache_dtype === 'auto') {
    const sentence = `${engineName(engine)} keeps the KV cache in FP8, as its checkpoints of this format say.`;
    warnings.push({ code: 'fp8_cache', sentence });
  }
  return warnings;
}

function warningsFor(input: PredictInput, facts: Facts, model: Model, gpu: Gpu): Warning[] {
  const warnings: Warning[] = [];
  const largest = Math.max(0, ...facts.instances.filter(({ gpuId }) => gpuId === gpu.id).map((i) => i.gpuCount));
  const { gpus, name } = replicaName(input);
  if (largest > 0 && gpus > largest) {
    const sentence = `No instance of the catalog joins the ${gpus} ${gpu.name} of ${name}; the largest has ${largest}. One link domain is assumed.`;
    warnings.push({ code: 'link_domain', sentence });
  }
  if (model.isEstimated) warnings.push({ code: 'estimated_architecture', sentence: model.assumptions.join(' ') });
  return warnings;
}

/** Requests that were recorded take the place of those a request describes. */
export interface RecordedRequests {
  lengthsOf: (model: Model) => RequestLengths;
  /** The request as the answer shows it. */
  shown: Record<string, unknown>;
}

/** Resolves the names of a request, whose load is checked, and compiles its deployment. */
export function deploy(
  input: PredictInput,
  source: ModelSource,
  facts: Facts,
  recorded: RecordedRequests | null = null,
): Deployment {
  if (!recorded) checkPrefix(input);
  const gpuId = resolveGpuId(facts, input.gpu);
  const gpu = facts.gpus.find(({ id }) => id === gpuId);
  if (!gpu) throw new Error(`resolved GPU ${gpuId} is not in the catalog`);
  const calibration = resolveCalibration(input.calibration, facts);
  const engine = resolveEngine(input.engine, facts);
  const model = analyzeGenerator(source);
  const [precision] = resolvePrecisions(input.quantization === null ? [] : [input.quantization], model);
  if (!precision) throw new Error('no precision resolved');
  const support = precisionOn(gpu, precision, engine, model);
  checkSplit(model, input);
  const isFp8Cache = input.kv_cache_dtype === 'fp8' || engine.fp8CacheWith.includes(precision);
  const kvBytesPerElement = isFp8Cache ? 1 : 2;
  const cache = cacheRefusal({ engine, kvBytesPerElement }, gpu);
  if (cache) throw invalidInput('dtype_unsupported', cache.detail, { gpu: gpu.id });
  const lengths = recorded ? recorded.lengthsOf(model) : lengthsFor(input, model);
  const limits = engineLimits(
    engine,
    gpu,
    {
      maxNumBatchedTokens: input.max_num_batched_tokens,
      maxNumSeqs: input.max_num_seqs,
      gpuMemoryUtilization: input.gpu_memory_utilization,
    },
    { tensorParallel: input.tp, contextTokens: model.maxContextTokens, promptTokens: lengths.promptP99Tokens },
  );
  const shared = {
    model,
    gpu,
    gpuShare: 1,
    precision,
    kvBytesPerElement,
    tensorParallel: input.tp,
    expertParallel: input.ep,
    calibration,
  } as const;
  const memory = fitMemory({
    ...shared,
    pipelineParallel: input.pp,
    dataParallel: input.dp,
    limits,
    servedTokens: lengths.promptP99Tokens + lengths.outputP99Tokens,
    contextTokens: lengths.moments.decodeContextMean,
  });
  const names = { model: model.id, gpu: gpu.id, quantization: precision, engine: `${engine.engine}@${engine.version}` };
  const base: Deployment['base'] = {
    schema_version: SCHEMA_VERSION,
    input: { ...(recorded?.shown ?? input), ...names },
    memory: memoryDocument(memory),
    method: input.method,
    calibration: calibration.name,
    versions: versionsOf(facts, calibration.name),
  };
  const warnings = [
    ...idleRouter(input),
    ...engineWarnings(input, engine, limits, isFp8Cache),
    ...warningsFor(input, facts, model, gpu),
  ];
  if (model.factsOf) {
    warnings.push({ code: 'same_architecture', sentence: sameArchitectureSentence(model.id, model.factsOf) });
  }
  warnings.push(...pipelineWarning(input.pp), ...expertWarnings(input, engine, model));
  if (support.warning) warnings.unshift({ code: 'weight_only', sentence: support.warning });
  if (lengths.cut && !recorded) {
    const sentence = `${formatPercent(lengths.cut.requestsFraction)} of the requests are longer than the ${formatFixed(model.maxContextTokens)} tokens of ${model.id} and were cut.`;
    warnings.push({ code: 'context_cut', sentence });
  }
  const isWeightOnly = support.kind === 'weight_only';
  // A simulation takes its step times, and with them their errors, from where the closed form does.
  const method = input.method === 'simulation' ? 'batching' : input.method;
  const measured = { calibration, gpu, engine, model, isWeightOnly, method };
  const scheduling = { maxContextTokens: model.maxContextTokens, hasSeparatePrefill: limits.hasSeparatePrefill };
  if (!memory.fits) {
    const sentence = `Does not fit: ${gibFromBytes(memory.shortfallBytes).toFixed(1)} GiB per GPU are missing for ${gibFromBytes(memory.weightsBytes).toFixed(1)} GiB of weights and the KV cache of one request on ${gpu.name}.`;
    return {
      base,
      warnings: [{ code: 'memory', sentence }, ...warnings],
      streams: 1,
      subject: null,
      ...scheduling,
      measured,
    };
  }
  const between = input.pp > 1 ? fabricFor(gpu, replicaName(input).gpus, null) : null;
  const amongRanks = input.dp > 1 ? fabricFor(gpu, input.tp * input.dp, null) : null;
  const plan = compileStepPlan({
    ...shared,
    support,
    fabric: fabricFor(gpu, input.tp, null),
    pipeline: between && { stages: input.pp, fabric: between },
    dataParallel: amongRanks && { ranks: input.dp, fabric: amongRanks },
    generation: engine.generation,
  });
  if (!plan.isGpuMeasured) warnings.push(extrapolatedGpu(gpu, calibration));
  const { maxNumBatchedTokens, maxNumSeqs } = limits;
  const { ranks, perRank } = streamsOf(input);
  const streams = ranks * perRank;
  // Every rank has a scheduler of its own, with all the seats, and its part of the replica's cache.
  const share = streamShare({ maxNumSeqs, kvCacheTokens: memory.kvCacheTokens / input.dp }, perRank);
  const subject = { plan, lengths, maxNumBatchedTokens, ...share };
  return {
    base,
    warnings,
    streams,
    subject: { ...subject, scvArrival: scvOfScheduler(input, streams), population: null },
    ...scheduling,
    measured,
  };
}

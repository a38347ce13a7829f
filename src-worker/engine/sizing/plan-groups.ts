import { undividedHeads } from '../model/heads.ts';
import type { BatchingSubject } from '../batching/subject.ts';
import { familyOf } from '../calibration/lookup.ts';
import { fabricFor } from '../communication/fabric.ts';
import {
  engineRefusal,
  formatNeed,
  nvidiaCapability,
  precisionSupport,
  type PrecisionSupport,
} from '../hardware/precision.ts';
import type { Gpu, Instance } from '../hardware/types.ts';
import { engineLimits, fitMemory, type MemoryFit } from '../memory/fit.ts';
import type { Precision } from '../model/types.ts';
import { rateUpperBound } from '../batching/saturation-rate.ts';
import { GPUS_OF_A_BRIDGE } from '../communication/fabric.ts';
import { distinctLayers } from '../model/parameters.ts';
import { gbPerSFromBytesPerS, gibFromBytes, MS_PER_S } from '../units.ts';
import { findCapacity } from './capacity.ts';
import { batchingLoad } from './replica-load.ts';
import { replicaWith } from './replica-subject.ts';
import { loadOfStreams } from './streams.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { servedContextTokens } from './served-context.ts';
import type { Capacity, PlanGroup, Refusal, ReplicaLoad, SizingMethod, SizingSubject } from './types.ts';

/** GPUs of an instance as they count: a vGPU slice is one GPU with a share. */
export function gpuGroup(instance: Instance): { gpus: number; share: number } {
  return instance.gpuCount >= 1
    ? { gpus: Math.floor(instance.gpuCount), share: 1 }
    : { gpus: 1, share: instance.gpuCount };
}

/** Powers of two up to the GPUs of the instance, or the one asked for, with as many GPUs for each of the stages. */
export function tensorParallelChoices(gpus: number, asked: number | null, pipelineParallel = 1): number[] {
  const most = Math.floor(gpus / pipelineParallel);
  if (asked !== null) return asked <= most ? [asked] : [];
  const choices: number[] = [];
  for (let tp = 1; tp <= most; tp *= 2) choices.push(tp);
  return choices;
}

/** GPUs of one replica. */
export const replicaGpus = (group: Pick<PlanGroup, 'tensorParallel' | 'pipelineParallel'>): number =>
  group.tensorParallel * group.pipelineParallel;

/** Whole replicas that one instance holds; GPUs beyond them stand idle. */
export const replicasPerInstance = (
  instance: Instance,
  group: Pick<PlanGroup, 'tensorParallel' | 'pipelineParallel'>,
): number => Math.floor(gpuGroup(instance).gpus / replicaGpus(group));

/** `TP 2` or `TP 2 x PP 4`. */
export const parallelName = ({
  tensorParallel,
  pipelineParallel,
}: Pick<PlanGroup, 'tensorParallel' | 'pipelineParallel'>): string =>
  pipelineParallel === 1 ? `TP ${tensorParallel}` : `TP ${tensorParallel} × PP ${pipelineParallel}`;

/** Instances whose groups of GPUs are alike share a key, and with it one capacity search. */
export function planKey(
  instance: Instance,
  tensorParallel: number,
  precision: Precision,
  pipelineParallel = 1,
): string {
  const { share } = gpuGroup(instance);
  const link =
    tensorParallel * pipelineParallel === 1
      ? 'alone'
      : `${instance.interconnect}@${instance.interconnectBandwidthPerDirectionBytesPerS ?? 'default'}`;
  const stages = pipelineParallel === 1 ? '' : `pp${pipelineParallel}`;
  return `${instance.gpuId}*${share}/tp${tensorParallel}${stages}/${link}/${precision}`;
}

const gib = (bytes: number): string => gibFromBytes(bytes).toFixed(1);

/** What a replica lacks, in words and as a margin. */
export function memoryRefusal(fit: MemoryFit, gpu: Gpu, tensorParallel: number, pipelineParallel = 1): Refusal {
  const usable = fit.budgetBytes - fit.activationBytes - fit.overheadBytes;
  const group = parallelName({ tensorParallel, pipelineParallel });
  const stage = pipelineParallel > 1 ? `, stage ${fit.stage + 1} of ${pipelineParallel}` : '';
  const where = tensorParallel * pipelineParallel > 1 ? ` per GPU of ${group}${stage}` : '';
  const detail =
    fit.weightsBytes > usable
      ? `Does not fit: the weights need ${gib(fit.weightsBytes)} GiB${where}, ${gpu.name} leaves ${gib(Math.max(0, usable))} of ${gib(fit.totalBytes)} GiB; ${gib(fit.shortfallBytes)} GiB are missing.`
      : `Does not fit: beside ${gib(fit.weightsBytes)} GiB of weights${where} ${gpu.name} leaves too little KV cache for the longest request; ${gib(fit.shortfallBytes)} GiB are missing.`;
  return {
    reason: 'memory',
    detail,
    margin: {
      metric: 'memory_per_gpu',
      value: gibFromBytes(fit.budgetBytes + fit.shortfallBytes),
      limit: gibFromBytes(fit.budgetBytes),
      unit: 'GiB',
    },
  };
}

/** Largest TP up to `limit` that divides the heads. */
export function largestDivisor(heads: number, limit: number): number {
  for (let tp = Math.min(heads, limit); tp > 1; tp -= 1) if (heads % tp === 0) return tp;
  return 1;
}

function headsRefusal(subject: SizingSubject, tensorParallel: number): Refusal | null {
  const odd = undividedHeads(subject.model, tensorParallel);
  if (odd === null) return null;
  return {
    reason: 'tp_heads',
    detail: `TP ${tensorParallel} does not divide the ${odd.count} ${odd.words} of ${subject.model.id}.`,
    margin: {
      metric: 'tensor_parallel',
      value: tensorParallel,
      limit: largestDivisor(odd.count, tensorParallel),
      unit: 'GPUs',
    },
  };
}

const METRIC_LABEL: Record<string, string> = { ttft: 'TTFT', tpot: 'TPOT', e2e: 'E2E' };

/** `ttft_p95` as people read it: `TTFT P95`. */
export function metricLabel(metric: string): string {
  const [kind = '', statistic = ''] = metric.split('_');
  return `${METRIC_LABEL[kind] ?? kind} ${statistic === 'mean' ? 'mean' : statistic.toUpperCase()}`;
}

/** Thousands are marked, as everywhere where a person reads. */
const ms = (value: number): string =>
  value >= 100 ? value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',') : value.toFixed(1);

function capacityRefusal(
  capacity: Exclude<Capacity, { kind: 'found' }>,
  fit: MemoryFit,
  subject: SizingSubject,
  replica: BatchingSubject,
): Refusal {
  if (capacity.kind === 'missed_when_idle') {
    const { metric, predictedMs, targetMs } = capacity;
    return {
      reason: 'sla_missed',
      detail: `${metricLabel(metric)} is ${ms(predictedMs)} ms on an idle replica, target ${ms(targetMs)} ms.`,
      margin: { metric, value: predictedMs, limit: targetMs, unit: 'ms' },
    };
  }
  if (capacity.cause !== 'kv') {
    const what = capacity.cause === 'seats' ? `${fit.kvCacheTokens} KV tokens and too few seats` : 'its compute';
    const limit = rateUpperBound(replica).perMs * MS_PER_S;
    const detail = `No rate can be carried with ${what}, though steps alone would allow ${limit.toPrecision(3)} requests/s.`;
    return { reason: 'sla_missed', detail, margin: { metric: 'requests_per_s', value: 0, limit, unit: 'requests/s' } };
  }
  const context = subject.lengths.moments.decodeContextMean;
  return {
    reason: 'memory',
    detail: `The KV cache holds ${Math.round(fit.kvCacheTokens)} tokens, too few to keep requests of ${Math.round(context)} tokens on average from being preempted.`,
    margin: { metric: 'kv_cache_tokens', value: fit.kvCacheTokens, limit: context, unit: 'tokens' },
  };
}

/** How a GPU computes with a format of the model, by the table of the engine's version. */
export const supportOf = ({ engine, model }: Pick<SizingSubject, 'engine' | 'model'>, gpu: Gpu, precision: Precision) =>
  precisionSupport(gpu, precision, formatNeed(engine, precision, model.checkpoint));

/** Layers the engine cannot run at all, or not on this GPU. */
export function modelRefusal({ model, engine }: Pick<SizingSubject, 'engine' | 'model'>, gpu: Gpu): Refusal | null {
  const version = `${engine.engine === 'vllm' ? 'vLLM' : engine.engine} ${engine.version}`;
  const capability = nvidiaCapability(gpu);
  for (const { layer } of distinctLayers(model.layers)) {
    const { kind, label } = layer.attention;
    const layers = model.layers.filter(({ attention }) => attention.kind === kind).length;
    if (engine.unsupportedLayers.includes(kind)) {
      const detail = `${version} has no kernels for ${layers} of the ${model.layers.length} layers of ${model.id} (${label}).`;
      const all = model.layers.length;
      return {
        reason: 'model_unsupported',
        detail,
        margin: { metric: 'layers', value: all - layers, limit: all, unit: '' },
      };
    }
    const limit = engine.lowestCapabilityOfLayer[kind] ?? 0;
    if (capability === null || capability >= limit) continue;
    const detail = `${version} runs ${layers} of the ${model.layers.length} layers of ${model.id} (${label}) from compute capability ${limit.toFixed(1)}; ${gpu.name} has ${capability.toFixed(1)}.`;
    const margin = { metric: 'compute_capability', value: capability, limit, unit: '' };
    return { reason: 'model_unsupported', detail, margin };
  }
  return null;
}

function layersRefusal({ model, pipelineParallel }: SizingSubject): Refusal | null {
  const layers = model.layers.length;
  if (pipelineParallel <= layers) return null;
  const detail = `PP ${pipelineParallel} needs a layer for every stage; ${model.id} has ${layers}.`;
  return {
    reason: 'pp_layers',
    detail,
    margin: { metric: 'pipeline_parallel', value: pipelineParallel, limit: layers, unit: 'stages' },
  };
}

/** Bridges join pairs of GPUs: a larger group exchanges over PCIe, and how fast is counted so. */
function linkWarning(instance: Instance, gpu: Gpu, group: PlanGroup): PlanGroup['warnings'] {
  const gpus = replicaGpus(group);
  if (instance.interconnect !== 'nvlink-bridge' || gpus <= GPUS_OF_A_BRIDGE) return [];
  const fabric = fabricFor(gpu, gpus, instance);
  if (!fabric) return [];
  const gbPerS = gbPerSFromBytesPerS(fabric.bandwidthPerDirectionBytesPerS).toFixed(0);
  const sentence = `${parallelName(group)} spans ${gpus} GPUs, bridges of ${instance.name} join ${GPUS_OF_A_BRIDGE}: the group exchanges over PCIe at ${gbPerS} GB/s, and is counted so.`;
  return [{ code: 'link_domain', sentence }];
}

/**
 * Evaluates one plan: dtype, heads, memory, then its capacity. What fails first is the reason. `found` is the capacity where
 * the same search was made elsewhere.
 */
export function evaluatePlanGroup(
  subject: SizingSubject,
  gpu: Gpu,
  instance: Instance,
  tensorParallel: number,
  precision: Precision,
  found?: Capacity,
): PlanGroup {
  const support = supportOf(subject, gpu, precision);
  const checked = checkPlanGroup(subject, gpu, instance, tensorParallel, precision);
  return checked.refusal || !checked.memory || support.kind === 'unsupported'
    ? checked
    : searched(subject, checked, checked.memory, support, instance, found);
}

/** Everything that can be said of a plan without searching its capacity: dtype, heads and memory. `load` stays null. */
export function checkPlanGroup(
  subject: SizingSubject,
  gpu: Gpu,
  instance: Instance,
  tensorParallel: number,
  precision: Precision,
): PlanGroup {
  const { share } = gpuGroup(instance);
  const limits = engineLimits(subject.engine, gpu, {}, share);
  const { pipelineParallel } = subject;
  const base: PlanGroup = {
    key: planKey(instance, tensorParallel, precision, pipelineParallel),
    gpu,
    gpuShare: share,
    tensorParallel,
    pipelineParallel,
    precision,
    limits,
    memory: null,
    isGpuMeasured: familyOf(subject.calibration, gpu.id).isMeasured,
    refusal: null,
    warnings: [],
    searched: null,
    load: null,
  };
  const refused = engineRefusal(gpu, subject.engine.minComputeCapability);
  if (refused) {
    const margin = {
      metric: 'compute_capability',
      value: refused.capability,
      limit: subject.engine.minComputeCapability,
      unit: '',
    };
    return { ...base, refusal: { reason: 'compute_capability', detail: refused.sentence, margin } };
  }
  const model = modelRefusal(subject, gpu);
  if (model) return { ...base, refusal: model };
  const support = supportOf(subject, gpu, precision);
  if (support.kind === 'unsupported') {
    return { ...base, refusal: { reason: 'dtype_unsupported', detail: support.sentence, margin: support.margin } };
  }
  if (subject.strictContext && subject.lengths.cut) {
    const { lengths, model } = subject;
    const longest = lengths.promptP99Tokens + lengths.outputP99Tokens;
    const detail = `${model.id} takes ${model.maxContextTokens} tokens; ${((lengths.cut?.requestsFraction ?? 0) * 100).toFixed(1)} % of the requests are longer.`;
    const margin = { metric: 'context_tokens', value: longest, limit: model.maxContextTokens, unit: 'tokens' };
    return { ...base, refusal: { reason: 'context_exceeded', detail, margin } };
  }
  const split = headsRefusal(subject, tensorParallel) ?? layersRefusal(subject);
  if (split) return { ...base, refusal: split };
  return fitted(subject, base, support, linkWarning(instance, gpu, base));
}

function fitted(
  subject: SizingSubject,
  base: PlanGroup,
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>,
  linkWarnings: PlanGroup['warnings'],
): PlanGroup {
  const { gpu, gpuShare, tensorParallel, pipelineParallel, precision, limits } = base;
  const memory = fitMemory({
    model: subject.model,
    gpu,
    gpuShare,
    precision,
    kvBytesPerElement: subject.kvBytesPerElement,
    tensorParallel,
    pipelineParallel,
    limits,
    calibration: subject.calibration,
    servedTokens: servedContextTokens(subject),
    contextTokens: subject.lengths.moments.decodeContextMean,
  });
  const warnings = support.warning ? [{ code: 'weight_only', sentence: support.warning }] : [];
  if (gpuShare < 1) {
    const sentence = `A share of ${gpuShare} of one GPU: memory, bandwidth and compute are taken in proportion, an estimate.`;
    warnings.push({ code: 'fractional_gpu', sentence });
  }
  warnings.push(...linkWarnings);
  const refusal = memory.fits ? null : memoryRefusal(memory, gpu, tensorParallel, pipelineParallel);
  return { ...base, memory, warnings, refusal };
}

function searched(
  subject: SizingSubject,
  checked: PlanGroup,
  memory: MemoryFit,
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>,
  instance: Instance,
  known: Capacity | undefined,
): PlanGroup {
  const { batching, streams } = replicaWith(subject, checked, memory, support, instance);
  const { capacity, load } = SEARCHES[subject.method](batching, subject, known);
  if (capacity.kind !== 'found') {
    return { ...checked, searched: capacity, refusal: capacityRefusal(capacity, memory, subject, batching) };
  }
  return { ...checked, searched: capacity, load: loadOfStreams(load(capacity), streams) };
}

type Found = Extract<Capacity, { kind: 'found' }>;
type Search = (
  replica: BatchingSubject,
  subject: SizingSubject,
  known?: Capacity,
) => { capacity: Capacity; load: (found: Found) => ReplicaLoad };

/** How each method finds a replica's capacity and latency. M/G/1 needs what its search builds, and makes it anew. */
const SEARCHES: Record<SizingMethod, Search> = {
  batching: (replica, { targets }, known) => ({
    capacity: known ?? findCapacity(replica, targets),
    load: (found) => batchingLoad(replica, found),
  }),
  mg1: (replica, { targets }) => oneAtATime(replica, targets),
};

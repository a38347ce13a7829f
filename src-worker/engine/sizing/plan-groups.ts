import { undividedHeads } from '../model/heads.ts';
import type { BatchingSubject } from '../batching/subject.ts';
import { familyOf } from '../calibration/lookup.ts';
import { fabricFor } from '../communication/fabric.ts';
import {
  engineRefusal,
  lowestCapability,
  nvidiaCapability,
  precisionSupport,
  type PrecisionSupport,
} from '../hardware/precision.ts';
import type { Gpu, Instance } from '../hardware/types.ts';
import { engineLimits, fitMemory, type MemoryFit } from '../memory/fit.ts';
import type { Precision } from '../model/types.ts';
import { compileStepPlan } from '../roofline/step-plan.ts';
import { gibFromBytes } from '../units.ts';
import { findCapacity } from './capacity.ts';
import { batchingLoad } from './replica-load.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { servedContextTokens } from './served-context.ts';
import type { Capacity, Margin, PlanGroup, Refusal, ReplicaLoad, SizingMethod, SizingSubject } from './types.ts';

/** GPUs of an instance as they count: a vGPU slice is one GPU with a share. */
export function gpuGroup(instance: Instance): { gpus: number; share: number } {
  return instance.gpuCount >= 1
    ? { gpus: Math.floor(instance.gpuCount), share: 1 }
    : { gpus: 1, share: instance.gpuCount };
}

/** Powers of two up to the GPUs of the instance, or the one asked for. */
export function tensorParallelChoices(gpus: number, asked: number | null): number[] {
  if (asked !== null) return asked <= gpus ? [asked] : [];
  const choices: number[] = [];
  for (let tp = 1; tp <= gpus; tp *= 2) choices.push(tp);
  return choices;
}

/** The GPU of an instance: the catalog's, or the own machine's variant of it. */
export const gpuOf = ({ own, gpuId }: Instance, gpus: ReadonlyMap<string, Gpu>): Gpu | undefined =>
  own?.gpu ?? gpus.get(gpuId);

/** Instances whose groups of GPUs are alike share a key, and with it one capacity search. */
export function planKey(instance: Instance, tensorParallel: number, precision: Precision): string {
  const { share } = gpuGroup(instance);
  const link =
    tensorParallel === 1
      ? 'alone'
      : `${instance.interconnect}@${instance.interconnectBandwidthPerDirectionBytesPerS ?? 'default'}`;
  const memory = instance.own?.gpu ? `[${instance.own.gpu.usableMemoryBytes} B]` : '';
  return `${instance.gpuId}${memory}*${share}/tp${tensorParallel}/${link}/${precision}`;
}

const gib = (bytes: number): string => gibFromBytes(bytes).toFixed(1);

/** What a replica lacks, in words and as a margin. */
export function memoryRefusal(fit: MemoryFit, gpu: Gpu, tensorParallel: number): Refusal {
  const usable = fit.budgetBytes - fit.activationBytes - fit.overheadBytes;
  const where = tensorParallel > 1 ? ` per GPU of TP ${tensorParallel}` : '';
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
    return { reason: 'sla_missed', detail: `No rate can be carried with ${what}.`, margin: null };
  }
  const context = subject.lengths.moments.decodeContextMean;
  return {
    reason: 'memory',
    detail: `The KV cache holds ${Math.round(fit.kvCacheTokens)} tokens, too few to keep requests of ${Math.round(context)} tokens on average from being preempted.`,
    margin: { metric: 'kv_cache_tokens', value: fit.kvCacheTokens, limit: context, unit: 'tokens' },
  };
}

/** By how much the compute capability falls short; null where the format itself is missing. */
function capabilityMargin(gpu: Gpu, precision: Precision): Margin | null {
  const value = nvidiaCapability(gpu);
  const limit = lowestCapability(precision);
  return value !== null && value < limit ? { metric: 'compute_capability', value, limit, unit: '' } : null;
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
  const support = precisionSupport(gpu, precision);
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
  const base: PlanGroup = {
    key: planKey(instance, tensorParallel, precision),
    gpu,
    gpuShare: share,
    tensorParallel,
    precision,
    limits,
    memory: null,
    isGpuMeasured: familyOf(subject.calibration, gpu).isMeasured,
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
  const support = precisionSupport(gpu, precision);
  if (support.kind === 'unsupported') {
    return {
      ...base,
      refusal: { reason: 'dtype_unsupported', detail: support.sentence, margin: capabilityMargin(gpu, precision) },
    };
  }
  if (subject.strictContext && subject.lengths.cut) {
    const { lengths, model } = subject;
    const longest = lengths.promptP99Tokens + lengths.outputP99Tokens;
    const detail = `${model.id} takes ${model.maxContextTokens} tokens; ${((lengths.cut?.requestsFraction ?? 0) * 100).toFixed(1)} % of the requests are longer.`;
    const margin = { metric: 'context_tokens', value: longest, limit: model.maxContextTokens, unit: 'tokens' };
    return { ...base, refusal: { reason: 'context_exceeded', detail, margin } };
  }
  const heads = headsRefusal(subject, tensorParallel);
  if (heads) return { ...base, refusal: heads };
  return fitted(subject, base, support);
}

function fitted(
  subject: SizingSubject,
  base: PlanGroup,
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>,
): PlanGroup {
  const { gpu, gpuShare, tensorParallel, precision, limits } = base;
  const memory = fitMemory({
    model: subject.model,
    gpu,
    gpuShare,
    precision,
    kvBytesPerElement: subject.kvBytesPerElement,
    tensorParallel,
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
  return { ...base, memory, warnings, refusal: memory.fits ? null : memoryRefusal(memory, gpu, tensorParallel) };
}

function searched(
  subject: SizingSubject,
  checked: PlanGroup,
  memory: MemoryFit,
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>,
  instance: Instance,
  known: Capacity | undefined,
): PlanGroup {
  const { gpu, gpuShare, tensorParallel, precision, limits } = checked;
  const { model, calibration, kvBytesPerElement } = subject;
  const plan = compileStepPlan({
    model,
    gpu,
    gpuShare,
    precision,
    support,
    kvBytesPerElement,
    tensorParallel,
    fabric: fabricFor(gpu, tensorParallel, instance),
    calibration,
    generation: subject.engine.generation,
  });
  const replica: BatchingSubject = {
    plan,
    lengths: subject.lengths,
    maxNumBatchedTokens: limits.maxNumBatchedTokens,
    maxNumSeqs: limits.maxNumSeqs,
    kvCacheTokens: memory.kvCacheTokens,
    scvArrival: subject.scvArrival,
    population: null,
  };
  const { capacity, load } = SEARCHES[subject.method](replica, subject, known);
  if (capacity.kind !== 'found') {
    return { ...checked, searched: capacity, refusal: capacityRefusal(capacity, memory, subject) };
  }
  return { ...checked, searched: capacity, load: load(capacity) };
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

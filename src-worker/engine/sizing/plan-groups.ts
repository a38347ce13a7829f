import type { BatchingSubject } from '../batching/subject.ts';
import { familyOf } from '../calibration/lookup.ts';
import { engineRefusal, type PrecisionSupport } from '../hardware/precision.ts';
import type { Gpu, Instance } from '../hardware/types.ts';
import { engineLimits, fitMemory, type EngineLimits, type MemoryFit } from '../memory/fit.ts';
import type { Precision } from '../model/types.ts';
import { sharedArrivalsOf, subjectOfShare } from './arrival-law.ts';
import { oneAtATime } from './one-at-a-time.ts';
import {
  cacheRefusal,
  dtypeRefusal,
  capacityRefusal,
  headsRefusal,
  layersRefusal,
  linkWarning,
  memoryRefusal,
  modelRefusal,
  scalesRefusal,
  pipelineWarning,
  supportOf,
} from './plan-refusals.ts';
import { gpuGroup } from './replica-gpus.ts';
import { batchingCapacity, type ReplicaCapacity } from './replica-capacity.ts';
import { batchingLoad, type LoadCapacity } from './replica-load.ts';
import { replicaWith } from './replica-subject.ts';
import { seatsFor } from './seats.ts';
import { servedContextTokens } from './served-context.ts';
import { simulatedReplica } from './simulated-load.ts';
import { loadOfStreams } from './streams.ts';
import type { Capacity, PlanGroup, ReplicaLoad, SizingMethod, SizingSubject } from './types.ts';

export { gpuGroup, parallelName, replicaGpus, replicasPerInstance } from './replica-gpus.ts';

/** Powers of two up to the GPUs of the instance, or the one asked for, with as many GPUs for each of the stages. */
export function tensorParallelChoices(gpus: number, asked: number | null, pipelineParallel = 1): number[] {
  const most = Math.floor(gpus / pipelineParallel);
  if (asked !== null) return asked <= most ? [asked] : [];
  const choices: number[] = [];
  for (let tp = 1; tp <= most; tp *= 2) choices.push(tp);
  return choices;
}

/** The GPU of an instance: the catalog's, or the own machine's variant of it. */
export const gpuOf = ({ own, gpuId }: Instance, gpus: ReadonlyMap<string, Gpu>): Gpu | undefined =>
  own?.gpu ?? gpus.get(gpuId);

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
  const memory = instance.own?.gpu ? `[${instance.own.gpu.usableMemoryBytes} B]` : '';
  const stages = pipelineParallel === 1 ? '' : `pp${pipelineParallel}`;
  return `${instance.gpuId}${memory}*${share}/tp${tensorParallel}${stages}/${link}/${precision}`;
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
    : withCapacity(subject, checked, checked.memory, support, instance, found);
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
  const limits = engineLimits(subject.engine, gpu, {}, { gpuShare: share, tensorParallel });
  const { pipelineParallel } = subject;
  const base: PlanGroup = {
    key: planKey(instance, tensorParallel, precision, pipelineParallel),
    gpu,
    gpuShare: share,
    tensorParallel,
    pipelineParallel,
    precision,
    limits,
    seats: null,
    memory: null,
    isGpuMeasured: familyOf(subject.calibration, gpu).isMeasured,
    refusal: null,
    warnings: [],
    capacity: null,
    load: null,
  };
  const refused = engineRefusal(gpu, subject.engine);
  if (refused) {
    const margin = {
      metric: 'compute_capability',
      value: refused.capability,
      limit: subject.engine.minComputeCapability,
      unit: '',
    };
    return { ...base, refusal: { reason: 'compute_capability', detail: refused.sentence, margin } };
  }
  const model = modelRefusal(subject, gpu) ?? dtypeRefusal(subject, gpu);
  if (model) return { ...base, refusal: model };
  const support = supportOf(subject, gpu, precision);
  if (support.kind === 'unsupported') {
    return { ...base, refusal: { reason: 'dtype_unsupported', detail: support.sentence, margin: support.margin } };
  }
  const cache = cacheRefusal(subject, gpu);
  if (cache) return { ...base, refusal: cache };
  if (subject.strictContext && subject.lengths.cut) {
    const { lengths, model } = subject;
    const longest = lengths.promptP99Tokens + lengths.outputP99Tokens;
    const detail = `${model.id} takes ${model.maxContextTokens} tokens; ${((lengths.cut?.requestsFraction ?? 0) * 100).toFixed(1)} % of the requests are longer.`;
    const margin = { metric: 'context_tokens', value: longest, limit: model.maxContextTokens, unit: 'tokens' };
    return { ...base, refusal: { reason: 'context_exceeded', detail, margin } };
  }
  const split =
    headsRefusal(subject, tensorParallel) ??
    scalesRefusal(subject, precision, tensorParallel) ??
    layersRefusal(subject);
  if (split) return { ...base, refusal: split };
  return fitted(subject, base, support, [...linkWarning(instance, gpu, base), ...pipelineWarning(pipelineParallel)]);
}

function fitted(
  subject: SizingSubject,
  base: PlanGroup,
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>,
  groupWarnings: PlanGroup['warnings'],
): PlanGroup {
  const { gpu, gpuShare, tensorParallel, pipelineParallel, precision } = base;
  const fitWith = (tried: EngineLimits): MemoryFit =>
    fitMemory({
      model: subject.model,
      gpu,
      gpuShare,
      precision,
      kvBytesPerElement: subject.kvBytesPerElement,
      tensorParallel,
      pipelineParallel,
      limits: tried,
      calibration: subject.calibration,
      servedTokens: servedContextTokens(subject),
      contextTokens: subject.lengths.moments.decodeContextMean,
    });
  const byDefault = fitWith(base.limits);
  const seats = byDefault.fits ? seatsFor(subject, byDefault, base.limits, base) : null;
  const isFewer = seats !== null && seats.seats < seats.byDefault;
  const limits = isFewer ? { ...base.limits, maxNumSeqs: seats.seats } : base.limits;
  const memory = isFewer ? fitWith(limits) : byDefault;
  const warnings = support.warning ? [{ code: 'weight_only', sentence: support.warning }] : [];
  if (gpuShare < 1) {
    const sentence = `A share of ${gpuShare} of one GPU: memory, bandwidth and compute are taken in proportion, an estimate.`;
    warnings.push({ code: 'fractional_gpu', sentence });
  }
  warnings.push(...groupWarnings);
  const refusal = memory.fits ? null : memoryRefusal(memory, gpu, tensorParallel, pipelineParallel);
  return { ...base, limits, seats, memory, warnings, refusal };
}

/** The plan with its replica under load, or with why an idle one is refused; its capacity is searched when it is asked for. */
function withCapacity(
  subject: SizingSubject,
  checked: PlanGroup,
  memory: MemoryFit,
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>,
  instance: Instance,
  known: Capacity | undefined,
): PlanGroup {
  const { batching, streams } = replicaWith(subject, checked, memory, support, instance);
  const { capacity, load } = CAPACITIES[subject.method](batching, subject, streams, known);
  const { refused } = capacity;
  if (refused) {
    return { ...checked, capacity: () => refused, refusal: capacityRefusal(refused, memory, subject, batching) };
  }
  return { ...checked, capacity: () => capacity.found, load: loadOfStreams(load(capacity), streams) };
}

type CapacityOf = (
  replica: BatchingSubject,
  subject: SizingSubject,
  streams: number,
  known?: Capacity,
) => { capacity: LoadCapacity & Pick<ReplicaCapacity, 'refused'>; load: (capacity: LoadCapacity) => ReplicaLoad };

/** How each method finds a replica's capacity and latency. M/G/1 needs what its search builds, and makes it anew. */
const CAPACITIES: Record<SizingMethod, CapacityOf> = {
  batching: (replica, subject, streams, known) => {
    const { targets } = subject;
    const at = subjectOfShare(replica, sharedArrivalsOf(subject, streams));
    return {
      capacity: batchingCapacity(replica, targets, at, known),
      load: (capacity) => batchingLoad(replica, targets, capacity, at),
    };
  },
  mg1: (replica, { targets }) => oneAtATime(replica, targets),
  simulation: (replica, subject, streams, known) =>
    simulatedReplica(replica, sharedArrivalsOf(subject, streams), subject.targets, known),
};

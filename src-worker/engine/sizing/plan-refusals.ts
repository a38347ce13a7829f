import { rateUpperBound } from '../batching/saturation-rate.ts';
import type { BatchingSubject } from '../batching/subject.ts';
import { fabricFor, GPUS_OF_A_BRIDGE } from '../communication/fabric.ts';
import { BF16_CAPABILITY } from '../hardware/capabilities.ts';
import { formatNeed, nvidiaCapability, precisionSupport } from '../hardware/precision.ts';
import type { Gpu, Instance } from '../hardware/types.ts';
import { engineName } from '../memory/engine-name.ts';
import type { MemoryFit } from '../memory/fit.ts';
import { undividedHeads } from '../model/heads.ts';
import { distinctLayers } from '../model/parameters.ts';
import type { Precision } from '../model/types.ts';
import { gbPerSFromBytesPerS, gibFromBytes, MS_PER_S } from '../units.ts';
import { float16Problem, splitProblem } from './loading-problems.ts';
import { parallelName, replicaGpus } from './replica-gpus.ts';
import type { Capacity, PlanGroup, Refusal, SizingSubject } from './types.ts';

const gib = (bytes: number): string => gibFromBytes(bytes).toFixed(1);

/** What a replica lacks, in words and as a margin. */
export function memoryRefusal(fit: MemoryFit, gpu: Gpu, tensorParallel: number, pipelineParallel = 1): Refusal {
  const usable = fit.budgetBytes - fit.activationBytes - fit.overheadBytes;
  const group = parallelName({ tensorParallel, pipelineParallel });
  const stage = pipelineParallel > 1 ? `, stage ${fit.stage + 1} of ${pipelineParallel}` : '';
  const where = tensorParallel * pipelineParallel > 1 ? ` per GPU of ${group}${stage}` : '';
  const longest = `the KV cache of one longest request ${gib(fit.longestRequestBytes)} GiB`;
  const detail = `Does not fit: the weights need ${gib(fit.weightsBytes)} GiB${where} and ${longest}, ${gpu.name} leaves ${gib(Math.max(0, usable))} of ${gib(fit.totalBytes)} GiB; ${gib(fit.shortfallBytes)} GiB are missing.`;
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

export function headsRefusal(subject: SizingSubject, tensorParallel: number): Refusal | null {
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

export function capacityRefusal(
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

/** An FP8 KV cache that no attention kernel reads on this GPU; those of AMD convert it in software. */
export function cacheRefusal(
  { engine, kvBytesPerElement }: Pick<SizingSubject, 'engine' | 'kvBytesPerElement'>,
  gpu: Gpu,
): Refusal | null {
  const capability = nvidiaCapability(gpu);
  const limit = engine.lowestCapabilityOfFp8Cache;
  if (kvBytesPerElement !== 1 || capability === null || capability >= limit) return null;
  const version = engineName(engine);
  const detail = `${version} reads an FP8 KV cache from compute capability ${limit.toFixed(1)}; ${gpu.name} has ${capability.toFixed(1)}: leave the KV cache at 16 bit (--kv-cache-dtype auto).`;
  const margin = { metric: 'compute_capability', value: capability, limit, unit: '' };
  return { reason: 'dtype_unsupported', detail, margin };
}

/** A class that the engine runs in bfloat16 only, on a GPU without it: no format of its weights helps. */
export function dtypeRefusal({ model, engine }: Pick<SizingSubject, 'engine' | 'model'>, gpu: Gpu): Refusal | null {
  const detail = float16Problem({ architecture: model.architecture, gpu, engine });
  if (detail === null) return null;
  const capability = nvidiaCapability(gpu) ?? 0;
  const margin = { metric: 'compute_capability', value: capability, limit: BF16_CAPABILITY, unit: '' };
  return { reason: 'dtype_unsupported', detail, margin };
}

/** A quantized checkpoint whose scales a group of this size would cut. */
export function scalesRefusal(
  { model, engine }: Pick<SizingSubject, 'engine' | 'model'>,
  precision: Precision,
  tensorParallel: number,
): Refusal | null {
  const { checkpoint } = model;
  // Another format than the file's is sized for a checkpoint that is not here: how that one is stored is not known.
  const isStored = checkpoint.method !== null && checkpoint.precision === precision;
  const problem = isStored ? splitProblem({ modelId: model.id, checkpoint, tensorParallel, engine }) : null;
  if (!problem) return null;
  const margin = { metric: 'tensor_parallel', value: tensorParallel, limit: problem.fewer, unit: 'GPUs' };
  return { reason: 'tp_heads', detail: problem.sentence, margin };
}

/** Layers the engine cannot run at all, or not on this GPU. */
export function modelRefusal({ model, engine }: Pick<SizingSubject, 'engine' | 'model'>, gpu: Gpu): Refusal | null {
  const capability = nvidiaCapability(gpu);
  const lowestOf = (kind: string): number => engine.lowestCapabilityOfLayer[kind] ?? 0;
  const isMissing = (kind: string): boolean => engine.unsupportedLayers.includes(kind);
  const isTooNew = (kind: string): boolean => capability !== null && capability < lowestOf(kind);
  const found = distinctLayers(model.layers).find(({ layer: { attention } }) => {
    return isMissing(attention.kind) || isTooNew(attention.kind);
  });
  if (!found) return null;
  const { kind, label } = found.layer.attention;
  const all = model.layers.length;
  const layers = model.layers.filter(({ attention }) => attention.kind === kind).length;
  const version = engineName(engine);
  const what = `${layers} of the ${all} layers of ${model.id} (${label})`;
  if (isMissing(kind) || capability === null) {
    const detail = `${version} has no kernels for ${what}.`;
    return {
      reason: 'model_unsupported',
      detail,
      margin: { metric: 'layers', value: all - layers, limit: all, unit: '' },
    };
  }
  const limit = lowestOf(kind);
  const detail = `${version} runs ${what} from compute capability ${limit.toFixed(1)}; ${gpu.name} has ${capability.toFixed(1)}.`;
  const margin = { metric: 'compute_capability', value: capability, limit, unit: '' };
  return { reason: 'model_unsupported', detail, margin };
}

export function layersRefusal({ model, pipelineParallel }: SizingSubject): Refusal | null {
  const layers = model.layers.length;
  if (pipelineParallel <= layers) return null;
  const detail = `PP ${pipelineParallel} needs a layer for every stage; ${model.id} has ${layers}.`;
  return {
    reason: 'pp_layers',
    detail,
    margin: { metric: 'pipeline_parallel', value: pipelineParallel, limit: layers, unit: 'stages' },
  };
}

/** How long a step of a pipeline takes rests on the calibration of its stages: the hand-overs were never measured. */
export const pipelineWarning = (pipelineParallel: number): PlanGroup['warnings'] =>
  pipelineParallel === 1
    ? []
    : [
        {
          code: 'extrapolated_pipeline',
          sentence: `No measurement of a pipeline informs the step times: ${pipelineParallel} stages are computed from those of one, with as many batches in flight.`,
        },
      ];

/** Bridges join pairs of GPUs: a larger group exchanges over PCIe, and how fast is counted so. */
export function linkWarning(instance: Instance, gpu: Gpu, group: PlanGroup): PlanGroup['warnings'] {
  const gpus = replicaGpus(group);
  if (instance.interconnect !== 'nvlink-bridge' || gpus <= GPUS_OF_A_BRIDGE) return [];
  const fabric = fabricFor(gpu, gpus, instance);
  if (!fabric) return [];
  const gbPerS = gbPerSFromBytesPerS(fabric.bandwidthPerDirectionBytesPerS).toFixed(0);
  const sentence = `${parallelName(group)} spans ${gpus} GPUs, bridges of ${instance.name} join ${GPUS_OF_A_BRIDGE}: the group exchanges over PCIe at ${gbPerS} GB/s, and is counted so.`;
  return [{ code: 'link_domain', sentence }];
}

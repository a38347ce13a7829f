import { constantOf } from '../calibration/lookup.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import type { Gpu } from '../hardware/types.ts';
import { tensorParallelHolding } from '../model/holdings.ts';
import type { Model, Precision } from '../model/types.ts';
import { kvBytesPerToken, kvLayout } from '../model/kv.ts';
import { bytesFromGib } from '../units.ts';
import type { EngineDefaults } from './types.ts';

/** vLLM's scheduler limits and memory share, resolved for one GPU. */
export interface EngineLimits {
  maxNumBatchedTokens: number;
  maxNumSeqs: number;
  gpuMemoryUtilization: number;
  kvBlockTokens: number;
  hasCudaGraphsInBudget: boolean;
}

export interface LimitOverrides {
  maxNumBatchedTokens?: number | null;
  maxNumSeqs?: number | null;
  gpuMemoryUtilization?: number | null;
}

/** Defaults of the engine version for this GPU (or a share of it), overridden where asked. */
export function engineLimits(
  defaults: EngineDefaults,
  gpu: Gpu,
  overrides: LimitOverrides = {},
  gpuShare = 1,
): EngineLimits {
  const isLarge =
    gpu.usableMemoryBytes * gpuShare >= defaults.largeGpuMemoryBytes && !defaults.smallGpuIds.includes(gpu.id);
  const scheduler = isLarge ? defaults.large : defaults.small;
  return {
    maxNumBatchedTokens: overrides.maxNumBatchedTokens ?? scheduler.maxNumBatchedTokens,
    maxNumSeqs: overrides.maxNumSeqs ?? scheduler.maxNumSeqs,
    gpuMemoryUtilization: overrides.gpuMemoryUtilization ?? defaults.gpuMemoryUtilization,
    kvBlockTokens: defaults.kvBlockTokens,
    hasCudaGraphsInBudget: defaults.hasCudaGraphsInBudget,
  };
}

export interface MemoryQuestion {
  model: Model;
  gpu: Gpu;
  gpuShare: number;
  precision: Precision;
  kvBytesPerElement: 1 | 2;
  tensorParallel: number;
  limits: EngineLimits;
  calibration: CalibrationProfile;
  /** Longest request to be served: vLLM does not start when its KV cache cannot hold one. */
  servedTokens: number;
}

/** Where the memory of one GPU goes. All bytes are per GPU; kvCacheTokens is what the replica holds. */
export interface MemoryFit {
  fits: boolean;
  totalBytes: number;
  /** gpu_memory_utilization of the total. */
  budgetBytes: number;
  weightsBytes: number;
  activationBytes: number;
  /** CUDA context, NCCL, CUDA graphs. */
  overheadBytes: number;
  kvCacheBytes: number;
  kvCacheTokens: number;
  /** KV tokens whose memory the constant state of one sequence takes; 0 for models of attention alone. */
  stateKvTokens: number;
  /** Sequences at once: max_num_seqs, or fewer where their constant states do not all find room. */
  seats: number;
  /** Outside the budget: left to the driver and to others. */
  freeBytes: number;
  /** Missing bytes per GPU until the longest request fits; 0 when it fits. */
  shortfallBytes: number;
}

/**
 * vLLM's memory budget (DESIGN.md 2.3): utilization of the memory the driver reports, less weights, the activation peak
 * of a profiling run (grows with seats x vocabulary and batched tokens x hidden), CUDA context and NCCL, and CUDA graphs,
 * which count inside the budget from vLLM 0.22. Windowed layers are budgeted like full ones (the cautious end).
 */
export function fitMemory(question: MemoryQuestion): MemoryFit {
  const { model, gpu, gpuShare, precision, tensorParallel, limits, calibration, kvBytesPerElement } = question;
  const constant = (name: string): number => constantOf(calibration, name);
  const totalBytes = gpu.usableMemoryBytes * gpuShare;
  const budgetBytes = totalBytes * limits.gpuMemoryUtilization;
  const weightsBytes = tensorParallelHolding(model, precision, tensorParallel).totalBytes;
  const activationBytes =
    constant('activationBytesPerSeqVocabulary') * limits.maxNumSeqs * model.vocabularySize +
    constant('activationBytesPerTokenHidden') * limits.maxNumBatchedTokens * model.hiddenSize;
  const nonTorchGib = tensorParallel > 1 ? constant('nonTorchGibMultiGpu') : constant('nonTorchGibSingleGpu');
  const overheadBytes = bytesFromGib(nonTorchGib + (limits.hasCudaGraphsInBudget ? constant('cudaGraphGib') : 0));
  const bytesPerToken = kvBytesPerToken(model, kvBytesPerElement, tensorParallel);
  const roomBytes = budgetBytes - weightsBytes - activationBytes - overheadBytes;
  const blockBytes = bytesPerToken * limits.kvBlockTokens;
  const neededBlocks = Math.max(1, Math.ceil(question.servedTokens / limits.kvBlockTokens));
  const { stateBytes } = kvLayout(model, kvBytesPerElement, tensorParallel);
  const longestBytes = neededBlocks * blockBytes + stateBytes;
  const fits = roomBytes >= longestBytes;
  const seats = stateBytes > 0 ? Math.min(limits.maxNumSeqs, Math.floor(roomBytes / stateBytes)) : limits.maxNumSeqs;
  // Without attention nothing grows with the context: every seat holds as much of it as the model can read.
  const blocks =
    blockBytes > 0
      ? Math.floor(roomBytes / blockBytes)
      : Math.ceil((seats * model.maxContextTokens) / limits.kvBlockTokens);
  return {
    fits,
    totalBytes,
    budgetBytes,
    weightsBytes,
    activationBytes,
    overheadBytes,
    kvCacheBytes: fits ? (blockBytes > 0 ? blocks * blockBytes : seats * stateBytes) : 0,
    kvCacheTokens: fits ? blocks * limits.kvBlockTokens : 0,
    stateKvTokens: bytesPerToken > 0 ? stateBytes / bytesPerToken : 0,
    seats: fits ? seats : 0,
    freeBytes: totalBytes - budgetBytes,
    shortfallBytes: fits ? 0 : longestBytes - roomBytes,
  };
}

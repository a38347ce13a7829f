import { constantOf } from '../calibration/lookup.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import type { Gpu } from '../hardware/types.ts';
import { expertSplit, stageHoldings, type Parallelism, type StageHolding } from '../model/holdings.ts';
import type { Model, Precision } from '../model/types.ts';
import { kvBytesPerSequence, type KvLayout } from '../model/kv.ts';
import { bytesFromGib } from '../units.ts';
import { expertPaddingBytes } from './expert-padding.ts';
import type { EngineDefaults, MemoryRule } from './types.ts';

/** An engine's scheduler limits and memory share, resolved for one deployment. */
export interface EngineLimits {
  maxNumBatchedTokens: number;
  maxNumSeqs: number;
  gpuMemoryUtilization: number;
  kvBlockTokens: number;
  hasCudaGraphsInBudget: boolean;
  hasHybridKvCache: boolean;
  /** Prompts are computed in steps of their own. */
  hasSeparatePrefill: boolean;
  /** Tokens of the step the activation peak is measured with when the engine starts. */
  profiledTokens: number;
  memoryRule: MemoryRule;
}

export interface LimitOverrides {
  maxNumBatchedTokens?: number | null;
  maxNumSeqs?: number | null;
  gpuMemoryUtilization?: number | null;
  /** Switches chunked prefill on or off where the engine would decide by the context. */
  chunkedPrefill?: boolean | null;
}

/** What of a deployment the defaults of some engines depend on. */
export interface LimitDeployment {
  /** Share of a GPU below 1 for a slice. */
  gpuShare?: number;
  /** GPUs of a tensor-parallel group. */
  tensorParallel?: number;
  /** Longest context the server admits (max_model_len); absent = short enough for every default. */
  contextTokens?: number;
  /** Longest prompt. */
  promptTokens?: number;
}

/** Defaults of the engine version for this GPU (or a share of it) and deployment, overridden where asked. */
export function engineLimits(
  defaults: EngineDefaults,
  gpu: Gpu,
  overrides: LimitOverrides = {},
  deployment: LimitDeployment = {},
): EngineLimits {
  const { gpuShare = 1, tensorParallel = 1, contextTokens = 0 } = deployment;
  const isLarge =
    gpu.usableMemoryBytes * gpuShare >= defaults.largeGpuMemoryBytes && !defaults.smallGpuIds.includes(gpu.id);
  const scheduler = isLarge ? defaults.large : defaults.small;
  const prefill = prefillBudget(defaults, scheduler.maxNumBatchedTokens, overrides, deployment);
  const maxNumBatchedTokens = overrides.maxNumBatchedTokens ?? prefill.maxNumBatchedTokens;
  return {
    maxNumBatchedTokens,
    maxNumSeqs: overrides.maxNumSeqs ?? scheduler.maxNumSeqs,
    gpuMemoryUtilization: overrides.gpuMemoryUtilization ?? memoryShare(defaults, tensorParallel),
    hasSeparatePrefill: prefill.isSeparate,
    profiledTokens: prefill.isWhole ? Math.max(maxNumBatchedTokens, contextTokens) : maxNumBatchedTokens,
    memoryRule: defaults.memoryRule,
    kvBlockTokens: defaults.kvBlockTokens,
    hasCudaGraphsInBudget: defaults.hasCudaGraphsInBudget,
    hasHybridKvCache: defaults.hasHybridKvCache,
  };
}

/** Whether prompts have steps of their own, whether those hold them whole, and the tokens of a step. */
function prefillBudget(
  { separatePrefill }: EngineDefaults,
  usual: number,
  { chunkedPrefill = null }: LimitOverrides,
  { contextTokens = 0, promptTokens = 0 }: LimitDeployment,
): { isSeparate: boolean; isWhole: boolean; maxNumBatchedTokens: number } {
  if (separatePrefill === null) return { isSeparate: false, isWhole: false, maxNumBatchedTokens: usual };
  const { upToContextTokens, hasWholePrompts, maxNumBatchedTokensAbove } = separatePrefill;
  const isAbove = upToContextTokens !== null && contextTokens > upToContextTokens;
  if (chunkedPrefill ?? isAbove) {
    return { isSeparate: false, isWhole: false, maxNumBatchedTokens: maxNumBatchedTokensAbove ?? usual };
  }
  const longest = hasWholePrompts ? promptTokens : 0;
  return { isSeparate: true, isWhole: hasWholePrompts, maxNumBatchedTokens: Math.max(usual, longest) };
}

function memoryShare({ memoryRule, gpuMemoryUtilization }: EngineDefaults, tensorParallel: number): number {
  if (memoryRule.kind !== 'static_share') return gpuMemoryUtilization;
  const found = memoryRule.shareFromGpus.find(({ gpus }) => tensorParallel >= gpus);
  return found?.share ?? gpuMemoryUtilization;
}

export interface MemoryQuestion {
  model: Model;
  gpu: Gpu;
  gpuShare: number;
  precision: Precision;
  kvBytesPerElement: 1 | 2;
  tensorParallel: number;
  /** Stages the layers are shared out over; absent = 1. */
  pipelineParallel?: number;
  /** Copies of the attention, each with a cache of its own; absent = 1. */
  dataParallel?: number;
  /** GPUs of a stage that hold whole experts; absent = 1. */
  expertParallel?: number;
  limits: EngineLimits;
  calibration: CalibrationProfile;
  /** Longest request to be served: vLLM does not start when its KV cache cannot hold one. */
  servedTokens: number;
  /** Mean context of a running sequence: what windows and constant states are shared out over. */
  contextTokens: number;
}

/**
 * Where the memory of one GPU goes: of the pipeline stage with the least room for KV cache. All bytes are per GPU;
 * kvCacheTokens is what the replica holds, in the caches of all its copies of the attention.
 */
export interface MemoryFit {
  fits: boolean;
  /** The stage the figures are of, from 0. */
  stage: number;
  totalBytes: number;
  /** What the engine's share of memory comes to: weights, activations, overhead and KV cache lie inside it. */
  budgetBytes: number;
  weightsBytes: number;
  activationBytes: number;
  /** CUDA context, NCCL, CUDA graphs. */
  overheadBytes: number;
  kvCacheBytes: number;
  kvCacheTokens: number;
  /** Bytes of cache per token of context, in sequences of the mean length: full windows and states take their share. */
  kvBytesPerToken: number;
  /** Bytes of cache the longest request served keeps, in whole blocks. */
  longestRequestBytes: number;
  /** Of these: recurrent and convolution states, which a request keeps whatever its length. */
  stateBytes: number;
  /** Outside the budget: left to the driver and to others. */
  freeBytes: number;
  /** Missing bytes per GPU until the longest request fits; 0 when it fits. */
  shortfallBytes: number;
}

/**
 * An engine's memory budget. vLLM's (DESIGN.md 2.3): utilization of the memory the driver reports, less weights as the kernels hold them,
 * the activation peak of a profiling run (grows with seats x vocabulary and batched tokens x hidden), CUDA context and NCCL,
 * and CUDA graphs, which count inside the budget from vLLM 0.22. Windowed layers keep their window, recurrent ones their
 * state: both are shared out over the mean context of a sequence, as the engine's own figure of cache tokens is. The other
 * engines' rules: `MemoryRule`.
 *
 * Every stage of a pipeline caches its own layers of all sequences, in as many blocks as the tightest stage has; only the
 * last one computes logits.
 */
export function fitMemory(question: MemoryQuestion): MemoryFit {
  const { model, precision, kvBytesPerElement } = question;
  const parallelism = parallelismOf(question);
  return stageHoldings(model, precision, parallelism, kvBytesPerElement)
    .map((holding) => fitStage(question, parallelism, holding))
    .reduce((tightest, fit) => (isTighter(fit, tightest) ? fit : tightest));
}

const parallelismOf = (question: MemoryQuestion): Required<Parallelism> => ({
  tensorParallel: question.tensorParallel,
  pipelineParallel: question.pipelineParallel ?? 1,
  expertParallel: question.expertParallel ?? 1,
  dataParallel: question.dataParallel ?? 1,
});

const isTighter = (one: MemoryFit, other: MemoryFit): boolean =>
  one.shortfallBytes > other.shortfallBytes ||
  (one.shortfallBytes === other.shortfallBytes && one.kvCacheTokens < other.kvCacheTokens);

/** Copies of the attention talk to each other where they share experts. */
const isAlone = ({ model }: MemoryQuestion, { tensorParallel, pipelineParallel, dataParallel }: Parallelism): boolean =>
  tensorParallel * pipelineParallel === 1 &&
  (dataParallel === 1 || model.layers.every(({ ffn }) => ffn.experts === null));

function fitStage(question: MemoryQuestion, parallelism: Required<Parallelism>, holding: StageHolding): MemoryFit {
  const { model, gpu, gpuShare, precision, limits, calibration } = question;
  const { pipelineParallel, dataParallel } = parallelism;
  const { stage, firstLayer, numLayers } = holding;
  const constant = (name: string): number => constantOf(calibration, name);
  const totalBytes = gpu.usableMemoryBytes * gpuShare;
  const layers = [firstLayer, firstLayer + numLayers] as const;
  const paddingBytes = expertPaddingBytes(model, precision, gpu, expertSplit(parallelism), layers);
  const weightsBytes = holding.totalBytes + paddingBytes;
  const isLastStage = stage === pipelineParallel - 1;
  const { budgetBytes, activationBytes, overheadBytes } = budgetOf({
    totalBytes,
    weightsBytes,
    limits,
    calibration,
    hiddenSize: model.hiddenSize,
    logitsPerSeat: isLastStage ? model.vocabularySize : 0,
    nonTorchBytes: bytesFromGib(
      constant(isAlone(question, parallelism) ? 'nonTorchGibSingleGpu' : 'nonTorchGibMultiGpu'),
    ),
  });
  const roomBytes = budgetBytes - weightsBytes - activationBytes - overheadBytes;
  const layout = keptLayout(holding.kv, limits);
  const wholeBlocks = (tokens: number): number =>
    Math.max(1, Math.ceil(tokens / limits.kvBlockTokens)) * limits.kvBlockTokens;
  const longestBytes = kvBytesPerSequence(layout, wholeBlocks(question.servedTokens));
  const fits = roomBytes >= longestBytes;
  const bytesPerToken = bytesPerTokenAt(layout, question.contextTokens);
  const blocks = Math.floor(roomBytes / (bytesPerToken * limits.kvBlockTokens));
  return {
    fits,
    stage,
    totalBytes,
    budgetBytes,
    weightsBytes,
    activationBytes,
    overheadBytes,
    kvCacheBytes: fits ? blocks * limits.kvBlockTokens * bytesPerToken : 0,
    kvCacheTokens: fits ? dataParallel * blocks * limits.kvBlockTokens : 0,
    kvBytesPerToken: bytesPerToken,
    longestRequestBytes: longestBytes,
    stateBytes: layout.stateBytes,
    freeBytes: totalBytes - budgetBytes,
    shortfallBytes: fits ? 0 : longestBytes - roomBytes,
  };
}

interface BudgetQuestion {
  totalBytes: number;
  weightsBytes: number;
  limits: EngineLimits;
  calibration: CalibrationProfile;
  hiddenSize: number;
  /** Vocabulary entries of the logits of a sequence; 0 on stages that compute none. */
  logitsPerSeat: number;
  /** CUDA context and communication buffers. */
  nonTorchBytes: number;
}

type Budget = Pick<MemoryFit, 'budgetBytes' | 'activationBytes' | 'overheadBytes'>;

/** What of a GPU the engine takes, and what of that is neither weights nor KV cache. */
function budgetOf(question: BudgetQuestion): Budget {
  const { totalBytes, weightsBytes, limits, calibration, nonTorchBytes } = question;
  const { memoryRule: rule, gpuMemoryUtilization: share } = limits;
  switch (rule.kind) {
    case 'share_of_total': {
      const perTokenHidden =
        rule.activationBytesPerTokenHidden ?? constantOf(calibration, 'activationBytesPerTokenHidden');
      const perSeatVocabulary = constantOf(calibration, 'activationBytesPerSeqVocabulary');
      const graphs = limits.hasCudaGraphsInBudget ? bytesFromGib(constantOf(calibration, 'cudaGraphGib')) : 0;
      return {
        budgetBytes: totalBytes * share,
        activationBytes:
          perSeatVocabulary * limits.maxNumSeqs * question.logitsPerSeat +
          perTokenHidden * limits.profiledTokens * question.hiddenSize,
        overheadBytes: nonTorchBytes + graphs,
      };
    }
    case 'share_of_free': {
      const freeBytes = Math.max(0, totalBytes - weightsBytes - rule.reserveBytes);
      return {
        budgetBytes: totalBytes - (1 - share) * freeBytes,
        activationBytes: 0,
        overheadBytes: rule.reserveBytes,
      };
    }
    case 'static_share': {
      const budgetBytes = nonTorchBytes + share * (totalBytes - nonTorchBytes);
      return { budgetBytes, activationBytes: 0, overheadBytes: nonTorchBytes };
    }
  }
}

/** What the engine really keeps: without a hybrid cache windowed layers are given the whole context. */
function keptLayout(layout: KvLayout, { hasHybridKvCache }: EngineLimits): KvLayout {
  if (hasHybridKvCache) return layout;
  const windows = layout.windowed.reduce((sum, { bytesPerToken }) => sum + bytesPerToken, 0);
  return { ...layout, fullBytesPerToken: layout.fullBytesPerToken + windows, windowed: [] };
}

/** Bytes per token of a sequence of `tokens`; a plain model has one figure for every length. */
function bytesPerTokenAt(layout: KvLayout, tokens: number): number {
  const isPlain = layout.windowed.length === 0 && layout.stateBytes === 0;
  return isPlain ? layout.fullBytesPerToken : kvBytesPerSequence(layout, Math.max(1, tokens)) / Math.max(1, tokens);
}

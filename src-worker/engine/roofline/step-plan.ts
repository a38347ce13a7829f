import { constantOf, familyOf, generationOf } from '../calibration/lookup.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import { allReduceLatencyMs, allReduceMsPerByte } from '../communication/all-reduce.ts';
import type { Fabric } from '../communication/fabric.ts';
import type { PrecisionSupport } from '../hardware/precision.ts';
import type { Gpu } from '../hardware/types.ts';
import type { Model, Precision } from '../model/types.ts';
import { cacheBytesPerToken, stateBytes } from '../model/kv.ts';
import { distinctLayers, parameterBreakdown, sublayersOf } from '../model/parameters.ts';
import { SIXTEEN_BIT_BYTES } from '../model/weights.ts';
import { MS_PER_S, msFromMicroseconds } from '../units.ts';
import { compilePipeline, type Pipeline } from './pipeline.ts';
import { smoothMax, type SmoothMax } from './smooth-max.ts';
import { bytesOf, denseWeights, expertBytes, type SplitWeights } from './step-weights.ts';

/** Everything that decides how long one engine step of a replica takes. */
export interface StepSubject {
  model: Model;
  gpu: Gpu;
  /** Share of the GPU an instance sells: 1, or less for a vGPU slice. */
  gpuShare: number;
  precision: Precision;
  support: Exclude<PrecisionSupport, { kind: 'unsupported' }>;
  /** 2 for 16-bit, 1 for fp8. */
  kvBytesPerElement: 1 | 2;
  tensorParallel: number;
  fabric: Fabric | null;
  /** Stages the layers are shared out over, and what they talk over; absent = one. */
  pipeline?: { stages: number; fabric: Fabric } | null;
  calibration: CalibrationProfile;
  generation: string;
}

/** One class of matrix products: what it multiplies and how fast it is read and computed. All per GPU of the group. */
export interface GemmClass {
  /** ms per (padded) token row at the achieved compute rate. */
  computeMsPerRow: number;
  /** ms to read all its weights once at the achieved bandwidth. */
  readMs: number;
}

/** Routed experts: reading and computing depend on how many of them a step touches. */
export interface ExpertClass {
  numExperts: number;
  expertsPerToken: number;
  /** ln(1 - k/E): the touched share is 1 - exp(skew · tokens · this). */
  logMissPerToken: number;
  routingSkew: number;
  extraTokensPerExpert: number;
  /** ms of one token through one expert. */
  computeMsPerExpertToken: number;
  /** ms to read all routed experts of this GPU. */
  readMs: number;
}

/** KV reads and attention arithmetic of the layers that share a window (null = whole context). */
export interface AttentionGroup {
  windowTokens: number | null;
  /** ms per token of context read by one decoding sequence. */
  readMsPerContextToken: number;
  computeMsPerContextToken: number;
  /** ms per (prompt token x attended token). */
  promptMsPerPair: number;
  /** ms per decoding sequence whatever its context: recurrent states. */
  readMsPerSequence: number;
  /** ms per prompt token whatever it attends to: recurrent steps. */
  promptMsPerToken: number;
}

/**
 * A deployment compiled into coefficients, so that one evaluation of the step time is a handful of multiplications
 * (step-time.ts). Sizes are per GPU of the tensor-parallel group; times in ms.
 */
export interface StepPlan {
  attentionProjections: GemmClass;
  denseFfn: GemmClass;
  experts: ExpertClass | null;
  head: GemmClass;
  attention: AttentionGroup[];
  tileRowsCubed: number;
  extraRows: number;
  headTileRowsCubed: number;
  activationMsPerToken: number;
  communicationLatencyMs: number;
  communicationMsPerToken: number;
  launchMs: number;
  sequenceMs: number;
  hidesSequenceTime: boolean;
  /** null where all layers stand on the same GPUs. A step is then that of one of the batches in flight. */
  pipeline: Pipeline | null;
  combine: SmoothMax;
  /** Added to TTFT outside the step: API, scheduling, tokenizing. */
  ttftBaseMs: number;
  tokenizeMsPerToken: number;
  /** Steps a request waits for its first token beyond its own prefill. */
  firstTokenWaitSteps: number;
  /** Physical floor of a decode step: weights read once at the peak bandwidth. */
  weightReadFloorMs: number;
  /** True when measurements of this very GPU inform its factors. */
  isGpuMeasured: boolean;
}

export interface Rates {
  weightBytesPerMs: number;
  kvBytesPerMs: number;
  expertBytesPerMs: number;
  gemmFlopPerMs: number;
  gemm16FlopPerMs: number;
  attentionFlopPerMs: number;
  decodeAttentionFlopPerMs: number;
  peakBytesPerMs: number;
  act16BytesPerMs: number;
}

/** A format without units of its own runs through the weight-only kernels of its width, and takes their factors. */
function kernelFormat({ precision, support }: StepSubject): Precision {
  if (support.kind === 'native') return precision;
  if (precision === 'fp8') return 'w8a16';
  return precision === 'mxfp4' ? 'int4' : precision;
}

/** Achieved rates: catalog peaks times calibrated shares, capped so that no prediction beats the data sheet. */
export function achievedRates(subject: StepSubject): Rates {
  const { calibration, gpu, gpuShare, precision, support } = subject;
  const format = kernelFormat(subject);
  const constant = (name: string): number => constantOf(calibration, name);
  const overheads = generationOf(calibration, subject.generation);
  const { factors } = familyOf(calibration, gpu);
  const ownBandwidth = calibration.gpuBandwidthFactors[gpu.id] ?? 1;

  const peakBytesPerMs = (gpu.memoryBandwidthBytesPerS * gpuShare) / MS_PER_S;
  const peak16FlopPerMs = (gpu.peaks.fp16FlopPerS * gpuShare) / MS_PER_S;
  const peakFlopPerMs = (support.peakFlopPerS * gpuShare) / MS_PER_S;

  const bandwidthShare = constant('bandwidthEfficiency') * factors.bandwidth * ownBandwidth * overheads.bandwidthFactor;
  const maxBandwidth = constant('maxBandwidthEfficiency');
  const formatShare = bandwidthShare * calibration.precisionBandwidthFactors[format];
  const computeShare = constant('computeEfficiency') * factors.compute * overheads.computeFactor;
  const maxCompute = constant('maxComputeEfficiency');
  const expert8 = precision === 'fp8' ? constant('expertReadFactorFp8') : 1;
  const expertShare = formatShare * constant('expertReadFactor') * expert8 * overheads.expertReadFactor;
  const kvShare = bandwidthShare * constant('kvReadEfficiency') * overheads.kvFactor;

  return {
    weightBytesPerMs: peakBytesPerMs * Math.min(formatShare, maxBandwidth),
    act16BytesPerMs: peakBytesPerMs * Math.min(bandwidthShare, maxBandwidth),
    kvBytesPerMs: peakBytesPerMs * Math.min(kvShare, maxBandwidth),
    expertBytesPerMs: peakBytesPerMs * Math.min(expertShare, constant('maxExpertBandwidthEfficiency')),
    gemmFlopPerMs: peakFlopPerMs * Math.min(computeShare * calibration.precisionComputeFactors[format], maxCompute),
    gemm16FlopPerMs: peak16FlopPerMs * Math.min(computeShare, maxCompute),
    attentionFlopPerMs: peak16FlopPerMs * constant('attentionEfficiency'),
    decodeAttentionFlopPerMs: peak16FlopPerMs * constant('decodeAttentionComputeEfficiency'),
    peakBytesPerMs,
  };
}

function attentionGroups(subject: StepSubject, rates: Rates): AttentionGroup[] {
  const { model, tensorParallel, kvBytesPerElement } = subject;
  const groups = new Map<number | null, AttentionGroup>();
  const groupOf = (windowTokens: number | null): AttentionGroup => {
    const found = groups.get(windowTokens);
    if (found) return found;
    const group: AttentionGroup = {
      windowTokens,
      readMsPerContextToken: 0,
      computeMsPerContextToken: 0,
      promptMsPerPair: 0,
      readMsPerSequence: 0,
      promptMsPerToken: 0,
    };
    groups.set(windowTokens, group);
    return group;
  };
  for (const { layer, count } of distinctLayers(model.layers)) {
    const { context, state, recurrenceFlop } = layer.attention;
    for (const work of context) {
      const group = groupOf(work.attendedTokens);
      const bytes = cacheBytesPerToken(work, kvBytesPerElement, tensorParallel);
      const computing = work.isReplicated ? 1 : tensorParallel;
      group.readMsPerContextToken += (count * bytes) / rates.kvBytesPerMs;
      group.computeMsPerContextToken += (count * work.decodeFlop) / computing / rates.decodeAttentionFlopPerMs;
      group.promptMsPerPair += (count * work.promptFlop) / computing / rates.attentionFlopPerMs;
    }
    if (state.length === 0) continue;
    const group = groupOf(null);
    // A decode reads the state and writes it back; a prompt writes it once, which is nothing beside its tokens.
    const bytes = state.reduce((sum, share) => sum + 2 * stateBytes(share, tensorParallel), 0);
    group.readMsPerSequence += (count * bytes) / rates.kvBytesPerMs;
    group.promptMsPerToken += (count * recurrenceFlop) / tensorParallel / rates.attentionFlopPerMs;
  }
  return [...groups.values()];
}

function expertClass(subject: StepSubject, rates: Rates): ExpertClass | null {
  const { model, tensorParallel, calibration } = subject;
  const moeLayers = model.layers.flatMap(({ ffn }) => (ffn.experts ? [ffn.experts] : []));
  const [first] = moeLayers;
  if (!first) return null;
  const { numExperts } = first;
  // Layers may choose different numbers of experts; a step is described by their mean.
  const expertsPerToken = moeLayers.reduce((sum, layer) => sum + layer.numExpertsPerToken, 0) / moeLayers.length;
  const { experts: parameters } = parameterBreakdown(model, tensorParallel);
  const perExpert = parameters / numExperts;
  const computeFactor = constantOf(calibration, 'expertComputeFactor');
  return {
    numExperts,
    expertsPerToken,
    logMissPerToken: Math.log1p(-Math.min(expertsPerToken / numExperts, 1 - 1e-12)),
    routingSkew: constantOf(calibration, 'routingSkew'),
    extraTokensPerExpert: constantOf(calibration, 'extraTokensPerExpert'),
    computeMsPerExpertToken: (2 * perExpert) / (rates.gemmFlopPerMs * computeFactor),
    readMs: expertBytes(subject, parameters) / rates.expertBytesPerMs,
  };
}

/** Compiles a deployment into a StepPlan (FIDELITY.md section 2: operators, constants, caps). */
export function compileStepPlan(subject: StepSubject): StepPlan {
  const { calibration, model, precision, support, tensorParallel, fabric } = subject;
  const constant = (name: string): number => constantOf(calibration, name);
  const overheads = generationOf(calibration, subject.generation);
  const rates = achievedRates(subject);
  const weights = denseWeights(subject);
  // Weights left at 16 bit are read and multiplied at the 16-bit rates.
  const gemm = ({ converted, convertedBytes, kept }: SplitWeights): GemmClass => ({
    computeMsPerRow: (2 * converted) / rates.gemmFlopPerMs + (2 * kept) / rates.gemm16FlopPerMs,
    readMs: convertedBytes / rates.weightBytesPerMs + (kept * SIXTEEN_BIT_BYTES) / rates.act16BytesPerMs,
  });
  const experts = expertClass(subject, rates);
  const reductions = model.layers.reduce((sum, layer) => sum + sublayersOf(layer), 0);
  // What is calibrated per layer was measured on layers of attention and FFN.
  const numLayers = reductions / 2;
  const numMoeLayers = model.layers.filter(({ ffn }) => ffn.experts !== null).length;
  const tileRows = constant('gemmTileRows');
  // The tiles are those of the kernels most of the layers' matrices run with.
  const converted = weights.attention.converted + weights.ffn.converted;
  const isMostlyKept = weights.attention.kept + weights.ffn.kept > converted;
  const denseTileRows = support.kind === 'weight_only' && !isMostlyKept ? constant('gemmTileRowsWeightOnly') : tileRows;
  const moeLayerUs = overheads.moeLayerUs * (precision === 'fp8' ? constant('moeOverheadFactorFp8') : 1);

  const reduce = fabric && {
    gpus: tensorParallel,
    pairLatencyUs: allReduceUs(calibration, fabric.kind) * overheads.allReduceFactor,
    growth: constant('allReduceGrowth'),
    bandwidthPerDirectionBytesPerS: fabric.bandwidthPerDirectionBytesPerS,
    linkEfficiency: constant('linkEfficiency'),
  };
  const denseBytes = bytesOf(weights.attention) + bytesOf(weights.ffn) + bytesOf(weights.head);
  const routedBytes = experts ? experts.readMs * rates.expertBytesPerMs : 0;
  const touchedShare = experts ? experts.expertsPerToken / experts.numExperts : 0;
  const floorBytes = denseBytes + routedBytes * touchedShare;

  return {
    attentionProjections: gemm(weights.attention),
    denseFfn: gemm(weights.ffn),
    experts,
    head: gemm(weights.head),
    attention: attentionGroups(subject, rates),
    tileRowsCubed: denseTileRows ** 3,
    extraRows: constant('gemmExtraTokens'),
    headTileRowsCubed: tileRows ** 3,
    activationMsPerToken:
      (numLayers * constant('activationBytesPerTokenLayer') * model.hiddenSize * SIXTEEN_BIT_BYTES) /
      rates.act16BytesPerMs,
    communicationLatencyMs: reduce ? reductions * allReduceLatencyMs(reduce) : 0,
    communicationMsPerToken: reduce
      ? reductions * allReduceMsPerByte(reduce) * model.hiddenSize * SIXTEEN_BIT_BYTES
      : 0,
    launchMs: overheads.stepMs + msFromMicroseconds(numLayers * overheads.layerUs + numMoeLayers * moeLayerUs),
    // One process serves the sequences of all batches in flight while one of them comes round.
    sequenceMs: (subject.pipeline?.stages ?? 1) * msFromMicroseconds(overheads.sequenceUs + overheads.streamUs),
    hidesSequenceTime: overheads.hidesSequenceTime,
    pipeline: pipelineOf(subject, overheads.allReduceFactor),
    combine: smoothMax(constant('smoothMaxExponent')),
    ttftBaseMs: overheads.ttftBaseMs,
    tokenizeMsPerToken: constant('tokenizeMsPer1kTokens') / 1000,
    firstTokenWaitSteps: constant('firstTokenWaitSteps'),
    weightReadFloorMs: floorBytes / rates.peakBytesPerMs,
    isGpuMeasured: familyOf(calibration, subject.gpu).isMeasured,
  };
}

function pipelineOf(subject: StepSubject, allReduceFactor: number): Pipeline | null {
  const { pipeline, calibration } = subject;
  if (!pipeline || pipeline.stages === 1) return null;
  const { stages: pipelineParallel, fabric } = pipeline;
  const pairLatencyUs = allReduceUs(calibration, fabric.kind) * allReduceFactor;
  return compilePipeline({ ...subject, pipelineParallel, fabric, pairLatencyUs });
}

/** Latency of one all-reduce over two GPUs; a fabric the profile does not name takes the slowest it does (cautious). */
function allReduceUs(calibration: CalibrationProfile, fabricKind: string): number {
  return calibration.allReduceUs[fabricKind] ?? Math.max(...Object.values(calibration.allReduceUs));
}

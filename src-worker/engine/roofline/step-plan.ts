import { constantOf, familyOf, generationOf } from '../calibration/lookup.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import type { Fabric } from '../communication/fabric.ts';
import { allReduceLatencyMs, allReduceMsPerByte } from '../communication/all-reduce.ts';
import { SIXTEEN_BIT_BYTES } from '../model/weights.ts';
import { msFromMicroseconds } from '../units.ts';
import { sendMsPerByte } from '../communication/all-to-all.ts';
import { achievedRates, type Rates } from './achieved-rates.ts';
import {
  operatorWork,
  type ContextGroup,
  type Messages,
  type OperatorWork,
  type WorkSubject,
} from './operator-work.ts';
import { compilePipeline, type Pipeline } from './pipeline.ts';
import { smoothMax, type SmoothMax } from './smooth-max.ts';
import type { SplitWeights } from './step-weights.ts';

/** Everything that decides how long one engine step of a replica takes. */
export interface StepSubject extends WorkSubject {
  calibration: CalibrationProfile;
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
  /** Ranks whose tokens meet at the experts: a step's tokens are those of one. */
  ranks: number;
  /** The fewest any step touches: those of one token, or one on every group of GPUs that has its own. */
  leastTouched: number;
  /** ln(1 - k/E): the touched share is 1 - exp(tokens · this). */
  logMissPerToken: number;
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
  /** Both as one where `readMsPerSequence` is 0: a smooth maximum grows in proportion. */
  kvMsPerContextToken: number;
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
  /** To the experts and back; 0 where all GPUs work on the same tokens. */
  allToAllLatencyMs: number;
  allToAllMsPerToken: number;
  launchMs: number;
  sequenceMs: number;
  /** ms that a request which gets its first token costs the host: it was received, tokenized and admitted. */
  requestMs: number;
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

/** Rows of queries in a tile of the kernels of latent attention (FlashMLA: 64): fewer heads on a GPU leave a part of it empty. */
const ATTENTION_TILE_ROWS = 64;
/** Query heads of a KV head up to which decode kernels are those of grouped queries, which do not fill matrix units. */
const MOST_GROUPED_ROWS = 16;

/** FLOP per ms of attention over the context of decoding sequences, by how many rows of queries meet a key. */
function decodeAttentionRate({ queryRows, queryRowsOfModel }: ContextGroup, rates: Rates): number {
  if (queryRowsOfModel <= MOST_GROUPED_ROWS) return rates.decodeAttentionFlopPerMs;
  const filledTile = Math.min(1, queryRows / ATTENTION_TILE_ROWS);
  return Math.max(rates.decodeAttentionFlopPerMs, rates.attentionFlopPerMs * filledTile);
}

function attentionGroup(group: ContextGroup, rates: Rates, combine: SmoothMax): AttentionGroup {
  const readMsPerContextToken = group.bytesPerContextToken / rates.kvBytesPerMs;
  const computeMsPerContextToken = group.decodeFlopPerContextToken / decodeAttentionRate(group, rates);
  return {
    windowTokens: group.windowTokens,
    readMsPerContextToken,
    computeMsPerContextToken,
    kvMsPerContextToken: combine(computeMsPerContextToken, readMsPerContextToken),
    promptMsPerPair: group.promptFlopPerPair / rates.attentionFlopPerMs,
    readMsPerSequence: group.stateBytesPerSequence / rates.kvBytesPerMs,
    promptMsPerToken: group.recurrenceFlopPerPromptToken / rates.attentionFlopPerMs,
  };
}

function expertClass({ experts }: OperatorWork, rates: Rates, calibration: CalibrationProfile): ExpertClass | null {
  if (!experts) return null;
  const { numExperts, expertsPerToken, logMissPerToken, parameters, bytes, ranks, groups } = experts;
  const flopPerMs = rates.gemmFlopPerMs * constantOf(calibration, 'expertComputeFactor');
  return {
    numExperts,
    expertsPerToken,
    ranks,
    leastTouched: Math.max(expertsPerToken, groups),
    logMissPerToken,
    extraTokensPerExpert: constantOf(calibration, 'extraTokensPerExpert'),
    computeMsPerExpertToken: (2 * parameters) / numExperts / flopPerMs,
    readMs: bytes / rates.expertBytesPerMs,
  };
}

// Weights left at 16 bit are read and multiplied at the 16-bit rates.
const gemmClass = ({ converted, convertedBytes, kept }: SplitWeights, rates: Rates): GemmClass => ({
  computeMsPerRow: (2 * converted) / rates.gemmFlopPerMs + (2 * kept) / rates.gemm16FlopPerMs,
  readMs: convertedBytes / rates.weightBytesPerMs + (kept * SIXTEEN_BIT_BYTES) / rates.act16BytesPerMs,
});

/**
 * Share of a link's data sheet that messages reach: never all of it, whatever a fit says, as with memory. Over PCIe they meet
 * at the ports of the host, and without peer-to-peer every byte is written to its memory and read again.
 */
function linkShare({ kind }: Fabric, calibration: CalibrationProfile): number {
  const isStaged = kind === 'pcie_gf';
  const pcieFactor = isStaged || kind === 'pcie' ? constantOf(calibration, 'pcieLinkFactor') : 1;
  const stagedFactor = isStaged ? constantOf(calibration, 'stagedLinkFactor') : 1;
  const share = constantOf(calibration, 'linkEfficiency') * pcieFactor * stagedFactor;
  return Math.min(share, constantOf(calibration, 'maxBandwidthEfficiency'));
}

/** ms of all all-reduces of a step: whatever its size, and for each token. */
function allReduceMs(messages: Messages | null, calibration: CalibrationProfile, factor: number): [number, number] {
  if (!messages) return [0, 0];
  const { count, gpus, fabric, bytesPerToken } = messages;
  const reduce = {
    gpus,
    pairLatencyUs: allReduceUs(calibration, fabric.kind) * factor,
    growth: constantOf(calibration, 'allReduceGrowth'),
    bandwidthPerDirectionBytesPerS: fabric.bandwidthPerDirectionBytesPerS,
    linkEfficiency: linkShare(fabric, calibration),
  };
  return [count * allReduceLatencyMs(reduce), allReduceMsPerByte(reduce) * bytesPerToken];
}

/** The same of all-to-alls. Nobody measured their latency apart: it is that of an all-reduce over as many GPUs. */
function allToAllMs(messages: Messages | null, calibration: CalibrationProfile, factor: number): [number, number] {
  if (!messages) return [0, 0];
  const { fabric } = messages;
  const [latencyMs] = allReduceMs(messages, calibration, factor);
  const msPerByte = sendMsPerByte(fabric.bandwidthPerDirectionBytesPerS, linkShare(fabric, calibration));
  return [latencyMs, msPerByte * messages.bytesPerToken];
}

/** What `tokenizeMsPer1kTokens` is given for. */
const TOKENS_PER_1K = 1000;

/** Applies the rates and overheads of a calibration to the work of a deployment (FIDELITY.md section 2: constants, caps). */
export function planOf(work: OperatorWork, calibration: CalibrationProfile): StepPlan {
  const { hardware, numLayers } = work;
  const constant = (name: string): number => constantOf(calibration, name);
  const overheads = generationOf(calibration, hardware.generation);
  const rates = achievedRates(hardware, calibration);
  const combine = smoothMax(constant('smoothMaxExponent'));
  const tileRows = constant('gemmTileRows');
  const denseTileRows = work.hasWeightOnlyTiles ? constant('gemmTileRowsWeightOnly') : tileRows;
  const moeLayerUs = overheads.moeLayerUs * (hardware.precision === 'fp8' ? constant('moeOverheadFactorFp8') : 1);
  // Kernels that dequantize start later than those of 16 bit: they fill a pipeline of their own and reduce in two steps.
  const layerUs = overheads.layerUs + (work.hasWeightOnlyTiles ? constant('weightOnlyLayerUs') : 0);
  const sequenceUs = overheads.sequenceUs + (work.streamsTokens ? overheads.streamUs : 0);
  const activationBytes = numLayers * constant('activationBytesPerTokenLayer') * work.hiddenSize * SIXTEEN_BIT_BYTES;
  const [communicationLatencyMs, communicationMsPerToken] = allReduceMs(
    work.allReduces,
    calibration,
    overheads.allReduceFactor,
  );
  const [allToAllLatencyMs, allToAllMsPerToken] = allToAllMs(work.allToAlls, calibration, overheads.allReduceFactor);

  return {
    attentionProjections: gemmClass(work.attention, rates),
    denseFfn: gemmClass(work.ffn, rates),
    experts: expertClass(work, rates, calibration),
    head: gemmClass(work.head, rates),
    attention: work.context.map((group) => attentionGroup(group, rates, combine)),
    tileRowsCubed: denseTileRows ** 3,
    extraRows: constant('gemmExtraTokens'),
    headTileRowsCubed: tileRows ** 3,
    activationMsPerToken: activationBytes / rates.act16BytesPerMs,
    communicationLatencyMs,
    communicationMsPerToken,
    allToAllLatencyMs,
    allToAllMsPerToken,
    launchMs: overheads.stepMs + msFromMicroseconds(numLayers * layerUs + work.numMoeLayers * moeLayerUs),
    // One process serves the sequences of all batches in flight while one of them comes round.
    sequenceMs: (work.pipeline?.stages.length ?? 1) * msFromMicroseconds(sequenceUs),
    requestMs: (work.pipeline?.stages.length ?? 1) * (work.streamsTokens ? (overheads.requestMs ?? 0) : 0),
    hidesSequenceTime: overheads.hidesSequenceTime,
    pipeline: pipelineOf(work, calibration, overheads.allReduceFactor),
    combine,
    ttftBaseMs: overheads.ttftBaseMs,
    tokenizeMsPerToken: constant('tokenizeMsPer1kTokens') / TOKENS_PER_1K,
    firstTokenWaitSteps: constant('firstTokenWaitSteps'),
    weightReadFloorMs: work.floorBytes / rates.peakBytesPerMs,
    isGpuMeasured: familyOf(calibration, hardware.gpu).isMeasured,
  };
}

/** Compiles a deployment into a StepPlan. */
export const compileStepPlan = (subject: StepSubject): StepPlan => planOf(operatorWork(subject), subject.calibration);

function pipelineOf({ pipeline }: OperatorWork, calibration: CalibrationProfile, factor: number): Pipeline | null {
  if (!pipeline) return null;
  const pairLatencyUs = allReduceUs(calibration, pipeline.fabric.kind) * factor;
  return compilePipeline(pipeline, pairLatencyUs, linkShare(pipeline.fabric, calibration));
}

/** Latency of one all-reduce over two GPUs; a fabric the profile does not name takes the slowest it does (cautious). */
function allReduceUs(calibration: CalibrationProfile, fabricKind: string): number {
  return calibration.allReduceUs[fabricKind] ?? Math.max(...Object.values(calibration.allReduceUs));
}

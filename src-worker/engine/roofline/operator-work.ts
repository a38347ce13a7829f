import type { Fabric } from '../communication/fabric.ts';
import { cacheBytesPerToken, stateBytes } from '../model/kv.ts';
import { distinctLayers, parameterBreakdown, sublayersOf } from '../model/parameters.ts';
import type { Model } from '../model/types.ts';
import { SIXTEEN_BIT_BYTES } from '../model/weights.ts';
import type { RatedHardware } from './achieved-rates.ts';
import { pipelineWork, type PipelineWork } from './pipeline.ts';
import { bytesOf, denseWeights, expertBytes, type DenseWeights } from './step-weights.ts';

/** A deployment without a calibration: what its steps have to do, whatever the time that takes. */
export interface WorkSubject extends RatedHardware {
  model: Model;
  /** 2 for 16-bit, 1 for fp8. */
  kvBytesPerElement: 1 | 2;
  tensorParallel: number;
  fabric: Fabric | null;
  /** Stages the layers are shared out over, and what they talk over; absent = one. */
  pipeline?: { stages: number; fabric: Fabric } | null;
  /** True where tokens are sent to clients while they are made; absent = true. An offline batch hands them over at the end. */
  streamsTokens?: boolean;
}

/** Routed experts of all layers, as one GPU holds them. */
export interface ExpertWork {
  numExperts: number;
  /** Mean over the layers. */
  expertsPerToken: number;
  /** ln(1 - k/E): see ExpertClass. */
  logMissPerToken: number;
  parameters: number;
  bytes: number;
}

/** Layers that share a window (null = whole context). */
export interface ContextGroup {
  windowTokens: number | null;
  /** Bytes read per token of context of a decoding sequence. */
  bytesPerContextToken: number;
  decodeFlopPerContextToken: number;
  /** Per (prompt token x attended token). */
  promptFlopPerPair: number;
  /** Recurrent states of a decoding sequence, read and written back. */
  stateBytesPerSequence: number;
  recurrenceFlopPerPromptToken: number;
}

/** Messages that the GPUs of a group exchange in every step. */
export interface Messages {
  /** Of one step. */
  count: number;
  gpus: number;
  fabric: Fabric;
  /** Of one message, for each token of the step. */
  bytesPerToken: number;
}

/**
 * What the operators of a step move and compute on one GPU: bytes, FLOP, messages, counts. It depends on the deployment
 * alone, so that a fit, which tries hundreds of calibrations on the same deployments, works it out once (`planOf` applies
 * the rates).
 */
export interface OperatorWork extends DenseWeights {
  hardware: RatedHardware;
  experts: ExpertWork | null;
  context: ContextGroup[];
  /** True where the tiles of the layers' matrices are those of weight-only kernels. */
  hasWeightOnlyTiles: boolean;
  /** Layers of attention and FFN: what is calibrated per layer was measured on those. */
  numLayers: number;
  numMoeLayers: number;
  hiddenSize: number;
  streamsTokens: boolean;
  allReduces: Messages | null;
  pipeline: PipelineWork | null;
  /** Bytes of weights that a step of one token reads at least. */
  floorBytes: number;
}

function contextGroups({ model, tensorParallel, kvBytesPerElement }: WorkSubject): ContextGroup[] {
  const groups = new Map<number | null, ContextGroup>();
  const groupOf = (windowTokens: number | null): ContextGroup => {
    const found = groups.get(windowTokens);
    if (found) return found;
    const group: ContextGroup = {
      windowTokens,
      bytesPerContextToken: 0,
      decodeFlopPerContextToken: 0,
      promptFlopPerPair: 0,
      stateBytesPerSequence: 0,
      recurrenceFlopPerPromptToken: 0,
    };
    groups.set(windowTokens, group);
    return group;
  };
  for (const { layer, count } of distinctLayers(model.layers)) {
    const { context, state, recurrenceFlop } = layer.attention;
    for (const work of context) {
      const group = groupOf(work.attendedTokens);
      const computing = work.isReplicated ? 1 : tensorParallel;
      group.bytesPerContextToken += count * cacheBytesPerToken(work, kvBytesPerElement, tensorParallel);
      group.decodeFlopPerContextToken += (count * work.decodeFlop) / computing;
      group.promptFlopPerPair += (count * work.promptFlop) / computing;
    }
    if (state.length === 0) continue;
    const group = groupOf(null);
    // A decode reads the state and writes it back; a prompt writes it once, which is nothing beside its tokens.
    group.stateBytesPerSequence += count * state.reduce((sum, share) => sum + 2 * stateBytes(share, tensorParallel), 0);
    group.recurrenceFlopPerPromptToken += (count * recurrenceFlop) / tensorParallel;
  }
  return [...groups.values()];
}

function expertWork(subject: WorkSubject): ExpertWork | null {
  const { model, tensorParallel } = subject;
  const moeLayers = model.layers.flatMap(({ ffn }) => (ffn.experts ? [ffn.experts] : []));
  const [first] = moeLayers;
  if (!first) return null;
  const { numExperts } = first;
  // Layers may choose different numbers of experts; a step is described by their mean.
  const expertsPerToken = moeLayers.reduce((sum, layer) => sum + layer.numExpertsPerToken, 0) / moeLayers.length;
  const { experts: parameters } = parameterBreakdown(model, tensorParallel);
  return {
    numExperts,
    expertsPerToken,
    logMissPerToken: Math.log1p(-Math.min(expertsPerToken / numExperts, 1 - 1e-12)),
    parameters,
    bytes: expertBytes(subject, parameters),
  };
}

/** Works out what the steps of a deployment do (FIDELITY.md section 2: the operators and their sizes). */
export function operatorWork(subject: WorkSubject): OperatorWork {
  const { model, tensorParallel, fabric, support } = subject;
  const { gpu, gpuShare, precision, generation } = subject;
  const weights = denseWeights(subject);
  const experts = expertWork(subject);
  const sublayers = model.layers.reduce((sum, layer) => sum + sublayersOf(layer), 0);
  // The tiles are those of the kernels most of the layers' matrices run with.
  const converted = weights.attention.converted + weights.ffn.converted;
  const isMostlyKept = weights.attention.kept + weights.ffn.kept > converted;
  const touchedBytes = experts ? (experts.bytes * experts.expertsPerToken) / experts.numExperts : 0;
  const bytesPerToken = model.hiddenSize * SIXTEEN_BIT_BYTES;
  return {
    ...weights,
    hardware: { gpu, gpuShare, precision, support, generation },
    experts,
    context: contextGroups(subject),
    hasWeightOnlyTiles: support.kind === 'weight_only' && !isMostlyKept,
    numLayers: sublayers / 2,
    numMoeLayers: model.layers.filter(({ ffn }) => ffn.experts !== null).length,
    hiddenSize: model.hiddenSize,
    streamsTokens: subject.streamsTokens ?? true,
    allReduces: fabric && { count: sublayers, gpus: tensorParallel, fabric, bytesPerToken },
    pipeline: pipelineWork(subject),
    floorBytes: bytesOf(weights.attention) + bytesOf(weights.ffn) + bytesOf(weights.head) + touchedBytes,
  };
}

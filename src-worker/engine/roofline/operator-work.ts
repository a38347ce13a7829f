import type { Fabric } from '../communication/fabric.ts';
import { vectorsSent } from '../communication/all-to-all.ts';
import { expertSplit } from '../model/holdings.ts';
import { cacheBytesPerToken, stateBytes } from '../model/kv.ts';
import { keptFor } from '../model/memoized.ts';
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
  /**
   * Copies of the attention (ranks), each with a share of the requests, and what all GPUs of a stage talk over; absent = one.
   * A step is that of one rank; its tokens meet those of the others at the experts.
   */
  dataParallel?: { ranks: number; fabric: Fabric } | null;
  /** GPUs of a stage that hold whole experts; absent or 1 = experts are split like the other matrices. */
  expertParallel?: number;
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
  /** Ranks whose tokens meet at the experts. */
  ranks: number;
  /** Groups of GPUs with experts of their own. */
  groups: number;
}

/** Layers that share a window (null = whole context). */
export interface ContextGroup {
  windowTokens: number | null;
  /** Bytes read per token of context of a decoding sequence. */
  bytesPerContextToken: number;
  decodeFlopPerContextToken: number;
  /**
   * Rows of queries that meet one key in a decode step: the query heads of a KV head, or all heads where the cache is latent;
   * on one GPU of the group, and in the model as a whole.
   */
  queryRows: number;
  queryRowsOfModel: number;
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
  /** Of all of them together, for each token of the step. */
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
  context: readonly ContextGroup[];
  /** True where the tiles of the layers' matrices are those of weight-only kernels. */
  hasWeightOnlyTiles: boolean;
  /** Layers of attention and FFN: what is calibrated per layer was measured on those. */
  numLayers: number;
  numMoeLayers: number;
  hiddenSize: number;
  streamsTokens: boolean;
  allReduces: Messages | null;
  /** To the experts and back, where ranks with tokens of their own share them. */
  allToAlls: Messages | null;
  pipeline: PipelineWork | null;
  /** Bytes of weights that a step of one token reads at least. */
  floorBytes: number;
}

const keptGroups = keptFor<Model, readonly ContextGroup[]>();

/** Layers by their windows; the same for every GPU. */
const contextGroups = (subject: WorkSubject): readonly ContextGroup[] =>
  keptGroups(subject.model, `${subject.tensorParallel} ${subject.kvBytesPerElement}`, () => groupedLayers(subject));

function groupedLayers({ model, tensorParallel, kvBytesPerElement }: WorkSubject): ContextGroup[] {
  // A key and its value are two elements, and take four FLOP of a query.
  const rowsOf = (flop: number, bytes: number): number => (bytes > 0 ? (flop * kvBytesPerElement) / (2 * bytes) : 0);
  const groups = new Map<number | null, ContextGroup>();
  const groupOf = (windowTokens: number | null): ContextGroup => {
    const found = groups.get(windowTokens);
    if (found) return found;
    const group: ContextGroup = {
      windowTokens,
      bytesPerContextToken: 0,
      decodeFlopPerContextToken: 0,
      queryRows: 0,
      queryRowsOfModel: 0,
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
      const wholeBytes = cacheBytesPerToken(work, kvBytesPerElement, 1);
      group.queryRowsOfModel = Math.max(group.queryRowsOfModel, rowsOf(work.decodeFlop, wholeBytes));
      group.promptFlopPerPair += (count * work.promptFlop) / computing;
    }
    if (state.length === 0) continue;
    const group = groupOf(null);
    // A decode reads the state and writes it back; a prompt writes it once, which is nothing beside its tokens.
    group.stateBytesPerSequence += count * state.reduce((sum, share) => sum + 2 * stateBytes(share, tensorParallel), 0);
    group.recurrenceFlopPerPromptToken += (count * recurrenceFlop) / tensorParallel;
  }
  for (const group of groups.values())
    group.queryRows = rowsOf(group.decodeFlopPerContextToken, group.bytesPerContextToken);
  return [...groups.values()];
}

/** The routed experts of a deployment; null where the model has none. */
export function expertWork(subject: WorkSubject): ExpertWork | null {
  const { model } = subject;
  const moeLayers = model.layers.flatMap(({ ffn }) => (ffn.experts ? [ffn.experts] : []));
  const [first] = moeLayers;
  if (!first) return null;
  const { numExperts } = first;
  // Layers may choose different numbers of experts; a step is described by their mean.
  const expertsPerToken = moeLayers.reduce((sum, layer) => sum + layer.numExpertsPerToken, 0) / moeLayers.length;
  const { ranks, groups, gpusOfGroup } = spreadOf(subject);
  const parameters = parameterBreakdown(model, gpusOfGroup).experts / groups;
  return {
    numExperts,
    expertsPerToken,
    logMissPerToken: Math.log1p(-Math.min(expertsPerToken / numExperts, 1 - 1e-12)),
    parameters,
    bytes: expertBytes(subject, parameters),
    ranks,
    groups,
  };
}

function spreadOf({ tensorParallel, dataParallel, expertParallel = 1 }: WorkSubject) {
  const ranks = dataParallel?.ranks ?? 1;
  return { ranks, ...expertSplit({ tensorParallel, expertParallel, dataParallel: ranks }) };
}

/**
 * All-reduces of a tensor-parallel group: one after each mixer and each network. Where the experts are reached by all-to-all,
 * each GPU has sent its part of the tokens there, and the group gathers what comes back: half an all-reduce.
 */
function allReducesOf({ model, tensorParallel, fabric }: WorkSubject, hasAllToAlls: boolean): Messages | null {
  if (!fabric) return null;
  const count = sublayersIn(model);
  const gathers = hasAllToAlls ? numMoeLayersOf(model) : 0;
  const bytesPerToken = (count - gathers / 2) * model.hiddenSize * SIXTEEN_BIT_BYTES;
  return { count, gpus: tensorParallel, fabric, bytesPerToken };
}

/** Dispatch and combine of every layer with experts: the hidden vector of a token, in 16 bit both ways. */
function allToAllsOf(subject: WorkSubject): Messages | null {
  const { model, tensorParallel, dataParallel } = subject;
  if (!dataParallel || dataParallel.ranks === 1 || numMoeLayersOf(model) === 0) return null;
  const { ranks, groups } = spreadOf(subject);
  const spread = { tensorParallel, dataParallel: ranks, expertGroups: groups };
  let vectors = 0;
  for (const { layer, count } of distinctLayers(model.layers)) {
    const { experts } = layer.ffn;
    if (experts) vectors += count * vectorsSent(spread, experts.numExperts, experts.numExpertsPerToken);
  }
  return {
    count: 2 * numMoeLayersOf(model),
    gpus: tensorParallel * ranks,
    fabric: dataParallel.fabric,
    bytesPerToken: 2 * vectors * model.hiddenSize * SIXTEEN_BIT_BYTES,
  };
}

const sublayersIn = ({ layers }: Model): number => layers.reduce((sum, layer) => sum + sublayersOf(layer), 0);
const numMoeLayersOf = ({ layers }: Model): number => layers.filter(({ ffn }) => ffn.experts !== null).length;

/** Works out what the steps of a deployment do (FIDELITY.md section 2: the operators and their sizes). */
export function operatorWork(subject: WorkSubject): OperatorWork {
  const { model, support } = subject;
  const { gpu, gpuShare, precision, generation } = subject;
  const weights = denseWeights(subject);
  const experts = expertWork(subject);
  const allToAlls = allToAllsOf(subject);
  // The tiles are those of the kernels most of the layers' matrices run with.
  const converted = weights.attention.converted + weights.ffn.converted;
  const isMostlyKept = weights.attention.kept + weights.ffn.kept > converted;
  const touchedBytes = experts ? (experts.bytes * experts.expertsPerToken) / experts.numExperts : 0;
  return {
    ...weights,
    hardware: { gpu, gpuShare, precision, support, generation },
    experts,
    context: contextGroups(subject),
    hasWeightOnlyTiles: support.kind === 'weight_only' && !isMostlyKept,
    numLayers: sublayersIn(model) / 2,
    numMoeLayers: numMoeLayersOf(model),
    hiddenSize: model.hiddenSize,
    streamsTokens: subject.streamsTokens ?? true,
    allReduces: allReducesOf(subject, allToAlls !== null),
    allToAlls,
    pipeline: pipelineWork(subject),
    floorBytes: bytesOf(weights.attention) + bytesOf(weights.ffn) + bytesOf(weights.head) + touchedBytes,
  };
}

import { invalidInput } from '../errors.ts';
import { VOCABULARY_GROUP } from './decoder.ts';
import { kvLayout, type KvLayout } from './kv.ts';
import { keptFor } from './memoized.ts';
import { emptyBreakdown, storedLayerWeights, type ParameterBreakdown } from './parameters.ts';
import { storedBytes } from './quantization/scheme.ts';
import type { Scheme } from './quantization/stored.ts';
import type { Model, Precision } from './types.ts';
import { parametersOf, type Weight } from './weight.ts';
import { storage, type SchemeOf } from './weights.ts';

/** How the GPUs of one replica share a model. */
export interface Parallelism {
  /** GPUs that split every matrix between them. */
  tensorParallel: number;
  /** Stages of consecutive layers. */
  pipelineParallel: number;
  /**
   * GPUs of a stage that hold whole experts; 1 = experts are split like the other matrices. vLLM's expert parallelism has
   * as many as tensor and data parallelism of the attention together.
   */
  expertParallel: number;
  /** Copies of the attention in a stage, each with requests of its own; absent = 1. Their GPUs share the experts. */
  dataParallel?: number;
}

/** How the GPUs of a stage share its routed experts: in groups with experts of their own, whose GPUs split each of them. */
export function expertSplit(parallelism: Omit<Parallelism, 'pipelineParallel'>): {
  groups: number;
  gpusOfGroup: number;
} {
  const { tensorParallel, expertParallel, dataParallel = 1 } = parallelism;
  // More groups than GPUs are named: the attention then has copies that were not.
  const gpus = Math.max(tensorParallel * dataParallel, expertParallel);
  return { groups: expertParallel, gpusOfGroup: gpus / expertParallel };
}

/** What one GPU holds. */
interface GpuHolding {
  /** Parameters of each class, copies and padding counted. */
  parameters: ParameterBreakdown;
  /** Bytes of each class, scales counted. */
  bytes: ParameterBreakdown;
  totalParameters: number;
  totalBytes: number;
}

/** What the fullest GPU of a pipeline stage holds. */
export interface StageHolding extends GpuHolding {
  stage: number;
  firstLayer: number;
  numLayers: number;
  /** What a sequence keeps in the layers of the stage, per GPU. */
  kv: KvLayout;
}

/**
 * Layers of each stage as vLLM shares them out: equally, what is left over one each from the last stage but one backwards,
 * because the last stage has the head and the first the embedding (vllm/distributed/utils.py, `get_pp_indices`).
 */
export function stageLayers(numLayers: number, pipelineParallel: number): number[] {
  const equal = Math.floor(numLayers / pipelineParallel);
  const over = numLayers % pipelineParallel;
  return Array.from({ length: pipelineParallel }, (_, stage) => {
    const fromEnd = pipelineParallel - stage;
    return fromEnd >= 2 && fromEnd < 2 + over ? equal + 1 : equal;
  });
}

/** Tables of the vocabulary, which vLLM pads to whole groups before it splits them (`DEFAULT_VOCAB_PADDING_SIZE`). */
const isVocabulary = ({ weightClass, splitUnits }: Weight): boolean =>
  (weightClass === 'embedding' || weightClass === 'head') && splitUnits > 1;

/** The part of a weight that the fullest GPU holds. */
function shard(weight: Weight, parallelism: Parallelism): Weight {
  const { tensorParallel } = parallelism;
  if (isVocabulary(weight)) {
    const padded = Math.ceil(weight.rows / VOCABULARY_GROUP) * VOCABULARY_GROUP;
    return { ...weight, rows: Math.ceil(padded / tensorParallel) };
  }
  const isExpert = weight.weightClass === 'experts';
  const { groups, gpusOfGroup } = expertSplit(parallelism);
  const split = isExpert ? gpusOfGroup : tensorParallel;
  const units = Math.ceil(weight.splitUnits / split);
  const part = (size: number): number => Math.ceil((size * units) / weight.splitUnits);
  return {
    ...weight,
    ...(weight.splitsInputs ? { columns: part(weight.columns) } : { rows: part(weight.rows) }),
    count: isExpert ? Math.ceil(weight.count / groups) : weight.count,
  };
}

/** Outside the layers: the final norm and the head stand on the last stage, everything else on the first. */
function isOnStage(weight: Weight, isFirst: boolean, isLast: boolean, isHeadTied: boolean): boolean {
  if (weight.weightClass === 'head' || weight.name === 'norm') return isLast;
  return isFirst || (isLast && isHeadTied && weight.name === 'embed_tokens');
}

function refuse(field: string, value: number, cure: string): never {
  const details = { field, value };
  throw invalidInput('parallelism_invalid', `${field} is ${value}: it must be ${cure}.`, details);
}

function check(model: Model, parallelism: Parallelism): void {
  for (const [name, value] of Object.entries(parallelism)) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      refuse(name, value as number, 'a whole number from 1');
    }
  }
  const { tensorParallel, pipelineParallel, expertParallel, dataParallel = 1 } = parallelism;
  if (pipelineParallel > model.layers.length) {
    refuse('pipelineParallel', pipelineParallel, `at most the ${model.layers.length} layers of ${model.id}`);
  }
  const gpus = tensorParallel * dataParallel;
  if (dataParallel > 1 && gpus % expertParallel !== 0) {
    refuse('expertParallel', expertParallel, `a divisor of tensorParallel x dataParallel, ${gpus}`);
  }
  if (dataParallel === 1 && expertParallel % tensorParallel !== 0 && tensorParallel % expertParallel !== 0) {
    refuse('expertParallel', expertParallel, `a multiple or a divisor of tensorParallel ${tensorParallel}`);
  }
}

/** Adds up the parts of weights that one GPU holds. */
class Sum implements GpuHolding {
  readonly parameters = emptyBreakdown();
  readonly bytes = emptyBreakdown();
  totalParameters = 0;
  totalBytes = 0;

  add(part: Weight, count: number, scheme: Scheme | null): void {
    const parameters = count * parametersOf(part);
    const bytes = count * storedBytes(part, scheme);
    this.parameters[part.weightClass] += parameters;
    this.bytes[part.weightClass] += bytes;
    this.totalParameters += parameters;
    this.totalBytes += bytes;
  }
}

/** Weights beside the layers of a stage: the embedding, the head, the towers. */
function outerWeights(model: Model, isFirst: boolean, isLast: boolean): Weight[] {
  const outside = model.outside.filter((weight) => isOnStage(weight, isFirst, isLast, model.isHeadTied));
  // vLLM keeps vision and audio parts where the embeddings are made, split like other matrices where their kind allows.
  return isFirst ? [...outside, ...model.towers.flatMap(({ weights }) => weights)] : outside;
}

/**
 * What the fullest GPU of every pipeline stage holds. Matrices are split by tensor parallelism over their heads, inner
 * features or tokens, rounded up; KV heads beyond one a GPU, norms, routers and the compressed projections of MLA are
 * copied; the vocabulary is padded to 64; experts go whole to the GPUs of expert parallelism (⌈E/EP⌉ on the fullest) or
 * are split over their width. With data parallelism each copy of the attention is split by itself, the experts over the
 * GPUs of all copies. A tied embedding stands on the first and the last stage.
 *
 * Throws `parallelism_invalid` when the degrees do not go together.
 */
export function stageHoldings(
  model: Model,
  precision: Precision,
  parallelism: Parallelism,
  kvBytes: 1 | 2 = 2,
): readonly StageHolding[] {
  const { tensorParallel, pipelineParallel, expertParallel, dataParallel = 1 } = parallelism;
  const key = [precision, tensorParallel, pipelineParallel, expertParallel, dataParallel, kvBytes].join(' ');
  return kept(model, key, () => addedUp(model, precision, parallelism, kvBytes));
}

const kept = keptFor<Model, readonly StageHolding[]>();

function addedUp(model: Model, precision: Precision, parallelism: Parallelism, kvBytes: 1 | 2): StageHolding[] {
  check(model, parallelism);
  const { outer, layers } = storage(model, precision);
  const counts = stageLayers(model.layers.length, parallelism.pipelineParallel);
  let firstLayer = 0;
  return counts.map((numLayers, stage) => {
    const sum = new Sum();
    const add = (weight: Weight, count: number, schemeOf: SchemeOf): void =>
      sum.add(shard(weight, parallelism), count, schemeOf(weight));
    for (const weight of outerWeights(model, stage === 0, stage === counts.length - 1)) add(weight, 1, outer);
    for (const { layer, count, schemeOf } of layers(firstLayer, firstLayer + numLayers)) {
      for (const weight of storedLayerWeights(layer)) add(weight, count, schemeOf);
    }
    const own = { ...model, layers: model.layers.slice(firstLayer, firstLayer + numLayers) };
    const { parameters, bytes, totalParameters, totalBytes } = sum;
    const kv = kvLayout(own, kvBytes, parallelism.tensorParallel);
    const holding = { stage, firstLayer, numLayers, parameters, bytes, totalParameters, totalBytes, kv };
    firstLayer += numLayers;
    return holding;
  });
}

/** What the fullest GPU of the whole group holds: that of the stage with the most bytes. */
export const fullestHolding = (model: Model, precision: Precision, parallelism: Parallelism): StageHolding =>
  stageHoldings(model, precision, parallelism).reduce((most, stage) =>
    stage.totalBytes > most.totalBytes ? stage : most,
  );

/** What each GPU of a tensor-parallel group holds. */
export const tensorParallelHolding = (model: Model, precision: Precision, tensorParallel: number): GpuHolding =>
  fullestHolding(model, precision, { tensorParallel, pipelineParallel: 1, expertParallel: 1 });

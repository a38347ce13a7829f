import { invalidInput } from '../errors.ts';
import { emptyBreakdown, storedLayerWeights, parameterBreakdown, WEIGHT_CLASSES } from './parameters.ts';
import { SIXTEEN_BIT_BYTES, storedBytes, USUAL_SCHEME } from './quantization/scheme.ts';
import type { Scheme, Schemes } from './quantization/stored.ts';
import type { Layer, Model, Precision, WeightClass } from './types.ts';
import { parametersOf, type Weight } from './weight.ts';

export { SIXTEEN_BIT_BYTES };

/** Classes a quantization scheme touches when it is asked for on a 16-bit model: the linear layers of the decoder layers. */
const QUANTIZED: ReadonlySet<WeightClass> = new Set<WeightClass>(['attention', 'denseFfn', 'sharedExperts', 'experts']);

/** The scheme of a weight; null = 16 bit. */
export type SchemeOf = (weight: Weight) => Scheme | null;

/** Layers that are equal and stored alike. */
interface StoredLayers {
  layer: Layer;
  count: number;
  schemeOf: SchemeOf;
}

/** How the weights of a model are stored at one precision. */
export interface Storage {
  /** Of weights outside the layers and in the towers. */
  outer: SchemeOf;
  /** The layers from `first` up to, not including, `end`. */
  layers: (first: number, end: number) => StoredLayers[];
}

const listed =
  (schemes: Schemes | undefined): SchemeOf =>
  (weight) =>
    schemes?.get(weight) ?? null;

/** Layers grouped by what they are and by `key`. */
function grouped<Key>(
  layers: readonly Layer[],
  [first, end]: readonly [number, number],
  keyOf: (index: number) => Key,
  schemeOf: (key: Key) => SchemeOf,
): StoredLayers[] {
  const groups = new Map<Layer, Map<Key, StoredLayers>>();
  layers.slice(first, end).forEach((layer, offset) => {
    const key = keyOf(first + offset);
    const alike = groups.get(layer) ?? new Map<Key, StoredLayers>();
    groups.set(layer, alike);
    const group = alike.get(key);
    if (group) group.count += 1;
    else alike.set(key, { layer, count: 1, schemeOf: schemeOf(key) });
  });
  return [...groups.values()].flatMap((alike) => [...alike.values()]);
}

/** The scheme a precision means for each weight of a 16-bit model; MXFP4 converts only the experts of models that have any. */
function usualScheme(model: Model, precision: Precision): SchemeOf {
  const scheme = USUAL_SCHEME[precision];
  if (scheme === null) return () => null;
  const hasExperts = model.layers.some(({ ffn }) => ffn.experts !== null);
  const isOnlyExperts = precision === 'mxfp4' && hasExperts;
  return ({ isLinear, weightClass }) =>
    isLinear && (isOnlyExperts ? weightClass === 'experts' : QUANTIZED.has(weightClass)) ? scheme : null;
}

/**
 * What each weight is stored in: the checkpoint's own recipe when it holds this precision, else what the precision means
 * for a 16-bit model.
 */
export function storage(model: Model, precision: Precision): Storage {
  const { stored } = model.checkpoint;
  if (stored && model.checkpoint.precision === precision) {
    return {
      outer: listed(stored.outer),
      layers: (first, end) => grouped(model.layers, [first, end], (index) => stored.layers[index], listed),
    };
  }
  const outer = usualScheme(model, precision);
  return {
    outer,
    layers: (first, end) =>
      grouped(
        model.layers,
        [first, end],
        () => null,
        () => outer,
      ),
  };
}

/** What the weights of one class amount to. */
export interface ClassStorage {
  parameters: number;
  bytes: number;
  /** Parameters left at 16 bit. */
  kept: number;
}

const KNOWN = new WeakMap<Model, Map<Precision, Record<WeightClass, ClassStorage>>>();

function addUp(model: Model, precision: Precision): Record<WeightClass, ClassStorage> {
  const nothing = (): ClassStorage => ({ parameters: 0, bytes: 0, kept: 0 });
  const classes = Object.fromEntries(WEIGHT_CLASSES.map((name) => [name, nothing()])) as Record<
    WeightClass,
    ClassStorage
  >;
  const add = (weight: Weight, count: number, scheme: Scheme | null): void => {
    const sum = classes[weight.weightClass];
    const parameters = count * parametersOf(weight);
    sum.parameters += parameters;
    sum.bytes += count * storedBytes(weight, scheme);
    if (scheme === null) sum.kept += parameters;
  };
  const { outer, layers } = storage(model, precision);
  for (const weight of model.outside) add(weight, 1, outer(weight));
  for (const { weights } of model.towers) for (const weight of weights) add(weight, 1, outer(weight));
  for (const { layer, count, schemeOf } of layers(0, model.layers.length)) {
    for (const weight of storedLayerWeights(layer)) add(weight, count, schemeOf(weight));
  }
  return classes;
}

/**
 * Parameters and bytes as stored of every class of weights, scales and zero points counted, and how many of them are left
 * at 16 bit. A tied head is stored with the embedding (0 here). Computed once for each model and precision.
 */
export function classStorage(model: Model, precision: Precision): Readonly<Record<WeightClass, ClassStorage>> {
  const known = KNOWN.get(model) ?? new Map<Precision, Record<WeightClass, ClassStorage>>();
  KNOWN.set(model, known);
  const found = known.get(precision) ?? addUp(model, precision);
  known.set(precision, found);
  return found;
}

/** Bytes of each class of weights as stored: what the checkpoint's files take. */
export function weightBytesByClass(model: Model, precision: Precision): Record<WeightClass, number> {
  const bytes = emptyBreakdown();
  for (const [name, { bytes: stored }] of Object.entries(classStorage(model, precision))) {
    bytes[name as WeightClass] = stored;
  }
  return bytes;
}

/** Bytes of all weights as stored at a precision. */
export const weightBytes = (model: Model, precision: Precision): number =>
  WEIGHT_CLASSES.reduce((sum, name) => sum + classStorage(model, precision)[name].bytes, 0);

/** What one step reads and multiplies on one GPU, in logical parameters. */
interface WeightBreakdown {
  attention: number;
  /** Dense FFN and shared experts. */
  ffn: number;
  /** All routed experts. */
  experts: number;
  router: number;
  /** Looked up, not multiplied. */
  embedding: number;
  /** Vocabulary x hidden, even when the head shares the embedding: it is multiplied all the same. */
  head: number;
  norms: number;
}

/**
 * Weights by what the step time asks of them: those that layers share as often as a step uses them. Not a partition when
 * the head is tied: then it also is in `embedding`.
 */
export function weightBreakdown(model: Model, tensorParallel = 1): WeightBreakdown {
  const parts = parameterBreakdown(model, tensorParallel, 'used');
  const { attention, denseFfn, sharedExperts, experts, router, embedding, norms } = parts;
  const head = (model.vocabularySize * model.hiddenSize) / tensorParallel;
  return { attention, ffn: denseFfn + sharedExperts, experts, router, embedding, head, norms };
}

/** The precision `checkpoint` stands for; refused when the file's format could not be told. */
export function checkpointPrecision(model: Model): Precision {
  const { precision, problem } = model.checkpoint;
  if (problem === undefined) return precision;
  const message = `${problem} Name the precision with --quantization instead of "checkpoint".`;
  throw invalidInput('checkpoint_unknown', message, { model: model.id });
}

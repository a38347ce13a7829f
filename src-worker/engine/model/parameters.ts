import { keptFor } from './memoized.ts';
import type { Layer, Model, WeightClass } from './types.ts';
import { parametersOf, shareOnGpu, sumOfParameters, type Weight } from './weight.ts';

type Parts = Pick<Model, 'outside' | 'layers' | 'towers'>;

/** Logical parameters of each class of weights over the whole model; the classes add up to the total. */
export type ParameterBreakdown = Record<WeightClass, number>;

export const WEIGHT_CLASSES: readonly WeightClass[] = [
  'embedding',
  'attention',
  'denseFfn',
  'sharedExperts',
  'experts',
  'router',
  'norms',
  'head',
  'vision',
  'audio',
];

/** A figure for each class, 0 to begin with. */
export const emptyBreakdown = (): ParameterBreakdown =>
  Object.fromEntries(WEIGHT_CLASSES.map((weightClass) => [weightClass, 0])) as ParameterBreakdown;

/** Every weight of one layer. */
export const layerWeights = ({ attention, ffn, norms }: Layer): Weight[] => [
  ...attention.weights,
  ...ffn.weights,
  ...norms,
];

/** What a layer stores itself: weights that an earlier layer has already are left out. */
export const storedLayerWeights = (layer: Layer): Weight[] => layerWeights(layer).filter(({ isReused }) => !isReused);

interface CountedLayer {
  layer: Layer;
  count: number;
}

const counted = keptFor<readonly Layer[], readonly CountedLayer[]>();

/** Different layers with how often they occur, in the order of their first one. */
export const distinctLayers = (layers: readonly Layer[]): readonly CountedLayer[] =>
  counted(layers, '', () => countLayers(layers));

function countLayers(layers: readonly Layer[]): CountedLayer[] {
  const counts = new Map<Layer, number>();
  for (const layer of layers) counts.set(layer, (counts.get(layer) ?? 0) + 1);
  return [...counts].map(([layer, count]) => ({ layer, count }));
}

/**
 * Weights that are `stored`, each once, or those a token is multiplied with: `used` also has what several layers share, as
 * often as it is used.
 */
type WeightsAs = 'stored' | 'used';

/**
 * Mixers and feed-forward networks of a layer, each with its kernels, its residual sum and, under tensor parallelism, its
 * all-reduce: 2 in most models, 1 where layers are single sub-layers, 3 with attention beside a recurrence.
 */
export const sublayersOf = ({ attention, ffn }: Layer): number =>
  (attention.weights.length > 0 ? (attention.numMixers ?? 1) : 0) + (ffn.weights.length > 0 ? 1 : 0);

/** Calls `visit` for each weight with how often it occurs in the model. */
export function eachWeight(
  model: Parts,
  visit: (weight: Weight, occurrences: number) => void,
  as: WeightsAs = 'stored',
): void {
  for (const weight of model.outside) visit(weight, 1);
  for (const { layer, count } of distinctLayers(model.layers)) {
    for (const weight of layerWeights(layer)) if (as === 'used' || !weight.isReused) visit(weight, count);
  }
  for (const { weights } of model.towers) for (const weight of weights) visit(weight, 1);
}

/** Every parameter once: a head tied to the embedding is 0 here. With `tensorParallel`, what one GPU of the group holds. */
export function parameterBreakdown(model: Parts, tensorParallel = 1, as: WeightsAs = 'stored'): ParameterBreakdown {
  const sum = emptyBreakdown();
  const add = (weight: Weight, occurrences: number): void => {
    sum[weight.weightClass] += parametersOf(weight) * occurrences * shareOnGpu(weight, tensorParallel);
  };
  eachWeight(model, add, as);
  return sum;
}

export const totalParameters = (model: Parts): number =>
  Object.values(parameterBreakdown(model)).reduce((sum, part) => sum + part, 0);

/** Classes that no text token meets, inside the layers too (experts for pictures). */
const NOT_FOR_TEXT: readonly WeightClass[] = ['vision', 'audio'];

/** Parameters of one layer that a text token does not use: the experts not chosen, and what is there for pictures. */
function idleParameters({ ffn: { experts, weights } }: Layer): number {
  const notForText = sumOfParameters(weights.filter(({ weightClass }) => NOT_FOR_TEXT.includes(weightClass)));
  if (experts === null) return notForText;
  return notForText + (experts.numExperts - experts.numExpertsPerToken) * experts.parametersPerExpert;
}

/** Parameters one text token uses: chosen experts only, no vision or audio part; embedding and head in full. */
export function activeParameters(model: Parts): number {
  const idle = model.layers.reduce((sum, layer) => sum + idleParameters(layer), 0);
  return totalParameters({ ...model, towers: [] }) - idle;
}

/** Parameters of one layer, all experts included, without what an earlier layer stores. */
export const layerParameters = (layer: Layer): number => sumOfParameters(storedLayerWeights(layer));

/** Parameters of one layer that a token uses. */
export const activeLayerParameters = (layer: Layer): number => layerParameters(layer) - idleParameters(layer);

import type { Layer, Model, WeightClass } from './types.ts';

type Parts = Pick<Model, 'embeddingParameters' | 'headParameters' | 'finalNormParameters' | 'layers'>;

/** Logical parameters of each class of weights over the whole model; the classes add up to the total. */
export type ParameterBreakdown = Record<WeightClass, number>;

function addLayer(sum: ParameterBreakdown, { attention, ffn, normParameters }: Layer): void {
  sum.attention += attention.parameters;
  sum.norms += normParameters;
  if (ffn.kind === 'dense') {
    sum.denseFfn += ffn.parameters;
    return;
  }
  sum.router += ffn.routerParameters;
  sum.sharedExperts += ffn.sharedParameters;
  sum.experts += ffn.numExperts * ffn.parametersPerExpert;
}

/** Every parameter once: a head tied to the embedding is 0 here. */
export function parameterBreakdown(model: Parts): ParameterBreakdown {
  const sum: ParameterBreakdown = {
    embedding: model.embeddingParameters,
    attention: 0,
    denseFfn: 0,
    sharedExperts: 0,
    experts: 0,
    router: 0,
    norms: model.finalNormParameters,
    head: model.headParameters,
  };
  for (const layer of model.layers) addLayer(sum, layer);
  return sum;
}

export const totalParameters = (model: Parts): number =>
  Object.values(parameterBreakdown(model)).reduce((sum, part) => sum + part, 0);

/** Parameters one token uses: of the routed experts only the chosen ones; embedding and head in full. */
export function activeParameters(model: Parts): number {
  const idle = model.layers.reduce((sum, { ffn }) => {
    if (ffn.kind === 'dense') return sum;
    return sum + (ffn.numExperts - ffn.numExpertsPerToken) * ffn.parametersPerExpert;
  }, 0);
  return totalParameters(model) - idle;
}

/** Parameters of one layer, all experts included. */
export const layerParameters = ({ attention, ffn, normParameters }: Layer): number =>
  attention.parameters + ffn.parameters + normParameters;

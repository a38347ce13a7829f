import { distinctLayers } from './parameters.ts';
import type { Model } from './types.ts';

/** The first number of heads that `tensorParallel` does not divide, or null when it divides those of every layer. */
export function undividedHeads(model: Model, tensorParallel: number): number | null {
  const heads = distinctLayers(model.layers).map(({ layer }) => layer.attention.numHeads);
  return heads.find((count) => count !== null && count % tensorParallel !== 0) ?? null;
}

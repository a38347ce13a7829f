import { distinctLayers } from './parameters.ts';
import type { Model } from './types.ts';

/** Largest number that divides all of `counts`: the tensor-parallel sizes that divide it divide each of them. */
export const commonDivisor = (counts: readonly number[]): number =>
  counts.reduce((one, other) => {
    let [larger, smaller] = [one, other];
    while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
    return larger;
  }, 0);

/** The first number of heads that `tensorParallel` does not divide, or null when it divides those of every layer. */
export function undividedHeads(model: Model, tensorParallel: number): number | null {
  const heads = distinctLayers(model.layers).map(({ layer }) => layer.attention.numHeads);
  return heads.find((count) => count !== null && count % tensorParallel !== 0) ?? null;
}

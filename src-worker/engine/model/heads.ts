import { distinctLayers } from './parameters.ts';
import type { Model } from './types.ts';

/** Largest number that divides all of `counts`: the tensor-parallel sizes that divide it divide each of them. */
export const commonDivisor = (counts: readonly number[]): number =>
  counts.reduce((one, other) => {
    let [larger, smaller] = [one, other];
    while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
    return larger;
  }, 0);

interface UndividedHeads {
  count: number;
  /** What is counted, for a sentence: `attention heads`. */
  words: string;
}

/** The first heads that `tensorParallel` does not divide, or null when it divides those of every layer. */
export function undividedHeads(model: Model, tensorParallel: number): UndividedHeads | null {
  for (const { layer } of distinctLayers(model.layers)) {
    const { numHeads: count, state } = layer.attention;
    if (count === null || count % tensorParallel === 0) continue;
    return { count, words: state.length > 0 ? 'heads or groups of heads of the recurrent layers' : 'attention heads' };
  }
  return null;
}

import { normalQuantile } from '../numerics/normal.ts';

/** Draws of every error. Chances are then known to about a percent. */
const DRAWS = 2000;

/** Odd steps near 2^32 / golden ratio, which spread counters evenly, and the mixing constants of MurmurHash3's finalizer. */
const COUNTER_STEP = 0x9e3779b9;
const DIMENSION_STEP = 0x85ebca77;
const MIX = [0x85ebca6b, 0xc2b2ae35] as const;

/** A number in [0, 1) that is as good as random, by counter and dimension. */
function hashed(counter: number, dimension: number): number {
  let word = (Math.imul(counter, COUNTER_STEP) + Math.imul(dimension, DIMENSION_STEP)) >>> 0;
  word = Math.imul(word ^ (word >>> 16), MIX[0]);
  word = Math.imul(word ^ (word >>> 13), MIX[1]);
  return ((word ^ (word >>> 16)) >>> 0) / 2 ** 32;
}

/** Normal scores of equal chance, rising. */
const scores = Float64Array.from({ length: DRAWS }, (_, i) => normalQuantile((i + 0.5) / DRAWS));

const dimensions: Float64Array[] = [];

/**
 * Draw by draw values of the `index`-th independent standard normal error: the same scores in another fixed order each, a
 * Latin hypercube. Every question is answered with the same draws, so that the same question has the same answer.
 */
export function normalDraws(index: number): Float64Array {
  const known = dimensions[index];
  if (known) return known;
  const draws = scores.slice();
  for (let i = DRAWS - 1; i > 0; i -= 1) {
    const j = Math.floor(hashed(i, index + 1) * (i + 1));
    [draws[i], draws[j]] = [draws[j] as number, draws[i] as number];
  }
  dimensions[index] = draws;
  return draws;
}

/** Shares of the variance of an error that all candidates of a question have in common, and those on one GPU beside. */
export interface CommonShares {
  question: number;
  gpu: number;
}

/** Whose errors they are: those of one plan on several instances are one and the same. */
export interface ErrorOwner {
  gpuId: string;
  planKey: string;
}

/** Standard normal errors of each of `owners`, by draw: a part in common, one by GPU, one of the plan's own. */
export function correlatedErrors(owners: readonly ErrorOwner[], shares: CommonShares, firstIndex = 0): Float64Array[] {
  const question = Math.min(1, Math.max(0, shares.question));
  const gpu = Math.min(1 - question, Math.max(0, shares.gpu));
  const weights = [question, gpu, 1 - question - gpu].map(Math.sqrt) as [number, number, number];
  const indices = new Map<string, number>();
  const drawsOf = (name: string): Float64Array => {
    const index = indices.get(name) ?? firstIndex + indices.size;
    indices.set(name, index);
    return normalDraws(index);
  };
  const known = new Map<string, Float64Array>();
  return owners.map(({ gpuId, planKey }) => {
    const found = known.get(planKey);
    if (found) return found;
    const parts = [drawsOf('question'), drawsOf(`gpu ${gpuId}`), drawsOf(`plan ${planKey}`)];
    const errors = new Float64Array(DRAWS);
    parts.forEach((draws, part) => {
      const weight = weights[part] as number;
      for (let i = 0; i < DRAWS; i += 1) errors[i] = (errors[i] as number) + weight * (draws[i] as number);
    });
    known.set(planKey, errors);
    return errors;
  });
}

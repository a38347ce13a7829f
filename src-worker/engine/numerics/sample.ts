/** Mean of a sample; 0 for none. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i] as number;
  return values.length > 0 ? sum / values.length : 0;
}

/** Quantile of a sorted sample, linear between neighbors (R type 7: Hyndman and Fan 1996); NaN for none. */
export function sortedQuantile(sorted: ArrayLike<number>, probability: number): number {
  if (sorted.length === 0) return NaN;
  const at = (sorted.length - 1) * probability;
  const below = Math.floor(at);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (at - below) * (high - low);
}

/** Quantile of a sample in any order (R type 7); NaN for none. */
export const sampleQuantile = (values: ArrayLike<number>, probability: number): number =>
  sortedQuantile(Float64Array.from(values).sort(), probability);

export const medianOf = (values: ArrayLike<number>): number => sampleQuantile(values, 0.5);

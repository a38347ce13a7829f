/** Smallest values at which the cumulated weight reaches each of `probabilities` (in ascending order) of the whole; values in any order. */
export function weightedQuantiles(
  values: Float64Array,
  weights: Float64Array,
  probabilities: readonly number[],
): number[] {
  const order = Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const most = values[order.at(-1) ?? 0] ?? 0;
  let at = 0;
  let cumulated = 0;
  return probabilities.map((probability) => {
    const wanted = probability * total - 1e-12;
    for (; at < order.length; at += 1) {
      const index = order[at] as number;
      if (cumulated + (weights[index] as number) >= wanted) return values[index] as number;
      cumulated += weights[index] as number;
    }
    return most;
  });
}

/** The same of one probability. */
export const weightedQuantile = (values: Float64Array, weights: Float64Array, probability: number): number =>
  weightedQuantiles(values, weights, [probability])[0] as number;

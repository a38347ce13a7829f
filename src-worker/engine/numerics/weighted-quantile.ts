/** Smallest value at which the cumulated weight reaches `probability` of the whole; values in any order. */
export function weightedQuantile(values: Float64Array, weights: Float64Array, probability: number): number {
  const order = Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const wanted = probability * weights.reduce((sum, weight) => sum + weight, 0) - 1e-12;
  let cumulated = 0;
  for (const i of order) {
    cumulated += weights[i] as number;
    if (cumulated >= wanted) return values[i] as number;
  }
  return values[order.at(-1) ?? 0] ?? 0;
}

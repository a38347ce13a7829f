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

/** Quantiles (R type 7) of a sample in which `values[k]` stands `counts[k]` times, whole numbers; in any order. */
export function countedQuantiles(
  values: Float64Array,
  counts: Float64Array,
  probabilities: readonly number[],
): number[] {
  const order = Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const total = counts.reduce((sum, count) => sum + count, 0);
  /** [place in the order] how many stand up to there. */
  let sum = 0;
  const upTo = order.map((k) => (sum += counts[k] as number));
  const at = (rank: number): number => {
    let [low, high] = [0, upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] as number) > rank) high = middle;
      else low = middle + 1;
    }
    return values[order[low] as number] as number;
  };
  return probabilities.map((probability) => {
    const rank = (total - 1) * probability;
    const below = Math.floor(rank);
    const low = at(below);
    return low + (rank - below) * (at(Math.min(below + 1, total - 1)) - low);
  });
}

export const medianOf = (values: ArrayLike<number>): number => sampleQuantile(values, 0.5);

/** Brings the value of a rank to its place in values[from..], the smaller before it, the larger behind (Hoare 1961). */
function select(values: Float64Array, from: number, rank: number): void {
  let low = from;
  let high = values.length - 1;
  while (high > low) {
    const [a, b, c] = [values[low] as number, values[(low + high) >> 1] as number, values[high] as number];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let i = low;
    let j = high;
    while (i <= j) {
      while ((values[i] as number) < pivot) i += 1;
      while ((values[j] as number) > pivot) j -= 1;
      if (i > j) break;
      const larger = values[i] as number;
      values[i] = values[j] as number;
      values[j] = larger;
      i += 1;
      j -= 1;
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else return;
  }
}

/**
 * Quantiles of a sample in any order at rising probabilities (R type 7), without sorting it: a tenth of the time for
 * thousands of values. NaN for none.
 */
export function sampleQuantiles(values: ArrayLike<number>, probabilities: readonly number[]): number[] {
  const sample = new Float64Array(values.length);
  sample.set(values);
  const last = sample.length - 1;
  let from = 0;
  return probabilities.map((probability) => {
    if (last < 0) return NaN;
    const at = last * probability;
    const below = Math.floor(at);
    select(sample, from, below);
    from = below;
    const low = sample[below] as number;
    if (at === below) return low;
    let high = Infinity;
    for (let i = below + 1; i <= last; i += 1) if ((sample[i] as number) < high) high = sample[i] as number;
    return low + (at - below) * (high - low);
  });
}

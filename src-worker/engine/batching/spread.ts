/**
 * Percentiles of a mixture whose parts are uniform ranges. Nodes stand for whole cells; depositing them as points would put
 * percentiles on node positions (E2E P99 9 % too low), so every value is spread over its cell (QUEUEING.md 3.7).
 */
const BINS = 1024;
const MAX_DEPOSITS = 16384;

/** Probabilities of the percentiles that `LatencyPercentiles` has. */
const SHOWN = Float64Array.of(0.5, 0.9, 0.95, 0.99);

/** ms, over requests. */
export interface LatencyPercentiles {
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
}

export const newPercentiles = (): LatencyPercentiles => ({ mean: 0, p50: 0, p90: 0, p95: 0, p99: 0 });

/** What the values of `addPart` have in common: their chance, what is added to each, and the square of a further width. */
export interface Part {
  chance: number;
  fixedMs: number;
  squareWidth: number;
}

/** Collects (value, width, weight) and reads percentiles. One instance is reused: results are copied out. */
export class Spread {
  private readonly values = new Float64Array(MAX_DEPOSITS);
  private readonly widths = new Float64Array(MAX_DEPOSITS);
  private readonly weights = new Float64Array(MAX_DEPOSITS);
  private readonly cumulated = new Float64Array(BINS + 3);
  private readonly shown = new Float64Array(SHOWN.length);
  private count = 0;
  private total = 0;
  private weightedSum = 0;
  private low = Infinity;
  private high = 0;

  clear(): void {
    this.count = 0;
    this.total = 0;
    this.weightedSum = 0;
    this.low = Infinity;
    this.high = 0;
  }

  /** `value` is the middle of the range of `width`; negative parts of a range are folded to its positive part. */
  add(value: number, width: number, weight: number): void {
    if (!(weight > 0)) return;
    const { count } = this;
    if (count >= MAX_DEPOSITS) throw new Error(`more than ${MAX_DEPOSITS} parts in one distribution`);
    const twice = 2 * value;
    const narrow = width < twice ? width : twice;
    const fitting = narrow > 0 ? narrow : 0;
    const half = fitting / 2;
    if (value - half < this.low) this.low = value - half;
    if (value + half > this.high) this.high = value + half;
    this.values[count] = value;
    this.widths[count] = fitting;
    this.weights[count] = weight;
    this.count = count + 1;
    this.total += weight;
    this.weightedSum += weight * value;
  }

  /** `add` for each value, with its weight times `share`; `part` shifts the values and widens their ranges. */
  addPart(part: Part, values: Float64Array, squareWidths: Float64Array, weights: Float64Array): void {
    const first = this.count;
    const numValues = weights.length;
    if (first + numValues > MAX_DEPOSITS) throw new Error(`more than ${MAX_DEPOSITS} parts in one distribution`);
    const { chance, fixedMs, squareWidth } = part;
    let { low, high, total, weightedSum } = this;
    let at = first;
    for (let i = 0; i < numValues; i += 1) {
      const weight = chance * (weights[i] as number);
      if (!(weight > 0)) continue;
      const value = fixedMs + (values[i] as number);
      const width = Math.sqrt(squareWidth + (squareWidths[i] as number));
      const narrow = width < 2 * value ? width : 2 * value;
      const fitting = narrow > 0 ? narrow : 0;
      const from = value - fitting / 2;
      const to = value + fitting / 2;
      if (from < low) low = from;
      if (to > high) high = to;
      this.values[at] = value;
      this.widths[at] = fitting;
      this.weights[at] = weight;
      at += 1;
      total += weight;
      weightedSum += weight * value;
    }
    this.count = at;
    this.low = low;
    this.high = high;
    this.total = total;
    this.weightedSum = weightedSum;
  }

  /** Leaves `share` of the weight of everything added since `clear`; returns the weight taken away. */
  thin(share: number): number {
    const before = this.total;
    for (let i = 0; i < this.count; i += 1) this.weights[i] = (this.weights[i] as number) * share;
    this.total *= share;
    this.weightedSum *= share;
    return before - this.total;
  }

  get mean(): number {
    return this.weightedSum / this.total;
  }

  /** Builds the cumulated distribution: the density of a uniform range changes at its two ends only. */
  build(): void {
    const { values, widths, weights, cumulated, count, low } = this;
    if (!(this.high > low)) this.high = low + Math.max(low, 1) * 1e-9;
    const binsPerMs = BINS / (this.high - low);
    cumulated.fill(0);
    for (let i = 0; i < count; i += 1) {
      const scaled = (widths[i] as number) * binsPerMs;
      const width = scaled > 1 ? scaled : 1;
      const from = ((values[i] as number) - low) * binsPerMs - width / 2;
      const start = from > 0 ? from : 0;
      const end = start + width < BINS ? start + width : BINS;
      const change = (weights[i] as number) / width;
      const startBin = start | 0;
      const startPart = change * (start - startBin);
      const endBin = end | 0;
      const endPart = change * (end - endBin);
      cumulated[startBin] = (cumulated[startBin] as number) + change - startPart;
      cumulated[startBin + 1] = (cumulated[startBin + 1] as number) + startPart;
      cumulated[endBin] = (cumulated[endBin] as number) - change + endPart;
      cumulated[endBin + 1] = (cumulated[endBin + 1] as number) - endPart;
    }
    // Second differences -> density -> distribution.
    let density = 0;
    let sum = 0;
    for (let bin = 0; bin <= BINS; bin += 1) {
      density += cumulated[bin] as number;
      cumulated[bin] = sum;
      sum += density;
    }
    cumulated[BINS + 1] = sum;
  }

  /** Builds and reads the percentiles of everything added since `clear`. */
  percentiles(): LatencyPercentiles {
    const percentiles = newPercentiles();
    this.read(percentiles);
    return percentiles;
  }

  /** `percentiles` into what the caller has. */
  read(percentiles: LatencyPercentiles): void {
    this.build();
    this.quantiles(SHOWN, this.shown);
    percentiles.mean = this.weightedSum / this.total;
    percentiles.p50 = this.shown[0] as number;
    percentiles.p90 = this.shown[1] as number;
    percentiles.p95 = this.shown[2] as number;
    percentiles.p99 = this.shown[3] as number;
  }

  /** Values at probabilities, into `values`; linear inside a bin. Call build() first. */
  quantiles(probabilities: Float64Array, values: Float64Array): void {
    const { cumulated, low } = this;
    const binMs = (this.high - low) / BINS;
    for (let i = 0; i < probabilities.length; i += 1) {
      const wanted = (probabilities[i] as number) * this.total;
      let left = 0;
      let right = BINS;
      while (left < right) {
        const middle = (left + right) >> 1;
        if ((cumulated[middle + 1] as number) >= wanted) right = middle;
        else left = middle + 1;
      }
      const before = cumulated[left] as number;
      const after = cumulated[left + 1] as number;
      const share = after > before ? Math.min(1, Math.max(0, (wanted - before) / (after - before))) : 0;
      values[i] = low + (left + share) * binMs;
    }
  }
}

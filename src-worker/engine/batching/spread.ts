/**
 * Percentiles of a mixture whose parts are uniform ranges. Nodes stand for whole cells; depositing them as points would put
 * percentiles on node positions (E2E P99 9 % too low), so every value is spread over its cell (QUEUEING.md 3.7).
 */
const BINS = 1024;
const MAX_DEPOSITS = 16384;

/** ms, over requests. */
export interface LatencyPercentiles {
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
}

/** Collects (value, width, weight) and reads percentiles. One instance is reused: results are copied out. */
export class Spread {
  private readonly values = new Float64Array(MAX_DEPOSITS);
  private readonly widths = new Float64Array(MAX_DEPOSITS);
  private readonly weights = new Float64Array(MAX_DEPOSITS);
  private readonly cumulated = new Float64Array(BINS + 3);
  private count = 0;
  private total = 0;
  private weightedSum = 0;
  private low = 0;
  private high = 0;

  clear(): void {
    this.count = 0;
    this.total = 0;
    this.weightedSum = 0;
  }

  /** `value` is the middle of the range of `width`; negative parts of a range are folded to its positive part. */
  add(value: number, width: number, weight: number): void {
    if (!(weight > 0)) return;
    if (this.count >= MAX_DEPOSITS) throw new Error(`more than ${MAX_DEPOSITS} parts in one distribution`);
    const fitting = Math.min(width, 2 * value);
    this.values[this.count] = value;
    this.widths[this.count] = fitting > 0 ? fitting : 0;
    this.weights[this.count] = weight;
    this.count += 1;
    this.total += weight;
    this.weightedSum += weight * value;
  }

  get mean(): number {
    return this.weightedSum / this.total;
  }

  /** Builds the cumulated distribution: the density of a uniform range changes at its two ends only. */
  build(): void {
    const { values, widths, weights, cumulated, count } = this;
    let low = Infinity;
    let high = 0;
    for (let i = 0; i < count; i += 1) {
      const half = (widths[i] as number) / 2;
      const value = values[i] as number;
      if (value - half < low) low = value - half;
      if (value + half > high) high = value + half;
    }
    this.low = low;
    this.high = high > low ? high : low + Math.max(low, 1) * 1e-9;
    const binWidth = (this.high - this.low) / BINS;
    cumulated.fill(0);
    for (let i = 0; i < count; i += 1) {
      const width = Math.max((widths[i] as number) / binWidth, 1);
      const start = Math.max(0, ((values[i] as number) - low) / binWidth - width / 2);
      const end = Math.min(BINS, start + width);
      const change = (weights[i] as number) / width;
      this.bend(start, change);
      this.bend(end, -change);
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

  private bend(position: number, change: number): void {
    const bin = Math.floor(position);
    const part = position - bin;
    this.cumulated[bin] = (this.cumulated[bin] as number) + change * (1 - part);
    this.cumulated[bin + 1] = (this.cumulated[bin + 1] as number) + change * part;
  }

  /** Builds and reads the percentiles of everything added since `clear`. */
  percentiles(): LatencyPercentiles {
    this.build();
    return {
      mean: this.mean,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p95: this.quantile(0.95),
      p99: this.quantile(0.99),
    };
  }

  /** Value at a probability; linear inside a bin. Call build() first. */
  quantile(probability: number): number {
    const { cumulated } = this;
    const wanted = probability * this.total;
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
    return this.low + ((left + share) * (this.high - this.low)) / BINS;
  }
}

import type { Observer } from './observer.ts';

/** What happened in one piece of time. */
export interface TimelineBin {
  fromMs: number;
  toMs: number;
  /** Time averages. */
  running: number;
  waiting: number;
  usedBlocks: number;
  /** The highest at any time within it. */
  mostRunning: number;
  mostWaiting: number;
  mostUsedBlocks: number;
  /** Count. */
  preemptions: number;
}

/** Bins of a timeline at most: a chart is no wider. Half as many at least, once a run is longer than the first width. */
const MOST_BINS = 480;
const FIRST_WIDTH_MS = 1;

/**
 * The course of a run in bins of equal width. How long a run takes is not known beforehand: when the bins are full, neighbors
 * are joined and all are twice as wide.
 */
export class Timeline implements Observer {
  #widthMs = FIRST_WIDTH_MS;
  /** [bin] integrals over time, and counts. */
  readonly #running = new Float64Array(MOST_BINS);
  readonly #waiting = new Float64Array(MOST_BINS);
  readonly #blocks = new Float64Array(MOST_BINS);
  readonly #preemptions = new Float64Array(MOST_BINS);
  /** [bin] the highest. */
  readonly #mostRunning = new Float64Array(MOST_BINS);
  readonly #mostWaiting = new Float64Array(MOST_BINS);
  readonly #mostBlocks = new Float64Array(MOST_BINS);
  #preemptionsBefore = 0;
  #endMs = 0;
  readonly #fromMs: number;

  /** Nothing before `fromMs` is recorded. */
  constructor(fromMs = 0) {
    this.#fromMs = fromMs;
  }

  /** ms of a bin. */
  get widthMs(): number {
    return this.#widthMs;
  }

  during(
    fromMs: number,
    toMs: number,
    running: number,
    waiting: number,
    usedBlocks: number,
    preemptions: number,
  ): void {
    const from = Math.max(0, fromMs - this.#fromMs);
    const to = toMs - this.#fromMs;
    if (!(to > from)) {
      this.#preemptionsBefore = preemptions;
      return;
    }
    while (to > this.#widthMs * MOST_BINS) this.#widen();
    const first = Math.min(MOST_BINS - 1, Math.floor(from / this.#widthMs));
    this.#preemptions[first] = (this.#preemptions[first] as number) + preemptions - this.#preemptionsBefore;
    this.#preemptionsBefore = preemptions;
    for (let bin = first; bin < MOST_BINS && bin * this.#widthMs < to; bin += 1) {
      const ms = Math.min(to, (bin + 1) * this.#widthMs) - Math.max(from, bin * this.#widthMs);
      this.#running[bin] = (this.#running[bin] as number) + running * ms;
      this.#waiting[bin] = (this.#waiting[bin] as number) + waiting * ms;
      this.#blocks[bin] = (this.#blocks[bin] as number) + usedBlocks * ms;
      if (running > (this.#mostRunning[bin] as number)) this.#mostRunning[bin] = running;
      if (waiting > (this.#mostWaiting[bin] as number)) this.#mostWaiting[bin] = waiting;
      if (usedBlocks > (this.#mostBlocks[bin] as number)) this.#mostBlocks[bin] = usedBlocks;
    }
    this.#endMs = to;
  }

  /** The bins up to the end of the run. */
  bins(): TimelineBin[] {
    const count = Math.min(MOST_BINS, Math.ceil(this.#endMs / this.#widthMs));
    return Array.from({ length: count }, (_, i) => {
      const from = i * this.#widthMs;
      const to = Math.min(this.#endMs, from + this.#widthMs);
      const ms = to - from;
      return {
        fromMs: from,
        toMs: to,
        running: (this.#running[i] as number) / ms,
        waiting: (this.#waiting[i] as number) / ms,
        usedBlocks: (this.#blocks[i] as number) / ms,
        mostRunning: this.#mostRunning[i] as number,
        mostWaiting: this.#mostWaiting[i] as number,
        mostUsedBlocks: this.#mostBlocks[i] as number,
        preemptions: this.#preemptions[i] as number,
      };
    });
  }

  #widen(): void {
    this.#widthMs *= 2;
    for (const values of [this.#running, this.#waiting, this.#blocks, this.#preemptions]) {
      joinNeighbors(values, (first, second) => first + second);
    }
    for (const values of [this.#mostRunning, this.#mostWaiting, this.#mostBlocks]) joinNeighbors(values, Math.max);
  }
}

function joinNeighbors(values: Float64Array, join: (first: number, second: number) => number): void {
  const half = values.length / 2;
  for (let i = 0; i < half; i += 1) values[i] = join(values[2 * i] as number, values[2 * i + 1] as number);
  values.fill(0, half);
}

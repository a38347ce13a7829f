import { normalQuantile } from '../numerics/normal.ts';

/** When the last answer of a stream ends. */
export interface StreamEnd {
  /** Streams that are alike. */
  count: number;
  /** ms at which the last request is taken: normal with this mean and deviation. */
  takenMs: number;
  takenStdMs: number;
  /** [point] ms after that, rising from 0, and the chance that somebody is at work from there to the next; nobody is from the last one on. */
  afterMs: Float64Array;
  anyLeft: Float64Array;
}

const NORMAL_POINTS = 32;
/** Middles of cells of equal chance. */
const NORMAL_MIDDLES = Float64Array.from({ length: NORMAL_POINTS }, (_, i) =>
  normalQuantile((i + 0.5) / NORMAL_POINTS),
);
const GRID = 512;
const DEVIATIONS = 5;

/** Chance that somebody is at work so many ms after the last request was taken. */
function leftAt({ afterMs, anyLeft }: StreamEnd, ms: number): number {
  if (ms <= 0) return 1;
  let [low, high] = [0, afterMs.length - 1];
  if (ms >= (afterMs[high] as number)) return 0;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((afterMs[middle] as number) <= ms) low = middle;
    else high = middle;
  }
  return anyLeft[low] as number;
}

function endedChance(stream: StreamEnd, ms: number): number {
  let left = 0;
  for (const z of NORMAL_MIDDLES) left += leftAt(stream, ms - stream.takenMs - z * stream.takenStdMs);
  return 1 - left / NORMAL_POINTS;
}

/** Mean ms after the last request of a stream was taken at which its last answer ends: the area under `anyLeft`. */
export function meanAfterMs({ afterMs, anyLeft }: Pick<StreamEnd, 'afterMs' | 'anyLeft'>): number {
  let area = 0;
  for (let k = 1; k < afterMs.length; k += 1) {
    area += (anyLeft[k - 1] as number) * ((afterMs[k] as number) - (afterMs[k - 1] as number));
  }
  return area;
}

/** Mean ms at which the last answer of all streams ends, which go on beside each other, each for itself. */
export function meanLastEndMs(streams: readonly StreamEnd[]): number {
  const [only] = streams;
  if (streams.length === 1 && only?.count === 1) return only.takenMs + meanAfterMs(only);
  const far = streams.map((one) => one.takenMs + DEVIATIONS * one.takenStdMs + (one.afterMs.at(-1) ?? 0));
  const near = Math.max(0, ...streams.map((one) => one.takenMs - DEVIATIONS * one.takenStdMs));
  const cellMs = (Math.max(...far) - near) / GRID;
  let mean = near;
  for (let cell = 0; cell < GRID; cell += 1) {
    let all = 1;
    for (const one of streams) all *= Math.pow(endedChance(one, near + (cell + 0.5) * cellMs), one.count);
    mean += (1 - all) * cellMs;
  }
  return mean;
}

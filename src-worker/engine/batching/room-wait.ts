import { gammaUpper } from '../numerics/gamma.ts';
import { Spread, type Part } from './spread.ts';

/** What finds no room among those that decode, written over by `setRoomWait`. */
export const roomWait = {
  /** Share of those who would decode that finds room. */
  withRoomShare: 1,
  /** Chance that a request waits, and its mean ms when it does. */
  chance: 0,
  waitingMs: 0,
};

export interface RoomQuestion {
  arrivalsPerMs: number;
  /** Sequences that would decode on average if there were no limit, and the variance of their number / its mean. */
  wanted: number;
  dispersion: number;
  /** Most sequences that the KV cache and the seats hold. */
  limit: number;
  /** Share of a disturbance of the batch that comes back through longer steps. */
  feedbackGain: number;
}

/** Chance of waiting below which nobody does. */
const LEAST_CHANCE = 1e-6;

/**
 * Fills `roomWait`. Without a limit the number that decodes has a gamma law, no wider than a geometric one, the law of servers
 * that share their work; what lies beyond the limit waits for room instead, by Little's law as long as it takes that many to
 * come. Those who wait lengthen nobody's step: what the feedback would have added to them is not there. False where nobody waits.
 */
export function setRoomWait({ arrivalsPerMs, wanted, dispersion, limit, feedbackGain }: RoomQuestion): boolean {
  const shape = Math.max(1, wanted / dispersion);
  const at = (limit * shape) / wanted;
  roomWait.chance = gammaUpper(shape, at);
  if (!(roomWait.chance > LEAST_CHANCE)) return false;
  const beyond = Math.max(0, wanted * gammaUpper(shape + 1, at) - limit * roomWait.chance);
  roomWait.withRoomShare = 1 - beyond / wanted;
  roomWait.waitingMs = ((1 - feedbackGain) * beyond) / arrivalsPerMs / roomWait.chance;
  return beyond > 0;
}

/** Cells of the law that is delayed, and of the exponential wait: edges of their probabilities, the first 0 left out for the wait. */
const LAW_EDGES = Float64Array.of(0, 0.05, 0.15, 0.3, 0.45, 0.6, 0.72, 0.82, 0.89, 0.94, 0.97, 0.985, 0.995, 1);
const WAIT_EDGES = [0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.985, 0.993, 0.997, 0.999, 1] as const;

/** Means, probabilities and squares of widths of the cells of the unit exponential law. */
const WAITS = exponentialCells(WAIT_EDGES);

function exponentialCells(edges: readonly number[]): { mean: number; weight: number; width: number }[] {
  const at = (p: number): number => -Math.log1p(-p);
  // E[X; X > q(p)] = (1 - p) (q(p) + 1).
  const beyond = (p: number): number => (p >= 1 ? 0 : (1 - p) * (at(p) + 1));
  return edges.map((edge, k) => {
    const low = edges[k - 1] ?? 0;
    const weight = edge - low;
    // The last cell has no end: it is as wide as makes it even around its mean.
    const mean = (beyond(low) - beyond(edge)) / weight;
    return { mean, weight, width: edge < 1 ? at(edge) - at(low) : 2 * (mean - at(low)) };
  });
}

const LAW_CELLS = LAW_EDGES.length - 1;
const lawEdgesMs = new Float64Array(LAW_EDGES.length);
const lawMs = new Float64Array(LAW_CELLS);
const lawWidths = new Float64Array(LAW_CELLS);
const lawWeights = LAW_EDGES.slice(1).map((edge, k) => edge - (LAW_EDGES[k] as number));
const part: Part = { chance: 0, fixedMs: 0, squareWidth: 0 };

/**
 * Delays what `spread` holds, in place, by `roomWait`: exponential waits of those who wait, while all others stay where they are. Its
 * mean is exact.
 */
export function delayByRoom(spread: Spread): void {
  spread.build();
  const { mean } = spread;
  spread.quantiles(LAW_EDGES, lawEdgesMs);
  let middle = 0;
  for (let k = 0; k < LAW_CELLS; k += 1) {
    const low = lawEdgesMs[k] as number;
    const high = lawEdgesMs[k + 1] as number;
    lawMs[k] = (low + high) / 2;
    lawWidths[k] = (high - low) ** 2;
    middle += (lawWeights[k] as number) * (lawMs[k] as number);
  }
  // The middles of cells overstate a long tail.
  for (let k = 0; k < LAW_CELLS; k += 1) lawMs[k] = ((lawMs[k] as number) * mean) / middle;
  const { chance, waitingMs } = roomWait;
  const waiting = spread.thin(1 - chance);
  for (const cell of WAITS) {
    part.chance = waiting * cell.weight;
    part.fixedMs = cell.mean * waitingMs;
    part.squareWidth = (cell.width * waitingMs) ** 2;
    spread.addPart(part, lawMs, lawWidths, lawWeights);
  }
}

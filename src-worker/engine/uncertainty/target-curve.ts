import { PRESSURE_LIMIT_Z } from '../batching/pressure.ts';
import type { ReplicaLoad, TargetMargins } from '../sizing/types.ts';

/** A law that rises from its first point to its last; between points it is a straight line. */
export interface RisingLine {
  x: number[];
  y: number[];
}

/** Share of the way of `value` from `from` to `to`; 0 where both are one. */
const shareOf = (value: number, from: number, to: number): number => (to > from ? (value - from) / (to - from) : 0);

/** Index of the first entry above `value`, within 1..length - 1. */
function segmentOf(values: readonly number[], value: number): number {
  let low = 1;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** y at x; beyond the ends that of the end. */
export function yAt({ x, y }: RisingLine, at: number): number {
  const i = segmentOf(x, at);
  const share = Math.min(1, Math.max(0, shareOf(at, x[i - 1] as number, x[i] as number)));
  return (y[i - 1] as number) + share * ((y[i] as number) - (y[i - 1] as number));
}

/** The largest x whose y is at most `limit`; -Infinity where even the first is above it. */
export function lastXBelow({ x, y }: RisingLine, limit: number): number {
  if ((y[0] as number) > limit) return -Infinity;
  if ((y.at(-1) as number) <= limit) return x.at(-1) as number;
  const i = segmentOf(y, limit);
  const share = shareOf(limit, y[i - 1] as number, y[i] as number);
  return (x[i - 1] as number) + share * ((x[i] as number) - (x[i - 1] as number));
}

/**
 * How near the gating targets are over the load of one replica: ln(predicted / target) of the worst target on the first
 * token, and of the worst on what comes after it, by rate in requests per ms. Ends where the replica carries no more.
 */
export interface TargetCurve {
  firstToken: RisingLine;
  later: RisingLine;
  /** Rate per ms at which the KV cache, the seats or the GPU itself give out. */
  limitPerMs: number;
}

/** Shares of the saturation rate, and of the capacity, at which a curve is evaluated. Closer where latency bends. */
const SHARES_OF_SATURATION = [0.001, 0.3, 0.55, 0.72, 0.84, 0.92, 0.965, 0.99];
const SHARES_OF_CAPACITY = [0.1, 0.4, 0.7, 1];
/** Points nearer to each other than this share add nothing. */
const LEAST_APART = 0.01;
/** ln(predicted / target) where no target gates: below every error that could be. */
const NO_TARGET = -50;

/**
 * Evaluates the curve of a load: some dozen rates up to saturation, the capacity among them. Latency may dip by a little where
 * a further prompt changes the step; the curve keeps what it reached before, so that a higher load is never nearer to passing.
 */
export function targetCurveOf(
  load: Pick<ReplicaLoad, 'saturation' | 'marginsAt' | 'ratePerMsAtCapacity'>,
): TargetCurve {
  const capacity = load.ratePerMsAtCapacity;
  const saturation = Math.max(load.saturation().perMs, capacity);
  const fixed = SHARES_OF_CAPACITY.map((share) => share * capacity);
  const between = SHARES_OF_SATURATION.map((share) => share * saturation).filter((rate) =>
    fixed.every((other) => Math.abs(rate - other) > LEAST_APART * other),
  );
  const rates = [...between, ...fixed].sort((a, b) => a - b);
  const x: number[] = [];
  const firstToken: number[] = [];
  const later: number[] = [];
  let limitPerMs = saturation;
  let before: TargetMargins | null = null;
  for (const rate of rates) {
    const margins = load.marginsAt(rate);
    if (margins === null) {
      limitPerMs = Math.max(capacity, x.at(-1) ?? 0);
      break;
    }
    x.push(rate);
    // What was verified to meet every target does so here, too, whatever rounding says.
    const most = rate <= capacity ? 0 : Infinity;
    firstToken.push(Math.max(firstToken.at(-1) ?? NO_TARGET, Math.min(most, margins.firstToken)));
    later.push(Math.max(later.at(-1) ?? NO_TARGET, Math.min(most, margins.later)));
    if (margins.pressureZ < PRESSURE_LIMIT_Z && rate > capacity) {
      limitPerMs = rateAtLimit(x, before, margins, capacity);
      break;
    }
    before = margins;
  }
  // One point is no line: what a replica carries only when idle is that rate and no other.
  if (x.length === 1) for (const line of [x, firstToken, later]) line.push(line[0] as number);
  return { firstToken: { x, y: firstToken }, later: { x, y: later }, limitPerMs };
}

/** Between the last two rates, where the distance to the KV cache and the seats falls to its limit. */
function rateAtLimit(x: number[], before: TargetMargins | null, after: TargetMargins, capacity: number): number {
  const [to = capacity, from = capacity] = [x.at(-1), x.at(-2)];
  const start = before === null || !Number.isFinite(before.pressureZ) ? after.pressureZ : before.pressureZ;
  const share = start > PRESSURE_LIMIT_Z ? (start - PRESSURE_LIMIT_Z) / (start - after.pressureZ) : 0;
  return Math.max(capacity, from + share * (to - from));
}

const curves = new WeakMap<object, TargetCurve>();

/** The curve of a load, worked out once in its life. */
export function targetCurve(load: Parameters<typeof targetCurveOf>[0]): TargetCurve {
  const curve = curves.get(load) ?? targetCurveOf(load);
  curves.set(load, curve);
  return curve;
}

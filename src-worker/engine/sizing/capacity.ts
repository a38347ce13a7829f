import {
  firstTokenLatency,
  laterLatencies,
  loadState,
  type LoadState,
  PRESSURE_LIMIT_Z,
} from '../batching/closed-form.ts';
import { rateUpperBound } from '../batching/saturation-rate.ts';
import type { LatencyPercentiles } from '../batching/spread.ts';
import type { BatchingSubject, SaturationKind } from '../batching/subject.ts';
import type { LatencyKind, LatencyMetric, Statistic, Target } from '../workload/types.ts';
import type { Capacity } from './types.ts';

/** Searches stop when the bracket is this narrow in ln(rate) (NUMBERS.md: to 0.1 %). */
const TOLERANCE = 1e-3;
/** Share of the upper bound that counts as an idle replica. */
const IDLE_SHARE = 1e-4;
const MAX_ROUNDS = 60;
/** Share of the guessed saturation rate that is tried first, and how far down (in ln) the search goes while all fail. */
const FIRST_TRY = 0.9;
const STEP_DOWN = 0.4;
/** Bracket in ln(rate) in which the score is as good as straight. */
const NARROW = 0.02;

export type LatencyByKind = Partial<Record<`${LatencyKind}Ms`, LatencyPercentiles>>;

type MetricParts = readonly [latency: `${LatencyKind}Ms`, statistic: Statistic];

/** Which latency and which statistic of it a metric names; the searches ask some ten thousand times. */
const PARTS = Object.fromEntries(
  (['ttft', 'tpot', 'e2e'] as const).flatMap((kind) =>
    (['mean', 'p50', 'p95', 'p99'] as const).map((statistic): [LatencyMetric, MetricParts] => [
      `${kind}_${statistic}`,
      [`${kind}Ms`, statistic],
    ]),
  ),
  // fromEntries forgets the keys, which are all of LatencyMetric.
) as Record<LatencyMetric, MetricParts>;

export function latencyOf(latencies: LatencyByKind, metric: LatencyMetric): number {
  const [latency, statistic] = PARTS[metric];
  const percentiles = latencies[latency];
  if (!percentiles) throw new Error(`${metric} gates but was not evaluated`);
  return percentiles[statistic];
}

/** How a rate stands against the targets: ln(predicted / target) of the worst one, infinite where it cannot be carried. */
export interface Score {
  value: number;
  binding: LatencyMetric | SaturationKind;
  predictedMs: number;
  targetMs: number;
}

const impossible = (cause: SaturationKind): Score => ({
  value: Infinity,
  binding: cause,
  predictedMs: 0,
  targetMs: 0,
});

/** Worst of the gating targets among the latencies given; -Infinity when none of them gates. */
export function worstScore(latencies: LatencyByKind, targets: Target[]): Score {
  let worst: Score = { ...impossible('compute'), value: -Infinity };
  for (const { metric, targetMs, isGating } of targets) {
    if (!isGating || latencies[PARTS[metric][0]] === undefined) continue;
    const predictedMs = latencyOf(latencies, metric);
    const value = Math.log(predictedMs / targetMs);
    if (value > worst.value) worst = { ...worst, value, binding: metric, predictedMs, targetMs };
  }
  return worst;
}

/** The larger of two scores. */
const worseOf = (a: Score, b: Score): Score => (a.value >= b.value ? a : b);

/** Nearness of the KV cache or the seats as a score: 0 at z = 4, where capacity ends (QUEUEING.md 3.9). */
function pressureScore(load: LoadState): Score {
  const cause = load.pressureCause;
  if (!(load.pressureZ > 0)) return impossible(cause);
  return { ...impossible(cause), value: Math.log(PRESSURE_LIMIT_Z / load.pressureZ) };
}

/**
 * Scores a rate in stages, cheapest first, and stops at the first miss: a missed target needs no further percentiles to be
 * missed. Beyond z = 4 the figures are lower bounds only.
 */
function scoreInStages(subject: BatchingSubject, ratePerMs: number, targets: Target[]): Score {
  const load = loadState(subject, ratePerMs);
  if (load.kind === 'saturated') return impossible(load.cause);
  const pressure = pressureScore(load);
  if (pressure.value > 0) return pressure;
  const first = firstTokenLatency(subject, ratePerMs, load);
  const ttft = worstScore({ ttftMs: first.ttftMs }, targets);
  if (ttft.value > 0) return ttft;
  const latencies = laterLatencies(subject, ratePerMs, load, first, gatesE2e(targets));
  return worseOf(worstScore(latencies, targets), pressure);
}

const gatesE2e = (targets: Target[]): boolean =>
  targets.some(({ isGating, metric }) => isGating && metric.startsWith('e2e'));

/** The largest rate one replica carries with every gating target met, or why there is none. */
export function findCapacity(subject: BatchingSubject, targets: Target[]): Capacity {
  const { perMs, guessPerMs } = rateUpperBound(subject);
  // Targets mostly bind a little below saturation.
  return searchCapacity((ratePerMs) => scoreInStages(subject, ratePerMs, targets), perMs, FIRST_TRY * guessPerMs);
}

/**
 * Root of the score in ln(rate): step down from the top until a rate passes, then regula falsi with Illinois halving inside
 * the bracket, bisection while its upper end is infinite. Returns the largest rate that was verified to meet every target
 * (QUEUEING.md section 4). `bound` is a rate (per ms) none can exceed.
 */
export function searchCapacity(score: (ratePerMs: number) => Score, bound: number, firstTry = bound / 2): Capacity {
  if (!(bound > 0)) return { kind: 'no_room', cause: 'kv' };
  const at = (logRate: number): Score => score(Math.exp(logRate));
  const floor = Math.log(bound * IDLE_SHARE);
  const idle = at(floor);
  if (idle.value > 0) return refusal(idle);

  let low = floor;
  let lowScore = idle.value;
  let lowWeight = idle.value;
  let high = Math.log(bound * 1.001);
  let highScore = Infinity;
  let highWeight = Infinity;
  let binding: Score['binding'] = 'compute';
  let next = Math.log(firstTry);
  let lastSide: 'low' | 'high' | null = null;
  for (let round = 0; round < MAX_ROUNDS && high - low > TOLERANCE; round += 1) {
    const result = at(next);
    if (result.value <= 0) {
      low = next;
      lowScore = result.value;
      lowWeight = result.value;
      if (lastSide === 'low') highWeight /= 2;
      lastSide = 'low';
    } else {
      high = next;
      highScore = result.value;
      highWeight = result.value;
      binding = result.binding;
      if (lastSide === 'high' && low > floor) lowWeight /= 2;
      lastSide = 'high';
    }
    if (low === floor) next = Math.max(high - STEP_DOWN, (low + high) / 2);
    else if (!Number.isFinite(highWeight)) next = (low + high) / 2;
    else {
      // In a bracket too narrow for the curve to bend, a chord that meets zero next to the passing end settles the search.
      const chord = lowScore / (lowScore - highScore);
      if (high - low < NARROW && chord * (high - low) < TOLERANCE / 2) break;
      next = low + (high - low) * Math.min(0.95, Math.max(0.05, lowWeight / (lowWeight - highWeight)));
    }
    // A step below the tolerance next to the passing end decides the search at once.
    if (next - low < TOLERANCE / 2) next = low + TOLERANCE / 2;
    if (high - next < TOLERANCE / 2) next = high - TOLERANCE / 2;
  }
  // Next to nothing can be carried: a search that never left its floor found no capacity.
  if (low === floor) return refusal({ ...idle, binding });
  return { kind: 'found', ratePerMs: Math.exp(low), binding };
}

function refusal({ binding, predictedMs, targetMs }: Score): Capacity {
  if (binding === 'kv' || binding === 'seats' || binding === 'compute') return { kind: 'no_room', cause: binding };
  return { kind: 'missed_when_idle', metric: binding, targetMs, predictedMs };
}

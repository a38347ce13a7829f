import { firstTokenLatency } from '../batching/first-token-latency.ts';
import { laterLatencies } from '../batching/later-latencies.ts';
import { type LoadState, solveLoad } from '../batching/load-state.ts';
import { newEvaluation } from '../batching/evaluation.ts';
import { PRESSURE_LIMIT_Z } from '../batching/pressure.ts';
import { rateUpperBound } from '../batching/saturation-rate.ts';
import type { LatencyPercentiles } from '../batching/spread.ts';
import type { BatchingSubject, SaturationKind } from '../batching/subject.ts';
import type { LatencyKind, LatencyMetric, Statistic, Target } from '../workload/types.ts';
import type { SubjectAt } from './arrival-law.ts';
import type { Capacity, TargetMargins } from './types.ts';

/** Searches stop when the bracket is this narrow in ln(rate) (NUMBERS.md: to 0.1 %). */
export const TOLERANCE = 1e-3;
/** Share of the upper bound that counts as an idle replica. */
export const IDLE_SHARE = 1e-4;
const MAX_ROUNDS = 60;
/** Share of the guessed saturation rate that is tried first. */
const FIRST_TRY = 0.9;
/** Least score that is told from a lower one: where no target gates, nothing but the edge of stability does. */
const LEAST_SCORE = -20;
/*
 * The shares and steps below only decide how many scores a search asks for, not what it finds. They were chosen by counting
 * them over ten questions to the whole catalog: 7.7 a search before, 6.4 with these.
 */
/** Steps in ln(rate) while only the idle replica passes: at least and at most, and the share of the chord's that is taken. */
const STEP_DOWN = 0.4;
const MOST_DOWN = 2.5;
const CHORD_SHARE = 0.6;
/** Steps up while nothing fails with a figure: at least, the share of the secant's, and the slope that is at least assumed. */
const LEAST_UP = 0.02;
const SECANT_SHARE = 0.8;
const LEAST_SLOPE = 2.5;
/** Bracket in ln(rate) in which the score is as good as straight, and how near to its root the passing end must be there. */
const NARROW = 0.02;
const SURE = 0.75 * TOLERANCE;
/** A root is tried from this much below, so that what passes is what is kept; and never this near to an end. */
const AIM_BELOW = 0.25 * TOLERANCE;
const NEAREST_END = 0.02;
/** Rounds that may leave a bracket wider than half before it is halved. */
const MOST_SLOW = 2;

export type LatencyByKind = Partial<Record<`${LatencyKind}Ms`, LatencyPercentiles>>;

type MetricParts = readonly [latency: `${LatencyKind}Ms`, statistic: Statistic, kind: LatencyKind];

/** Which latency and which statistic of it a metric names; the searches ask some ten thousand times. */
const PARTS = Object.fromEntries(
  (['ttft', 'tpot', 'e2e'] as const).flatMap((kind) =>
    (['mean', 'p50', 'p95', 'p99'] as const).map((statistic): [LatencyMetric, MetricParts] => [
      `${kind}_${statistic}`,
      [`${kind}Ms`, statistic, kind],
    ]),
  ),
  // fromEntries forgets the keys, which are all of LatencyMetric.
) as Record<LatencyMetric, MetricParts>;

const kindOf = (metric: LatencyMetric): LatencyKind => PARTS[metric][2];

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

/** Worst of the gating targets of one kind; -Infinity when none of them gates. */
export function worstScore(latencies: LatencyByKind, targets: Target[], kind: LatencyKind): Score {
  const worst: Score = { ...impossible('compute'), value: -Infinity };
  for (const { metric, targetMs, isGating } of targets) {
    if (!isGating || kindOf(metric) !== kind) continue;
    const predictedMs = latencyOf(latencies, metric);
    const value = Math.log(predictedMs / targetMs);
    if (!(value > worst.value)) continue;
    worst.value = value;
    worst.binding = metric;
    worst.predictedMs = predictedMs;
    worst.targetMs = targetMs;
  }
  return worst;
}

/** The larger of two scores. */
export const worseOf = (a: Score, b: Score): Score => (a.value >= b.value ? a : b);

/** Nearness of the KV cache or the seats as a score: 0 at z = 4, where capacity ends (QUEUEING.md 3.9). */
function pressureScore(load: LoadState): Score {
  const cause = load.pressureCause;
  if (!(load.pressureZ > 0)) return impossible(cause);
  return { ...impossible(cause), value: Math.log(PRESSURE_LIMIT_Z / load.pressureZ) };
}

/** The rate that is being scored. */
const tried = newEvaluation();

/**
 * Scores a rate in stages, cheapest first, and stops at the first miss: a missed target needs no further percentiles to be
 * missed. Beyond z = 4 the figures are estimates only.
 */
function scoreInStages(subject: BatchingSubject, ratePerMs: number, targets: Target[]): Score {
  const cause = solveLoad(tried.load, subject, ratePerMs);
  if (cause !== null) return impossible(cause);
  const pressure = pressureScore(tried.load);
  if (pressure.value > 0) return pressure;
  firstTokenLatency(tried, subject, ratePerMs);
  const ttft = worstScore(tried, targets, 'ttft');
  if (ttft.value > 0) return ttft;
  const hasE2e = gatesE2e(targets);
  laterLatencies(tried, subject, hasE2e);
  const tpot = worseOf(ttft, worstScore(tried, targets, 'tpot'));
  return worseOf(hasE2e ? worseOf(tpot, worstScore(tried, targets, 'e2e')) : tpot, pressure);
}

export function marginsOf(latencies: LatencyByKind, targets: Target[], pressureZ: number): TargetMargins {
  const worst = (kind: LatencyKind): number => worstScore(latencies, targets, kind).value;
  return { firstToken: worst('ttft'), later: Math.max(worst('tpot'), worst('e2e')), pressureZ };
}

/** The margins of a replica at a rate; null where no steady state carries it, or the KV cache or the seats give out. */
export function marginsAt(subject: BatchingSubject, ratePerMs: number, targets: Target[]): TargetMargins | null {
  const { load } = tried;
  if (solveLoad(load, subject, ratePerMs) !== null || !(load.pressureZ > 0)) return null;
  firstTokenLatency(tried, subject, ratePerMs);
  laterLatencies(tried, subject, gatesE2e(targets));
  return marginsOf(tried, targets, load.pressureZ);
}

const gatesE2e = (targets: Target[]): boolean =>
  targets.some(({ isGating, metric }) => isGating && metric.startsWith('e2e'));

/** What a search of a capacity is given. Rates per ms. */
export interface CapacityQuestion {
  score: (ratePerMs: number) => Score;
  /** A rate none can exceed. */
  bound: number;
  /** Where the search begins. */
  firstTry: number;
}

/** `at`: the replica at a rate, where what comes to it depends on that. */
export function capacityQuestion(
  subject: BatchingSubject,
  targets: Target[],
  at: SubjectAt = () => subject,
): CapacityQuestion {
  const { perMs, guessPerMs } = rateUpperBound(subject);
  // Targets mostly bind a little below saturation.
  const firstTry = FIRST_TRY * guessPerMs;
  return { score: (ratePerMs) => scoreInStages(at(ratePerMs), ratePerMs, targets), bound: perMs, firstTry };
}

/** An idle replica that meets every target, and its score; or why it does not. */
export type IdleOutcome = { kind: 'idle'; tried: Tried; score: Score } | Exclude<Capacity, { kind: 'found' }>;

/** Judges a replica with next to nothing to do: what misses a target then has no capacity. */
export function tryIdle({ score, bound }: CapacityQuestion): IdleOutcome {
  if (!(bound > 0)) return { kind: 'no_room', cause: 'kv' };
  const x = Math.log(bound * IDLE_SHARE);
  const idle = score(Math.exp(x));
  return idle.value > 0 ? refusal(idle) : { kind: 'idle', tried: triedAt(x, idle), score: idle };
}

/** The largest rate one replica carries with every gating target met, or why there is none. */
export const findCapacity = (subject: BatchingSubject, targets: Target[]): Capacity =>
  searchCapacity(capacityQuestion(subject, targets));

export function searchCapacity(question: CapacityQuestion): Capacity {
  const idle = tryIdle(question);
  return idle.kind === 'idle' ? searchAbove(idle, question) : idle;
}

/**
 * Root of the score in ln(rate): from the first try down until a rate passes or up until one fails, then inverse quadratic
 * interpolation inside the bracket, a chord where the curve is too bent for it, bisection while the upper end is infinite.
 * Returns the largest rate that was verified to meet every target (QUEUEING.md section 4).
 */
export function searchAbove(
  idle: Extract<IdleOutcome, { kind: 'idle' }>,
  { score, bound, firstTry }: CapacityQuestion,
): Extract<Capacity, { kind: 'found' }> {
  const at = (logRate: number): Score => score(Math.exp(logRate));
  const floor = idle.tried.x;
  let low = idle.tried;
  let high: Tried = { x: Math.log(bound * 1.001), value: Infinity };
  let binding: Score['binding'] = 'compute';
  let next = Math.log(firstTry);
  /** Rounds in which the bracket has not come down to half of `widthBefore`. */
  let slowRounds = 0;
  let widthBefore = Infinity;
  for (let round = 0; round < MAX_ROUNDS && high.x - low.x > TOLERANCE; round += 1) {
    const result = at(next);
    const tried = triedAt(next, result);
    /** The end of the bracket that gives way. */
    const outside = result.value > 0 ? high : low;
    if (result.value > 0) {
      high = tried;
      binding = result.binding;
    } else low = tried;
    if (low.x === floor) next = stepDown(high, low);
    else if (!Number.isFinite(high.value))
      next = Math.min(low.x + stepUp(low, outside.x < low.x ? outside : low), (low.x + high.x) / 2);
    else {
      const root = rootBetween(low, high, outside.x === floor ? null : outside);
      // Where the curve meets zero next to the passing end of a bracket that is narrow enough to trust it, that end is it.
      if (high.x - low.x < NARROW && root - low.x < SURE) break;
      const width = high.x - low.x;
      slowRounds = width > widthBefore / 2 ? slowRounds + 1 : 0;
      widthBefore = slowRounds === 0 ? width : widthBefore;
      const room = width * NEAREST_END;
      // A curve that keeps one end where it is: halve the bracket.
      next =
        slowRounds > MOST_SLOW ? low.x + width / 2 : Math.min(high.x - room, Math.max(low.x + room, root - AIM_BELOW));
    }
  }
  return { kind: 'found', ratePerMs: Math.exp(low.x), binding };
}

/** A rate, as ln(rate), and its score. */
export interface Tried {
  x: number;
  value: number;
}

export const triedAt = (x: number, { value }: Score): Tried => ({ x, value: Math.max(value, LEAST_SCORE) });

/**
 * Where to try next while only the idle replica passes: latency is about a straight line in the rate there, and the
 * chord from idle to what failed is nearly always low enough.
 */
export function stepDown(failed: Tried, idle: Tried): number {
  const [idleShare, share] = [Math.exp(idle.value), Math.exp(failed.value)];
  const chord = Number.isFinite(share) ? Math.log((share - idleShare) / (1 - idleShare)) : 0;
  const step = Math.min(MOST_DOWN, Math.max(STEP_DOWN, chord * CHORD_SHARE));
  return Math.max(failed.x - step, (idle.x + failed.x) / 2);
}

/** How far above a rate that passes the next one is tried while none has failed with a figure; `before` passed, too, or is idle. */
function stepUp(low: Tried, before: Tried): number {
  const slope = Math.max((low.value - before.value) / (low.x - before.x || 1), LEAST_SLOPE);
  return Math.max(LEAST_UP, (-low.value / slope) * SECANT_SHARE);
}

/** Where the curve through both ends, and a third point where there is one, meets zero. */
export function rootBetween(low: Tried, high: Tried, outside: Tried | null): number {
  const chord = low.x + ((high.x - low.x) * low.value) / (low.value - high.value);
  if (!outside || !Number.isFinite(outside.value)) return chord;
  const [a, b, c] = [low.value, high.value, outside.value];
  if (a === c || b === c) return chord;
  const root =
    (low.x * b * c) / ((a - b) * (a - c)) +
    (high.x * a * c) / ((b - a) * (b - c)) +
    (outside.x * a * b) / ((c - a) * (c - b));
  return root > low.x && root < high.x ? root : chord;
}

/** Why a replica has no capacity, by the score of an idle one. */
export function refusal({ binding, predictedMs, targetMs }: Score): Exclude<Capacity, { kind: 'found' }> {
  if (binding === 'kv' || binding === 'seats' || binding === 'compute') return { kind: 'no_room', cause: binding };
  return { kind: 'missed_when_idle', metric: binding, targetMs, predictedMs };
}

import { evaluateBatching } from '../batching/closed-form.ts';
import { saturationRate } from '../batching/saturation-rate.ts';
import type { LatencyPercentiles } from '../batching/spread.ts';
import type { BatchingSubject } from '../batching/subject.ts';
import type { ArrivalLaw } from '../simulation/arrivals.ts';
import { DEFAULT_PRECISION } from '../simulation/precision.ts';
import type { RunQuestion } from '../simulation/run-question.ts';
import { DEFAULT_RULES } from '../simulation/simulated-server.ts';
import { simulateSteady, type SaturatedSimulation, type SteadySimulation } from '../simulation/steady-state.ts';
import type { LatencyMetric, Target } from '../workload/types.ts';
import { ALONE, shareAt, type LoadShare, type SharedArrivals } from './arrival-law.ts';
import {
  capacityQuestion,
  IDLE_SHARE,
  refusal,
  rootBetween,
  TOLERANCE,
  triedAt,
  worseOf,
  worstScore,
  type Score,
  type Tried,
} from './capacity.ts';
import { replicasAt, ReplicaCapacity } from './replica-capacity.ts';
import { batchingLoad, rememberedByRate, stepViewOf, type LoadCapacity } from './replica-load.ts';
import type { Capacity, FoundCapacity, LoadOutcome, ReplicaLoad } from './types.ts';

/**
 * Continuous batching simulated: every figure at a rate is that of one steady state of vLLM's scheduler with the same random
 * numbers at every rate, so that latency is a repeatable function of the rate and two rates differ by their load alone. The
 * closed form begins the search of a capacity, judges an idle replica and gives curves their shape; the simulation decides.
 */

/** A replica that is asked less often is idle: its requests do not meet, and times of a clock this large still tell 0.1 ms apart. */
export const LEAST_RATE_PER_MS = 1e-10;

/** Random numbers of every steady state that sizing simulates, so that the same question has the same answer. */
export const SIZING_SEED = 1;

/**
 * Requests measured at every rate: P99 needs so many (QUEUEING.md 2.3). Of requests of tens of thousands of tokens fewer are, down
 * to a hundred a batch of the intervals: they take a search as long as those of a chat, and the half widths say what it costs.
 */
const MEASURED_REQUESTS = 20_000;
const FEWEST_REQUESTS = 2_000;
const MOST_TOKENS = 2e8;

/** Steps that the prompts of a steady state may take, about a second: of prompts of hundreds of steps fewer are measured. */
const MOST_PROMPT_STEPS = 2e6;

/** Requests that are measured where `requests` are asked for. */
export function affordedRequests({ lengths, maxNumBatchedTokens }: BatchingSubject, requests: number): number {
  const stepsPerPrompt = Math.max(1, lengths.moments.uncachedMean / maxNumBatchedTokens);
  return Math.min(requests, Math.ceil(MOST_PROMPT_STEPS / stepsPerPrompt));
}

/**
 * Schedulers that are followed together behind a router that looks at them. Of more, so many are, with their part of the load: whom
 * to send a request to is chosen among so many anyway.
 */
const MOST_TOGETHER = 16;

/** The load of one stream, or of all streams that a router looks at, each at `ratePerMs`. */
function routedLoad(
  law: ArrivalLaw,
  ratePerMs: number,
  { router, replicas, streams }: LoadShare,
): Pick<RunQuestion, 'load' | 'fleet'> {
  if (router !== 'least_loaded') {
    return { load: { kind: 'open', ratePerMs, law, share: { router, replicas, streams } } };
  }
  if (replicas === 1) return { load: { kind: 'open', ratePerMs, law, share: { router: 'random', replicas, streams } } };
  const together = Math.min(replicas, Math.max(1, Math.floor(MOST_TOGETHER / streams)));
  const share = { router: 'random' as const, replicas: replicas / together, streams: 1 };
  return {
    load: { kind: 'open', ratePerMs: ratePerMs * together * streams, law, share },
    fleet: { router, replicas: together, streams, within: 'random' },
  };
}

/**
 * One stream of a replica in steady state at a rate (per ms), with so many requests measured. `share`: the replicas that share the
 * arrivals, which leaves each less of what comes in bursts; all are followed where a router looks at them.
 */
export function simulatedAt(
  subject: BatchingSubject,
  law: ArrivalLaw,
  ratePerMs: number,
  requests: number,
  share = ALONE,
): SteadySimulation | SaturatedSimulation {
  const measured = affordedRequests(subject, requests);
  return simulateSteady(
    {
      subject,
      rules: DEFAULT_RULES,
      ...routedLoad(law, Math.max(ratePerMs, LEAST_RATE_PER_MS), share),
      seed: SIZING_SEED,
    },
    { ...DEFAULT_PRECISION, fewest: measured, most: measured },
  );
}

/** An answer of one token has no time per token that could miss a target. */
const NO_TIME: LatencyPercentiles = { mean: 0, p50: 0, p90: 0, p95: 0, p99: 0 };

/** A simulated statistic with the half width of its 95 % interval, null where the requests are too few; null for no statistic. */
export function simulatedStatistic(
  outcome: SteadySimulation,
  metric: LatencyMetric,
): { valueMs: number; halfWidthMs: number | null } | null {
  const [kind, statistic] = metric.split('_') as ['ttft' | 'tpot' | 'e2e', 'mean' | 'p50' | 'p95' | 'p99'];
  const latency = `${kind}Ms` as const;
  const summary = outcome[latency];
  return summary && { valueMs: summary[statistic], halfWidthMs: outcome.halfWidths[latency]?.[statistic] ?? null };
}

/** One target by what was simulated: with 95 % confidence met, missed, or not known. */
export function verdictOn(outcome: SteadySimulation, { metric, targetMs }: Target): 'met' | 'missed' | 'unknown' {
  const simulated = simulatedStatistic(outcome, metric);
  if (!simulated) return 'met';
  const { valueMs, halfWidthMs } = simulated;
  if (halfWidthMs === null) return 'unknown';
  if (valueMs + halfWidthMs <= targetMs) return 'met';
  return valueMs - halfWidthMs > targetMs ? 'missed' : 'unknown';
}

/** Of a request that waits for nobody, beside as many others as there are: the closed form's, which is exact up to its lengths. */
function unhinderedTtftP95Ms(subject: BatchingSubject, ratePerMs: number): number {
  const closed = evaluateBatching(subject, ratePerMs);
  if (closed.kind === 'steady') return closed.unhinderedTtftP95Ms;
  const below = evaluateBatching(subject, saturationRate(subject).perMs);
  return below.kind === 'steady' ? below.unhinderedTtftP95Ms : 0;
}

function sizingRequests({ lengths: { moments } }: BatchingSubject): number {
  const tokens = moments.promptMean + moments.outputMean;
  return Math.min(MEASURED_REQUESTS, Math.max(FEWEST_REQUESTS, Math.ceil(MOST_TOKENS / tokens)));
}

function loadOutcome(subject: BatchingSubject, arrivals: SharedArrivals, ratePerMs: number): LoadOutcome {
  const share = shareAt(arrivals, ratePerMs);
  const outcome = simulatedAt(subject, arrivals.law, ratePerMs, sizingRequests(subject), share);
  if (outcome.kind === 'saturated') return outcome;
  return {
    kind: 'steady',
    ttftMs: outcome.ttftMs,
    tpotMs: outcome.tpotMs ?? NO_TIME,
    e2eMs: outcome.e2eMs,
    meanRunning: outcome.meanRunning,
    maxRunning: outcome.maxRunning,
    meanStepMs: outcome.promptsPerStep / Math.max(ratePerMs, LEAST_RATE_PER_MS),
    unhinderedTtftP95Ms: unhinderedTtftP95Ms(subject, ratePerMs),
    trust: 'ok',
    pressureZ: Infinity,
    simulated: outcome,
  };
}

function scoreOf(outcome: LoadOutcome, targets: Target[]): Score {
  if (outcome.kind === 'saturated') return { value: Infinity, binding: outcome.cause, predictedMs: 0, targetMs: 0 };
  return (['ttft', 'tpot', 'e2e'] as const).map((kind) => worstScore(outcome, targets, kind)).reduce(worseOf);
}

/** Steady states a search may take: 3 to 19 were counted, 6 in the median, over the catalog with chat and RAG. */
const MOST_SIMULATIONS = 24;
/**
 * The first step from the closed form's capacity, in ln(rate): what the miss or the room asks for where latency rises with this
 * power of the rate, and its bounds. Further steps follow the chord, a little beyond it, and at most treble.
 */
const LIKELY_POWER = 4;
const LEAST_STEP = 0.005;
const MOST_STEP = 0.4;
const BEYOND_CHORD = 1.2;
const MOST_GROWTH = 3;
/** A root is tried from this much below, so that what passes is what is kept; and never this near to an end of its bracket. */
const AIM_BELOW = 0.25 * TOLERANCE;
const NEAREST_END = 0.02;
/** Rounds that may leave a bracket wider than half before it is halved. */
const MOST_SLOW = 1;

/** ln(rate) where a search steps next while all that was tried lies on one side: `last` with the one before it. */
function stepFrom(last: Tried, before: Tried | null): number {
  const direction = last.value > 0 ? -1 : 1;
  if (!before) {
    const size = Number.isFinite(last.value) ? Math.abs(last.value) / LIKELY_POWER : MOST_STEP / 4;
    return last.x + direction * Math.min(MOST_STEP, Math.max(LEAST_STEP, size));
  }
  const step = Math.abs(last.x - before.x);
  const slope = (last.value - before.value) / (last.x - before.x);
  const chord = slope > 0 && Number.isFinite(slope) ? (BEYOND_CHORD * Math.abs(last.value)) / slope : Infinity;
  return last.x + direction * Math.min(MOST_GROWTH * step, Math.max(LEAST_STEP, chord));
}

/**
 * The largest rate that meets every target, to 0.1 %: from the closed form's capacity in steps until one rate passes and the
 * next one fails, then regula falsi between them on ln(rate). Where latency is not monotone within its noise, it is one of the
 * places where it crosses its target, the same each time.
 */
function searchedCapacity(score: (ratePerMs: number) => Score, start: FoundCapacity, floor: number): Capacity {
  let low: Tried | null = null;
  let high: Tried | null = null;
  let binding: Score['binding'] = start.binding;
  let next = Math.log(start.ratePerMs);
  let last: Tried | null = null;
  let slowRounds = 0;
  let widthBefore = Infinity;
  for (let tries = 0; tries < MOST_SIMULATIONS; tries += 1) {
    const result = score(Math.exp(next));
    const tried = triedAt(next, result);
    if (result.value > 0) {
      high = tried;
      binding = result.binding;
      if (!low && next <= floor) break;
    } else low = tried;
    if (!low || !high) {
      next = Math.max(floor, stepFrom(tried, last));
      last = tried;
      continue;
    }
    const width = high.x - low.x;
    if (width <= TOLERANCE) break;
    slowRounds = width > widthBefore / 2 ? slowRounds + 1 : 0;
    widthBefore = width;
    const isHalved = !Number.isFinite(high.value) || slowRounds > MOST_SLOW;
    const room = width * NEAREST_END;
    const root = rootBetween(low, high, null) - AIM_BELOW;
    next = isHalved ? low.x + width / 2 : Math.min(high.x - room, Math.max(low.x + room, root));
  }
  if (low) return { kind: 'found', ratePerMs: Math.exp(low.x), binding };
  const idle = score(Math.exp(floor));
  return idle.value > 0 ? refusal(idle) : { kind: 'found', ratePerMs: Math.exp(floor), binding };
}

/** What one simulated replica carries; searched at once, because only a search tells whether it is refused. */
class SimulatedCapacity implements LoadCapacity {
  /** Why it is refused; null where there is a rate that meets every target. */
  readonly refused: Exclude<Capacity, { kind: 'found' }> | null;
  readonly #found: FoundCapacity | null;

  constructor(capacity: Capacity) {
    this.#found = capacity.kind === 'found' ? capacity : null;
    this.refused = capacity.kind === 'found' ? null : capacity;
  }

  get found(): FoundCapacity {
    if (!this.#found) throw new Error('a replica that is refused was asked for its capacity');
    return this.#found;
  }

  replicasFor(sharedPerMs: number): number {
    return replicasAt(sharedPerMs, this.found.ratePerMs);
  }
}

/** The closed form of the same replica: where its search begins, and the shape of its curves. */
const closedFormOf = (subject: BatchingSubject, targets: Target[]): ReplicaCapacity =>
  new ReplicaCapacity(capacityQuestion(subject, targets));

function searched(
  subject: BatchingSubject,
  targets: Target[],
  closed: ReplicaCapacity,
  at: (ratePerMs: number) => LoadOutcome,
): Capacity {
  if (closed.refused) return closed.refused;
  const floor = Math.log(capacityQuestion(subject, targets).bound * IDLE_SHARE);
  return searchedCapacity((ratePerMs) => scoreOf(at(ratePerMs), targets), closed.found, floor);
}

/** Capacity and latency of a replica whose every figure is simulated. `known` is the capacity where it was searched elsewhere. */
export function simulatedReplica(
  subject: BatchingSubject,
  arrivals: SharedArrivals,
  targets: Target[],
  known?: Capacity,
): { capacity: SimulatedCapacity; load: (capacity: LoadCapacity) => ReplicaLoad } {
  const closed = closedFormOf(subject, targets);
  const remembered = rememberedByRate((ratePerMs) => loadOutcome(subject, arrivals, ratePerMs));
  const capacity = new SimulatedCapacity(known ?? searched(subject, targets, closed, remembered.at));
  return {
    capacity,
    load: (given) => {
      const curve = batchingLoad(subject, targets, closed);
      let saturation: ReturnType<ReplicaLoad['saturation']> | null = null;
      return {
        get ratePerMsAtCapacity() {
          return given.found.ratePerMs;
        },
        get capacity() {
          return given.found;
        },
        replicasFor: (sharedPerMs) => given.replicasFor(sharedPerMs),
        ...remembered,
        curveAt: (ratePerMs) => curve.curveAt(ratePerMs),
        // The curve of the closed form, moved to where the simulation has the capacity.
        marginsAt: (ratePerMs) => curve.marginsAt((ratePerMs * closed.found.ratePerMs) / given.found.ratePerMs),
        stepFloorMs: curve.stepFloorMs,
        saturation() {
          saturation ??= saturationRate(subject, given.found.ratePerMs);
          return saturation;
        },
        stepParts: (running, ratePerMs, stepMs) => stepViewOf(subject, running, ratePerMs, stepMs),
      };
    },
  };
}

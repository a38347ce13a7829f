import { decodeLimit, littleFixedPoint, saturationAt } from '../batching/fixed-point.ts';
import type { LatencyPercentiles } from '../batching/spread.ts';
import type { BatchingSubject, SaturationKind } from '../batching/subject.ts';
import { invalidInput } from '../errors.ts';
import { exponential } from '../numerics/random.ts';
import { drawArrivals, type ArrivalLaw, type ArrivalShare } from './arrivals.ts';
import { drawRequests } from './draw-requests.ts';
import { simulateFleet } from './fleet.ts';
import { halfWidthsOf, joinedLatencies, latenciesOf, percentilesOf, type ServedLatencies } from './latencies.ts';
import { randomStream } from './random-streams.ts';
import type { Clients, SchedulingPolicy, SimulatedRequests } from './requests.ts';
import type { Fleet } from './router.ts';
import { simulate, type Observer, type SimulatedRun, type SimulatedServer } from './scheduler.ts';

/** How a replica schedules, beside what the closed form knows of it. */
export interface SchedulerRules {
  policy: SchedulingPolicy;
  reservesWholePrompt: boolean;
  hasSeparatePrefill: boolean;
}

/** vLLM V1 as it comes. */
export const DEFAULT_RULES: SchedulerRules = {
  policy: 'fcfs',
  reservesWholePrompt: true,
  hasSeparatePrefill: false,
};

export const serverOf = (subject: BatchingSubject, rules: SchedulerRules = DEFAULT_RULES): SimulatedServer => ({
  plan: subject.plan,
  maxNumBatchedTokens: subject.maxNumBatchedTokens,
  maxNumSeqs: subject.maxNumSeqs,
  kvCacheTokens: subject.kvCacheTokens,
  ...rules,
});

/**
 * Requests of an open run, or of so many users who wait for each answer and pause for exponential times of this mean. `share`:
 * the arrivals, at this rate, are what one of several replicas gets of a stream.
 */
export type SimulatedLoad =
  | { kind: 'open'; ratePerMs: number; law: ArrivalLaw; share?: ArrivalShare | null }
  | { kind: 'closed'; users: number; thinkTimeMs: number };

/** Latencies of one priority; null where none of it was served, and TPOT where every answer has one token. */
export interface ClassLatencies {
  priority: number;
  numMeasured: number;
  ttftMs: LatencyPercentiles | null;
  tpotMs: LatencyPercentiles | null;
  e2eMs: LatencyPercentiles | null;
}

/** What was served, over the requests that were measured. */
export interface ServedLoad {
  ttftMs: LatencyPercentiles;
  /** null where every answer has one token. */
  tpotMs: LatencyPercentiles | null;
  e2eMs: LatencyPercentiles;
  /** By priority, the most urgent first; null where all requests are alike. */
  classes: ClassLatencies[] | null;
  /** Requests measured, of those that were served. */
  numMeasured: number;
  /** Of the measured ones, those that the whole KV cache cannot hold. */
  rejected: number;
  requestsPerMs: number;
  inputTokensPerMs: number;
  outputTokensPerMs: number;
  /** ms from the first sending to the last end. */
  wallMs: number;
  /** Sequences decoding in a scheduler on average, and the most that ever ran in one. */
  meanRunning: number;
  maxRunning: number;
  /** Prompts / steps, over the whole run. */
  promptsPerStep: number;
  preemptionsPerRequest: number;
  /** Prompt tokens found in the prefix cache / prompt tokens, over all admissions. */
  cachedFraction: number;
}

/** Half widths of 95 % confidence intervals; null where the sample is too small for them. */
export interface HalfWidths {
  ttftMs: LatencyPercentiles | null;
  tpotMs: LatencyPercentiles | null;
  e2eMs: LatencyPercentiles | null;
}

export interface SteadySimulation extends ServedLoad {
  kind: 'steady';
  halfWidths: HalfWidths;
  /** Is every interval asked for as narrow as asked for? */
  isPrecise: boolean;
}

/** More arrive than are served: what waits grows as long as the run lasts. */
export interface SaturatedSimulation {
  kind: 'saturated';
  cause: SaturationKind;
  /** Nobody was served: the KV cache holds none of the requests. */
  isRefused?: true;
}

/** The more urgent ones of two kinds of requests have this priority, the others the next: the smaller, the sooner. */
const URGENT = 0;
const USUAL = 1;

/** Which requests are urgent: each with the same chance. */
export function drawPriorities(count: number, urgentFraction: number, seed: number): Int32Array {
  const random = randomStream(seed, 'urgency');
  return Int32Array.from({ length: count }, () => (random() < urgentFraction ? URGENT : USUAL));
}

/** Requests drawn for a load, and the clients where it is closed. `urgentFraction` null = all are alike. */
export function drawLoad(
  { lengths }: BatchingSubject,
  load: SimulatedLoad,
  count: number,
  seed: number,
  urgentFraction: number | null = null,
): { requests: SimulatedRequests; clients: Clients | null } {
  const isOpen = load.kind === 'open';
  const arrivals = isOpen
    ? drawArrivals(
        load.law,
        load.ratePerMs,
        count,
        randomStream(seed, 'gaps'),
        load.share ? { of: load.share, router: randomStream(seed, 'router') } : null,
      )
    : new Float64Array(count);
  const drawn = drawRequests(lengths.question, arrivals, seed);
  const requests =
    urgentFraction === null ? drawn : { ...drawn, priorities: drawPriorities(count, urgentFraction, seed) };
  if (isOpen) return { requests, clients: null };
  const pauses = randomStream(seed, 'pauses');
  const pauseMs =
    load.thinkTimeMs > 0 ? Float64Array.from({ length: count }, () => exponential(pauses, load.thinkTimeMs)) : null;
  return { requests, clients: { count: Math.max(1, Math.round(load.users)), pauseMs } };
}

/** Requests `from` to `to` - 1 of a run. */
export interface MeasuredPart {
  run: SimulatedRun;
  requests: SimulatedRequests;
  from: number;
  to: number;
}

interface Totals {
  numMeasured: number;
  inputTokens: number;
  outputTokens: number;
  decodingMs: number;
  preemptions: number;
  /** ms of the first sending, the last sending and the last end of those that were served. */
  firstMs: number;
  lastSentMs: number;
  lastEndMs: number;
}

function totalsOf({ run, requests, from, to }: MeasuredPart): Totals {
  const totals: Totals = {
    numMeasured: 0,
    inputTokens: 0,
    outputTokens: 0,
    decodingMs: 0,
    preemptions: 0,
    firstMs: Infinity,
    lastSentMs: run.sentMs[to - 1] ?? -Infinity,
    lastEndMs: -Infinity,
  };
  for (let i = from; i < to; i += 1) {
    const end = run.endMs[i] as number;
    if (Number.isNaN(end)) continue;
    totals.firstMs = Math.min(totals.firstMs, run.sentMs[i] as number);
    totals.lastEndMs = Math.max(totals.lastEndMs, end);
    totals.numMeasured += 1;
    totals.inputTokens += requests.promptTokens[i] as number;
    totals.outputTokens += requests.outputTokens[i] as number;
    totals.decodingMs += end - (run.firstMs[i] as number);
    totals.preemptions += run.preemptions[i] as number;
  }
  return totals;
}

/** Prompt tokens of all that got a first token, found in the cache or not. */
function promptTokensOf({ run, requests }: MeasuredPart): number {
  let tokens = 0;
  requests.promptTokens.forEach((prompt, i) => {
    if (!Number.isNaN(run.firstMs[i])) tokens += prompt;
  });
  return tokens;
}

const percentilesOfAll = ({ ttftMs, tpotMs, e2eMs }: ServedLatencies) => ({
  ttftMs: percentilesOf(ttftMs),
  tpotMs: percentilesOf(tpotMs),
  e2eMs: percentilesOf(e2eMs),
});

function classesOf(parts: readonly MeasuredPart[]): ClassLatencies[] | null {
  const known = new Set<number>();
  for (const { requests, from, to } of parts) {
    for (let i = from; i < to && requests.priorities; i += 1) known.add(requests.priorities[i] as number);
  }
  if (known.size === 0) return null;
  return [...known]
    .sort((a, b) => a - b)
    .map((priority) => {
      const latencies = joinedLatencies(
        parts.map(({ run, requests, from, to }) => latenciesOf(run, requests, from, to, priority)),
      );
      return { priority, numMeasured: latencies.e2eMs.length, ...percentilesOfAll(latencies) };
    });
}

/** What the measured requests of runs beside each other were served like, all together; null = nobody was served. */
export function pooledLoad(parts: readonly MeasuredPart[]): { served: ServedLoad; halfWidths: HalfWidths } | null {
  const latencies = joinedLatencies(parts.map(({ run, requests, from, to }) => latenciesOf(run, requests, from, to)));
  const { ttftMs, tpotMs, e2eMs } = percentilesOfAll(latencies);
  if (!ttftMs || !e2eMs) return null;
  const each = parts.map(totalsOf);
  const sum = (of: (totals: Totals) => number): number => each.reduce((total, totals) => total + of(totals), 0);
  const most = (of: (totals: Totals) => number): number =>
    each.reduce((top, totals) => Math.max(top, of(totals)), -Infinity);
  const sumOfParts = (of: (part: MeasuredPart) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const numMeasured = sum((totals) => totals.numMeasured);
  // Runs beside each other share one clock.
  const firstMs = -most((totals) => -totals.firstMs);
  const wallMs = Math.max(0, most((totals) => totals.lastEndMs) - firstMs);
  // In steady state as many are sent as end: the time from the first sending to the last one, not to the last end.
  const isWhole = parts.every(({ from }) => from === 0);
  const spanMs = isWhole ? wallMs : most((totals) => totals.lastSentMs) - firstMs;
  const perMs = spanMs > 0 ? 1 / spanMs : 0;
  const prompts = sumOfParts(promptTokensOf);
  const steps = sumOfParts(({ run }) => run.steps);
  const started = sumOfParts(({ run }) => run.firstMs.reduce((count, ms) => count + (Number.isNaN(ms) ? 0 : 1), 0));
  return {
    served: {
      ttftMs,
      tpotMs,
      e2eMs,
      classes: classesOf(parts),
      numMeasured,
      rejected: sumOfParts(({ from, to }) => to - from) - numMeasured,
      requestsPerMs: numMeasured * perMs,
      inputTokensPerMs: sum((totals) => totals.inputTokens) * perMs,
      outputTokensPerMs: sum((totals) => totals.outputTokens) * perMs,
      wallMs,
      meanRunning: (sum((totals) => totals.decodingMs) * perMs) / sumOfParts(({ run }) => run.schedulers),
      maxRunning: parts.reduce((top, { run }) => Math.max(top, run.maxRunning), 0),
      promptsPerStep: steps > 0 ? started / steps : 0,
      preemptionsPerRequest: sum((totals) => totals.preemptions) / numMeasured,
      cachedFraction: prompts > 0 ? Math.min(1, sumOfParts(({ run }) => run.foundTokens) / prompts) : 0,
    },
    halfWidths: {
      ttftMs: halfWidthsOf(latencies.ttftMs),
      tpotMs: halfWidthsOf(latencies.tpotMs),
      e2eMs: halfWidthsOf(latencies.e2eMs),
    },
  };
}

/** What requests `from` to `to` - 1 of a run were served like, while they were sent and until they ended. */
export const servedLoad = (run: SimulatedRun, requests: SimulatedRequests, from: number, to: number) =>
  pooledLoad([{ run, requests, from, to }]);

export interface RunQuestion {
  subject: BatchingSubject;
  rules: SchedulerRules;
  /** Of all of the fleet. */
  load: SimulatedLoad;
  seed: number;
  /** Of a steady state: the replicas that are simulated together; absent or null = one scheduler by itself. */
  fleet?: Fleet | null;
  /** Share of the requests that go before the others, with policy `priority`; absent or null = all are alike. */
  urgentFraction?: number | null;
  /** Called for every attempt at a steady state: the last one is the answer's. */
  observe?: (() => Observer) | null;
  /** Called again and again while it is computed; what it throws ends that. */
  checkpoint?: (() => void) | null;
}

/** Rounds that the prompts of a steady state may take; where prompts are of thousands of chunks, fewer are measured. */
const AFFORDED_ROUNDS = 1e7;
/** Rounds of an answer's loop and requests drawn for it at most: some tens of seconds of computing. */
export const MOST_ROUNDS = 1e8;
const MOST_DRAWN = 10_000_000;

/** 10,000,000. */
export const inWords = (count: number): string => count.toLocaleString('en-US');

/** A simulation that would take minutes is no answer. */
export const tooLong = (what: string): Error =>
  invalidInput('simulation_too_long', `The simulation would take too long: ${what}.`, {});

/** A finite run from an empty server to the end of its last request, with nothing discarded. null = nobody was served. */
export function simulateRun(
  question: RunQuestion,
  numRequests: number,
  observer: Observer | null = null,
): { served: ServedLoad; halfWidths: HalfWidths; run: SimulatedRun } | null {
  const { subject, rules, load, seed, urgentFraction = null, checkpoint = null } = question;
  const { requests, clients } = drawLoad(subject, load, numRequests, seed, urgentFraction);
  const run = simulate(requests, serverOf(subject, rules), { clients, observer, checkpoint });
  const result = servedLoad(run, requests, 0, numRequests);
  return result && { ...result, run };
}

export interface Precision {
  /** 95 % half width / value that every statistic named below must reach. */
  relativeHalfWidth: number;
  statistics: readonly { latency: 'ttftMs' | 'tpotMs' | 'e2eMs'; statistic: keyof LatencyPercentiles }[];
  /** Requests measured at first and at most. */
  fewest: number;
  most: number;
}

/** P99 needs 20,000 requests, more near saturation (QUEUEING.md 2.3). */
export const DEFAULT_PRECISION: Precision = {
  relativeHalfWidth: 0.03,
  statistics: [
    { latency: 'ttftMs', statistic: 'p95' },
    { latency: 'tpotMs', statistic: 'p95' },
    { latency: 'e2eMs', statistic: 'p95' },
  ],
  fewest: 20_000,
  most: 320_000,
};

/** Share of the requests, and mean residence times, that are discarded at the start; arrivals go on for as long at the end. */
const WARM_UP_SHARE = 0.1;
const WARM_UP_RESIDENCES = 5;
/** Where what waits grows by more than this share of what arrives, no steady state is in sight. */
const GROWTH_SHARE = 0.02;
/** The same of a run that does not get any more precise, most of which somebody waited for a seat or for blocks. */
const SLOW_GROWTH_SHARE = 0.003;

/** The part of a load that comes to one of so many schedulers. */
const partOf = (load: SimulatedLoad, schedulers: number): SimulatedLoad =>
  load.kind === 'open'
    ? { ...load, ratePerMs: load.ratePerMs / schedulers }
    : { ...load, users: load.users / schedulers };

/** Requests in the system on average, roughly: what a warm-up of some residence times is in arrivals, by Little's law. */
function expectedInSystem(subject: BatchingSubject, load: SimulatedLoad): number {
  if (load.kind === 'closed') return load.users;
  const { decodes } = decodeLimit(subject);
  const fixed = littleFixedPoint(subject, load.ratePerMs);
  const running = fixed.kind === 'steady' ? fixed.state.step.decodes : decodes;
  return Math.min(running, decodes, 1e6) + 2;
}

/** How many of the first `count` requests were sent by then and ended later; those who were refused never do. */
function inSystemAt(run: SimulatedRun, atMs: number, count: number): number {
  let present = 0;
  for (let i = 0; i < count; i += 1) {
    if ((run.sentMs[i] as number) <= atMs && (run.endMs[i] as number) > atMs) present += 1;
  }
  return present;
}

/** By how many more of requests `from` to `to` - 1 came than were served meanwhile; infinite where all are sent at once. */
function growthOf(run: SimulatedRun, from: number, to: number): number {
  const [firstMs, lastMs] = [run.sentMs[from] as number, run.sentMs[to - 1] as number];
  return lastMs > firstMs ? inSystemAt(run, lastMs, to) - inSystemAt(run, firstMs, to) : Infinity;
}

const isNarrow = (served: ServedLoad, widths: HalfWidths, { statistics, relativeHalfWidth }: Precision): boolean =>
  statistics.every(({ latency, statistic }) => {
    const [value, width] = [served[latency], widths[latency]];
    return value === null || (width !== null && width[statistic] <= relativeHalfWidth * value[statistic]);
  });

/**
 * What saturates: what the closed form names at this rate, where that has no steady state either, since it knows whether more
 * seats or blocks would help. What is short while a queue grows is no more than a symptom, and the cause where the closed form
 * has a steady state.
 */
function causeOf(run: SimulatedRun, subject: BatchingSubject, load: SimulatedLoad): SaturationKind {
  const named = load.kind === 'open' ? saturationAt(subject, load.ratePerMs) : null;
  if (named !== null) return named;
  const most = Math.max(run.seatsShortMs, run.blocksShortMs);
  if (most < run.wallMs / 2) return 'compute';
  return run.seatsShortMs > run.blocksShortMs ? 'seats' : 'kv';
}

/**
 * Steady state by simulation: the first requests are discarded, the next are measured until the last of them has ended, with
 * arrivals going on; twice as many are drawn as long as an interval is wider than asked for. Nobody served = saturated.
 */
export function simulateSteady(
  question: RunQuestion,
  precision: Precision = DEFAULT_PRECISION,
): SteadySimulation | SaturatedSimulation {
  const { subject, rules, load, seed, urgentFraction = null, fleet = null } = question;
  const { observe = null, checkpoint = null } = question;
  const schedulers = fleet ? fleet.replicas * fleet.streams : 1;
  const part = partOf(load, schedulers);
  const inSystem = schedulers * expectedInSystem(subject, part);
  const roundsPerRequest = Math.max(1, subject.lengths.moments.uncachedMean / subject.maxNumBatchedTokens);
  const most = Math.min(precision.most, Math.ceil(AFFORDED_ROUNDS / roundsPerRequest));
  for (let measured = Math.min(precision.fewest, most); ; measured *= 2) {
    const warmUp = Math.ceil(Math.max(WARM_UP_SHARE * measured, WARM_UP_RESIDENCES * inSystem));
    const all = warmUp + measured;
    if (all + warmUp > MOST_DRAWN) {
      throw tooLong(
        `a steady state of ${inWords(Math.round(inSystem))} ${load.kind === 'closed' ? 'users' : 'requests at once'} takes ${inWords(all + warmUp)} requests, and ${inWords(MOST_DRAWN)} are the most; ask for a run of some with num_prompts, or for fewer`,
      );
    }
    const { requests, clients } = drawLoad(subject, load, all + warmUp, seed, urgentFraction);
    const observer = observe?.() ?? null;
    const options = { clients, numMeasured: all, observer, mostEvents: MOST_ROUNDS, checkpoint };
    const server = serverOf(subject, rules);
    const run = fleet ? simulateFleet(requests, server, fleet, seed, options) : simulate(requests, server, options);
    if (!run.isComplete) {
      throw tooLong(
        `a steady state takes ${inWords(all)} requests, and they are not served after ${inWords(MOST_ROUNDS)} steps; ask for a run of fewer with num_prompts, for shorter prompts or for a larger max_num_batched_tokens`,
      );
    }
    const grown = growthOf(run, warmUp, all);
    if (load.kind === 'open' && grown > GROWTH_SHARE * measured)
      return { kind: 'saturated', cause: causeOf(run, subject, part) };
    const result = servedLoad(run, requests, warmUp, all);
    if (!result) return { kind: 'saturated', cause: 'kv', isRefused: true };
    const isPrecise = isNarrow(result.served, result.halfWidths, precision);
    if (isPrecise || measured * 2 > most) {
      const isShort = run.seatsShortMs + run.blocksShortMs > run.wallMs / 2;
      if (load.kind === 'open' && !isPrecise && isShort && grown > SLOW_GROWTH_SHARE * measured) {
        return { kind: 'saturated', cause: causeOf(run, subject, part) };
      }
      return { kind: 'steady', ...result.served, halfWidths: result.halfWidths, isPrecise };
    }
  }
}

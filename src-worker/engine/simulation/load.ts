import { decodeLimit, littleFixedPoint } from '../batching/fixed-point.ts';
import type { LatencyPercentiles } from '../batching/spread.ts';
import type { BatchingSubject, SaturationKind } from '../batching/subject.ts';
import { exponential } from '../numerics/random.ts';
import { drawArrivals, type ArrivalLaw } from './arrivals.ts';
import { drawRequests } from './draw-requests.ts';
import { halfWidthsOf, latenciesOf, percentilesOf } from './latencies.ts';
import { randomStream } from './random-streams.ts';
import type { Clients, SchedulingPolicy, SimulatedRequests } from './requests.ts';
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

/** Requests of an open run, or of so many users who wait for each answer and pause for exponential times of this mean. */
export type SimulatedLoad =
  { kind: 'open'; ratePerMs: number; law: ArrivalLaw } | { kind: 'closed'; users: number; thinkTimeMs: number };

/** What was served, over the requests that were measured. */
export interface ServedLoad {
  ttftMs: LatencyPercentiles;
  /** null where every answer has one token. */
  tpotMs: LatencyPercentiles | null;
  e2eMs: LatencyPercentiles;
  /** Requests measured, of those that were served. */
  numMeasured: number;
  rejected: number;
  requestsPerMs: number;
  outputTokensPerMs: number;
  /** Sequences decoding on average, and the most that ever ran. */
  meanRunning: number;
  maxRunning: number;
  /** Preemptions / requests, over the whole run. */
  preemptionsPerRequest: number;
  /** Prompt tokens found in the prefix cache / prompt tokens of all. */
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
}

/** Requests drawn for a load, and the clients where it is closed. */
export function drawLoad(
  { lengths }: BatchingSubject,
  load: SimulatedLoad,
  count: number,
  seed: number,
): { requests: SimulatedRequests; clients: Clients | null } {
  if (load.kind === 'open') {
    const arrivals = drawArrivals(load.law, load.ratePerMs, count, randomStream(seed, 'gaps'));
    return { requests: drawRequests(lengths.question, arrivals, seed), clients: null };
  }
  const pauses = randomStream(seed, 'pauses');
  const pauseMs =
    load.thinkTimeMs > 0 ? Float64Array.from({ length: count }, () => exponential(pauses, load.thinkTimeMs)) : null;
  const requests = drawRequests(lengths.question, new Float64Array(count), seed);
  return { requests, clients: { count: Math.max(1, Math.round(load.users)), pauseMs } };
}

/** What requests `from` to `to` - 1 of a run were served like, while they were sent and until they ended. */
export function servedLoad(
  run: SimulatedRun,
  requests: SimulatedRequests,
  from: number,
  to: number,
): { served: ServedLoad; halfWidths: HalfWidths } | null {
  const { ttftMs, tpotMs, e2eMs } = latenciesOf(run, requests, from, to);
  const [ttft, tpot, e2e] = [percentilesOf(ttftMs), percentilesOf(tpotMs), percentilesOf(e2eMs)];
  if (!ttft || !e2e) return null;
  let [firstMs, lastMs, tokens, decodingMs, prompts] = [Infinity, 0, 0, 0, 0];
  for (let i = from; i < to; i += 1) {
    const end = run.endMs[i] as number;
    if (Number.isNaN(end)) continue;
    firstMs = Math.min(firstMs, run.sentMs[i] as number);
    lastMs = Math.max(lastMs, end);
    tokens += requests.outputTokens[i] as number;
    decodingMs += end - (run.firstMs[i] as number);
  }
  for (const prompt of requests.promptTokens) prompts += prompt;
  // In steady state as many are sent as end: the time from the first sending to the last one, not to the last end.
  const isWhole = from === 0;
  const spanMs = isWhole ? lastMs - firstMs : (run.sentMs[to - 1] as number) - (run.sentMs[from] as number);
  const perMs = spanMs > 0 ? 1 / spanMs : 0;
  return {
    served: {
      ttftMs: ttft,
      tpotMs: tpot,
      e2eMs: e2e,
      numMeasured: ttftMs.length,
      rejected: run.rejected,
      requestsPerMs: ttftMs.length * perMs,
      outputTokensPerMs: tokens * perMs,
      meanRunning: decodingMs * perMs,
      maxRunning: run.maxRunning,
      preemptionsPerRequest: run.preemptions.reduce((sum, n) => sum + n, 0) / run.preemptions.length,
      cachedFraction: prompts > 0 ? run.foundTokens / prompts : 0,
    },
    halfWidths: { ttftMs: halfWidthsOf(ttftMs), tpotMs: halfWidthsOf(tpotMs), e2eMs: halfWidthsOf(e2eMs) },
  };
}

export interface RunQuestion {
  subject: BatchingSubject;
  rules: SchedulerRules;
  load: SimulatedLoad;
  seed: number;
}

/** A finite run from an empty server to the end of its last request, with nothing discarded. null = nobody was served. */
export function simulateRun(
  question: RunQuestion,
  numRequests: number,
  observer: Observer | null = null,
): { served: ServedLoad; halfWidths: HalfWidths; run: SimulatedRun } | null {
  const { subject, rules, load, seed } = question;
  const { requests, clients } = drawLoad(subject, load, numRequests, seed);
  const run = simulate(requests, serverOf(subject, rules), { clients, observer });
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

/** Requests in the system on average, roughly: what a warm-up of some residence times is in arrivals, by Little's law. */
function expectedInSystem(subject: BatchingSubject, load: SimulatedLoad): number {
  if (load.kind === 'closed') return load.users;
  const { decodes } = decodeLimit(subject);
  const fixed = littleFixedPoint(subject, load.ratePerMs);
  const running = fixed.kind === 'steady' ? fixed.state.step.decodes : decodes;
  return Math.min(running, decodes, 1e6) + 2;
}

/** How many of all were sent by then and had not ended. */
function inSystemAt(run: SimulatedRun, atMs: number): number {
  let count = 0;
  for (let i = 0; i < run.sentMs.length; i += 1) {
    if ((run.sentMs[i] as number) <= atMs && !((run.endMs[i] as number) <= atMs)) count += 1;
  }
  return count - run.rejected;
}

/** Do more of requests `from` to `to` - 1 arrive than are served meanwhile? All who are sent at once do. */
function isGrowing(run: SimulatedRun, from: number, to: number): boolean {
  const [firstMs, lastMs] = [run.sentMs[from] as number, run.sentMs[to - 1] as number];
  return !(lastMs > firstMs) || inSystemAt(run, lastMs) - inSystemAt(run, firstMs) > GROWTH_SHARE * (to - from);
}

const isNarrow = (served: ServedLoad, widths: HalfWidths, { statistics, relativeHalfWidth }: Precision): boolean =>
  statistics.every(({ latency, statistic }) => {
    const [value, width] = [served[latency], widths[latency]];
    return value === null || (width !== null && width[statistic] <= relativeHalfWidth * value[statistic]);
  });

function causeOf(run: SimulatedRun): SaturationKind {
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
  const { subject, rules, load, seed } = question;
  const inSystem = expectedInSystem(subject, load);
  for (let measured = precision.fewest; ; measured *= 2) {
    const warmUp = Math.ceil(Math.max(WARM_UP_SHARE * measured, WARM_UP_RESIDENCES * inSystem));
    const all = warmUp + measured;
    const { requests, clients } = drawLoad(subject, load, all + warmUp, seed);
    const run = simulate(requests, serverOf(subject, rules), { clients, numMeasured: all });
    if (load.kind === 'open' && isGrowing(run, warmUp, all)) return { kind: 'saturated', cause: causeOf(run) };
    const result = servedLoad(run, requests, warmUp, all);
    if (!result) return { kind: 'saturated', cause: 'kv' };
    const isPrecise = isNarrow(result.served, result.halfWidths, precision);
    if (isPrecise || measured * 2 > precision.most) {
      return { kind: 'steady', ...result.served, halfWidths: result.halfWidths, isPrecise };
    }
  }
}

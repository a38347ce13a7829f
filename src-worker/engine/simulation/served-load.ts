import type { LatencyPercentiles } from '../batching/spread.ts';
import { halfWidthsOf, joinedLatencies, latenciesOf, percentilesOf, type ServedLatencies } from './latencies.ts';
import type { SimulatedRequests } from './requests.ts';
import type { SimulatedRun } from './simulated-run.ts';

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

/** Latencies by priority, the most urgent first; null where all requests are alike. */
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

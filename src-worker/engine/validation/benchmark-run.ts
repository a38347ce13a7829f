import { exponential, seededRandom, type RandomSource } from '../numerics/random.ts';
import { meanOf } from '../numerics/sample.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import { replayRun, type RunOutcome, type RunRequests } from '../simulation/replay.ts';
import { DRAWN_LENGTHS } from '../workload/drawn-lengths.ts';
import { requestsPerClient, type Benchmark, type BenchmarkMeans } from './benchmark.ts';

/** Every run is drawn from the same seed: a prediction is the same each time, and differs between fits only by their times. */
const SEED = 1;
/** An open loop whose source gives no number of requests is replayed for as many. */
const STEADY_REQUESTS = 4000;
/** A closed loop is replayed for at most this many requests: more say nothing new. */
const MOST_REQUESTS = 20_000;

function drawnLength(b: Benchmark, mean: number, random: RandomSource): number {
  if (!b.hasDrawnLengths) return Math.max(1, Math.round(mean));
  const share = DRAWN_LENGTHS.lowest + (1 - DRAWN_LENGTHS.lowest) * random();
  return Math.max(1, Math.round((mean / DRAWN_LENGTHS.mean) * share));
}

/** The requests of one stream's run: lengths and gaps drawn from one seed each, so that neither moves the other. */
function requestsOf(b: Benchmark, count: number): RunRequests {
  const lengths = seededRandom(SEED);
  const gaps = seededRandom(SEED + 1);
  const cold = b.coldRequests / b.streams;
  const requests: RunRequests = {
    arrivalMs: new Float64Array(count),
    promptTokens: new Float64Array(count),
    cachedTokens: new Float64Array(count),
    outputTokens: new Float64Array(count),
  };
  let clock = 0;
  for (let i = 0; i < count; i += 1) {
    requests.arrivalMs[i] = clock;
    requests.promptTokens[i] = drawnLength(b, b.promptTokens, lengths);
    requests.outputTokens[i] = drawnLength(b, b.outputTokens, lengths);
    requests.cachedTokens[i] = i < cold ? 0 : Math.min(b.cachedTokens, (requests.promptTokens[i] as number) - 1);
    if (b.ratePerMs > 0) clock += b.scvArrival === 0 ? 1 / b.ratePerMs : exponential(gaps, 1 / b.ratePerMs);
  }
  return requests;
}

/** A run of a stream and how many tokens each answer had. */
export interface BenchmarkRun extends RunOutcome {
  outputTokens: Float64Array;
}

/** Replays a benchmark from its first request to the end of its last. */
export function runBenchmark(b: Benchmark, plan: StepPlan): BenchmarkRun {
  const clients = b.kind === 'closed_loop' ? Math.max(1, Math.round(b.requests)) : null;
  const asked =
    clients === null
      ? b.kind === 'open_loop'
        ? (b.numPrompts ?? STEADY_REQUESTS) / b.streams
        : b.requests
      : clients * requestsPerClient(b);
  const count = Math.max(1, Math.min(Math.round(asked), Math.max(MOST_REQUESTS, clients ?? 0)));
  const requests = requestsOf(b, count);
  const server = {
    plan,
    maxNumBatchedTokens: b.maxNumBatchedTokens,
    seats: Math.max(1, Math.floor(b.seats)),
    hasSeparatePrefill: b.hasSeparatePrefill,
  };
  return { ...replayRun(requests, server, clients), outputTokens: requests.outputTokens };
}

/** TPOT of each answer of more than one token, ms. */
export const tokenTimesOf = ({ ttftMs, e2eMs, outputTokens }: BenchmarkRun): number[] =>
  [...outputTokens].flatMap((tokens, i) =>
    tokens > 1 ? [((e2eMs[i] as number) - (ttftMs[i] as number)) / (tokens - 1)] : [],
  );

/** The means of a replayed run. */
export function runMeans(b: Benchmark, plan: StepPlan): BenchmarkMeans {
  const run = runBenchmark(b, plan);
  return {
    ttftMs: meanOf(run.ttftMs),
    tpotMs: meanOf(tokenTimesOf(run)),
    e2eMs: meanOf(run.e2eMs),
    requestsPerMs: run.outputTokens.length / run.wallMs,
  };
}

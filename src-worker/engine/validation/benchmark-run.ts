import type { RandomSource } from '../numerics/random.ts';
import { meanOf } from '../numerics/sample.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import { drawArrivals, POISSON, type ArrivalLaw } from '../simulation/arrivals.ts';
import { latenciesOf, type ServedLatencies } from '../simulation/latencies.ts';
import { DEFAULT_RULES } from '../simulation/simulated-server.ts';
import { randomStream } from '../simulation/random-streams.ts';
import type { Clients, SimulatedRequests } from '../simulation/requests.ts';
import { simulate } from '../simulation/simulate.ts';
import type { SimulatedServer } from '../simulation/simulated-server.ts';
import { DRAWN_LENGTHS } from '../workload/drawn-lengths.ts';
import { requestsPerClient, type Benchmark, type BenchmarkMeans } from './benchmark.ts';

/** Every run is drawn from the same seed: a prediction is the same each time, and differs between fits only by their times. */
const SEED = 1;
/** An open loop whose source gives no number of requests is simulated for as many. */
const STEADY_REQUESTS = 4000;
/** A run is simulated for at most this many requests of a stream, all clients of a closed loop: more say nothing new. */
const MOST_REQUESTS = 100_000;

function lengthSource(b: Benchmark, mean: number): (random: RandomSource) => number {
  if (!b.hasDrawnLengths) {
    const tokens = Math.max(1, Math.round(mean));
    return () => tokens;
  }
  const nominal = mean / DRAWN_LENGTHS.mean;
  const shareOf = (random: RandomSource): number => DRAWN_LENGTHS.lowest + (1 - DRAWN_LENGTHS.lowest) * random();
  return (random) => Math.max(1, Math.round(nominal * shareOf(random)));
}

/** Gamma gaps without variation are even ones. */
const arrivalLaw = ({ scvArrival }: Benchmark): ArrivalLaw =>
  scvArrival === 1 ? POISSON : { ...POISSON, process: 'gamma', scv: scvArrival };

/**
 * When the requests of an open loop are sent. A run of few draws gaps that are some percent off their mean, and the same seed
 * is as far off in every row: they are brought to the row's own rate, as `vllm bench serve` and inference-perf do.
 */
function arrivalsOf(b: Benchmark, count: number): Float64Array {
  const drawn = drawArrivals(arrivalLaw(b), b.ratePerMs, count, randomStream(SEED, 'gaps'));
  const lastMs = drawn[count - 1] as number;
  const factor = lastMs > 0 ? (count - 1) / b.ratePerMs / lastMs : 1;
  return drawn.map((ms) => ms * factor);
}

/** The requests of one stream's run: lengths and gaps drawn from streams of their own, so that none moves another. */
function requestsOf(b: Benchmark, count: number): SimulatedRequests {
  const [prompts, outputs] = [randomStream(SEED, 'prompts'), randomStream(SEED, 'outputs')];
  const [prompt, output] = [lengthSource(b, b.promptTokens), lengthSource(b, b.outputTokens)];
  const cold = b.coldRequests / b.streams;
  const requests: SimulatedRequests = {
    arrivalMs: b.kind === 'open_loop' ? arrivalsOf(b, count) : new Float64Array(count),
    promptTokens: Int32Array.from({ length: count }, () => prompt(prompts)),
    cachedTokens: new Int32Array(count),
    outputTokens: Int32Array.from({ length: count }, () => output(outputs)),
    priorities: null,
    contentBlocks: null,
  };
  for (let i = 0; i < count; i += 1) {
    const most = (requests.promptTokens[i] as number) - 1;
    requests.cachedTokens[i] = i < cold ? 0 : Math.min(b.cachedTokens, most);
  }
  return requests;
}

function clientsOf(b: Benchmark): Clients | null {
  return b.kind === 'closed_loop' ? { count: Math.max(1, Math.round(b.requests)), pauseMs: null } : null;
}

function requestsAsked(b: Benchmark, clients: Clients | null): number {
  if (clients) return Math.min(clients.count * requestsPerClient(b), Math.max(MOST_REQUESTS, clients.count));
  const asked = b.kind === 'open_loop' ? (b.numPrompts ?? STEADY_REQUESTS) / b.streams : b.requests;
  return Math.min(asked, MOST_REQUESTS);
}

/**
 * The KV cache is in the seats, at the mean length of a request, not in blocks: a row gives the mean of lengths that varied.
 * Requests that are all alike would be admitted together on the blocks of their prompts, grow together and give way
 * together, again and again: on measured runs that are short of cache, a fifth of the throughput that was seen is lost to it.
 */
const serverOf = (b: Benchmark, plan: StepPlan): SimulatedServer => ({
  plan,
  maxNumBatchedTokens: b.maxNumBatchedTokens,
  maxNumSeqs: b.seats,
  kvCacheTokens: Infinity,
  ...DEFAULT_RULES,
  hasSeparatePrefill: b.hasSeparatePrefill,
});

/** What a run of a stream gave: latencies of its requests, how many tokens each answer had, and how long all took. */
export interface BenchmarkRun extends ServedLatencies {
  outputTokens: Int32Array;
  wallMs: number;
  /** Sequences that had seats at once, at most. */
  maxAtOnce: number;
}

/** Simulates a benchmark from its first request to the end of its last, with nothing discarded. */
export function runBenchmark(b: Benchmark, plan: StepPlan): BenchmarkRun {
  const clients = clientsOf(b);
  const count = Math.max(1, Math.round(requestsAsked(b, clients)));
  const requests = requestsOf(b, count);
  const run = simulate(requests, serverOf(b, plan), { clients });
  return {
    ...latenciesOf(run, requests, 0, count),
    outputTokens: requests.outputTokens,
    wallMs: run.endMs.reduce((last, ms) => Math.max(last, ms), 0),
    maxAtOnce: run.maxRunning,
  };
}

/** The means of a simulated run. */
export const meansOfRun = ({ ttftMs, tpotMs, e2eMs, wallMs }: BenchmarkRun): BenchmarkMeans => ({
  ttftMs: meanOf(ttftMs),
  // Answers of one token have none.
  tpotMs: tpotMs.length === 0 ? 0 : meanOf(tpotMs),
  e2eMs: meanOf(e2eMs),
  requestsPerMs: ttftMs.length / wallMs,
});

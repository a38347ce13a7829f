import { pathToFileURL } from 'node:url';
import type { BatchingSubject } from '../../src-worker/engine/batching/subject.ts';
import type { StepPlan } from '../../src-worker/engine/roofline/step-plan.ts';
import { POISSON } from '../../src-worker/engine/simulation/arrivals.ts';
import { simulateFleet } from '../../src-worker/engine/simulation/fleet.ts';
import { DEFAULT_RULES, serverOf } from '../../src-worker/engine/simulation/simulated-server.ts';
import { drawLoad, type SimulatedLoad } from '../../src-worker/engine/simulation/drawn-load.ts';
import { simulateSteady } from '../../src-worker/engine/simulation/steady-state.ts';
import type { Precision } from '../../src-worker/engine/simulation/precision.ts';
import type { RouterPolicy } from '../../src-worker/engine/simulation/router.ts';
import { simulate } from '../../src-worker/engine/simulation/simulate.ts';
import { requestLengths } from '../../src-worker/engine/workload/lengths.ts';
import type { LengthDistribution } from '../../src-worker/engine/workload/types.ts';
import { msFromMicroseconds } from '../../src-worker/engine/units.ts';
import { stepPlanOf } from '../engine/world.ts';

/**
 * Speed of the simulator on one core: `npm run bench:simulation [-- --json]`. Loads are drawn beforehand; what drawing costs,
 * and 20,000 requests of chat all in (drawing, simulating, percentiles with intervals), stand apart. Times are those of the
 * processor, all threads together (collecting garbage too), the best of several rounds: what else runs on the machine hardly
 * moves them.
 */
const ROUNDS = 5;
const REQUESTS = 50_000;
const STEADY_REQUESTS = 20_000;
const SEED = 8;

interface BenchCase {
  plan: () => StepPlan;
  /** Mean tokens. */
  prompt: number;
  output: number;
  requestsPerS: number;
  maxNumBatchedTokens: number;
  maxNumSeqs: number;
  kvCacheTokens: number;
  isChat: boolean;
}

const LLAMA_8B = 'meta-llama/Llama-3.1-8B-Instruct';
const small = { maxNumBatchedTokens: 2048, maxNumSeqs: 256, kvCacheTokens: 420_000 };
const large = { maxNumBatchedTokens: 8192, maxNumSeqs: 1024, kvCacheTokens: 420_000 };
const chat = { prompt: 250, output: 150, isChat: true };
const onA100 = (): StepPlan => stepPlanOf(LLAMA_8B, 'nvidia-a100-80gb');
const onH100 = (): StepPlan => stepPlanOf(LLAMA_8B, 'nvidia-h100-80gb');

/** Loads of chat, long prompts and long answers, up to one that preempts all the time. */
const CASES: Record<string, BenchCase> = {
  '8B A100, chat 250/150, 5 per s': { plan: onA100, requestsPerS: 5, ...chat, ...small },
  '8B A100, chat 250/150, 20 per s': { plan: onA100, requestsPerS: 20, ...chat, ...small },
  '8B H100, chat 250/150, 20 per s': { plan: onH100, requestsPerS: 20, ...chat, ...large },
  '8B H100, chat 250/150, 60 per s': { plan: onH100, requestsPerS: 60, ...chat, ...large },
  '8B A100, 6000/300, 1.2 per s': {
    plan: onA100,
    prompt: 6000,
    output: 300,
    requestsPerS: 1.2,
    isChat: false,
    ...small,
  },
  '70B 4xH100, 500/500, 5 per s': {
    plan: () => stepPlanOf('meta-llama/Llama-3.1-70B-Instruct', 'nvidia-h100-80gb', { tensorParallel: 4 }),
    prompt: 500,
    output: 500,
    requestsPerS: 5,
    isChat: false,
    ...large,
  },
  'MoE 8xH200, 4000/1000, 2 per s': {
    plan: () => stepPlanOf('deepseek-ai/DeepSeek-V3', 'nvidia-h200', { tensorParallel: 8, precision: 'fp8' }),
    prompt: 4000,
    output: 1000,
    requestsPerS: 2,
    isChat: false,
    ...large,
  },
  '7B MHA A100, 250/1000, 3 per s': {
    plan: () => stepPlanOf('meta-llama/Llama-2-7b-hf', 'nvidia-a100-80gb'),
    prompt: 250,
    output: 1000,
    requestsPerS: 3,
    isChat: false,
    ...small,
    kvCacheTokens: 110_000,
  },
};

export interface SimulationRow {
  requests_per_second: number;
  steps_per_request: number;
  events_per_request: number;
  ns_per_event: number;
  preemptions_per_request: number;
}

export interface SimulationBench {
  /** The slowest of the chat-like cases. */
  requests_per_second: number;
  cases: Record<string, SimulationRow>;
  /** Of the first case with its load for each of so many replicas, by router. */
  routed: { router: RouterPolicy; replicas: number; requests_per_second: number }[];
  draw_ns_per_request: number;
  steady_ms: number;
}

const spread = (mean: number, cv: number): LengthDistribution => ({ mean, std: mean * cv, min: 1, max: 20 * mean });

function subjectOf(one: BenchCase): BatchingSubject {
  return {
    plan: one.plan(),
    lengths: requestLengths({
      promptParts: [spread(one.prompt, 0.6)],
      output: spread(one.output, 0.5),
      cache: null,
      maxContextTokens: null,
    }),
    maxNumBatchedTokens: one.maxNumBatchedTokens,
    maxNumSeqs: one.maxNumSeqs,
    kvCacheTokens: one.kvCacheTokens,
    scvArrival: 1,
    population: null,
  };
}

const loadOf = ({ requestsPerS }: BenchCase): SimulatedLoad => ({
  kind: 'open',
  ratePerMs: requestsPerS / 1000,
  law: POISSON,
});

/** The least ms of processor time of the rounds, after two that do not count. */
function leastMs(call: () => void): number {
  let least = Infinity;
  for (let round = -2; round < ROUNDS; round += 1) {
    const start = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(start);
    if (round >= 0) least = Math.min(least, msFromMicroseconds(user + system));
  }
  return least;
}

function measureCase(one: BenchCase, count: number): SimulationRow {
  const subject = subjectOf(one);
  const { requests } = drawLoad(subject, loadOf(one), count, SEED);
  const server = serverOf(subject);
  const run = simulate(requests, server);
  const ms = leastMs(() => simulate(requests, server));
  const preemptions = run.preemptions.reduce((sum, times) => sum + times, 0);
  return {
    requests_per_second: Math.round((count * 1000) / ms),
    steps_per_request: run.steps / count,
    events_per_request: run.events / count,
    ns_per_event: (ms * 1e6) / run.events,
    preemptions_per_request: preemptions / count,
  };
}

const ROUTED: readonly [router: RouterPolicy, replicas: number][] = [
  ['random', 8],
  ['round_robin', 8],
  ['least_loaded', 8],
  ['least_loaded', 64],
];

function measureRouted(one: BenchCase, count: number): SimulationBench['routed'] {
  const subject = subjectOf(one);
  const server = serverOf(subject);
  return ROUTED.map(([router, replicas]) => {
    const load = loadOf({ ...one, requestsPerS: one.requestsPerS * replicas });
    const { requests } = drawLoad(subject, load, count, SEED);
    const fleet = { router, replicas, streams: 1, within: 'random' as const };
    const ms = leastMs(() => simulateFleet(requests, server, fleet, SEED));
    return { router, replicas, requests_per_second: Math.round((count * 1000) / ms) };
  });
}

export function measure(count = REQUESTS): SimulationBench {
  const cases = Object.fromEntries(Object.entries(CASES).map(([name, one]) => [name, measureCase(one, count)]));
  const chats = Object.entries(CASES).filter(([, { isChat }]) => isChat);
  const [[, first]] = chats as [[string, BenchCase]];
  const subject = subjectOf(first);
  const load = loadOf(first);
  const steadyCount = Math.min(count, STEADY_REQUESTS);
  const precision: Precision = { relativeHalfWidth: Infinity, statistics: [], fewest: steadyCount, most: steadyCount };
  return {
    requests_per_second: Math.min(...chats.map(([name]) => (cases[name] as SimulationRow).requests_per_second)),
    cases,
    routed: measureRouted(first, count),
    draw_ns_per_request: (leastMs(() => drawLoad(subject, load, count, SEED)) * 1e6) / count,
    steady_ms: leastMs(() => simulateSteady({ subject, rules: DEFAULT_RULES, load, seed: SEED }, precision)),
  };
}

function print({ cases, ...all }: SimulationBench): void {
  const width = Math.max(...Object.keys(cases).map((name) => name.length));
  console.log('Requests simulated per second on one core, loads drawn beforehand: the best of several rounds');
  console.log(`${''.padEnd(width)}  requests/s  steps/req  events/req  ns/event  preempted`);
  for (const [name, row] of Object.entries(cases)) {
    console.log(
      [
        name.padEnd(width),
        row.requests_per_second.toLocaleString('en').padStart(11),
        row.steps_per_request.toFixed(1).padStart(10),
        row.events_per_request.toFixed(1).padStart(11),
        row.ns_per_event.toFixed(0).padStart(9),
        row.preemptions_per_request.toFixed(2).padStart(10),
      ].join(' '),
    );
  }
  console.log(`chat-like, the slowest: ${all.requests_per_second.toLocaleString('en')} requests/s`);
  for (const { router, replicas, requests_per_second: rate } of all.routed) {
    console.log(
      `${router.replace('_', ' ')} over ${replicas} replicas, the first case: ${rate.toLocaleString('en')} requests/s`,
    );
  }
  console.log(`drawing a request: ${all.draw_ns_per_request.toFixed(0)} ns`);
  console.log(`20,000 requests of chat all in, with percentiles and intervals: ${all.steady_ms.toFixed(1)} ms`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const bench = measure();
  if (process.argv.includes('--json')) console.log(JSON.stringify({ schema_version: 1, ...bench }, null, 2));
  else print(bench);
}

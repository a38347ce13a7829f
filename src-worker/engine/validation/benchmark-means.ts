import { lockstepPrefills } from '../batching/lockstep.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import { stepTimeMs } from '../roofline/step-time.ts';
import { DRAWN_CV } from '../workload/drawn-lengths.ts';
import { requestsPerClient, type Benchmark, type BenchmarkMeans } from './benchmark.ts';
import { meansOfRun, runBenchmark } from './benchmark-run.ts';
import type { ValidationMethod } from './types.ts';
import { steadyMeans, type SteadyMeans } from './steady-means.ts';

/** How many own prefills a client of a closed loop waits on average beside its own. */
export function burstSteps(b: Benchmark, calibration: CalibrationProfile): number {
  if (b.kind !== 'closed_loop') return 0;
  const question = {
    seated: Math.min(b.seats, b.requests),
    requestsPerClient: requestsPerClient(b),
    outputCv: b.hasDrawnLengths ? DRAWN_CV : 0,
    generation: b.generation,
  };
  return lockstepPrefills(question, calibration);
}

/**
 * ms until all of a benchmark's requests that start together have their first token, and of each further one: all prompts, then one step
 * a token (FIDELITY.md section 3, static_batch; a measured row has means only, and fits ask for thousands of them).
 */
function wave(b: Benchmark, plan: StepPlan, running: number): { prefillMs: number; tpotMs: number } {
  const { promptTokens, cachedTokens, outputTokens, maxNumBatchedTokens } = b;
  const uncachedTokens = promptTokens - cachedTokens;
  const tokens = running * uncachedTokens;
  // Rounding is no chunk of its own.
  const chunks = Math.max(1, Math.ceil(tokens / maxNumBatchedTokens - 1e-9));
  const perChunk = tokens / chunks;
  const pairs = perChunk * (cachedTokens + uncachedTokens / 2);
  const context = promptTokens + outputTokens / 2;
  return {
    prefillMs: chunks * stepTimeMs(plan, 0, 0, perChunk, pairs, running / chunks),
    tpotMs: outputTokens > 1 ? stepTimeMs(plan, running, running * context, 0, 0, 0) : 0,
  };
}

const frontMs = (b: Benchmark, plan: StepPlan): number => plan.ttftBaseMs + plan.tokenizeMsPerToken * b.promptTokens;
const laterTokens = (b: Benchmark): number => Math.max(0, b.outputTokens - 1);

function staticBatchMeans(b: Benchmark, plan: StepPlan): BenchmarkMeans {
  const running = Math.max(1 / b.streams, Math.min(b.requests, b.seats));
  const { prefillMs, tpotMs } = wave(b, plan, running);
  const ttftMs = prefillMs + frontMs(b, plan);
  const wallMs = (ttftMs + laterTokens(b) * tpotMs) * Math.max(1, b.requests / running);
  return { ttftMs, tpotMs, e2eMs: wallMs, requestsPerMs: b.requests / wallMs };
}

/** Share of a lifetime that an offline run takes to fill and to drain (FIDELITY.md section 3, offline_max). */
const FILL_AND_DRAIN = 0.25;

function offlineMeans(b: Benchmark, plan: StepPlan): BenchmarkMeans {
  const running = Math.min(b.seats, b.requests);
  const first = wave(b, plan, running);
  const firstMs = first.prefillMs + frontMs(b, plan);
  if (b.requests <= running * (1 + 1e-4)) {
    const wallMs = firstMs + laterTokens(b) * first.tpotMs;
    return { ttftMs: firstMs, tpotMs: first.tpotMs, e2eMs: wallMs, requestsPerMs: b.requests / wallMs };
  }
  const steady = steadyMeans(b, plan, { kind: 'closed', clients: running }, 0);
  const lifeMs = steady.ttftMs + laterTokens(b) * steady.tpotMs;
  const oneWaveMs = firstMs + laterTokens(b) * first.tpotMs;
  const wallMs = oneWaveMs + (b.requests - running) / steady.requestsPerMs + FILL_AND_DRAIN * lifeMs;
  return { ttftMs: steady.ttftMs, tpotMs: steady.tpotMs, e2eMs: wallMs, requestsPerMs: b.requests / wallMs };
}

function closedLoopMeans(b: Benchmark, plan: StepPlan, burst: number): BenchmarkMeans {
  const steady = steadyMeans(b, plan, { kind: 'closed', clients: b.requests }, burst);
  const seatWaitMs = Math.max(0, b.requests - b.seats) / steady.requestsPerMs;
  return withLatency(b, steady, steady.ttftMs + seatWaitMs, steady.requestsPerMs);
}

function openLoopMeans(b: Benchmark, plan: StepPlan): BenchmarkMeans {
  const steady = steadyMeans(b, plan, { kind: 'open', ratePerMs: b.ratePerMs }, 0);
  if (!steady.isSaturated) return withLatency(b, steady, steady.ttftMs, finiteRate(b, steady));
  const full = steadyMeans(b, plan, { kind: 'closed', clients: b.seats }, 0);
  return withLatency(b, full, steady.ttftMs, Math.min(b.ratePerMs, full.requestsPerMs));
}

const withLatency = (b: Benchmark, { tpotMs }: SteadyMeans, ttftMs: number, requestsPerMs: number): BenchmarkMeans => ({
  ttftMs,
  tpotMs,
  e2eMs: ttftMs + laterTokens(b) * tpotMs,
  requestsPerMs,
});

/** A run of finitely many requests ends one lifetime after its last arrival. */
function finiteRate(b: Benchmark, { ttftMs, tpotMs }: SteadyMeans): number {
  if (b.numPrompts === null) return b.ratePerMs;
  const requests = b.numPrompts / b.streams;
  return requests / (requests / b.ratePerMs + ttftMs + laterTokens(b) * tpotMs);
}

/**
 * Is the run itself simulated, request by request? Of open loops those that say how many requests they had (DESIGN.md section
 * 3), and offline runs whose latencies are asked for, which have no steady state. All else has a closed form.
 */
export function isSimulated(b: Benchmark, method: ValidationMethod = 'auto'): boolean {
  if (method !== 'auto') return method === 'simulation' && b.kind !== 'static_batch';
  if (b.kind === 'open_loop') return b.numPrompts !== null;
  return b.kind === 'offline_max' && b.row.measured['ttft_ms_mean'] !== undefined;
}

/** What a stream of the benchmark gives in the mean. */
export function benchmarkMeans(
  b: Benchmark,
  plan: StepPlan,
  calibration: CalibrationProfile,
  method: ValidationMethod = 'auto',
): BenchmarkMeans {
  if (isSimulated(b, method)) return meansOfRun(runBenchmark(b, plan));
  if (b.kind === 'static_batch') return staticBatchMeans(b, plan);
  if (b.kind === 'offline_max') return offlineMeans(b, plan);
  return b.kind === 'closed_loop' ? closedLoopMeans(b, plan, burstSteps(b, calibration)) : openLoopMeans(b, plan);
}

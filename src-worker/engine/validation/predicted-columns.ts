import { evaluateBatching } from '../batching/closed-form.ts';
import type { LatencyPercentiles } from '../batching/spread.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import { percentilesOf } from '../simulation/latencies.ts';
import { MS_PER_S } from '../units.ts';
import { DRAWN_CV, DRAWN_LENGTHS } from '../workload/drawn-lengths.ts';
import type { LengthDistribution } from '../workload/types.ts';
import { fixedPrefixCache, requestLengths } from '../workload/lengths.ts';
import type { Benchmark, BenchmarkMeans } from './benchmark.ts';
import { benchmarkMeans, isSimulated } from './benchmark-means.ts';
import { meansOfRun, runBenchmark, type BenchmarkRun } from './benchmark-run.ts';
import type { ValidationMethod } from './types.ts';

/** What a benchmark is predicted to show, by the result columns of measurement files; absent = no such figure. */
export type PredictedColumns = Readonly<Record<string, number>>;

interface Latencies {
  ttft: Partial<LatencyPercentiles>;
  tpot: Partial<LatencyPercentiles>;
  e2e: Partial<LatencyPercentiles>;
}

const constant = (ms: number): LatencyPercentiles => ({ mean: ms, p50: ms, p90: ms, p95: ms, p99: ms });

/** The same shape about another mean; a shape of a slower run must not come out faster than the weights can be read. */
function scaledTo(mean: number, shape: LatencyPercentiles, leastMs = 0): LatencyPercentiles {
  const factor = shape.mean > 0 ? mean / shape.mean : 1;
  const at = (ms: number): number => Math.max(leastMs, ms * factor);
  return { mean, p50: at(shape.p50), p90: at(shape.p90), p95: at(shape.p95), p99: at(shape.p99) };
}

/** What a run shows; {} where nobody was served, or gave more than one token. */
const ofRun = (run: BenchmarkRun): Latencies => ({
  ttft: percentilesOf(run.ttftMs) ?? {},
  tpot: percentilesOf(run.tpotMs) ?? {},
  e2e: percentilesOf(run.e2eMs) ?? {},
});

/** The shape of what a run shows about means that are known better. */
function ofRunAbout(means: BenchmarkMeans, run: BenchmarkRun, plan: StepPlan): Latencies {
  const [ttft, tpot, e2e] = [run.ttftMs, run.tpotMs, run.e2eMs].map(percentilesOf);
  return {
    ttft: ttft ? scaledTo(means.ttftMs, ttft) : {},
    tpot: tpot ? scaledTo(means.tpotMs, tpot, plan.weightReadFloorMs) : {},
    e2e: e2e ? scaledTo(means.e2eMs, e2e) : {},
  };
}

function lengthLaw(b: Benchmark, mean: number): LengthDistribution {
  if (!b.hasDrawnLengths) return { mean, std: 0, min: mean, max: mean };
  const nominal = mean / DRAWN_LENGTHS.mean;
  return { mean, std: DRAWN_CV * mean, min: DRAWN_LENGTHS.lowest * nominal, max: nominal };
}

/** Steady open arrivals go through the closed form that sizing uses; null where it finds no steady state. */
function ofOpenLoop(b: Benchmark, plan: StepPlan): Latencies | null {
  const lengths = requestLengths({
    promptParts: [lengthLaw(b, b.promptTokens)],
    output: lengthLaw(b, b.outputTokens),
    cache: fixedPrefixCache(b.cachedTokens, 1),
    maxContextTokens: null,
  });
  const outcome = evaluateBatching(
    {
      plan,
      lengths,
      maxNumBatchedTokens: b.maxNumBatchedTokens,
      maxNumSeqs: Math.max(1, Math.floor(b.seats)),
      kvCacheTokens: Infinity,
      scvArrival: b.scvArrival,
      population: null,
    },
    b.ratePerMs,
  );
  return outcome.kind === 'steady' ? { ttft: outcome.ttftMs, tpot: outcome.tpotMs, e2e: outcome.e2eMs } : null;
}

/** What is to be predicted, and how. */
export interface ColumnsAsked {
  method?: ValidationMethod;
  /** Columns that are looked at; absent = all. A simulation for percentiles that nobody measured would be most of the time. */
  columns?: readonly string[];
}

const isPercentile = (column: string): boolean => /_p\d+$/.test(column);

function latenciesOf(b: Benchmark, plan: StepPlan, means: BenchmarkMeans, { columns }: ColumnsAsked): Latencies {
  const meansOnly = { ttft: { mean: means.ttftMs }, tpot: { mean: means.tpotMs }, e2e: { mean: means.e2eMs } };
  if (b.kind === 'closed_loop') {
    const isAsked = columns?.some(isPercentile) ?? true;
    return isAsked ? ofRunAbout(means, runBenchmark(b, plan), plan) : meansOnly;
  }
  if (b.kind === 'open_loop') return (b.hasSeparatePrefill ? null : ofOpenLoop(b, plan)) ?? meansOnly;
  if (b.kind === 'offline_max') return meansOnly;
  return { ttft: constant(means.ttftMs), tpot: constant(means.tpotMs), e2e: constant(means.e2eMs) };
}

/** Predicts the columns of a benchmark. */
export function predictColumns(
  b: Benchmark,
  plan: StepPlan,
  calibration: CalibrationProfile,
  asked: ColumnsAsked = {},
): PredictedColumns {
  const run = isSimulated(b, asked.method) ? runBenchmark(b, plan) : null;
  const means = run ? meansOfRun(run) : benchmarkMeans(b, plan, calibration, asked.method);
  const latencies = run ? ofRun(run) : latenciesOf(b, plan, means, asked);
  const columns: Record<string, number> = {};
  for (const [kind, latency] of Object.entries(latencies)) {
    if (kind === 'tpot' && b.outputTokens <= 1) continue;
    for (const [statistic, ms] of Object.entries(latency as Partial<LatencyPercentiles>))
      columns[`${kind}_ms_${statistic}`] = ms;
  }
  const requestsPerS = means.requestsPerMs * b.streams * MS_PER_S;
  columns['req_s'] = requestsPerS;
  columns['output_tok_s'] = requestsPerS * b.outputTokens;
  columns['total_tok_s'] = requestsPerS * (b.promptTokens + b.outputTokens);
  return columns;
}

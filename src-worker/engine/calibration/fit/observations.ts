import type { Benchmark, BenchmarkMeans } from '../../validation/benchmark.ts';
import { headlineOf } from '../../validation/judged-columns.ts';
import { MS_PER_S } from '../../units.ts';
import { UNCERTAIN_METRICS, type UncertainMetric } from '../types.ts';

/** One measured figure that a fit is held against. */
export interface Observation {
  /** Place in the list of benchmarks. */
  benchmark: number;
  metric: UncertainMetric;
  measured: number;
  /** False where another figure of the same row says the same: judged, but not fitted twice. */
  isFitted: boolean;
}

/** The figures of a prediction, by metric; ms, and output tokens per second of the instance. */
export type PredictedMeans = Record<UncertainMetric, number>;

export const predictedMeans = (b: Benchmark, means: BenchmarkMeans): PredictedMeans => ({
  ttft: means.ttftMs,
  tpot: means.tpotMs,
  e2e: means.e2eMs,
  throughput: means.requestsPerMs * b.streams * MS_PER_S * b.outputTokens,
});

/** A figure that others of its row imply is not fitted beside them. */
function isFitted({ kind, row }: Benchmark, metric: UncertainMetric): boolean {
  const { measured } = row;
  const hasTpot = measured['tpot_ms_mean'] !== undefined || measured['tpot_ms_p50'] !== undefined;
  if (metric === 'e2e') return kind === 'static_batch' && measured['tpot_ms_p50'] === undefined;
  if (metric === 'throughput') return kind !== 'closed_loop' || !hasTpot;
  return true;
}

/** The headline figures of the benchmarks: means, or medians where no mean was published. */
export function observationsOf(benchmarks: readonly Benchmark[]): Observation[] {
  return benchmarks.flatMap((b, benchmark) =>
    UNCERTAIN_METRICS.flatMap((metric) => {
      const measured = headlineOf(b, metric);
      return measured === null ? [] : [{ benchmark, metric, measured, isFitted: isFitted(b, metric) }];
    }),
  );
}

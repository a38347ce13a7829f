import type { UncertainMetric } from '../calibration/types.ts';
import type { Benchmark } from './benchmark.ts';
import { meanOrMedianMs, outputTokensPerS } from './measured-figures.ts';
import { RESULT_COLUMNS } from './types.ts';

const METRIC_OF_COLUMN: readonly (readonly [prefix: string, metric: UncertainMetric])[] = [
  ['ttft_', 'ttft'],
  ['tpot_', 'tpot'],
  ['e2e_', 'e2e'],
];

/** The metric whose spread a result column has. */
export const metricOfColumn = (column: string): UncertainMetric =>
  METRIC_OF_COLUMN.find(([prefix]) => column.startsWith(prefix))?.[1] ?? 'throughput';

const isSteady = ({ row }: Pick<Benchmark, 'row'>): boolean =>
  row.regime !== 'over_capacity' && row.regime !== 'transient';

/**
 * Can a metric of this row be judged? Over capacity and in transit, TTFT and with it E2E tell how long the run was, and the
 * TTFT of an offline run how long its queue (DESIGN.md section 3). The rate of an open loop that keeps up is the question's
 * own figure, not a prediction.
 */
export function isJudged(b: Pick<Benchmark, 'kind' | 'row'>, metric: UncertainMetric): boolean {
  if (metric === 'tpot') return true;
  if (metric === 'throughput') return b.kind !== 'open_loop' || !isSteady(b);
  return b.kind !== 'offline_max' && isSteady(b);
}

const IS_TAIL = /_p9\d$/;

/** Tails of a run that never settles tell how long it was, like its TTFT: the mean and the median of TPOT do not. */
const isColumnJudged = (b: Pick<Benchmark, 'kind' | 'row'>, column: string): boolean =>
  isJudged(b, metricOfColumn(column)) && (isSteady(b) || !IS_TAIL.test(column));

/** Result columns of a row that are held against a prediction. */
export const judgedColumns = (b: Pick<Benchmark, 'kind' | 'row'>): string[] =>
  RESULT_COLUMNS.filter((column) => b.row.measured[column] !== undefined && isColumnJudged(b, column));

/** The figure that stands for a metric: the mean, else the median; output tokens, else requests times their output. */
export function headlineOf(b: Benchmark, metric: UncertainMetric): number | null {
  if (!isJudged(b, metric)) return null;
  const { measured } = b.row;
  if (metric !== 'throughput') return meanOrMedianMs(measured, metric) ?? null;
  if (b.kind === 'static_batch' && measured['e2e_ms_mean'] !== undefined) return null;
  return outputTokensPerS(measured, b.outputTokens) ?? null;
}

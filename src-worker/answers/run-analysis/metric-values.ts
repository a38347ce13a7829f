import { invalidInput } from '../../engine/errors.ts';
import { numbersOf, type ColumnBatch } from '../../protocol/columns.ts';
import { isMetric, metric, metricOfColumn, METRICS, type Metric } from '../../protocol/metrics.ts';
import type { AxisMetric } from '../../protocol/run-analysis.ts';
import { didYouMean } from '../../protocol/suggest.ts';

/** Metrics that no column holds, from one that does. */
const DERIVED: Partial<Record<string, { column: string; value: (from: number) => number }>> = {
  speed_per_user: { column: 'tpot_ms_p50', value: (tpotMs) => (tpotMs > 0 ? 1000 / tpotMs : Number.NaN) },
  room: { column: 'capacity_share', value: (share) => (share > 0 ? 1 / share : Number.NaN) },
};

const isInRows = ({ id, column }: Metric): boolean => column !== null || DERIVED[id] !== undefined;

export type RankedMetric = Metric & { better: 'lower' | 'higher' };

const isRanked = (found: Metric): found is RankedMetric => found.better !== null;

/** A metric that says which of two rows is better, by id or by column. Throws `unknown_metric`, `metric_without_direction`. */
export function rankedMetric(name: string): RankedMetric {
  const wanted = name.trim().toLowerCase().replaceAll('-', '_');
  const found = metricOfColumn(wanted) ?? (isMetric(wanted) ? metric(wanted) : null);
  if (found && isInRows(found)) {
    if (isRanked(found)) return found;
    const message = `Of ${wanted} neither more nor less is better, so nothing can be best in it: take another metric, such as usd_per_hour or ttft_p95.`;
    throw invalidInput('metric_without_direction', message, { metric: found.id });
  }
  const names = METRICS.filter((one) => isInRows(one) && isRanked(one)).flatMap(({ id, column }) => [id, column ?? id]);
  throw invalidInput('unknown_metric', `Unknown metric "${name.slice(0, 60)}": ${didYouMean(wanted, names)}`, {
    metric: name,
  });
}

/** Labels that stand under the name of their group in tables, in full. */
const FULL_LABELS: Partial<Record<string, string>> = {
  usd_per_request: 'Cost per request',
  usd_per_1m_output_tokens: 'Cost per 1M output tokens',
  output_tokens_per_s: 'Output tokens',
  capacity_share: 'Used capacity',
  prefill_step_ms: 'Prefill step',
};

export const axisMetric = ({ id, label, unit, better }: RankedMetric): AxisMetric => ({
  ...{ id, unit, better },
  label: FULL_LABELS[id] ?? label,
});

/** Reads a metric row by row; NaN where a row has none. */
export function metricValues(batch: ColumnBatch, { id, column }: Metric): (row: number) => number {
  const derived = DERIVED[id];
  if (!derived) return numbersOf(batch, column ?? id);
  const from = numbersOf(batch, derived.column);
  return (row) => derived.value(from(row));
}

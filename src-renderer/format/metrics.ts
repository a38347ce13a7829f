import type { LatencySummary, Recommendation } from '../../src-worker/protocol/documents.ts';
import type { RunRow } from '../../src-worker/protocol/app-api.ts';
import { formatFixed, formatMs, formatSignificant, formatUsd } from './numbers.ts';

/**
 * Every quantity the window shows, described once. Tables, chart axes, tooltips, sorting and the headings of stored runs
 * read it here.
 */
export interface Metric {
  id: string;
  label: string;
  /** As it stands under a column head or in an axis label. */
  unit: string;
  better: 'lower' | 'higher' | null;
  /** Key of the same quantity in a stored run and in its exports; null where only the window computes it. */
  column: string | null;
  /** One sentence for tooltips. */
  definition: string;
  value: (row: Recommendation) => number | null;
  /** Digits only: the unit stands beside or above. */
  format: (value: number | null) => string;
  /** Digits with equal decimals down a column. */
  formatCell: (value: number | null) => string;
}

const PERCENTILES = ['mean', 'p50', 'p90', 'p95', 'p99'] as const;
type Statistic = (typeof PERCENTILES)[number];

const STATISTIC_LABELS: Record<Statistic, string> = { mean: 'mean', p50: 'P50', p90: 'P90', p95: 'P95', p99: 'P99' };

const LATENCIES = {
  ttft: {
    label: 'TTFT',
    definition: 'Time from arrival to the first token, all waiting included',
    summary: (row: Recommendation): LatencySummary => row.ttft_ms,
  },
  tpot: {
    label: 'TPOT',
    definition: 'Mean time per output token after the first',
    summary: (row: Recommendation): LatencySummary => row.tpot_ms,
  },
  e2e: {
    label: 'E2E',
    definition: 'Time from arrival to the last token',
    summary: (row: Recommendation): LatencySummary => row.e2e_ms,
  },
};

/** One decimal for the small ones, so that a column stays aligned. */
const tpotCell = (value: number | null): string => formatFixed(value, 1);

function latencyMetric(kind: keyof typeof LATENCIES, statistic: Statistic): Metric {
  const { label, definition, summary } = LATENCIES[kind];
  const share = statistic === 'mean' ? 'on average' : `for ${statistic.slice(1)} % of requests at most this`;
  return {
    id: `${kind}_${statistic}`,
    label: `${label} ${STATISTIC_LABELS[statistic]}`,
    unit: 'ms',
    better: 'lower',
    column: `${kind}_ms_${statistic}`,
    definition: `${definition}; ${share}.`,
    value: (row) => summary(row)[statistic],
    format: formatMs,
    formatCell: kind === 'tpot' ? tpotCell : (value) => formatFixed(value),
  };
}

const latencyMetrics = (Object.keys(LATENCIES) as (keyof typeof LATENCIES)[]).flatMap((kind) =>
  PERCENTILES.map((statistic) => latencyMetric(kind, statistic)),
);

const otherMetrics: Metric[] = [
  {
    id: 'speed_per_user',
    label: 'Speed per user',
    unit: 'tokens/s',
    better: 'higher',
    column: null,
    definition: 'Tokens a second one user sees while the answer streams: 1000 / TPOT P50.',
    value: (row) => (row.tpot_ms.p50 === null || row.tpot_ms.p50 <= 0 ? null : 1000 / row.tpot_ms.p50),
    format: (value) => formatSignificant(value),
    formatCell: (value) => formatFixed(value, 1),
  },
  {
    id: 'usd_per_hour',
    label: 'Cost',
    unit: 'US$/h',
    better: 'lower',
    column: 'cost_usd_per_hour',
    definition: 'All instances of the plan for one hour.',
    value: (row) => row.cost.usd_per_hour,
    format: formatUsd,
    formatCell: (value) => formatFixed(value, 2),
  },
  {
    id: 'usd_per_month',
    label: 'Cost',
    unit: 'US$/month',
    better: 'lower',
    column: 'cost_usd_per_month',
    definition: 'All instances of the plan for 730 hours.',
    value: (row) => row.cost.usd_per_month,
    format: formatUsd,
    formatCell: (value) => formatFixed(value),
  },
  {
    id: 'usd_per_1m_output_tokens',
    label: 'Output',
    unit: 'US$/1M tokens',
    better: 'lower',
    column: 'cost_usd_per_1m_output_tokens',
    definition: 'Hourly cost divided by the output tokens of an hour at the planned load.',
    value: (row) => row.cost.usd_per_1m_output_tokens,
    format: formatUsd,
    formatCell: (value) => formatFixed(value, 3),
  },
  {
    id: 'capacity_share',
    label: 'Used',
    unit: '% of capacity',
    better: 'lower',
    column: 'capacity_share',
    definition: 'Planned rate of one replica over the largest rate at which it meets every target.',
    value: (row) => row.capacity_share,
    format: (value) => formatFixed(value === null ? null : value * 100),
    formatCell: (value) => formatFixed(value === null ? null : value * 100),
  },
  {
    id: 'room',
    label: 'Room',
    unit: '× the load',
    better: 'higher',
    column: null,
    definition: 'How many times the planned load the replicas carry before a target breaks.',
    value: (row) => (row.capacity_share > 0 ? 1 / row.capacity_share : null),
    format: (value) => formatFixed(value, 1),
    formatCell: (value) => formatFixed(value, 1),
  },
];

const byId = new Map([...latencyMetrics, ...otherMetrics].map((metric) => [metric.id, metric]));
const byColumn = new Map([...byId.values()].map((metric) => [metric.column, metric]));

/** A metric by id. Asking for one that is not registered is a mistake in this program. */
export function metric(id: string): Metric {
  const found = byId.get(id);
  if (!found) throw new Error(`No metric "${id}" is registered.`);
  return found;
}

/** The metric a column of a stored run holds, if it is one of ours. */
export const metricOfColumn = (column: string): Metric | null => byColumn.get(column) ?? null;

/** A number of a stored run's row, or null. */
export function runNumber(row: RunRow, column: string): number | null {
  const value = row[column];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** What a configuration is called everywhere: `3 × g6.2xlarge`. */
export const configurationName = (row: { instances: number; instance: string }): string =>
  `${formatFixed(row.instances)} × ${row.instance}`;

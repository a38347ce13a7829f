import type { LatencySummary, Recommendation } from './documents.ts';
import type { RunRow } from './app-api.ts';
import { formatFixed, formatMs, formatSignificant, formatUsd } from './numbers.ts';

export type MetricGroup = 'latency' | 'cost' | 'load' | 'memory' | 'step';

/**
 * Every quantity of a configuration, described once. Tables, chart axes, tooltips, sorting, the headings of stored runs,
 * explanations in the window and `configiq explain` read it here.
 */
export interface Metric {
  id: string;
  group: MetricGroup;
  label: string;
  /** As it stands under a column head or in an axis label. */
  unit: string;
  better: 'lower' | 'higher' | null;
  /** Key of the same quantity in a stored run and in its exports; null where only the window computes it. */
  column: string | null;
  /** One sentence for tooltips: what it is. */
  definition: string;
  /** One sentence for explanations: how it comes about, in words. */
  formula: string;
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
    formula:
      'Waiting for a seat and for the prompts before it, plus the rest of the running step, plus computing the prompt (without the part the prefix cache holds), plus the work of the API.',
    summary: (row: Recommendation): LatencySummary => row.ttft_ms,
  },
  tpot: {
    label: 'TPOT',
    definition: 'Mean time per output token after the first',
    formula:
      'Time of one engine step with everything that runs at this load, prompts of others included, averaged over the life of a request.',
    summary: (row: Recommendation): LatencySummary => row.tpot_ms,
  },
  e2e: {
    label: 'E2E',
    definition: 'Time from arrival to the last token',
    formula: 'Time to the first token, plus the time per output token for every token after it.',
    summary: (row: Recommendation): LatencySummary => row.e2e_ms,
  },
};

/** One decimal for the small ones, so that a column stays aligned. */
const tpotCell = (value: number | null): string => formatFixed(value, 1);

function latencyMetric(kind: keyof typeof LATENCIES, statistic: Statistic): Metric {
  const { label, definition, formula, summary } = LATENCIES[kind];
  const share = statistic === 'mean' ? 'on average' : `for ${statistic.slice(1)} % of requests at most this`;
  return {
    id: `${kind}_${statistic}`,
    group: 'latency',
    label: `${label} ${STATISTIC_LABELS[statistic]}`,
    unit: 'ms',
    better: 'lower',
    column: `${kind}_ms_${statistic}`,
    definition: `${definition}; ${share}.`,
    formula,
    value: (row) => summary(row)[statistic],
    format: formatMs,
    formatCell: kind === 'tpot' ? tpotCell : (value) => formatFixed(value),
  };
}

const latencyMetrics = (Object.keys(LATENCIES) as (keyof typeof LATENCIES)[]).flatMap((kind) =>
  PERCENTILES.map((statistic) => latencyMetric(kind, statistic)),
);

const whole = (value: number | null): string => formatFixed(value);
const oneDecimal = (value: number | null): string => formatFixed(value, 1);
const percentOf = (value: number | null): string => formatFixed(value === null ? null : value * 100);
const perStep = (parts: Record<string, number>): number | null => parts['total'] ?? null;

const costMetrics: Metric[] = [
  {
    id: 'usd_per_hour',
    group: 'cost',
    label: 'Cost',
    unit: 'US$/h',
    better: 'lower',
    column: 'cost_usd_per_hour',
    definition: 'All instances of the plan for one hour.',
    formula: 'Instances times the hourly price of one.',
    value: (row) => row.cost.usd_per_hour,
    format: formatUsd,
    formatCell: (value) => formatFixed(value, 2),
  },
  {
    id: 'usd_per_month',
    group: 'cost',
    label: 'Cost a month',
    unit: 'US$/month',
    better: 'lower',
    column: 'cost_usd_per_month',
    definition: 'All instances of the plan for 730 hours.',
    formula: 'Hourly cost times 730 hours.',
    value: (row) => row.cost.usd_per_month,
    format: formatUsd,
    formatCell: whole,
  },
  {
    id: 'usd_per_request',
    group: 'cost',
    label: 'Request',
    unit: 'US$/request',
    better: 'lower',
    column: 'cost_usd_per_request',
    definition: 'Hourly cost divided by the requests of an hour at the planned load.',
    formula: 'Hourly cost divided by 3,600 s times the planned rate.',
    value: (row) => row.cost.usd_per_request,
    format: formatUsd,
    formatCell: (value) => formatFixed(value, 6),
  },
  {
    id: 'usd_per_1m_output_tokens',
    group: 'cost',
    label: 'Output',
    unit: 'US$/1M tokens',
    better: 'lower',
    column: 'cost_usd_per_1m_output_tokens',
    definition: 'Hourly cost divided by the output tokens of an hour at the planned load.',
    formula: 'Hourly cost divided by the output tokens of an hour: planned rate, mean answer, 3,600 s.',
    value: (row) => row.cost.usd_per_1m_output_tokens,
    format: formatUsd,
    formatCell: (value) => formatFixed(value, 3),
  },
];

const loadMetrics: Metric[] = [
  {
    id: 'speed_per_user',
    group: 'load',
    label: 'Speed per user',
    unit: 'tokens/s',
    better: 'higher',
    column: null,
    definition: 'Tokens a second one user sees while the answer streams: 1000 / TPOT P50.',
    formula: '1,000 ms divided by TPOT P50.',
    value: (row) => (row.tpot_ms.p50 === null || row.tpot_ms.p50 <= 0 ? null : 1000 / row.tpot_ms.p50),
    format: (value) => formatSignificant(value),
    formatCell: oneDecimal,
  },
  {
    id: 'planned_requests_per_s',
    group: 'load',
    label: 'Planned load',
    unit: 'requests/s',
    better: null,
    column: 'throughput_requests_per_s',
    definition: 'Requests a second the whole deployment is planned for.',
    formula: 'Users divided by the time one of them needs for a request and its thinking, or the rate as given.',
    value: (row) => row.throughput.requests_per_s,
    format: (value) => formatSignificant(value),
    formatCell: (value) => formatFixed(value, 2),
  },
  {
    id: 'output_tokens_per_s',
    group: 'load',
    label: 'Output',
    unit: 'tokens/s',
    better: 'higher',
    column: 'throughput_output_tokens_per_s',
    definition: 'Output tokens a second of the whole deployment at the planned load.',
    formula: 'Planned rate times the mean answer.',
    value: (row) => row.throughput.output_tokens_per_s,
    format: (value) => formatSignificant(value),
    formatCell: whole,
  },
  {
    id: 'capacity_requests_per_s',
    group: 'load',
    label: 'Capacity of a replica',
    unit: 'requests/s',
    better: 'higher',
    column: 'capacity_requests_per_s',
    definition: 'Largest rate of one replica with every gating target met.',
    formula: 'The rate is raised until the first target breaks or nothing more fits; searched to 0.1 %.',
    value: (row) => row.capacity_requests_per_s,
    format: (value) => formatSignificant(value),
    formatCell: (value) => formatFixed(value, 2),
  },
  {
    id: 'capacity_share',
    group: 'load',
    label: 'Used',
    unit: '% of capacity',
    better: 'lower',
    column: 'capacity_share',
    definition: 'Planned rate of one replica over the largest rate at which it meets every target.',
    formula: 'Planned rate divided by replicas, divided by the capacity of a replica.',
    value: (row) => row.capacity_share,
    format: percentOf,
    formatCell: percentOf,
  },
  {
    id: 'room',
    group: 'load',
    label: 'Room',
    unit: '× the load',
    better: 'higher',
    column: null,
    definition: 'How many times the planned load the replicas carry before a target breaks.',
    formula: 'One divided by the share of the capacity that is used.',
    value: (row) => (row.capacity_share > 0 ? 1 / row.capacity_share : null),
    format: oneDecimal,
    formatCell: oneDecimal,
  },
  {
    id: 'utilization',
    group: 'load',
    label: 'Utilization',
    unit: '% of saturation',
    better: 'lower',
    column: 'utilization',
    definition: 'Planned rate of one replica over the rate at which its queue no longer empties.',
    formula: 'Planned rate divided by replicas, divided by the rate at which a replica saturates.',
    value: (row) => row.utilization,
    format: percentOf,
    formatCell: percentOf,
  },
  {
    id: 'replicas',
    group: 'load',
    label: 'Replicas',
    unit: '',
    better: 'lower',
    column: 'replicas',
    definition: 'Independent copies of the engine that share the load.',
    formula: 'Planned rate divided by the share of a replica’s capacity that headroom leaves, rounded up.',
    value: (row) => row.replicas,
    format: whole,
    formatCell: whole,
  },
  {
    id: 'mean_running',
    group: 'load',
    label: 'Running',
    unit: 'sequences',
    better: null,
    column: 'batch_mean_running',
    definition: 'Requests in the batch of one replica on average at the planned load.',
    formula: 'Rate of a replica times the time a request stays in the batch (Little’s law).',
    value: (row) => row.batch.mean_running,
    format: (value) => formatSignificant(value),
    formatCell: oneDecimal,
  },
  {
    id: 'burst_ttft_p95',
    group: 'load',
    label: 'TTFT P95 in a burst',
    unit: 'ms',
    better: 'lower',
    column: 'burst_ttft_ms_p95',
    definition: 'TTFT P95 while a burst raises the load to what headroom allows for.',
    formula: 'The same as TTFT P95, at the planned rate times the burst factor.',
    value: (row) => row.burst.ttft_ms.p95,
    format: formatMs,
    formatCell: whole,
  },
];

const memoryMetric = (
  id: string,
  label: string,
  definition: string,
  formula: string,
  value: (row: Recommendation) => number,
): Metric => ({
  id,
  group: 'memory',
  label,
  unit: 'GiB',
  better: null,
  column: `memory_${id}`,
  definition,
  formula,
  value,
  format: (gib) => formatFixed(gib, 2),
  formatCell: (gib) => formatFixed(gib, 2),
});

const memoryMetrics: Metric[] = [
  memoryMetric(
    'weights_gib',
    'Weights',
    'Memory of each GPU for its part of the weights.',
    'Parameters of each component times the bytes of its precision, scales included, divided over the GPUs of a replica.',
    (row) => row.memory.weights_gib,
  ),
  memoryMetric(
    'kv_cache_gib',
    'KV cache',
    'Memory of each GPU that is left for the KV cache.',
    'Memory given to vLLM minus weights, activations, CUDA graphs and communication buffers.',
    (row) => row.memory.kv_cache_gib,
  ),
  memoryMetric(
    'activation_gib',
    'Activations',
    'Memory of each GPU for what a step computes.',
    'Peak of one step with the most tokens a batch may have: hidden states, feed-forward layer, logits.',
    (row) => row.memory.activation_gib,
  ),
  memoryMetric(
    'overhead_gib',
    'Graphs and runtime',
    'Memory of each GPU for CUDA context, graphs and communication.',
    'What the engine and the driver take beside the model.',
    (row) => row.memory.overhead_gib,
  ),
  memoryMetric(
    'free_gib',
    'Not given to vLLM',
    'Memory of each GPU outside gpu_memory_utilization.',
    'Memory of the GPU times what gpu_memory_utilization leaves.',
    (row) => row.memory.free_gib,
  ),
  {
    id: 'kv_cache_tokens',
    group: 'memory',
    label: 'KV tokens that fit',
    unit: 'tokens',
    better: 'higher',
    column: 'memory_kv_cache_tokens',
    definition: 'Tokens of KV cache one replica holds.',
    formula: 'KV cache of the replica divided by the bytes of one token in all its layers.',
    value: (row) => row.memory.kv_cache_tokens,
    format: (value) => formatSignificant(value),
    formatCell: whole,
  },
];

const stepMetrics: Metric[] = [
  {
    id: 'decode_step_ms',
    group: 'step',
    label: 'Decode step',
    unit: 'ms',
    better: 'lower',
    column: 'step_time_ms_decode_total',
    definition: 'Time of one engine step that makes one token for every running request.',
    formula: 'Smooth maximum of compute and memory time for each operator, plus communication and overhead.',
    value: (row) => perStep(row.step_time_ms.decode),
    format: formatMs,
    formatCell: oneDecimal,
  },
  {
    id: 'prefill_step_ms',
    group: 'step',
    label: 'Prefill',
    unit: 'ms',
    better: 'lower',
    column: 'step_time_ms_prefill_total',
    definition: 'Time to compute one mean prompt.',
    formula: 'Smooth maximum of compute and memory time for each operator, plus communication and overhead.',
    value: (row) => perStep(row.step_time_ms.prefill),
    format: formatMs,
    formatCell: oneDecimal,
  },
];

export const METRICS: readonly Metric[] = [
  ...latencyMetrics,
  ...costMetrics,
  ...loadMetrics,
  ...memoryMetrics,
  ...stepMetrics,
];

const byId = new Map(METRICS.map((metric) => [metric.id, metric]));
const byColumn = new Map([...byId.values()].map((metric) => [metric.column, metric]));

export const isMetric = (id: string): boolean => byId.has(id);

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

const PERCENT = 100;

/** A fraction under a head that says percent as that percentage, without the dust of the multiplication. */
export function inShownUnit(unit: string, value: number | null): number | null {
  return value === null || !unit.startsWith('%') ? value : Number((value * PERCENT).toPrecision(15));
}

/** The unit that tables show a column of a stored run in; empty where they show it as it is. */
export const shownUnit = (name: string): string => metricOfColumn(name)?.unit ?? '';

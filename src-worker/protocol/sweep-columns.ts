import type { SweepAxis } from './requests.ts';
import { SWEEP_AXES } from './sweep-axis-roles.ts';

/** A column of sweep results: what kind of cell it has, and the unit its name ends in (null = none). */
export interface SweepColumn {
  name: string;
  type: 'number' | 'text';
  unit: string | null;
}

export const LATENCIES = ['ttft_ms', 'tpot_ms', 'e2e_ms'] as const;
export const STATISTICS = ['mean', 'p50', 'p90', 'p95', 'p99'] as const;
export type LatencyColumn = `${(typeof LATENCIES)[number]}_${(typeof STATISTICS)[number]}`;

const number = <Name extends string>(name: Name, unit: string | null = null) =>
  ({ name, type: 'number', unit }) as const;
const text = <Name extends string>(name: Name) => ({ name, type: 'text', unit: null }) as const;

const latencies = LATENCIES.flatMap((latency) =>
  STATISTICS.map((statistic) => number(`${latency}_${statistic}`, 'ms')),
);

/**
 * Every column of a sweep in the order of exports: the axes, then the scalar keys of a recommendation flattened with
 * `_`, then those of an exclusion. A row has the one or the other; `meets_sla` is 1 or 0 in every row.
 *
 * `quantization` is the precision asked for at the point, and that of the plan where the point left it open. `gpu` is that
 * of the instance, which is the point's where GPUs or instances are an axis; `tensor_parallel` that of the plan, and the one asked
 * for where no plan came near. Points are numbered with zones fastest, then regions, price factors, price lists, GPU limits,
 * headrooms, think times, loads, and last what a search depends on (engine/sweep/plan.ts).
 */
export const SWEEP_COLUMNS = [
  number('point_id'),
  number('users'),
  text('quantization'),
  text('zone'),
  number('rank'),
  text('id'),
  text('provider'),
  text('instance'),
  text('gpu'),
  number('gpu_count'),
  text('region'),
  number('other_regions'),
  text('catalog'),
  number('tensor_parallel'),
  number('pipeline_parallel'),
  number('replicas'),
  number('replicas_per_instance'),
  number('spare_replicas'),
  number('instances'),
  text('kv_cache_dtype'),
  number('meets_sla'),
  ...latencies,
  number('throughput_requests_per_s', 'requests/s'),
  number('throughput_output_tokens_per_s', 'tokens/s'),
  number('throughput_total_tokens_per_s', 'tokens/s'),
  number('utilization'),
  number('capacity_requests_per_s', 'requests/s'),
  number('capacity_share'),
  number('batch_mean_running'),
  number('batch_max_running'),
  number('memory_weights_gib', 'GiB'),
  number('memory_kv_cache_gib', 'GiB'),
  number('memory_kv_cache_tokens', 'tokens'),
  number('memory_activation_gib', 'GiB'),
  number('memory_overhead_gib', 'GiB'),
  number('memory_free_gib', 'GiB'),
  number('memory_total_gib', 'GiB'),
  number('step_time_ms_decode_total', 'ms'),
  number('step_time_ms_prefill_total', 'ms'),
  text('trust_kind'),
  text('bottleneck_kind'),
  number('burst_factor'),
  number('burst_ttft_ms_p95', 'ms'),
  number('burst_tpot_ms_p95', 'ms'),
  number('burst_requests_per_s', 'requests/s'),
  number('burst_utilization'),
  number('burst_targets_hold'),
  number('cost_usd_per_hour_instance', 'USD/h'),
  number('cost_usd_per_hour', 'USD/h'),
  number('cost_usd_per_month', 'USD/month'),
  number('cost_usd_per_request', 'USD/request'),
  number('cost_usd_per_1k_tokens', 'USD/1k tokens'),
  number('cost_usd_per_1m_output_tokens', 'USD/1M output tokens'),
  text('cost_price_as_of'),
  text('cost_reason'),
  text('vllm_command'),
  text('reason'),
  text('detail'),
  text('margin_metric'),
  number('margin_value'),
  number('margin_limit'),
  text('margin_unit'),
] as const satisfies readonly SweepColumn[];

const EVERY_SWEEP: ReadonlySet<string> = new Set(SWEEP_COLUMNS.map(({ name }) => name));

/** Columns of axes that have none of their own above: they stand between `point_id` and `users` in the rows of a sweep over them. */
export const AXIS_COLUMNS: Readonly<Partial<Record<SweepAxis, SweepColumn>>> = Object.fromEntries(
  Object.entries(SWEEP_AXES)
    .filter(([, { column }]) => !EVERY_SWEEP.has(column))
    .map(([axis, { column, type, unit }]) => [axis, { name: column, type, unit }]),
);

/** The columns of a sweep over axes of these names (engine/sweep/plan.ts). */
export function sweepColumns(axes: readonly string[]): SweepColumn[] {
  const own: Partial<Record<string, SweepColumn>> = AXIS_COLUMNS;
  const [pointId, ...others] = SWEEP_COLUMNS;
  const given = axes.flatMap((axis) => own[axis] ?? (axis.startsWith('sla_') ? number(axis, 'ms') : []));
  return [pointId, ...given, ...others];
}

export type SweepColumnName = (typeof SWEEP_COLUMNS)[number]['name'];

const UNITS: ReadonlyMap<string, string | null> = new Map(
  [...SWEEP_COLUMNS, ...Object.values(AXIS_COLUMNS)].map(({ name, unit }) => [name, unit]),
);

/** The unit of a column, that of a target on an axis among them; null = none, or a column of another version. */
export const columnUnit = (name: string): string | null =>
  UNITS.get(name) ?? (name.startsWith('sla_') && name.endsWith('_ms') ? 'ms' : null);

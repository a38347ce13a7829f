import type { SweepAxis } from './requests.ts';

/**
 * A given axis is a situation somebody is in: with rows of another load, workload or target on one frontier, or of another
 * price level, the easiest would win always. Of a chosen one somebody takes the value that suits best. Headroom and the most GPUs
 * are given: they say how much safety is paid for, and less of it is always cheaper (docs/decisions/0045).
 */
export type AxisRole = 'given' | 'chosen';

/** What is known of an axis wherever rows of a sweep are read; what it is called stands with those who say it. */
export interface AxisFacts {
  role: AxisRole;
  /** What its values are. */
  type: 'number' | 'text';
  /** Column of the rows that holds its value. */
  column: string;
  /** The unit of the column; null = none. */
  unit: string | null;
}

/** Axes by name; each target is one more (`targetFacts`). */
export type NamedAxis = Exclude<SweepAxis, 'sla'>;

const number = (role: AxisRole, column: string, unit: string | null = null): AxisFacts => ({
  role,
  type: 'number',
  column,
  unit,
});
const text = (role: AxisRole, column: string): AxisFacts => ({ role, type: 'text', column, unit: null });

/** Every axis, in the order of their columns. */
export const SWEEP_AXES: Readonly<Record<NamedAxis, AxisFacts>> = {
  model: text('given', 'model'),
  workload: text('given', 'workload'),
  input_tokens: number('given', 'input_tokens', 'tokens'),
  output_tokens: number('given', 'output_tokens', 'tokens'),
  prefix_hit_rate: number('given', 'prefix_hit_rate'),
  cacheable_ratio: number('given', 'cacheable_ratio'),
  calibration: text('given', 'calibration'),
  rate: number('given', 'rate', 'requests/s'),
  think_time: number('given', 'think_time', 's'),
  headroom: number('given', 'headroom', '%'),
  max_gpus: number('given', 'max_gpus'),
  pricing: text('chosen', 'pricing'),
  price_factor: number('given', 'price_factor'),
  users: number('given', 'users'),
  provider: text('chosen', 'provider'),
  kv_cache_dtype: text('chosen', 'kv_cache_dtype'),
  quantization: text('chosen', 'quantization'),
  gpu: text('chosen', 'gpu'),
  instance: text('chosen', 'instance'),
  pp: number('chosen', 'pipeline_parallel'),
  tp: number('chosen', 'tensor_parallel'),
  region: text('chosen', 'region'),
  zone: text('chosen', 'zone'),
};

/** As a target that is an axis is called: `sla_ttft_p95_ms` for `ttft_p95`. */
export const targetAxisName = (metric: string): string => `sla_${metric}_ms`;

/** Of a target in ms, by the name of its axis. */
export const targetFacts = (axis: string): AxisFacts => number('given', axis, 'ms');

/** An axis by name, a target among them; null for what is none. */
export function axisFacts(axis: string): AxisFacts | null {
  if (Object.hasOwn(SWEEP_AXES, axis)) return SWEEP_AXES[axis as NamedAxis];
  return axis.startsWith('sla_') && axis.endsWith('_ms') ? targetFacts(axis) : null;
}

/** Users or requests a second: what a sweep is looked at along first. */
export const isLoadAxis = (axis: string): boolean => axis === 'users' || axis === 'rate';

/** Whether the values of an axis in a spec are several: a list of distinct ones, every one (`*`), or a range. */
export const isSeveral = (values: unknown): boolean =>
  Array.isArray(values) ? new Set(values).size > 1 || values.includes('*') : values !== undefined;

import type { SweepAxis } from '../../src-worker/protocol/requests.ts';

/* Which options of a question a sweep takes several values of. */

/** Options whose values are numbers, and those whose values are names; `always` = an axis even with one value. */
export const NUMBER_AXES = [
  'input_tokens',
  'output_tokens',
  'prefix_hit_rate',
  'cacheable_ratio',
  'pp',
  'tp',
  'users',
  'rate',
  'think_time',
  'headroom',
  'max_gpus',
  'price_factor',
] as const satisfies readonly SweepAxis[];
export type NumberAxisKey = (typeof NUMBER_AXES)[number];
export const NAME_AXES: readonly SweepAxis[] = [
  'model',
  'workload',
  'calibration',
  'kv_cache_dtype',
  'quantization',
  'gpu',
  'instance',
  'pricing',
  'region',
  'zone',
];
export const ALWAYS_AXES: readonly SweepAxis[] = ['users', 'quantization', 'zone', 'price_factor'];
/** Of the base these are lists. */
export const LISTED: readonly SweepAxis[] = ['gpu', 'instance', 'quantization'];
/** Of a spec these are lists of numbers, not ranges. */
export const DEGREES: readonly SweepAxis[] = ['pp', 'tp'];

/** Numbers that people write as 8k. */
export const TOKEN_AXES: readonly SweepAxis[] = ['input_tokens', 'output_tokens'];

/** Whether an option of the question may have several values in a sweep. */
export const isAxisOption = (key: string): boolean =>
  [...NUMBER_AXES, ...NAME_AXES, 'sla'].some((axis) => axis === key);

import { invalidInput } from '../../engine/errors.ts';
import { AXIS_COLUMNS } from '../../protocol/sweep-columns.ts';
import { sweepSpecSchema, type SweepAxis } from '../../protocol/requests.ts';
import { didYouMean } from '../../protocol/suggest.ts';

/**
 * A given axis is a situation somebody is in: with rows of another load, workload or target on one frontier, or of another
 * price level, the easiest would win always. Of a chosen one somebody takes the value that suits best. Headroom and the most GPUs
 * are given: they say how much safety is paid for, and less of it is always cheaper.
 */
export type AxisRole = 'given' | 'chosen';

export interface RunAxis {
  /** As the command line names it, with `_`. */
  axis: string;
  /** Column of the rows that holds its value. */
  column: string;
  type: 'number' | 'text';
  role: AxisRole;
  /** Does the spec name more than one value? */
  isVaried: boolean;
}

const ROLES: Record<Exclude<SweepAxis, 'sla'>, AxisRole> = {
  model: 'given',
  workload: 'given',
  input_tokens: 'given',
  output_tokens: 'given',
  prefix_hit_rate: 'given',
  cacheable_ratio: 'given',
  calibration: 'given',
  provider: 'chosen',
  kv_cache_dtype: 'chosen',
  quantization: 'chosen',
  gpu: 'chosen',
  instance: 'chosen',
  pp: 'chosen',
  tp: 'chosen',
  users: 'given',
  rate: 'given',
  think_time: 'given',
  headroom: 'given',
  max_gpus: 'given',
  pricing: 'chosen',
  price_factor: 'given',
  region: 'chosen',
  zone: 'chosen',
};

const OTHER_COLUMNS: Partial<Record<string, string>> = { tp: 'tensor_parallel', pp: 'pipeline_parallel' };
const NUMBERS: ReadonlySet<string> = new Set(['users', 'tp', 'pp']);

const isRole = (axis: string): axis is keyof typeof ROLES => axis in ROLES;

const isSeveral = (values: unknown): boolean =>
  Array.isArray(values) ? new Set(values).size > 1 || values.includes('*') : values !== undefined;

/** The axes of a stored run, those of loads first; none for a saved answer. */
export function runAxes(input: unknown): RunAxis[] {
  const axes = sweepSpecSchema.safeParse(input).data?.axes;
  if (!axes) return [];
  const { sla, ...others } = axes;
  const targets = Object.entries(sla ?? {}).map(([metric, values]): RunAxis => {
    const axis = `sla_${metric}_ms`;
    return { axis, column: axis, type: 'number', role: 'given', isVaried: isSeveral(values) };
  });
  const columns: Partial<Record<string, { type: RunAxis['type'] }>> = AXIS_COLUMNS;
  const rest = Object.entries(others).flatMap(([axis, values]): RunAxis[] => {
    if (values === undefined || !isRole(axis)) return [];
    const type = columns[axis]?.type ?? (NUMBERS.has(axis) ? 'number' : 'text');
    return [{ axis, column: OTHER_COLUMNS[axis] ?? axis, type, role: ROLES[axis], isVaried: isSeveral(values) }];
  });
  const isLoad = ({ axis }: RunAxis): number => (axis === 'users' || axis === 'rate' ? 0 : 1);
  return [...rest, ...targets].sort((one, other) => isLoad(one) - isLoad(other));
}

/** How people write an axis: `sla-ttft-p95` is `sla_ttft_p95_ms`, `max-gpus` is `max_gpus`. */
function axisName(given: string): string {
  const name = given.trim().toLowerCase().replaceAll('-', '_');
  return name.startsWith('sla_') && !name.endsWith('_ms') ? `${name}_ms` : name;
}

/** An axis of the run by name. Throws `unknown_axis` with those there are. */
export function requiredAxis(given: string, axes: readonly RunAxis[]): RunAxis {
  const found = axes.find(({ axis }) => axis === axisName(given));
  if (found) return found;
  const names = axes.map(({ axis }) => axis);
  const cure = names.length === 0 ? 'it is one answer, and only sweeps have axes.' : didYouMean(axisName(given), names);
  throw invalidInput('unknown_axis', `The run has no axis "${given.slice(0, 60)}": ${cure}`, { axis: given });
}

/** The same, where it varies and is of a kind. */
export function varyingAxis(given: string, axes: readonly RunAxis[], type: RunAxis['type']): RunAxis {
  const axis = requiredAxis(given, axes);
  const others = axes.filter((other) => other.isVaried && other.type === type).map(({ axis: name }) => name);
  const instead =
    others.length > 0 ? `of this run ${others.join(', ')} can be taken` : 'no axis of this run can be taken';
  const kind = type === 'number' ? 'numbers' : 'names';
  if (axis.type !== type) {
    throw invalidInput('axis_of_another_kind', `${axis.axis} is no axis of ${kind}: ${instead}.`, { axis: axis.axis });
  }
  if (axis.isVaried) return axis;
  throw invalidInput('axis_fixed', `${axis.axis} does not vary in this run: ${instead}.`, { axis: axis.axis });
}

/** What break-evens lie along where nobody says: the load, else the first axis of numbers that varies. */
export function defaultAlong(axes: readonly RunAxis[]): RunAxis | null {
  return axes.find(({ type, isVaried }) => type === 'number' && isVaried) ?? null;
}

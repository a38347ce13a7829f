import { invalidInput } from '../../engine/errors.ts';
import { sweepSpecSchema } from '../../protocol/requests.ts';
import { didYouMean } from '../../protocol/suggest.ts';
import {
  axisFacts,
  isLoadAxis,
  isSeveral,
  targetAxisName,
  targetFacts,
  type AxisFacts,
} from '../../protocol/sweep-axis-roles.ts';

export interface RunAxis extends AxisFacts {
  /** As the command line names it, with `_`. */
  axis: string;
  /** Does the spec name more than one value? */
  isVaried: boolean;
}

/** The axes of a stored run, those of loads first; none for a saved answer. */
export function runAxes(input: unknown): RunAxis[] {
  const axes = sweepSpecSchema.safeParse(input).data?.axes;
  if (!axes) return [];
  const { sla, ...others } = axes;
  const targets = Object.entries(sla ?? {}).map(([metric, values]): RunAxis => {
    const axis = targetAxisName(metric);
    return { axis, ...targetFacts(axis), isVaried: isSeveral(values) };
  });
  const rest = Object.entries(others).flatMap(([axis, values]): RunAxis[] => {
    const facts = axisFacts(axis);
    return values === undefined || !facts ? [] : [{ axis, ...facts, isVaried: isSeveral(values) }];
  });
  const isLoad = ({ axis }: RunAxis): number => (isLoadAxis(axis) ? 0 : 1);
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

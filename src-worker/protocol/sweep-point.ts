import type { SizeInputDraft, SweepSpecDraft } from './requests.ts';
import { SWEEP_AXES, targetAxisName, type NamedAxis } from './sweep-axis-roles.ts';

type Cell = number | string | boolean | null | undefined;

/** An instance is named with its cloud; prices that are multiplied are no question of `size`. */
const QUESTION_AXES = (Object.keys(SWEEP_AXES) as NamedAxis[]).filter(
  (axis): axis is Exclude<NamedAxis, 'instance' | 'price_factor'> => axis !== 'instance' && axis !== 'price_factor',
);
/** Of a question these are lists. */
const LISTED: ReadonlySet<NamedAxis> = new Set(['provider', 'quantization', 'gpu']);

/**
 * The size question of one point of a sweep, by the cells of one of its rows. What a row of another axis leaves open is the base's.
 * Prices that are multiplied are no question of `size`: `priceFactorOfPoint` has by how much. Throws where neither says which model.
 */
export function questionOfPoint({ base, axes }: SweepSpecDraft, cellAt: (column: string) => Cell): SizeInputDraft {
  const numberAt = (column: string): number | null => {
    const value = cellAt(column);
    return typeof value === 'number' ? value : null;
  };
  const question: Record<string, unknown> = { ...base };
  const set = (key: string, value: unknown, isGiven: unknown): void => {
    if (isGiven !== undefined && value !== null && value !== undefined) question[key] = value;
  };
  const targets = Object.keys(axes.sla ?? {}).map((metric) => [metric, numberAt(targetAxisName(metric))]);
  set('sla', { ...base.sla, ...Object.fromEntries(targets) }, axes.sla);
  for (const axis of QUESTION_AXES) {
    const { column, type } = SWEEP_AXES[axis];
    const value = type === 'number' ? numberAt(column) : cellAt(column);
    set(axis, LISTED.has(axis) && typeof value === 'string' ? [value] : value, axes[axis]);
  }
  const [provider, instance] = [cellAt('provider'), cellAt('instance')];
  if (typeof provider === 'string' && typeof instance === 'string') {
    set('instance', [`${provider}/${instance}`], axes.instance);
  }
  // The load of every row, axis or not.
  set('users', numberAt('users'), numberAt('users') ?? undefined);
  if (typeof question['model'] !== 'string') throw new Error('a sweep without a model');
  // The keys are those of the question, one by one.
  return question as SizeInputDraft;
}

/** What prices are multiplied by at the point of a row: the `price_factor` of `sensitivity` around it. 1 = list prices. */
export function priceFactorOfPoint(cellAt: (column: string) => Cell): number {
  const factor = cellAt('price_factor');
  return typeof factor === 'number' ? factor : 1;
}

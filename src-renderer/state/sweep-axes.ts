import { z } from 'zod';
import { AXIS_IDS, isAxisId, kindOf, type AxisId } from './sweep-axis-kinds.ts';

/** What an axis runs over: everything in scope, or a list. Numbers are kept in the words of the command line. */
export type AxisDraft = { kind: 'all' } | { kind: 'list'; values: string[] };

/** The axes of a sweep as the editor holds them, in the order of its rows; what is missing is held at the form's value. */
export type SweepAxes = Partial<Record<AxisId, AxisDraft>>;

const list = (values: string[]): AxisDraft => ({ kind: 'list', values });

export const defaultAxes = (): SweepAxes => ({ users: startOf('users') });

/** What an axis begins with. `value` = what it was held at, for names of which there is no telling which compare. */
export function startOf(id: AxisId, value = ''): AxisDraft {
  const kind = kindOf(id);
  if (kind.control !== 'names') return list([...kind.start]);
  return kind.everyLabel === null ? list(value === '' ? [] : [value]) : { kind: 'all' };
}

export const axisIds = (axes: SweepAxes): AxisId[] => Object.keys(axes).filter(isAxisId);

/** The load may be of one kind only, and stands first. */
const LOADS: readonly AxisId[] = ['users', 'rate'];

/** `axes` and one more; another kind of load gives way to it. */
export function withAxis(axes: SweepAxes, id: AxisId, draft: AxisDraft): SweepAxes {
  if (!LOADS.includes(id)) return { ...axes, [id]: draft };
  const others = LOADS.reduce(withoutAxis, axes);
  return { [id]: draft, ...others };
}

export function withoutAxis(axes: SweepAxes, id: AxisId): SweepAxes {
  return Object.fromEntries(Object.entries(axes).filter(([other]) => other !== id));
}

const axesSchema = z.partialRecord(
  z.enum(AXIS_IDS as [AxisId, ...AxisId[]]),
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('all') }),
    z.strictObject({ kind: z.literal('list'), values: z.array(z.string()) }),
  ]),
);

/** The axes that a window put away, those of an older one among them. Throws a ZodError where they are none. */
export const readAxes = (stored: Record<string, unknown>): SweepAxes => axesSchema.parse(ofOlderWindow(stored));

const namesSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('list'), names: z.array(z.string()) }),
]);
const olderSchema = z.object({
  /** Still older: as one text. */
  usersText: z.string().optional(),
  users: z.array(z.string()).optional(),
  quantization: z.array(z.string()).default([]),
  tp: z.array(z.string()).default([]),
  zones: namesSchema.default({ kind: 'none' }),
  gpus: namesSchema.default({ kind: 'none' }),
});

/** Windows before the menu of axes had five of them, by other names. */
function ofOlderWindow(stored: Record<string, unknown>): Record<string, unknown> {
  const isOlder =
    ['usersText', 'zones', 'gpus'].some((key) => key in stored) || Object.values(stored).some(Array.isArray);
  if (!isOlder) return stored;
  const { usersText, users, quantization, tp, zones, gpus } = olderSchema.parse(stored);
  const given = users ?? usersText?.split(/[\s,;]+/).filter(Boolean);
  const varied = (id: AxisId, values: string[]): [AxisId, AxisDraft][] =>
    values.length > 0 ? [[id, list(values)]] : [];
  const named = (id: AxisId, axis: z.output<typeof namesSchema>): [AxisId, AxisDraft][] =>
    axis.kind === 'none' ? [] : [[id, axis.kind === 'all' ? axis : list(axis.names)]];
  return Object.fromEntries([
    ['users', given ? list(given) : startOf('users')],
    ...varied('quantization', quantization),
    ...named('gpu', gpus),
    ...varied('tp', tp),
    ...named('zone', zones),
  ]);
}

import { expandNumberAxis } from '../../src-worker/engine/sweep/axis.ts';
import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';
import type { SizeInputDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { suggestNames } from '../../src-worker/protocol/suggest.ts';
import { readAxis, type NumberAxis } from '../format/axis-text.ts';
import { gpuLabel } from '../format/names.ts';
import { axisIds, type AxisDraft, type SweepAxes } from './sweep-axes.ts';
import { isAxisId, kindOf, targetOf, type AxisId, type AxisKind } from './sweep-axis-kinds.ts';
import type { SweepScope } from './sweep-scope.ts';

/** An axis as it was read. */
export interface PlannedAxis {
  id: AxisId;
  /** Values, as far as the window can count them. */
  count: number;
  /** What was understood. */
  help: string;
  /** What stands in the way, and what would work; empty where nothing does. */
  problem: string;
  /** Its values as a spec has them; null where they cannot be read. */
  values: NumberAxis | string[] | null;
  /** The same on the command line. */
  words: string;
}

export interface SweepPlan {
  axes: PlannedAxis[];
  /** null while the axes or the form cannot be read. */
  spec: SweepSpecDraft | null;
  points: number;
  /** `10 loads × 2 precisions × 3 zones`. */
  explanation: string;
  /** The axes on the command line. */
  words: Partial<Record<AxisId, string>>;
  /** What stands in the way of the start: of the first axis that has something, or of what is held; empty = nothing. */
  hindrance: string;
}

/** As the editor calls what the planner calls so; other names are a later host's. */
const nounOf = (axis: string): string => (isAxisId(axis) ? kindOf(axis).noun : axis);

/** What is counted of an axis: `10 loads`. */
export const countWords = (axis: string, count: number): string => {
  const noun = nounOf(axis);
  return noun === 'kind of price' ? plural(count, noun, 'kinds of price') : plural(count, noun);
};

/** `10 loads × 2 precisions`, as the host counts them, in the order of the editor; what is held is no axis here. */
export const productWords = (counts: { axis: string; count: number }[], ids: readonly AxisId[]): string =>
  ids
    .flatMap((id) => counts.filter(({ axis }) => axis === id))
    .map(({ axis, count }) => countWords(axis, count))
    .join(' × ');

/** Points to compute = the product of the axes; what is no axis is held at the form's value. */
export function planSweepSpec(base: SizeInputDraft | null, axes: SweepAxes, scope: SweepScope): SweepPlan {
  const ids = axisIds(axes);
  const planned = ids.map((id) => {
    const draft: AxisDraft = axes[id] ?? { kind: 'list', values: [] };
    const axis = read(id, draft, scope);
    return { ...axis, problem: axis.problem || (whyNot(id, base, ids) ?? '') };
  });
  const hindrance = base === null ? UNREADABLE_FORM : ids.length === 0 ? NOTHING_VARIES : firstProblem(planned);
  return {
    axes: planned,
    spec: base !== null && hindrance === '' ? specOf(base, planned) : null,
    points: planned.reduce((product, { count }) => product * count, 1),
    explanation: planned.map(({ id, count }) => countWords(id, count)).join(' × '),
    words: Object.fromEntries(planned.map(({ id, words }) => [id, words])),
    hindrance,
  };
}

const UNREADABLE_FORM = 'The values held fixed cannot be read yet; mend them under Size.';
const NOTHING_VARIES = 'Nothing varies yet: add an axis.';

const firstProblem = (axes: readonly PlannedAxis[]): string =>
  axes.find(({ problem }) => problem !== '')?.problem ?? '';

function read(id: AxisId, draft: AxisDraft, scope: SweepScope): PlannedAxis {
  const kind = kindOf(id);
  const nothing = { id, count: 0, help: '', problem: '', values: null, words: '' };
  if (kind.control === 'numbers') {
    const reading = readAxis(draft.kind === 'list' ? draft.values.join(' ') : '', kind.rules);
    if (!reading.ok) return { ...nothing, problem: reading.sentence };
    const { axis, values, words } = reading;
    return { ...nothing, count: values.length, help: describeValues(values, kind.rules.unit), values: axis, words };
  }
  const known = namesOf(id, kind, scope);
  if (draft.kind === 'all') {
    const every = kind.control === 'names' ? kind.everyHelp : '';
    return { ...nothing, count: known.length, help: every, values: [EVERY], words: 'all' };
  }
  const { values } = draft;
  const listed = { ...nothing, count: values.length, help: countWords(id, values.length), words: values.join(',') };
  if (values.length === 0) return { ...listed, help: '', problem: emptySentence(kind) };
  // Before the host has told, nothing is known to be wrong.
  const unknown = known.length === 0 ? undefined : values.find((name) => !known.includes(name));
  return unknown === undefined
    ? { ...listed, values }
    : { ...listed, problem: unknownSentence(unknown, kind, known), values };
}

/** Every name in scope, as the host reads it. */
const EVERY = '*';

function namesOf(id: AxisId, kind: AxisKind, scope: SweepScope): readonly string[] {
  if (kind.control === 'choices') return kind.options.map(({ value }) => value);
  return id in scope ? scope[id as keyof SweepScope] : [];
}

const emptySentence = (kind: AxisKind): string =>
  `Add at least one ${kind.noun}${kind.control === 'names' && kind.everyLabel !== null ? ', or choose all' : ''}.`;

function unknownSentence(name: string, { noun }: AxisKind, known: readonly string[]): string {
  const [near] = suggestNames(name, known);
  return `"${name}" is no ${noun} in scope${near === undefined ? ': take it out' : `: did you mean ${near}?`}`;
}

/** Why an axis leads nowhere beside what is held and the other axes; null where it may be had. */
export function whyNot(id: AxisId, base: SizeInputDraft | null, ids: readonly AxisId[]): string | null {
  if ((base?.own_hardware?.length ?? 0) > 0) {
    if (id === 'zone' || id === 'region') return `Own hardware stands in no ${id}: take this axis out.`;
    if (id === 'provider' || id === 'pricing') return 'Own hardware is not rented: take this axis out.';
  }
  if (id === 'zone' && ids.includes('region')) return 'A zone lies in one region: take one of the two axes out.';
  if (id === 'region' && ids.includes('zone')) return 'A zone lies in one region: take one of the two axes out.';
  if (id === 'think_time' && isRate(base, ids))
    return 'Requests/s have no think time, which is that of users: take it out.';
  const isOfCache = id === 'prefix_hit_rate' || id === 'cacheable_ratio';
  if (isOfCache && base?.prefix_cache === false) return 'Prefix caching is off under Size: take this axis out.';
  return null;
}

const isRate = (base: SizeInputDraft | null, ids: readonly AxisId[]): boolean =>
  ids.includes('rate') || (!ids.includes('users') && base?.rate !== undefined);

type Held = SweepSpecDraft['base'];

/** Axes even with one value, as on the command line: their values stand in columns that every row has anyway. */
const ALWAYS_AXES: readonly AxisId[] = ['users', 'quantization', 'zone', 'price_factor'];
/** Of the base these are lists. */
const LISTED: readonly AxisId[] = ['gpu', 'instance', 'quantization', 'provider'];
/** Of a spec these are lists of numbers, not ranges. */
const DEGREES: readonly AxisId[] = ['tp', 'pp'];

function specOf(base: SizeInputDraft, planned: readonly PlannedAxis[]): SweepSpecDraft {
  const held: Record<string, unknown> = { ...heldBase(base, planned) };
  const sla: Record<string, number> = { ...base.sla };
  const varied: Record<string, unknown> = {};
  const targets: Record<string, NumberAxis> = {};
  for (const { id, values } of planned) {
    const metric = targetOf(id);
    const [only, ...more] = Array.isArray(values) ? values : [];
    // One value narrows the question; only several are compared.
    const isOne = only !== undefined && more.length === 0 && only !== EVERY && !ALWAYS_AXES.includes(id);
    if (metric !== null) {
      delete sla[metric];
      if (isOne) sla[metric] = Number(only);
      else targets[metric] = values as NumberAxis;
    } else if (isOne) held[id] = LISTED.includes(id) ? [only] : only;
    else varied[id] = DEGREES.includes(id) ? degreesOf(values) : values;
  }
  moveAlways(held, varied);
  if (Object.keys(targets).length > 0) varied['sla'] = targets;
  // The keys are those of a spec, one by one: of the question, and of the axes by their ids.
  return { base: { ...(held as Held), sla }, axes: varied };
}

/** Degrees are small whole numbers: a list of them. */
function degreesOf(values: PlannedAxis['values']): number[] {
  if (Array.isArray(values)) return [...new Set(values.map(Number))];
  return values === null ? [] : expandNumberAxis(values);
}

/** The question without what varies, and without what says the same otherwise. */
function heldBase(base: SizeInputDraft, planned: readonly PlannedAxis[]): Held {
  const { method, ...others } = base;
  // A sweep has thousands of points, and a simulated one takes seconds: they are answered in closed form.
  const held: Held = { ...others, method: method === 'mg1' ? method : 'batching' };
  delete held.top;
  // Its points share what a replica carries, which holds for arrivals that are split at random.
  delete held.router;
  const ids = planned.map(({ id }) => id);
  for (const id of ids) if (targetOf(id) === null) delete held[id as keyof Held];
  if (ids.includes('users') || ids.includes('rate')) {
    delete held.users;
    delete held.rate;
  }
  // The pause between requests is one of users.
  if (isRate(base, ids)) delete held.think_time;
  if (ids.includes('zone') || ids.includes('region')) {
    // An axis of places says where; a place beside it would contradict it.
    delete held.zone;
    delete held.region;
  }
  return held;
}

/** One value of some axes is one too: on the command line, where these are always axes, this is the same sweep. */
function moveAlways(held: Record<string, unknown>, varied: Record<string, unknown>): void {
  const { users, zone, quantization } = held as Held;
  const single = {
    users: users === undefined ? null : [users],
    zone: typeof zone === 'string' ? [zone] : null,
    quantization: quantization?.length === 1 ? quantization : null,
  };
  for (const [id, values] of Object.entries(single)) {
    if (values === null) continue;
    varied[id] = values;
    delete held[id];
  }
}

/** Values of an axis in short: `3 values: 10, 50, 100` or `100 values from 10 to 1,000`. */
export function describeValues(values: number[], unit = ''): string {
  const count = plural(values.length, 'value');
  const behind = unit === '' ? '' : ` ${unit}`;
  if (values.length <= 8) return `${count}: ${values.map(figure).join(', ')}${behind}`;
  const [least, most] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  return `${count} from ${figure(least)} to ${figure(most)}${behind}`;
}

const figure = (value: number): string => (Number.isInteger(value) ? formatFixed(value) : String(value));

/** A value of an axis of names as people read it. */
export const nameWords = (id: AxisId, name: string): string => (id === 'gpu' ? gpuLabel(name) : name);

import type { CatalogListing } from '../../src-worker/protocol/app-api.ts';
import type { SizeInputDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { parseTpAxis, parseUsersAxis, type AxisReading } from '../format/parse.ts';
import type { Precision } from '../format/names.ts';
import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';

/** Names an axis runs over: held at the form's value, everything in scope, or a list. */
export type NamesAxis = { kind: 'none' } | { kind: 'all' } | { kind: 'list'; names: string[] };

/** The axes of a sweep, as the editor holds them. Numbers are kept in the words of the command line. */
export interface SweepAxes {
  users: string[];
  /** Empty = held. */
  quantization: Precision[];
  zones: NamesAxis;
  gpus: NamesAxis;
  /** Tensor-parallel degrees; empty = held. */
  tp: string[];
}

export const defaultAxes = (): SweepAxes => ({
  users: ['10..100:10'],
  quantization: [],
  zones: { kind: 'none' },
  gpus: { kind: 'none' },
  tp: [],
});

export const AXIS_IDS = ['users', 'quantization', 'zones', 'gpus', 'tp'] as const;
export type AxisId = (typeof AXIS_IDS)[number];

/** What the form leaves to choose from. */
export interface SweepScope {
  zones: string[];
  gpus: string[];
}

export const NOTHING_IN_SCOPE: SweepScope = { zones: [], gpus: [] };

export interface SweepPlan {
  users: AxisReading;
  tp: AxisReading;
  /** null while the axes or the form cannot be read. */
  spec: SweepSpecDraft | null;
  points: number;
  /** `10 loads × 2 precisions × 3 zones`. */
  explanation: string;
  /** What stands in the way of the start, by axis; `form` is what the sweep holds. */
  problems: Partial<Record<AxisId | 'form', string>>;
}

/** Names of the axes in a spec, and what one value of each is called. */
const NOUNS = {
  users: 'load',
  quantization: 'precision',
  zone: 'zone',
  gpu: 'GPU',
  tp: 'TP degree',
} as const;
const isAxis = (axis: string): axis is keyof typeof NOUNS => axis in NOUNS;

const ORDER: string[] = Object.keys(NOUNS);

/** `10 loads × 2 precisions`, as the host counts them; always in one order. */
export const productWords = (axes: { axis: string; count: number }[]): string =>
  axes
    .toSorted((a, b) => ORDER.indexOf(a.axis) - ORDER.indexOf(b.axis))
    .map(({ axis, count }) => plural(count, isAxis(axis) ? NOUNS[axis] : axis))
    .join(' × ');

export const isVaried = (axes: SweepAxes, axis: AxisId): boolean => {
  const value = axes[axis];
  return Array.isArray(value) ? value.length > 0 : value.kind !== 'none';
};

/** Points to compute = the product of the axes; an axis without values is held at the form's value. */
export function planSweepSpec(base: SizeInputDraft | null, axes: SweepAxes, scope: SweepScope): SweepPlan {
  const users = parseUsersAxis(axes.users.join(' '));
  const tp = parseTpAxis(axes.tp.join(' '));
  const counts: [AxisId, number, string][] = [
    ['users', users.ok ? users.values.length : 0, NOUNS.users],
    ['quantization', axes.quantization.length, NOUNS.quantization],
    ['zones', countNames(axes.zones, scope.zones), NOUNS.zone],
    ['gpus', countNames(axes.gpus, scope.gpus), NOUNS.gpu],
    ['tp', tp.ok ? tp.values.length : 0, NOUNS.tp],
  ];
  const varied = counts.filter(([axis]) => axis === 'users' || isVaried(axes, axis));
  const problems = problemsOf(base, { users, tp }, varied);
  const isReady = base !== null && Object.keys(problems).length === 0;
  return {
    users,
    tp,
    spec: isReady && users.ok ? specOf(base, users, tp, axes) : null,
    points: varied.reduce((product, [, count]) => product * count, 1),
    explanation: varied.map(([, count, noun]) => plural(count, noun)).join(' × '),
    problems,
  };
}

const countNames = (axis: NamesAxis, inScope: string[]): number =>
  axis.kind === 'none' ? 0 : axis.kind === 'all' ? inScope.length : axis.names.length;

function problemsOf(
  base: SizeInputDraft | null,
  { users, tp }: { users: AxisReading; tp: AxisReading },
  varied: [AxisId, number, string][],
): SweepPlan['problems'] {
  const problems: SweepPlan['problems'] = {};
  if (!base) problems.form = 'The values held fixed cannot be read yet; mend them under Size.';
  if (!users.ok) problems.users = users.sentence;
  for (const [axis, count, noun] of varied) {
    if (axis === 'tp' && !tp.ok) problems.tp = tp.sentence;
    else if (axis === 'zones' && (base?.own_hardware?.length ?? 0) > 0) {
      problems.zones = 'Own hardware stands in no zone: take this axis out.';
    } else if (count === 0 && axis !== 'users') problems[axis] = `Add at least one ${noun}, or choose all in scope.`;
  }
  return problems;
}

const namesOf = (axis: NamesAxis): string[] | null =>
  axis.kind === 'all' ? ['*'] : axis.kind === 'list' ? [...axis.names] : null;

function specOf(
  base: SizeInputDraft,
  users: AxisReading & { ok: true },
  tp: AxisReading,
  axes: SweepAxes,
): SweepSpecDraft {
  const { method, ...others } = base;
  // A sweep has thousands of points, and a simulated one takes seconds: they are answered in closed form.
  const held: SweepSpecDraft['base'] = { ...others, method: method === 'mg1' ? method : 'batching' };
  delete held.users;
  delete held.rate;
  delete held.top;
  // Its points share what a replica carries, which holds for arrivals that are split at random.
  delete held.router;
  const zone = namesOf(axes.zones);
  const gpu = namesOf(axes.gpus);
  if (axes.quantization.length > 0) delete held.quantization;
  if (gpu) delete held.gpu;
  if (axes.tp.length > 0) delete held.tp;
  if (zone) {
    // An axis of zones says where; a region beside it would contradict it.
    delete held.zone;
    delete held.region;
  }
  return {
    base: held,
    axes: {
      users: users.axis,
      ...(axes.quantization.length > 0 ? { quantization: [...axes.quantization] } : {}),
      ...(zone ? { zone } : {}),
      ...(gpu ? { gpu } : {}),
      ...(axes.tp.length > 0 && tp.ok ? { tp: tp.values } : {}),
    },
  };
}

/** Zones that sell something and GPUs that are sold, within the filters on clouds and GPUs (empty = all), sorted. */
export function sweepScope(catalog: CatalogListing | null, providers: string[], gpus: string[]): SweepScope {
  if (!catalog) return NOTHING_IN_SCOPE;
  const isOffered = (provider: string): boolean => providers.length === 0 || providers.includes(provider);
  const gpuOf = new Map(catalog.instances.map((entry) => [`${entry.provider}/${entry.instance}`, entry.gpu]));
  const sells = ({ provider, instances }: CatalogListing['zones'][number]): boolean =>
    isOffered(provider) &&
    instances.some((instance) => gpus.length === 0 || gpus.includes(gpuOf.get(`${provider}/${instance}`) ?? ''));
  return {
    zones: distinct(catalog.zones.filter(sells).map((entry) => entry.zone)),
    gpus: distinct(catalog.instances.filter(({ provider }) => isOffered(provider)).map((entry) => entry.gpu)),
  };
}

const distinct = (names: string[]): string[] => [...new Set(names)].sort();

/** Values of an axis in short: `3 values: 10, 50, 100` or `100 values from 10 to 1,000`. */
export function describeValues(values: number[]): string {
  const count = plural(values.length, 'value');
  if (values.length <= 8) return `${count}: ${values.map((value) => formatFixed(value)).join(', ')}`;
  return `${count} from ${formatFixed(values[0])} to ${formatFixed(values.at(-1))}`;
}

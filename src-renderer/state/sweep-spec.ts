import type { CatalogListing, ZoneEntry } from '../../src-worker/protocol/app-api.ts';
import type { SizeInputDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { parseUsersAxis, type AxisReading } from '../format/parse.ts';
import type { Precision } from '../format/names.ts';
import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';

/** The axes of a sweep, as the editor holds them. */
export interface SweepAxes {
  usersText: string;
  quantization: Precision[];
  /** `all` = every zone that sells something in scope. */
  zones: { kind: 'none' } | { kind: 'all' } | { kind: 'list'; names: string[] };
}

export interface SweepPlan {
  users: AxisReading;
  /** null while the axes or the form cannot be read. */
  spec: SweepSpecDraft | null;
  points: number;
  /** `10 users × 2 precisions × 3 zones`. */
  explanation: string;
  /** What is missing before it can start; empty when nothing is. */
  problem: string;
}

/** Points to compute = users × precisions × zones; an axis without values is held at the form's value. */
export function planSweepSpec(base: SizeInputDraft | null, axes: SweepAxes, knownZones: string[]): SweepPlan {
  const users = parseUsersAxis(axes.usersText);
  const numUsers = users.ok ? users.values.length : 0;
  const numPrecisions = Math.max(1, axes.quantization.length);
  const numZones =
    axes.zones.kind === 'none' ? 1 : axes.zones.kind === 'all' ? knownZones.length : axes.zones.names.length;
  const parts = [plural(numUsers, 'load')];
  if (axes.quantization.length > 0) parts.push(plural(numPrecisions, 'precision'));
  if (axes.zones.kind !== 'none') parts.push(plural(numZones, 'zone'));
  const problem = problemOf(base, users, axes, numZones);
  return {
    users,
    spec: base && problem === '' && users.ok ? specOf(base, users, axes) : null,
    points: numUsers * numPrecisions * numZones,
    explanation: parts.join(' × '),
    problem,
  };
}

function problemOf(base: SizeInputDraft | null, users: AxisReading, axes: SweepAxes, numZones: number): string {
  if (!base) return 'The values held fixed cannot be read yet; mend them under Size.';
  if (!users.ok) return users.sentence;
  if (axes.zones.kind !== 'none' && numZones === 0) return 'Add at least one zone, or choose all of them.';
  return '';
}

function specOf(base: SizeInputDraft, users: AxisReading & { ok: true }, axes: SweepAxes): SweepSpecDraft {
  const held: SizeInputDraft = { ...base };
  delete held.users;
  delete held.rate;
  delete held.top;
  const zones = axes.zones.kind === 'all' ? ['*'] : axes.zones.kind === 'list' ? axes.zones.names : null;
  if (axes.quantization.length > 0) delete held.quantization;
  if (zones) {
    // An axis of zones says where; a region beside it would contradict it.
    delete held.zone;
    delete held.region;
  }
  return {
    base: held,
    axes: {
      users: users.axis,
      ...(axes.quantization.length > 0 ? { quantization: [...axes.quantization] } : {}),
      ...(zones ? { zone: zones } : {}),
    },
  };
}

/** Zones that sell something within the filters on clouds and GPUs (empty = all), sorted. */
export function zonesInScope(catalog: CatalogListing | null, providers: string[], gpus: string[]): string[] {
  if (!catalog) return [];
  const gpuOf = new Map(catalog.instances.map((entry) => [`${entry.provider}/${entry.instance}`, entry.gpu]));
  const sells = ({ provider, instances }: ZoneEntry): boolean =>
    (providers.length === 0 || providers.includes(provider)) &&
    instances.some((instance) => gpus.length === 0 || gpus.includes(gpuOf.get(`${provider}/${instance}`) ?? ''));
  return [...new Set(catalog.zones.filter(sells).map((entry) => entry.zone))].sort();
}

/** Users of an axis in short: `10, 50, 100` or `10 to 1,000, 100 values`. */
export function describeUsers(values: number[]): string {
  if (values.length <= 8) return values.map((value) => formatFixed(value)).join(', ');
  return `${formatFixed(values[0])} to ${formatFixed(values.at(-1))}, ${formatFixed(values.length)} values`;
}

import type { RunDetail, RunRow } from '../../src-worker/protocol/app-api.ts';
import { metric } from '../../src-worker/protocol/metrics.ts';
import { axisFacts } from '../../src-worker/protocol/sweep-axis-roles.ts';
import { questionOfPoint } from '../../src-worker/protocol/sweep-point.ts';
import { formatFixed } from '../../src-worker/protocol/numbers.ts';
import type { SizeInputDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import type { Place } from '../../src-worker/protocol/run-analysis.ts';
import { pointOfRunRow } from '../charts/chart-point.ts';
import type { HeatAxis, HeatCell } from '../charts/heat-spec.ts';
import { gpuLabel, lowerFirst, precisionLabel, pricingLabel, providerLabel, reasonLabel } from '../format/names.ts';
import { AXIS_IDS, kindOf, targetOf, type AxisId } from './sweep-axis-kinds.ts';

/** What can be drawn of a stored sweep: pure functions of its rows. */

/** An axis a sweep can have: its id, the column of its values in the rows, and how they read. */
export interface AxisWords {
  key: AxisId;
  column: string;
  label: string;
  text: (value: string) => string;
}

const TEXTS: Partial<Record<AxisId, (value: string) => string>> = {
  gpu: gpuLabel,
  quantization: precisionLabel,
  kv_cache_dtype: precisionLabel,
  provider: providerLabel,
  pricing: pricingLabel,
};
/** What most sweeps are run for stands first. */
const FIRST: readonly AxisId[] = ['users', 'rate', 'gpu', 'quantization', 'zone', 'tp'];

const numberText = (value: string): string =>
  Number.isInteger(Number(value)) ? formatFixed(Number(value)) : String(Number(value));

const RUN_AXES: AxisWords[] = [...FIRST, ...AXIS_IDS.filter((id) => !FIRST.includes(id))].map((key) => {
  const { label, control } = kindOf(key);
  const text = TEXTS[key] ?? (control === 'numbers' ? numberText : (value: string) => value);
  return { key, column: axisFacts(key)?.column ?? key, label, text };
});

/** What a heat map can show. */
export const HEAT_METRICS = [
  'usd_per_hour',
  'usd_per_1m_output_tokens',
  'ttft_p95',
  'tpot_p50',
  'capacity_share',
] as const;

/** The spec of a stored sweep; null for anything else. The store checked it when it was read. */
export function specOfRun(detail: RunDetail): SweepSpecDraft | null {
  const { input } = detail;
  return typeof input === 'object' && input !== null && 'axes' in input ? (input as SweepSpecDraft) : null;
}

const valueAt = (row: RunRow, { column }: AxisWords): string => String(row[column] ?? '');

/** Axes with more than one value among the rows. */
export function variedAxes(detail: RunDetail): AxisWords[] {
  const { axes } = specOfRun(detail) ?? { axes: {} };
  return RUN_AXES.filter(({ key }) => isAsked(axes, key)).filter((axis) => keysOf(detail, axis).length > 1);
}

function isAsked(axes: SweepSpecDraft['axes'], id: AxisId): boolean {
  const metric = targetOf(id);
  return (metric === null ? axes[id as keyof typeof axes] : axes.sla?.[metric]) !== undefined;
}

/** Axes whose values a point of a chart or a name says already. */
const SAID: readonly AxisId[] = [
  'users',
  'rate',
  'gpu',
  'instance',
  'quantization',
  'tp',
  'provider',
  'region',
  'zone',
];

/**
 * `headroom 25, price spot`: what tells points of a run apart beside their load and their configuration. Axes of `held` say the
 * same of all that are looked at.
 */
export function pointWords(detail: RunDetail, held: ReadonlySet<string> = new Set()): (row: RunRow) => string {
  const axes = variedAxes(detail).filter(({ key, column }) => !SAID.includes(key) && !held.has(column));
  return (row) => axes.map((axis) => `${lowerFirst(axis.label)} ${axis.text(valueAt(row, axis))}`).join(', ');
}

function keysOf({ bestRows, emptyRows }: RunDetail, axis: AxisWords): string[] {
  const keys = [...new Set([...bestRows, ...emptyRows].map((row) => valueAt(row, axis)))].filter((key) => key !== '');
  return keys.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
}

/** Axes that are given (protocol/sweep-axis-roles.ts), however many values their rows have. */
export const givenAxes = (detail: RunDetail): AxisWords[] => {
  const { axes } = specOfRun(detail) ?? { axes: {} };
  return RUN_AXES.filter((axis) => isAsked(axes, axis.key) && isGiven(axis));
};

export const isGiven = ({ key }: AxisWords): boolean => axisFacts(key)?.role === 'given';

export const heatAxis = (detail: RunDetail, axis: AxisWords): HeatAxis => ({
  label: axis.label,
  shared: isGiven(axis) ? 'last' : 'best',
  keys: keysOf(detail, axis)
    .map((key) => ({ key, label: axis.text(key) }))
    .sort((a, b) => Number(a.key) - Number(b.key) || (a.label < b.label ? -1 : 1)),
});

/** What is held where two axes are shown: those of a situation have values of their own there. */
export const heldBeside = (place: Place, shown: readonly AxisWords[]): Place =>
  Object.fromEntries(Object.entries(place).filter(([axis]) => !shown.some(({ column }) => column === axis)));

const isIn = (row: RunRow, held: Place): boolean =>
  Object.entries(held).every(([column, value]) => row[column] === value);

/**
 * The best value at each place of two axes, over all others that are chosen; why there is none where no point of the place has one.
 * Those that are given, and not shown, are held at `place`: over all headrooms, say, the least would be best always.
 */
export function heatCells(
  detail: RunDetail,
  rows: AxisWords,
  columns: AxisWords,
  metricId: string,
  place: Place,
): HeatCell[] {
  const isHigher = metric(metricId).better === 'higher';
  const held = heldBeside(place, [rows, columns]);
  const cells = new Map<string, HeatCell>();
  for (const row of detail.bestRows) {
    if (!isIn(row, held)) continue;
    const value = pointOfRunRow(row, '').value(metricId);
    const spot = { row: valueAt(row, rows), column: valueAt(row, columns) };
    const known = cells.get(`${spot.row}/${spot.column}`)?.value ?? null;
    const isBetter = value !== null && (known === null || (isHigher ? value > known : value < known));
    if (isBetter) cells.set(`${spot.row}/${spot.column}`, { ...spot, value, reason: null, state: 'done' });
  }
  for (const row of detail.emptyRows) {
    if (!isIn(row, held)) continue;
    const spot = { row: valueAt(row, rows), column: valueAt(row, columns) };
    const key = `${spot.row}/${spot.column}`;
    const reason = row['reason'] ? reasonLabel(String(row['reason'])) : null;
    if (!cells.has(key)) cells.set(key, { ...spot, value: null, reason, state: 'empty' });
  }
  return [...cells.values()];
}

/** Key of a row among those of its run. */
export const runRowKey = (row: RunRow): string => `${String(row['point_id'])}/${String(row['id'])}`;

/** The row with the best value at a spot of the heat map, as `heatCells` has it. */
export function rowAtPlace(
  detail: RunDetail,
  spot: { row: string; column: string },
  [rows, columns]: [AxisWords, AxisWords],
  metricId: string,
  place: Place,
): RunRow | null {
  const held = heldBeside(place, [rows, columns]);
  const here = detail.bestRows.filter(
    (row) => valueAt(row, rows) === spot.row && valueAt(row, columns) === spot.column && isIn(row, held),
  );
  const sign = metric(metricId).better === 'higher' ? -1 : 1;
  const worth = (row: RunRow): number => sign * (pointOfRunRow(row, '').value(metricId) ?? Infinity);
  return here.sort((a, b) => worth(a) - worth(b))[0] ?? null;
}

/** Points without an answer by the commonest reason of each, the most frequent first. */
export function emptyReasons({ emptyRows }: RunDetail): { reason: string; count: number }[] {
  const counts: Record<string, number> = {};
  for (const row of emptyRows) {
    const reason = String(row['reason'] ?? '');
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return countedReasons(counts);
}

export const countedReasons = (counts: Record<string, number>): { reason: string; count: number }[] =>
  Object.entries(counts)
    .map(([reason, count]) => ({ reason: reasonLabel(reason), count }))
    .sort((a, b) => b.count - a.count);

/** The question of one point of a sweep. */
export const questionOfRow = (spec: SweepSpecDraft, row: RunRow): SizeInputDraft =>
  questionOfPoint(spec, (column) => row[column]);

import { metric, type Metric } from '../../src-worker/protocol/metrics.ts';
import { formatFixed } from '../../src-worker/protocol/numbers.ts';
import { needsLog } from './axis.ts';
import { metricCell, textCell, type ChartTable } from './chart-table.ts';
import type { LegendEntry } from './legend.ts';

/** A heat map over two axes of a sweep: a pure function of its cells. */

export interface HeatAxis {
  /** What the axis is: `GPU`, `Users`. */
  label: string;
  keys: { key: string; label: string }[];
  /**
   * Of values that share a place: `best` shows the best of them, as somebody may choose it; `last` the largest, as a load is
   * given and the least would be best always.
   */
  shared?: 'best' | 'last';
}

export interface HeatCell {
  row: string;
  column: string;
  /** In the unit the metric registry formats; null where there is none. */
  value: number | null;
  /** Why there is none. */
  reason: string | null;
  state: 'done' | 'empty' | 'pending';
}

export interface HeatSpec {
  rows: { id: string; label: string }[];
  columns: { id: string; label: string }[];
  /** As many rows as `rows`, each as long as `columns`. */
  cells: HeatSpot[][];
  /** How many neighbors share a place; 1 = none. */
  folding: { rows: number; columns: number };
  note: string;
  legend: LegendEntry[];
  summary: string;
}

export interface HeatSpot {
  state: HeatCell['state'];
  value: number | null;
  /** Digits for the cell; empty where there is no value. */
  text: string;
  /** 1 = worst to 6 = best; null where there is no value. */
  level: number | null;
  /** What a screen reader says, and the line below the map. */
  words: string;
  /** The cell that is shown here: the best one where several share the place. */
  row: string;
  column: string;
}

/** More than this cannot be told apart on a screen. */
export const MOST_KEYS = 40;
const LEVELS = 6;

export function heatSpec(rows: HeatAxis, columns: HeatAxis, cells: readonly HeatCell[], metricId: string): HeatSpec {
  const shown = metric(metricId);
  const rowGroups = fold(rows.keys);
  const columnGroups = fold(columns.keys);
  const byPlace = new Map(cells.map((cell) => [placeOf(cell.row, cell.column), cell]));
  const level = levelsOf(cells, shown);
  const spots = rowGroups.map((rowGroup) =>
    columnGroups.map((columnGroup): HeatSpot => {
      const members = shownKeys(rows, rowGroup).flatMap((row) =>
        shownKeys(columns, columnGroup).map(
          (column): HeatCell => byPlace.get(placeOf(row, column)) ?? pending(row, column),
        ),
      );
      return spotOf(
        bestOf(members, shown),
        `${rowGroup.label}, ${columnGroup.label} ${columns.label.toLowerCase()}`,
        shown,
        level,
      );
    }),
  );
  const folding = { rows: rowGroups[0]?.keys.length ?? 1, columns: columnGroups[0]?.keys.length ?? 1 };
  return {
    rows: rowGroups.map(({ id, label }) => ({ id, label })),
    columns: columnGroups.map(({ id, label }) => ({ id, label })),
    cells: spots,
    folding,
    note: noteOf(folding, rows, columns),
    legend: legendOf(spots.flat(), shown),
    summary: summaryOf(rows, columns, cells, shown),
  };
}

/** No key holds a line break, so no two places read alike. */
const placeOf = (row: string, column: string): string => `${row}\n${column}`;
const pending = (row: string, column: string): HeatCell => ({
  row,
  column,
  value: null,
  reason: null,
  state: 'pending',
});

interface Group {
  id: string;
  label: string;
  keys: string[];
}

/** Neighbors share a place until there are no more than MOST_KEYS. */
export function fold(keys: HeatAxis['keys']): Group[] {
  const size = Math.max(1, Math.ceil(keys.length / MOST_KEYS));
  const groups: Group[] = [];
  for (let start = 0; start < keys.length; start += size) {
    const members = keys.slice(start, start + size);
    const [first, last] = [members[0], members.at(-1)];
    if (!first || !last) continue;
    const label = first === last ? first.label : `${first.label}–${last.label}`;
    groups.push({ id: first.key, label, keys: members.map(({ key }) => key) });
  }
  return groups;
}

const shownKeys = ({ shared }: HeatAxis, { keys }: Group): string[] => (shared === 'last' ? keys.slice(-1) : keys);

/** The best of those with a value; else one still to come; else the first that is empty. */
function bestOf(members: HeatCell[], { better }: Metric): HeatCell {
  const sign = better === 'lower' ? 1 : -1;
  const [best] = members.filter((cell) => cell.value !== null).sort((a, b) => sign * ((a.value ?? 0) - (b.value ?? 0)));
  const [first] = members;
  const chosen = best ?? members.find(({ state }) => state === 'pending') ?? first;
  if (!chosen) throw new Error('A place of the heat map stands for no cell.');
  return chosen;
}

/** Bins of equal width over the values, by ratio where they span more than an axis would; the better, the higher. */
export function levelsOf(cells: readonly HeatCell[], { better }: Pick<Metric, 'better'>): (value: number) => number {
  let low = Infinity;
  let high = -Infinity;
  for (const { value } of cells) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const scale = needsLog(low, high) ? Math.log : (value: number) => value;
  const span = scale(high) - scale(low);
  return (value) => {
    if (!(span > 0)) return LEVELS;
    const share = (scale(value) - scale(low)) / span;
    const goodness = better === 'lower' ? 1 - share : share;
    // What lies on the edge of two bins must not fall to one side by the dust of a division.
    return Math.min(LEVELS, Math.floor(goodness * LEVELS + 1e-9) + 1);
  };
}

/** Equal decimals over the whole map; the unit stands above it. */
const digits = ({ formatCell }: Metric, value: number): string => formatCell(value);

function spotOf(cell: HeatCell, place: string, shown: Metric, level: (value: number) => number): HeatSpot {
  const { state, value, reason, row, column } = cell;
  const words =
    value !== null
      ? `${digits(shown, value)} ${shown.unit}`
      : state === 'pending'
        ? 'still to come'
        : (reason ?? 'no answer');
  return {
    state: value === null && state === 'done' ? 'empty' : state,
    value,
    text: value === null ? '' : digits(shown, value),
    level: value === null ? null : level(value),
    words: `${place}: ${words}`,
    row,
    column,
  };
}

function noteOf(folding: HeatSpec['folding'], rows: HeatAxis, columns: HeatAxis): string {
  const parts = [
    { count: folding.rows, words: 'rows', axis: rows },
    { count: folding.columns, words: 'columns', axis: columns },
  ].filter(({ count }) => count > 1);
  if (parts.length === 0) return '';
  const shared = parts.map(({ count, words }) => `${formatFixed(count)} ${words}`).join(' and ');
  const largest = parts.filter(({ axis }) => axis.shared === 'last').map(({ axis }) => axis.label.toLowerCase());
  if (largest.length === 0) return `Up to ${shared} share a place; the best of them is shown.`;
  const which = largest.length === parts.length ? 'that of' : 'the best of them at';
  return `Up to ${shared} share a place; ${which} the largest ${largest.join(' and ')} is shown.`;
}

function legendOf(spots: readonly HeatSpot[], shown: Metric): LegendEntry[] {
  const values = spots.flatMap(({ value }) => (value === null ? [] : [value]));
  const sorted = values.sort((a, b) => (shown.better === 'lower' ? a - b : b - a));
  const [best, worst] = [sorted[0], sorted.at(-1)];
  const name = shown.better === null ? ['most', 'least'] : ['best', 'worst'];
  return [
    ...(best === undefined
      ? []
      : [{ id: 'best', label: `${name[0]} ${digits(shown, best)}`, mark: 'square' as const, color: '--chart-seq-6' }]),
    ...(worst === undefined || worst === best
      ? []
      : [
          { id: 'worst', label: `${name[1]} ${digits(shown, worst)}`, mark: 'square' as const, color: '--chart-seq-1' },
        ]),
    ...(spots.some(({ state }) => state === 'empty')
      ? [{ id: 'empty', label: 'no answer', mark: 'hatched' as const, color: '--text-3' }]
      : []),
    ...(spots.some(({ state }) => state === 'pending')
      ? [{ id: 'pending', label: 'to come', mark: 'outlined' as const, color: '--line-strong' }]
      : []),
  ];
}

function summaryOf(rows: HeatAxis, columns: HeatAxis, cells: readonly HeatCell[], shown: Metric): string {
  const known = cells.filter((cell) => cell.value !== null);
  const total = rows.keys.length * columns.keys.length;
  const counts = `${formatFixed(known.length)} of ${formatFixed(total)} places of ${rows.label} by ${columns.label} have a value`;
  if (known.length === 0) return `${counts}.`;
  const best = bestOf([...known], shown);
  const labelOf = (axis: HeatAxis, key: string) => axis.keys.find((entry) => entry.key === key)?.label ?? key;
  const where = `${labelOf(rows, best.row)}, ${labelOf(columns, best.column)}`;
  const superlative = shown.better === null ? 'most' : 'best';
  return `${shown.label}: ${counts}, the ${superlative} is ${digits(shown, best.value ?? 0)} ${shown.unit} at ${where}.`;
}

export function heatTable(rows: HeatAxis, columns: HeatAxis, cells: readonly HeatCell[], metricId: string): ChartTable {
  const shown = metric(metricId);
  const byPlace = new Map(cells.map((cell) => [placeOf(cell.row, cell.column), cell]));
  const words = (label: string) => ({ label, unit: '', isNumber: false });
  return {
    columns: [
      words(rows.label),
      words(columns.label),
      { label: shown.label, unit: shown.unit, isNumber: true },
      words('Why not'),
    ],
    rows: rows.keys.flatMap((row) =>
      columns.keys.map((column) => {
        const cell = byPlace.get(placeOf(row.key, column.key)) ?? pending(row.key, column.key);
        const why =
          cell.value !== null ? '' : cell.state === 'pending' ? 'still to come' : (cell.reason ?? 'no answer');
        return {
          id: placeOf(row.key, column.key),
          cells: [textCell(row.label), textCell(column.label), metricCell(shown, cell.value), textCell(why)],
        };
      }),
    ),
  };
}

/** Where a key leads from a cell, null where it leads nowhere. */
export function nextSpot(
  spec: Pick<HeatSpec, 'rows' | 'columns'>,
  { row, column }: { row: number; column: number },
  key: string,
): { row: number; column: number } | null {
  const last = { row: spec.rows.length - 1, column: spec.columns.length - 1 };
  switch (key) {
    case 'ArrowRight':
      return { row, column: Math.min(last.column, column + 1) };
    case 'ArrowLeft':
      return { row, column: Math.max(0, column - 1) };
    case 'ArrowDown':
      return { row: Math.min(last.row, row + 1), column };
    case 'ArrowUp':
      return { row: Math.max(0, row - 1), column };
    case 'Home':
      return { row, column: 0 };
    case 'End':
      return { row, column: last.column };
    default:
      return null;
  }
}

import type { Metric } from '../../src-worker/protocol/metrics.ts';
import { tableText, type CopyFormat } from '../grid/copy-table.ts';

/** The very data a chart draws, as its table twin shows it and as it is copied and saved. */
export interface ChartTable {
  columns: { label: string; unit: string; isNumber: boolean }[];
  rows: { id: string; cells: ChartCell[] }[];
}

export interface ChartCell {
  /** Exact; null = no value. */
  value: number | string | null;
  /** As it is shown. */
  text: string;
}

export const textCell = (text: string): ChartCell => ({ value: text, text });
export const numberCell = (value: number | null, format: (value: number | null) => string): ChartCell => ({
  value,
  text: format(value),
});

/** A metric's figure in the unit of its head: shares are kept as fractions and shown as percent. */
export function metricCell({ unit, formatCell }: Metric, value: number | null): ChartCell {
  const isPercent = unit.startsWith('%') && value !== null;
  return { value: isPercent ? Number((value * 100).toPrecision(15)) : value, text: formatCell(value) };
}

export function chartTableText({ columns, rows }: ChartTable, format: CopyFormat): string {
  return tableText({ heads: columns, rows: rows.map(({ cells }) => cells.map(({ value }) => value)) }, format);
}

/** A title as the name of a file: `What does speed cost?` is what-does-speed-cost. */
export function fileNameOf(title: string): string {
  const name = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'chart' : name;
}

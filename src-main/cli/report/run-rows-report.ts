import { axisColumns } from '../../../src-worker/answers/runs/sweep-difference.ts';
import type { RunRow } from '../../../src-worker/protocol/app-api.ts';
import { csvCell } from '../../../src-worker/protocol/csv-text.ts';
import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import { count, decimal, NONE, plural, smallUsd, usd } from './format.ts';
import { table, textOf } from './layout.ts';

/** What tells rows apart and what is chosen by, where no columns are named. */
const USUAL_COLUMNS = ['rank', 'id', 'instances', 'ttft_ms_p95', 'tpot_ms_p95', 'cost_usd_per_hour', 'reason'];

/** The columns of a table where none are named: the run's axes, the usual ones and those that were asked by; none that is empty. */
export function tableColumns(
  rows: readonly RunRow[],
  known: readonly string[],
  input: unknown,
  asked: readonly string[],
): string[] {
  const axes = sweepSpecSchema.safeParse(input).data?.axes;
  const wanted = new Set([...(axes ? axisColumns(axes) : []), ...USUAL_COLUMNS, ...asked]);
  return known.filter((column) => wanted.has(column) && rows.some((row) => row[column] !== undefined));
}

export function runRowsReport(
  columns: readonly string[],
  rows: readonly RunRow[],
  { total, offset, filters, onlyBest }: { total: number; offset: number; filters: number; onlyBest: boolean },
): string {
  if (total === 0) return textOf([noRowWords(filters, onlyBest)]);
  if (rows.length === 0) return textOf([`There are ${plural(total, 'row')}, none from --offset ${offset} on.`]);
  const isNumber = (column: string) => rows.some((row) => typeof row[column] === 'number');
  const more = total - offset - rows.length;
  return textOf([
    ...table(
      columns.map((title) => ({ title, ...(isNumber(title) ? { align: 'right' as const } : {}) })),
      rows.map((row) => columns.map((column) => cellText(column, row[column]))),
    ),
    '',
    `Rows ${count(offset + 1)} to ${count(offset + rows.length)} of ${count(total)}` +
      (more > 0 ? `; --offset ${offset + rows.length} goes on` : ''),
  ]);
}

/** Of all rows there is always one: what is asked of them matches none, or nothing passes. */
function noRowWords(filters: number, onlyBest: boolean): string {
  if (filters === 0)
    return onlyBest ? 'No row of the run passes: configiq runs show says why.' : 'The run has no rows.';
  const which = onlyBest ? 'No row that is best at its point' : 'No row of the run';
  return `${which} matches ${filters === 1 ? 'the filter' : `all ${filters} filters`}.`;
}

/** Columns that name something by a number: it is not grouped. */
const NAMES = ['point_id'];

function cellText(column: string, value: number | string | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (typeof value === 'string') return value.replaceAll(/\s+/g, ' ');
  if (NAMES.includes(column)) return String(value);
  if (column.startsWith('cost_usd')) return value >= 1 ? usd(value) : smallUsd(value);
  return Number.isInteger(value) ? count(value) : decimalText(value);
}

/** Two decimals would make nothing of a small value. */
const decimalText = (value: number): string =>
  Math.abs(value) < 0.1 ? String(Number(value.toPrecision(3))) : decimal(value);

/** The cells as an export has them. */
export const runRowsCsv = (columns: readonly string[], rows: readonly RunRow[]): string =>
  [columns.map(csvCell), ...rows.map((row) => columns.map((column) => csvText(row[column])))]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');

const csvText = (value: number | string | null | undefined): string =>
  typeof value === 'string' ? csvCell(value) : String(value ?? '');

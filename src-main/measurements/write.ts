import { stringify } from 'csv-stringify/sync';
import { neutralized } from '../../src-worker/protocol/csv-text.ts';
import {
  MEASUREMENT_COLUMNS,
  type MeasurementColumn,
  type MeasurementRow,
} from '../../src-worker/protocol/measurement-columns.ts';

/** Columns that stand in a file only where a row has them. */
const RARE_COLUMNS: ReadonlySet<MeasurementColumn> = new Set(['cold_requests']);

/** Rows as a measurement file, which `readMeasurements` reads back; no rows = the header alone. */
export function measurementCsv(rows: readonly MeasurementRow[]): string {
  const columns = MEASUREMENT_COLUMNS.filter(
    (column) => !RARE_COLUMNS.has(column) || rows.some((row) => row[column] !== null),
  );
  const lines = rows.map((row) => columns.map((column) => cellOf(row[column])));
  return stringify([[...columns], ...lines]);
}

function cellOf(value: string | number | null): string {
  if (value === null) return '';
  return typeof value === 'number' ? String(value) : neutralized(value);
}

import type { Recommendation } from '../../src-worker/protocol/documents.ts';
import type { RunRow } from '../../src-worker/protocol/app-api.ts';
import { inShownUnit, metric, metricOfColumn, runNumber } from '../../src-worker/protocol/metrics.ts';
import { formatFixed } from '../../src-worker/protocol/numbers.ts';

/** What a table needs to know of a column; the rows can be anything. */
export interface Column<Row> {
  id: string;
  label: string;
  /** Stands under the head, never in cells. */
  unit: string;
  definition: string;
  isNumber: boolean;
  /** In the unit of the head: what is sorted and filtered by, and copied exactly. Null is missing. */
  value: (row: Row) => number | string | null;
  /** As it stands in the cell. */
  text: (row: Row) => string;
  /** True where it is not shown until it is chosen in the menu of columns. */
  isHidden?: boolean;
  /** Longest text it is made wide enough for, in digits, where that is not the usual. */
  mostCharacters?: number;
}

/** A metric of the registry as a column of an answer's rows. */
export function metricColumn(id: string): Column<Recommendation> {
  const described = metric(id);
  const { label, unit, definition, value, formatCell } = described;
  return {
    id,
    label,
    unit,
    definition,
    isNumber: true,
    value: (row) => inShownUnit(unit, value(row)),
    text: (row) => formatCell(value(row)),
  };
}

/** The same for a column of a stored run; null where the registry does not describe it. */
export function runMetricColumn(column: string): Column<RunRow> | null {
  const described = metricOfColumn(column);
  if (!described) return null;
  const { label, unit, definition, formatCell } = described;
  return {
    id: column,
    label,
    unit,
    definition,
    isNumber: true,
    value: (row) => inShownUnit(unit, runNumber(row, column)),
    text: (row) => formatCell(runNumber(row, column)),
  };
}

/** Words; an empty text is missing. */
export const textColumn = <Row>(
  id: string,
  label: string,
  read: (row: Row) => string,
  definition = '',
): Column<Row> => ({
  id,
  label,
  unit: '',
  definition,
  isNumber: false,
  value: (row) => read(row) || null,
  text: read,
});

/** A whole number without a unit. */
export const countColumn = <Row>(
  id: string,
  label: string,
  read: (row: Row) => number | null,
  definition = '',
): Column<Row> => ({
  id,
  label,
  unit: '',
  definition,
  isNumber: true,
  value: read,
  text: (row) => formatFixed(read(row)),
});

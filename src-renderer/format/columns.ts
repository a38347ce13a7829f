/** What a table needs to know of a column; the rows can be anything. */
export interface Column<Row> {
  id: string;
  label: string;
  /** Stands under the head, never in cells. */
  unit: string;
  definition: string;
  isNumber: boolean;
  /** What is sorted by; null sorts last in both directions. */
  value: (row: Row) => number | string | null;
  text: (row: Row) => string;
}

export interface Sorting {
  id: string;
  isDescending: boolean;
}

/** A sorted copy. Missing values come last whatever the direction; equal values keep the order they had. */
export function sortRows<Row>(rows: Row[], columns: Column<Row>[], sorting: Sorting | null): Row[] {
  const column = columns.find((candidate) => candidate.id === sorting?.id);
  if (!column || !sorting) return rows;
  const sign = sorting.isDescending ? -1 : 1;
  return rows.toSorted((left, right) => {
    const [a, b] = [column.value(left), column.value(right)];
    if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
  });
}

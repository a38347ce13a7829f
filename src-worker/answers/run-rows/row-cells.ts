import type { RunRow } from '../../protocol/app-api.ts';
import { cellsOf, type ColumnBatch } from '../../protocol/columns.ts';
import type { FoundRow } from './rows-page.ts';

/** The cells of found rows, in their order; a cell without a value is absent. */
export function rowCells(found: readonly FoundRow[], columns: readonly string[]): RunRow[] {
  const readers = new Map<ColumnBatch, (readonly [string, (row: number) => number | string | null])[]>();
  return found.map(({ batch, row }) => {
    let read = readers.get(batch);
    if (!read) {
      read = columns.map((column) => [column, cellsOf(batch, column)] as const);
      readers.set(batch, read);
    }
    const cells: RunRow = {};
    for (const [column, cellAt] of read) {
      const value = cellAt(row);
      if (value !== null) cells[column] = value;
    }
    return cells;
  });
}

/** A cell: the head is row -1, the check box is column 0. */
export interface GridPlace {
  row: number;
  column: number;
}

export interface GridBounds {
  rows: number;
  columns: number;
  /** Rows that PageUp and PageDown pass. */
  page: number;
}

const HEAD = -1;

/** Where a key takes the focus, after the grid pattern of WAI-ARIA; null where it does not move. */
export function placeAfter(
  { key, ctrlKey }: { key: string; ctrlKey: boolean },
  { row, column }: GridPlace,
  { rows, columns, page }: GridBounds,
): GridPlace | null {
  const lastRow = rows - 1;
  const lastColumn = columns - 1;
  const at = (nextRow: number, nextColumn: number): GridPlace => ({
    row: Math.max(HEAD, Math.min(lastRow, nextRow)),
    column: Math.max(0, Math.min(lastColumn, nextColumn)),
  });
  switch (key) {
    case 'ArrowDown':
      return at(row + 1, column);
    case 'ArrowUp':
      return at(row - 1, column);
    case 'ArrowRight':
      return at(row, column + 1);
    case 'ArrowLeft':
      return at(row, column - 1);
    case 'PageDown':
      return at(row + page, column);
    case 'PageUp':
      // Pages of rows end at the first row: the head is one arrow further.
      return row === HEAD ? at(row, column) : at(Math.max(0, row - page), column);
    case 'Home':
      return ctrlKey ? at(0, 0) : at(row, 0);
    case 'End':
      return ctrlKey ? at(lastRow, lastColumn) : at(row, lastColumn);
    default:
      return null;
  }
}

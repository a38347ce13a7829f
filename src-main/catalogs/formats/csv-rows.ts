import { CsvError, parse } from 'csv-parse/sync';
import { fileError } from '../../../src-worker/engine/errors.ts';

/** A quote that is never closed would swallow the rest of a file. */
const MAX_ROW_CHARACTERS = 100_000;

/**
 * Rows of comma-separated values, each with the line it begins on, from 1; empty lines are passed over. Throws
 * `catalog_malformed` with the line of a row whose quotes cannot be read.
 */
export function eachCsvRow(text: string, fileName: string, take: (cells: string[], line: number) => void): void {
  let nextLine = 1;
  try {
    parse(text, {
      bom: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_ROW_CHARACTERS,
      on_record: (cells: string[], { lines }) => {
        // `lines` is where the row ends; its cells hold what is between.
        const within = cells.reduce((sum, cell) => sum + lineEnds(cell), 0);
        take(cells, lines - within);
        nextLine = lines + 1;
        return null;
      },
    });
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    throw fileError(
      'catalog_malformed',
      `${fileName}: line ${nextLine}: a quote of this row is not closed, or text stands beside it: mend it there, or get the file anew.`,
      { file: fileName, line: nextLine },
      thrown,
    );
  }
}

function lineEnds(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count += 1;
  return count;
}

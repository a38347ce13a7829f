import { stringify } from 'csv-stringify/sync';
import { cellsOf, isNumberColumn, numbersOf, textsOf, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { SCHEMA_VERSION } from '../../src-worker/protocol/documents.ts';
import type { StoredRun } from '../store/store.ts';
import { neutralized } from '../../src-worker/protocol/csv-text.ts';

/** CSV of a run, piece by piece: a header line, then the rows of each batch. No value = an empty cell. */
export function* csvPieces(columns: readonly string[], batches: Iterable<ColumnBatch>): Generator<string> {
  yield csvLine([...columns]);
  for (const batch of batches) if (batch.rows > 0) yield csvRows(batch, columns);
}

function csvRows(batch: ColumnBatch, columns: readonly string[]): string {
  const cells = columns.map((column) => csvCells(batch, column));
  let text = '';
  for (let row = 0; row < batch.rows; row += 1) {
    text += cells.map((cellAt) => cellAt(row)).join(',') + '\n';
  }
  return text;
}

/** How the cells of a column read. Each text is quoted once, however many rows share it: that is most of the time. */
function csvCells(batch: ColumnBatch, column: string): (row: number) => string {
  if (isNumberColumn(batch, column)) {
    const numberAt = numbersOf(batch, column);
    return (row) => {
      const value = numberAt(row);
      return Number.isNaN(value) ? '' : String(value);
    };
  }
  const textAt = textsOf(batch, column);
  const quoted = new Map<string, string>();
  return (row) => {
    const text = textAt(row);
    if (text === null) return '';
    const known = quoted.get(text) ?? csvLine([neutralized(text)]).slice(0, -1);
    quoted.set(text, known);
    return known;
  };
}

const csvLine = (cells: string[]): string => stringify([cells]);

/**
 * The JSON document of a sweep, piece by piece, one row a line: keys of every row are the columns, no value = null.
 * Neither clock nor run number, so that the same sweep gives the same bytes.
 */
export function* jsonPieces(
  run: StoredRun,
  columns: readonly string[],
  batches: Iterable<ColumnBatch>,
): Generator<string> {
  const head = {
    schema_version: SCHEMA_VERSION,
    kind: run.kind,
    status: run.status,
    input: run.input,
    versions: run.versions,
    points: run.points,
    done_points: run.donePoints,
    problems: run.problems,
    columns,
  };
  yield `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "rows": [`;
  let separator = '\n    ';
  for (const batch of batches) {
    const read = columns.map((column) => [column, cellsOf(batch, column)] as const);
    const lines = Array.from({ length: batch.rows }, (_, row) =>
      JSON.stringify(Object.fromEntries(read.map(([column, cellAt]) => [column, cellAt(row)]))),
    );
    if (lines.length === 0) continue;
    yield separator + lines.join(',\n    ');
    separator = ',\n    ';
  }
  yield '\n  ]\n}\n';
}

/** `run-12-llama-3.1-8b-sweep.csv`: the model's name without its owner, in characters that any file system takes. */
export function exportFileName({ id, model, kind }: Pick<StoredRun, 'id' | 'model' | 'kind'>, format: string): string {
  const name = model
    .slice(model.lastIndexOf('/') + 1)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, 80);
  return ['run', id, name, kind].filter((part) => part !== '').join('-') + `.${format}`;
}

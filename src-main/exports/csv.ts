import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { csvCell } from '../../src-worker/protocol/csv-text.ts';
import type { ExportColumn } from './header.ts';
import { rowBytes, type RowStyle } from './row-bytes.ts';

const STYLE: RowStyle = { begin: '', end: '\n', label: () => '', number: String, text: csvCell, missing: '' };

/** CSV of a run, piece by piece: a header line, then the rows of each batch. No value = an empty cell. */
export function* csvPieces(columns: readonly ExportColumn[], batches: Iterable<ColumnBatch>): Generator<Uint8Array> {
  const names = columns.map(({ name }) => name);
  yield Buffer.from(`${names.map(csvCell).join(',')}\n`);
  for (const batch of batches) yield* rowBytes(batch, names, STYLE);
}

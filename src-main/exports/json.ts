import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { lossHeader, type ExportHeader } from './header.ts';
import { rowBytes, type RowStyle } from './row-bytes.ts';

const OBJECT = {
  label: (column: string) => `${JSON.stringify(column)}:`,
  // Finite numbers print in JSON as they do anywhere.
  number: String,
  text: (text: string) => JSON.stringify(text),
  missing: 'null',
};
const LINE: RowStyle = { ...OBJECT, begin: '{', end: '}\n' };
const ELEMENT: RowStyle = { ...OBJECT, begin: ',\n    {', end: '}' };

/** One row a line, and nothing else: what readers of such files take. The columns of every row are the same, no value = null. */
export function* ndjsonPieces(header: ExportHeader, batches: Iterable<ColumnBatch>): Generator<Uint8Array> {
  for (const batch of batches) yield* rowBytes(batch, header.columns, LINE);
}

/** The JSON document of a run: its header, one row a line, and what of it was lost. */
export function* jsonPieces(
  header: ExportHeader,
  batches: Iterable<ColumnBatch>,
  missingRows: () => number,
): Generator<Uint8Array> {
  yield Buffer.from(`${JSON.stringify(header, null, 2).slice(0, -2)},\n  "rows": [`);
  let isFirst = true;
  for (const batch of batches) {
    for (const piece of rowBytes(batch, header.columns, ELEMENT)) {
      yield isFirst ? piece.subarray(1) : piece;
      isFirst = false;
    }
  }
  const loss = Object.entries(lossHeader(missingRows())).map(([key, value]) => `,\n  "${key}": ${value}`);
  yield Buffer.from(`\n  ]${loss.join('')}\n}\n`);
}

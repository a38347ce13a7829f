import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { BatchTable, ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { cellsOf } from '../../src-worker/protocol/columns.ts';
import type { ExportColumn, ExportHeader } from './header.ts';

/**
 * Least rows of a row group, the unit that readers skip and read in parallel: a batch of a sweep has about as many. Smaller
 * batches are put together, because every group repeats its dictionaries and its statistics.
 */
const GROUP_ROWS = 60_000;

type Cells = (number | string | null)[];

/**
 * Parquet of a run, one row group a piece: numbers as optional DOUBLE, as they are stored, texts as optional strings; no value =
 * null. What stands in the header of a JSON export is in the key-value metadata, each key as JSON.
 */
export function* parquetPieces(
  header: ExportHeader,
  columns: readonly ExportColumn[],
  batches: Iterable<ColumnBatch>,
): Generator<Uint8Array> {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    createdBy: `configiq ${header.versions['configiq'] ?? ''}`.trim(),
    kvMetadata: Object.entries(header).map(([key, value]) => ({
      key: `configiq.${key}`,
      value: JSON.stringify(value),
    })),
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ name, type }) =>
        type === 'number'
          ? { name, type: 'DOUBLE' as const, repetition_type: 'OPTIONAL' as const }
          : {
              name,
              type: 'BYTE_ARRAY' as const,
              converted_type: 'UTF8' as const,
              repetition_type: 'OPTIONAL' as const,
            },
      ),
    ],
  });
  const taken = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  };
  for (const { group, rows } of rowGroups(batches)) {
    // A column is made when its turn comes, and can go after it: a group is many times as large as its batches.
    const columnData = columns.map(({ name }) => ({
      name,
      get data() {
        return columnCells(group, rows, name);
      },
    }));
    void writer.write({ columnData, rowGroupSize: rows });
    yield taken();
  }
  void writer.finish();
  yield taken();
}

function* rowGroups(batches: Iterable<ColumnBatch>): Generator<{ group: ColumnBatch[]; rows: number }> {
  let group: ColumnBatch[] = [];
  let rows = 0;
  for (const batch of batches) {
    if (batch.rows === 0) continue;
    group.push(batch);
    rows += batch.rows;
    if (rows < GROUP_ROWS) continue;
    yield { group, rows };
    group = [];
    rows = 0;
  }
  if (rows > 0) yield { group, rows };
}

function columnCells(group: readonly ColumnBatch[], rows: number, name: string): Cells {
  const cells: Cells = new Array<null>(rows);
  let at = 0;
  for (const batch of group) {
    const { tables, products, joined } = batch;
    const table =
      name in products || name in joined ? null : tables.find(({ numbers, texts }) => name in numbers || name in texts);
    if (table?.keys) {
      const { keys } = table;
      const entries = entryCells(table, name);
      for (let row = 0; row < batch.rows; row += 1) cells[at + row] = entries[keys[row] as number] ?? null;
    } else {
      const cellAt = cellsOf(batch, name);
      for (let row = 0; row < batch.rows; row += 1) cells[at + row] = finiteOrNull(cellAt(row));
    }
    at += batch.rows;
  }
  return cells;
}

function entryCells({ numbers, texts }: BatchTable, name: string): Cells {
  const values = numbers[name];
  if (values) return Array.from(values, finiteOrNull);
  const { codes, dictionary } = texts[name] ?? { codes: new Uint32Array(), dictionary: [] };
  return Array.from(codes, (code) => dictionary[code] ?? null);
}

const finiteOrNull = <Cell extends number | string | null>(cell: Cell): Cell | null =>
  typeof cell === 'number' && !Number.isFinite(cell) ? null : cell;

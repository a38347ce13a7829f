import type { BatchTable, ColumnBatch, ColumnPair, Keys } from '../../protocol/columns.ts';
import type { SweepColumn } from '../../protocol/sweep-columns.ts';
import { columnBuilder, type CellValue } from '../column-builder.ts';

/** How the columns of a table read from one of its rows. */
export type TableReaders<Row> = Record<string, (row: Row) => CellValue>;

/** Entry of every table that has no value in any column. */
export const NO_ENTRY = 0;

/** A table while rows are collected: each thing has one entry, however often it is asked for. */
export interface TableBuilder<Row> {
  /** Entry of what `key` stands for; `read` is asked for it the first time. */
  entry(key: unknown, read: () => Row): number;
  /** A new entry. */
  add(row: Row): number;
  /** `keys`: entry per row. */
  build(keys: Uint32Array): BatchTable;
}

export function tableBuilder<Row>(columns: readonly SweepColumn[], readers: TableReaders<Row>): TableBuilder<Row> {
  const builder = columnBuilder(columns);
  const known = new Map<unknown, number>();
  builder.add(() => null);
  const add = (row: Row): number => {
    builder.add((column) => readers[column]?.(row) ?? null);
    return builder.rows() - 1;
  };
  return {
    add,
    entry(key, read) {
      const found = known.get(key);
      if (found !== undefined) return found;
      const entry = add(read());
      known.set(key, entry);
      return entry;
    },
    build: (keys) => ({ entries: builder.rows(), keys: narrowed(keys, builder.rows()), ...builder.columns() }),
  };
}

/** Keys in as few bytes as tell the entries apart. */
function narrowed(keys: Uint32Array, entries: number): Keys {
  if (entries <= 2 ** 8) return new Uint8Array(keys);
  return entries <= 2 ** 16 ? new Uint16Array(keys) : keys.slice();
}

/** A batch out of its tables. */
export const starBatch = (
  rows: number,
  columns: readonly SweepColumn[],
  tables: BatchTable[],
  made: { products: Record<string, ColumnPair>; joined: Record<string, ColumnPair> },
): ColumnBatch => ({ rows, order: columns.map(({ name }) => name), tables, ...made });

import type { BatchTable, Keys } from '../../protocol/columns.ts';
import type { SweepColumn } from '../../protocol/sweep-columns.ts';
import { columnBuilder, type CellValue } from '../column-builder.ts';

/** How the columns of a table read from one of its rows. */
export type TableReaders<Row> = Record<string, (row: Row) => CellValue>;

/** Entry of every table that has no value in any column. */
export const NO_ENTRY = 0;

/** A table while rows are collected. */
export interface TableBuilder<Row> {
  /** A new entry. */
  add(row: Row): number;
  /** Entry of `row` itself: added the first time. */
  entryOf(row: Row): number;
  /** `keys`: entry per row of the batch. */
  build(keys: Uint32Array): BatchTable;
}

/** Columns that have no reader are those of other tables. */
export function tableBuilder<Row>(columns: readonly SweepColumn[], readers: TableReaders<Row>): TableBuilder<Row> {
  const entries = tableEntries(columns, readers);
  const known = new Map<Row, number>();
  return {
    add: (row) => entries.add(row),
    entryOf(row) {
      const found = known.get(row);
      if (found !== undefined) return found;
      const entry = entries.add(row);
      known.set(row, entry);
      return entry;
    },
    build: (keys) => ({
      entries: entries.size(),
      keys: narrowed(keys, entries.size()),
      ...entries.columns(),
    }),
  };
}

/** A table whose entries are made once and picked for several batches. */
export interface SharedTable<Row> {
  add(row: Row): number;
  /** The part of it that one batch has. */
  part(): TablePart;
}

/** Which entries of a shared table a batch has, numbered as it first needs them. */
export interface TablePart {
  /** Of the batch. */
  entry(shared: number): number;
  build(keys: Uint32Array): BatchTable;
}

export function sharedTable<Row>(columns: readonly SweepColumn[], readers: TableReaders<Row>): SharedTable<Row> {
  const entries = tableEntries(columns, readers);
  return {
    add: (row) => entries.add(row),
    part() {
      const picked = [NO_ENTRY];
      const own: number[] = [NO_ENTRY];
      return {
        entry: (shared) => (own[shared] ??= picked.push(shared) - 1),
        build: (keys) => ({
          entries: picked.length,
          keys: narrowed(keys, picked.length),
          ...entries.picked(picked),
        }),
      };
    },
  };
}

function tableEntries<Row>(columns: readonly SweepColumn[], readers: TableReaders<Row>) {
  const own = columns.filter(({ name }) => name in readers);
  const builder = columnBuilder(own);
  const reads = own.map(({ name }) => readers[name]);
  builder.add(() => null);
  return {
    add(row: Row): number {
      builder.add((_, index) => reads[index]?.(row) ?? null);
      return builder.rows() - 1;
    },
    size: () => builder.rows(),
    columns: () => builder.columns(),
    picked: (chosen: readonly number[]) => builder.picked(chosen),
  };
}

/** Keys in as few bytes as tell the entries apart. */
function narrowed(keys: Uint32Array, entries: number): Keys {
  if (entries <= 2 ** 8) return new Uint8Array(keys);
  return entries <= 2 ** 16 ? new Uint16Array(keys) : keys.slice();
}

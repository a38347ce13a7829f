import { numbersOf, type BatchTable, type ColumnBatch, type Keys } from '../../src-worker/protocol/columns.ts';
import { rounded } from '../../src-worker/protocol/rounded.ts';

/** What rows share: columns of the same one have the same entry in a row, so that their cells can be made together. */
export interface EntryTable {
  entries: number;
  /** Entry of each row; null = row r has entry r. */
  keys: Keys | null;
}

/** A column of a batch by its entries, be it stored in a table, a product or a joined text. */
export interface EntryColumn {
  table: EntryTable;
  /** A finite number, a text, or null for no value. */
  valueAt: (entry: number) => number | string | null;
}

/** Entries that belong together in a row: of one table and of another. null = the entry is that of the pair. */
interface PairTable extends EntryTable {
  first: ArrayLike<number> | null;
  second: ArrayLike<number> | null;
}

/** Finds the columns of a batch; null = it has none of that name. Pairs of tables are worked out once, however many columns need them. */
export function entryColumns(batch: ColumnBatch): (name: string) => EntryColumn | null {
  const pairs = new Map<BatchTable, Map<BatchTable, PairTable>>();
  const pairTable = (one: BatchTable, other: BatchTable): PairTable => {
    const known = pairs.get(one) ?? new Map<BatchTable, PairTable>();
    pairs.set(one, known);
    const pair = known.get(other) ?? pairsOfRows(batch.rows, one, other);
    known.set(other, pair);
    return pair;
  };
  const find = (name: string): { table: BatchTable; valueAt: EntryColumn['valueAt'] } | null => {
    const table = batch.tables.find(({ numbers, texts }) => name in numbers || name in texts);
    return table ? { table, valueAt: valuesOf(table, name) } : null;
  };
  return (name) => {
    const pair = batch.products[name] ?? batch.joined[name];
    if (!pair) return find(name);
    // Of more than two factors hardly a row shares its product with another.
    if (pair.length > 2) return ofRows(batch, name);
    const [one, other] = [find(pair[0]), find(pair[1])];
    if (!one || !other) return null;
    const table = pairTable(one.table, other.table);
    const make = name in batch.products ? product : joined;
    const { first, second } = table;
    return {
      table,
      valueAt: (entry) =>
        make(
          one.valueAt(first ? (first[entry] as number) : entry),
          other.valueAt(second ? (second[entry] as number) : entry),
        ),
    };
  };
}

type Value = number | string | null;

function ofRows(batch: ColumnBatch, name: string): EntryColumn {
  const valueAt = numbersOf(batch, name);
  return { table: { entries: batch.rows, keys: null }, valueAt: (row) => finiteOrNull(valueAt(row)) };
}

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

const product = (one: Value, other: Value): Value =>
  typeof one === 'number' && typeof other === 'number' ? finiteOrNull(rounded(one * other)) : null;
const joined = (one: Value, other: Value): Value =>
  typeof one === 'string' && typeof other === 'string' ? one + other : null;

function valuesOf({ numbers, texts }: BatchTable, name: string): EntryColumn['valueAt'] {
  const values = numbers[name];
  if (values) return (entry) => finiteOrNull(values[entry] as number);
  const { codes, dictionary } = texts[name] ?? { codes: new Uint32Array(), dictionary: [] };
  return (entry) => dictionary[codes[entry] as number] ?? null;
}

/** Cells of a table of all pairs, of 4 bytes each: beyond this those that rows have are looked up. */
const MOST_CELLS = 2 ** 22;

/** The pairs that rows have; the rows themselves where most have one of their own, or a table has. */
function pairsOfRows(rows: number, one: BatchTable, other: BatchTable): PairTable {
  const [oneKeys, otherKeys] = [one.keys, other.keys];
  const ofRows: PairTable = { entries: rows, keys: null, first: oneKeys, second: otherKeys };
  if (one === other) return { entries: one.entries, keys: oneKeys, first: null, second: null };
  if (!oneKeys || !otherKeys) return ofRows;
  const stride = other.entries;
  const numberOf = pairNumbers(one.entries * stride);
  const most = Math.floor(rows / 2);
  const keys = new Uint32Array(rows);
  const first = new Uint32Array(most);
  const second = new Uint32Array(most);
  let entries = 0;
  for (let row = 0; row < rows; row += 1) {
    const [left, right] = [oneKeys[row] as number, otherKeys[row] as number];
    const pair = numberOf(left * stride + right, entries);
    if (pair === entries) {
      if (entries === most) return ofRows;
      first[entries] = left;
      second[entries] = right;
      entries += 1;
    }
    keys[row] = pair;
  }
  return { entries, keys, first, second };
}

/** The number that was given to a cell, which is `next` where none was. */
function pairNumbers(cells: number): (cell: number, next: number) => number {
  if (cells > MOST_CELLS) {
    const known = new Map<number, number>();
    return (cell, next) => {
      const number = known.get(cell);
      if (number !== undefined) return number;
      known.set(cell, next);
      return next;
    };
  }
  // One more than the number: 0 = none was given.
  const known = new Uint32Array(cells);
  return (cell, next) => {
    const number = known[cell] as number;
    if (number > 0) return number - 1;
    known[cell] = next + 1;
    return next;
  };
}

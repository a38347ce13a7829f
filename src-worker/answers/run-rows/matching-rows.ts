import type { ColumnBatch, Keys } from '../../protocol/columns.ts';
import type { Test } from '../../protocol/filter-expression.ts';
import { entryColumn, joinedCells, productValues, type EntryColumn, type JoinedCells } from './entry-column.ts';

/** A column and what its values are held against. */
export interface ColumnTest {
  column: string;
  test: Test;
}

/**
 * Rows of a batch that pass every test, ascending; null = all of them. `among`: the only rows that are looked at; null = all.
 * A test of a table's column is asked once per entry, one of a joined text once per pair of texts that rows have.
 */
export function matchingRows(
  batch: ColumnBatch,
  tests: readonly ColumnTest[],
  among: Uint32Array | null,
): Uint32Array | null {
  return tests.reduce((rows, test) => narrowed(batch, test, rows), among);
}

function narrowed(batch: ColumnBatch, { column, test }: ColumnTest, rows: Uint32Array | null): Uint32Array | null {
  if (column in batch.products) {
    const passes = passingNumbers(productValues(batch, column, rows), test);
    return kept(batch.rows, rows, (from, to) => keepAt(passes, from, to));
  }
  const joined = column in batch.joined ? joinedCells(batch, column) : null;
  const found = joined ?? entryColumn(batch, column);
  // An earlier version may have stored the run without the column.
  if (!found) return test(null) ? rows : new Uint32Array(0);
  const passes = 'cells' in found ? passingCells(found, test) : passingEntries(found, test);
  const { keys } = found;
  return kept(batch.rows, rows, (from, to) => keepKeyed(passes, keys, from, to));
}

function passingEntries({ table, numbers, texts }: EntryColumn, test: Test): Uint8Array {
  if (!texts) return passingNumbers(numbers ?? new Float64Array(0), test);
  const passes = new Uint8Array(table.entries);
  const ofTexts = texts.dictionary.map((text) => test(text));
  const ofNone = test(null);
  for (let entry = 0; entry < table.entries; entry += 1) {
    passes[entry] = Number(ofTexts[texts.codes[entry] as number] ?? ofNone);
  }
  return passes;
}

function passingCells({ cells, keys, text }: JoinedCells, test: Test): Uint8Array {
  const UNASKED = 2;
  const passes = new Uint8Array(cells).fill(UNASKED);
  for (let row = 0; row < keys.length; row += 1) {
    const cell = keys[row] as number;
    if (passes[cell] === UNASKED) passes[cell] = Number(test(text(cell)));
  }
  return passes;
}

function passingNumbers(values: Float64Array, test: Test): Uint8Array {
  const passes = new Uint8Array(values.length);
  const ofNone = Number(test(null));
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    passes[index] = Number.isNaN(value) ? ofNone : Number(test(value));
  }
  return passes;
}

/** Writes the rows that are kept of `from` (null = all, as many as `to` has room for) into `to`; returns how many. */
type Keep = (from: Uint32Array | null, to: Uint32Array) => number;

function kept(all: number, rows: Uint32Array | null, keep: Keep): Uint32Array | null {
  const most = rows?.length ?? all;
  const found = new Uint32Array(most);
  const count = keep(rows, found);
  return count === most ? rows : found.slice(0, count);
}

/** By a verdict per entry. */
function keepKeyed(passes: Uint8Array, keys: Keys | null, from: Uint32Array | null, to: Uint32Array): number {
  let count = 0;
  for (let index = 0; index < to.length; index += 1) {
    const row = from ? (from[index] as number) : index;
    to[count] = row;
    count += passes[keys ? (keys[row] as number) : row] as number;
  }
  return count;
}

/** By a verdict for each row that is looked at. */
function keepAt(passes: Uint8Array, from: Uint32Array | null, to: Uint32Array): number {
  let count = 0;
  for (let index = 0; index < to.length; index += 1) {
    to[count] = from ? (from[index] as number) : index;
    count += passes[index] as number;
  }
  return count;
}

import type { ColumnBatch, Keys } from '../../protocol/columns.ts';
import { entryColumn, joinedCells, productValues, type EntryColumn, type JoinedCells } from './entry-column.ts';
import type { TextRanks } from './text-ranks.ts';

/** Stands for the value of a row that has none: it comes last, whichever way it is sorted. */
export const MISSING = Number.POSITIVE_INFINITY;

/**
 * What the rows of a batch are sorted by, ascending: a value per entry of a table, with the number of rows that have it; or a
 * value per row where rows have values of their own, of those that have one.
 */
export type SortItems =
  | {
      kind: 'entries';
      /** MISSING where an entry has none. */
      values: Float64Array;
      weights: Uint32Array;
      /** Entry of each row of the batch. */
      keys: Keys;
    }
  | {
      kind: 'rows';
      values: Float64Array;
      weights: null;
      /** The row of each value, ascending. */
      rows: Uint32Array;
    };

export interface RowSort {
  column: string;
  descending: boolean;
}

/** Items of some rows of a batch (null = all). `ranks`: of the texts, where the column has them. */
export function sortItems(
  batch: ColumnBatch,
  { column, descending }: RowSort,
  rows: Uint32Array | null,
  ranks: TextRanks | null,
): SortItems {
  if (column in batch.products) return perRow(productValues(batch, column, rows), rows, descending);
  const joined = column in batch.joined ? joinedCells(batch, column) : null;
  if (joined) return perEntry(joined.keys, rows, descending, joined.cells, rankCells(joined, ranks));
  const found = entryColumn(batch, column);
  if (!found) return perRow(new Float64Array(0), rows, descending);
  const values = found.numbers ?? rankTexts(found, ranks);
  const { keys } = found;
  if (keys) return perEntry(keys, rows, descending, values.length, () => values);
  return perRow(rows ? Float64Array.from(rows, (row) => values[row] ?? Number.NaN) : values, rows, descending);
}

function perRow(all: Float64Array, rows: Uint32Array | null, descending: boolean): SortItems {
  let count = 0;
  for (let index = 0; index < all.length; index += 1) count += Number(Number.isFinite(all[index]));
  const values = new Float64Array(count);
  const places = new Uint32Array(count);
  count = 0;
  for (let index = 0; index < all.length; index += 1) {
    const value = all[index] as number;
    if (!Number.isFinite(value)) continue;
    values[count] = directed(value, descending);
    places[count] = rows ? (rows[index] as number) : index;
    count += 1;
  }
  return { kind: 'rows', values, weights: null, rows: places };
}

function perEntry(
  keys: Keys,
  rows: Uint32Array | null,
  descending: boolean,
  entries: number,
  read: (weights: Uint32Array) => Float64Array,
): SortItems {
  const weights = rowsPerEntry(keys, entries, rows);
  const values = read(weights).map((value) => (Number.isFinite(value) ? directed(value, descending) : MISSING));
  return { kind: 'entries', values, weights, keys };
}

/** Adding zero makes one of the two zeros. */
const directed = (value: number, descending: boolean): number => (descending ? -value : value) + 0;

function rankTexts({ table, texts }: EntryColumn, ranks: TextRanks | null): Float64Array {
  const values = new Float64Array(table.entries).fill(Number.NaN);
  if (!texts || !ranks) return values;
  const ofText = texts.dictionary.map((text) => ranks.get(text) ?? Number.NaN);
  for (let entry = 0; entry < table.entries; entry += 1) {
    values[entry] = ofText[texts.codes[entry] as number] ?? Number.NaN;
  }
  return values;
}

/** Of the cells that rows have; the others are nobody's. */
const rankCells =
  ({ text }: JoinedCells, ranks: TextRanks | null) =>
  (weights: Uint32Array): Float64Array =>
    Float64Array.from(weights, (weight, cell) => {
      const known = weight === 0 ? null : text(cell);
      return known === null ? Number.NaN : (ranks?.get(known) ?? Number.NaN);
    });

function rowsPerEntry(keys: Keys, entries: number, rows: Uint32Array | null): Uint32Array {
  const counts = new Uint32Array(entries);
  const count = rows?.length ?? keys.length;
  for (let index = 0; index < count; index += 1) {
    const entry = keys[rows ? (rows[index] as number) : index] as number;
    counts[entry] = (counts[entry] as number) + 1;
  }
  return counts;
}

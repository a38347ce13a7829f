import { NO_TEXT, type BatchTable, type ColumnBatch, type Keys, type TextColumn } from '../../protocol/columns.ts';
import { rounded } from '../../protocol/rounded.ts';

/** A column of a table of a batch: one value per entry, and which entry each row has (null = its own). */
export interface EntryColumn {
  table: BatchTable;
  keys: Keys | null;
  numbers: Float64Array | null;
  texts: TextColumn | null;
}

/** The table column of a name; null where the batch has none, or makes it of two others. */
export function entryColumn({ tables, products, joined }: ColumnBatch, name: string): EntryColumn | null {
  if (name in products || name in joined) return null;
  for (const table of tables) {
    const [numbers, texts] = [table.numbers[name] ?? null, table.texts[name] ?? null];
    if (numbers || texts) return { table, keys: table.keys, numbers, texts };
  }
  return null;
}

/**
 * A joined text as a column of a table: a cell for each pair of the two texts, and a last one for no text. `keys`: cell of each
 * row. Most cells are no row's; `text` makes the text of one.
 */
export interface JoinedCells {
  cells: number;
  keys: Uint32Array;
  text: (cell: number) => string | null;
}

/** Cells that a joined column of a batch may have: far more than the instances and plans of a catalog make. */
const MOST_CELLS = 2 ** 24;

/** Throws RangeError where a batch pairs more texts than any sweep does. */
export function joinedCells(batch: ColumnBatch, name: string): JoinedCells | null {
  const [one, other] = (batch.joined[name] ?? []).map((part) => entryColumn(batch, part));
  if (!one?.texts || !other?.texts) return null;
  const { dictionary: before, codes: beforeCodes } = one.texts;
  const { dictionary: after, codes: afterCodes } = other.texts;
  const none = before.length * after.length;
  if (none > MOST_CELLS) throw new RangeError(`column ${name} pairs ${before.length} with ${after.length} texts`);
  const keys = new Uint32Array(batch.rows);
  const { keys: oneKeys } = one;
  const { keys: otherKeys } = other;
  for (let row = 0; row < batch.rows; row += 1) {
    const first = beforeCodes[oneKeys ? (oneKeys[row] as number) : row] as number;
    const second = afterCodes[otherKeys ? (otherKeys[row] as number) : row] as number;
    keys[row] = first === NO_TEXT || second === NO_TEXT ? none : first * after.length + second;
  }
  const text = (cell: number): string | null =>
    cell === none ? null : `${before[Math.floor(cell / after.length)]}${after[cell % after.length]}`;
  return { cells: none + 1, keys, text };
}

/**
 * A product for some rows of a batch (null = all), in their order; NaN where there is no value. The same numbers as
 * `numbersOf` reads, without a call per row and factor.
 */
export function productValues(batch: ColumnBatch, name: string, rows: Uint32Array | null): Float64Array {
  const count = rows?.length ?? batch.rows;
  const values = new Float64Array(count).fill(1);
  for (const factor of batch.products[name] ?? []) {
    const column = entryColumn(batch, factor);
    if (!column?.numbers) return values.fill(Number.NaN);
    const { numbers, keys } = column;
    for (let index = 0; index < count; index += 1) {
      const row = rows ? (rows[index] as number) : index;
      values[index] = (values[index] as number) * (numbers[keys ? (keys[row] as number) : row] as number);
    }
  }
  for (let index = 0; index < count; index += 1) {
    const product = values[index] as number;
    if (!Number.isNaN(product)) values[index] = rounded(product);
  }
  return values;
}

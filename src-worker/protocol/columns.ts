import { rounded } from './rounded.ts';

/**
 * Sweep results as a star: what many rows share (the percentiles of a load, the price of an offer) stands once in a table,
 * and a row has a key into each. A table without keys has one entry per row. Numbers are Float64Array (NaN = no value; null
 * wherever a document is made), texts codes into a dictionary. Typed arrays travel between threads without being copied.
 */
export interface ColumnBatch {
  rows: number;
  /** All columns in export order; each is a product, a joined text, or, where it is neither, a column of one table. */
  order: string[];
  tables: BatchTable[];
  /** Numbers that are the product of columns of tables, from left to right, at ten digits: what a deployment costs at an offer. */
  products: Record<string, Factors>;
  /** Texts that are two columns of tables, one after the other; none where either is missing. */
  joined: Record<string, ColumnPair>;
}

export type ColumnPair = [first: string, second: string];

export type Factors = [first: string, second: string, ...more: string[]];

export type Keys = Uint8Array | Uint16Array | Uint32Array;

export interface BatchTable {
  entries: number;
  /** Entry of each row; null = row r has entry r. */
  keys: Keys | null;
  numbers: Record<string, Float64Array>;
  texts: Record<string, TextColumn>;
}

export interface TextColumn {
  /** Index into `dictionary` per entry; NO_TEXT = no value. */
  codes: Uint32Array;
  dictionary: string[];
}

export const NO_TEXT = 0xffffffff;

type Row = number;

/** A batch whose columns each have a value of their own in every row. */
export const plainBatch = (
  rows: number,
  order: string[],
  numbers: BatchTable['numbers'],
  texts: BatchTable['texts'],
): ColumnBatch => ({
  rows,
  order,
  tables: [{ entries: rows, keys: null, numbers, texts }],
  products: {},
  joined: {},
});

/** The buffers to hand to `transfer`, each once. */
export function transferables({ tables }: ColumnBatch): ArrayBuffer[] {
  const arrays = tables.flatMap(({ keys, numbers, texts }) => [
    ...(keys ? [keys] : []),
    ...Object.values(numbers),
    ...Object.values(texts).map(({ codes }) => codes),
  ]);
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
}

/** Whether a batch has a column, shown or only for a product. */
export const hasColumn = (batch: ColumnBatch, name: string): boolean =>
  name in batch.products || name in batch.joined || tableWith(batch, name) !== null;

const tableWith = ({ tables }: ColumnBatch, name: string): BatchTable | null =>
  tables.find(({ numbers, texts }) => name in numbers || name in texts) ?? null;

/** Reads a column of numbers row by row; NaN where there is no value, no such column, or a text. */
export function numbersOf(batch: ColumnBatch, name: string): (row: Row) => number {
  const product = batch.products[name];
  if (product) {
    const [one, other, ...more] = product.map((factor) => tableNumbers(batch, factor) ?? noNumber);
    if (!one || !other) return noNumber;
    if (more.length === 0) return (row) => rounded(one(row) * other(row));
    return (row) => rounded(more.reduce((value, factor) => value * factor(row), one(row) * other(row)));
  }
  return tableNumbers(batch, name) ?? noNumber;
}

const noNumber = (): number => Number.NaN;

function tableNumbers(batch: ColumnBatch, name: string): ((row: Row) => number) | null {
  for (const { keys, numbers } of batch.tables) {
    const values = numbers[name];
    if (!values) continue;
    return keys ? (row) => values[keys[row] as number] ?? Number.NaN : (row) => values[row] ?? Number.NaN;
  }
  return null;
}

/** Reads a column of texts row by row; null where there is no value, no such column, or a number. */
export function textsOf(batch: ColumnBatch, name: string): (row: Row) => string | null {
  const pair = batch.joined[name];
  if (!pair) return tableTexts(batch, name);
  const [one, other] = pair.map((part) => tableTexts(batch, part));
  return (row) => {
    const [before, after] = [one?.(row) ?? null, other?.(row) ?? null];
    return before === null || after === null ? null : before + after;
  };
}

function tableTexts(batch: ColumnBatch, name: string): (row: Row) => string | null {
  for (const { keys, texts } of batch.tables) {
    const column = texts[name];
    if (!column) continue;
    const { codes, dictionary } = column;
    return (row) => dictionary[codes[keys ? (keys[row] as number) : row] ?? NO_TEXT] ?? null;
  }
  return () => null;
}

export const isNumberColumn = (batch: ColumnBatch, name: string): boolean =>
  name in batch.products || batch.tables.some(({ numbers }) => name in numbers);

/** Reads a column row by row: number, text or null. */
export function cellsOf(batch: ColumnBatch, name: string): (row: Row) => number | string | null {
  if (!isNumberColumn(batch, name)) return textsOf(batch, name);
  const numbers = numbersOf(batch, name);
  return (row) => {
    const value = numbers(row);
    return Number.isNaN(value) ? null : value;
  };
}

/** The value of one cell. For many of them `cellsOf` finds the column once. */
export const cell = (batch: ColumnBatch, column: string, row: Row): number | string | null =>
  cellsOf(batch, column)(row);

/** A column of numbers with one value per row. */
export function numberColumn(batch: ColumnBatch, name: string): Float64Array {
  const read = numbersOf(batch, name);
  const values = new Float64Array(batch.rows);
  for (let row = 0; row < batch.rows; row += 1) values[row] = read(row);
  return values;
}

/** Some rows of a batch, in the order given; they share its tables. */
export const pickedRows = (batch: ColumnBatch, rows: readonly Row[]): ColumnBatch => ({
  ...batch,
  rows: rows.length,
  tables: batch.tables.map((table) => ({
    ...table,
    keys: Uint32Array.from(rows, (row) => (table.keys ? (table.keys[row] as number) : row)),
  })),
});

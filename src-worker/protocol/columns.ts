/**
 * Sweep results in columns: numbers as Float64Array (NaN = no value; turned into null wherever a document is made), texts
 * as codes into a dictionary. Typed arrays travel between threads without being copied.
 */
export interface TextColumn {
  /** Index into `dictionary` per row; 0xffffffff = no value. */
  codes: Uint32Array;
  dictionary: string[];
}

export interface ColumnBatch {
  rows: number;
  /** All columns in export order; each name is a key of `numbers` or of `texts`. */
  order: string[];
  numbers: Record<string, Float64Array>;
  texts: Record<string, TextColumn>;
}

export const NO_TEXT = 0xffffffff;

/** The buffers to hand to `transfer`. */
export function transferables(batch: ColumnBatch): ArrayBuffer[] {
  const numbers = Object.values(batch.numbers).map((column) => column.buffer as ArrayBuffer);
  const texts = Object.values(batch.texts).map((column) => column.codes.buffer as ArrayBuffer);
  return [...numbers, ...texts];
}

/** The value of one cell: number, text or null. */
export function cell(batch: ColumnBatch, column: string, row: number): number | string | null {
  const numbers = batch.numbers[column];
  if (numbers) {
    const value = numbers[row];
    return value === undefined || Number.isNaN(value) ? null : value;
  }
  const texts = batch.texts[column];
  const code = texts?.codes[row];
  return code === undefined || code === NO_TEXT ? null : (texts?.dictionary[code] ?? null);
}

/** Some rows of a batch, in the order given. */
export function pickedRows(batch: ColumnBatch, rows: readonly number[]): ColumnBatch {
  const numbers: ColumnBatch['numbers'] = {};
  for (const [name, values] of Object.entries(batch.numbers)) {
    numbers[name] = Float64Array.from(rows, (row) => values[row] ?? Number.NaN);
  }
  const texts: ColumnBatch['texts'] = {};
  for (const [name, { codes, dictionary }] of Object.entries(batch.texts)) {
    texts[name] = { codes: Uint32Array.from(rows, (row) => codes[row] ?? NO_TEXT), dictionary };
  }
  return { rows: rows.length, order: batch.order, numbers, texts };
}

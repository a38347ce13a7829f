import {
  cellsOf,
  NO_TEXT,
  plainBatch,
  type BatchTable,
  type ColumnBatch,
  type TextColumn,
} from '../protocol/columns.ts';
import type { SweepColumn } from '../protocol/sweep-columns.ts';

export type CellValue = number | string | boolean | null;

export interface ColumnBuilder {
  /** Appends a row; `read` is asked once for every column, in order, by its name and its place. */
  add(read: (column: string, index: number) => CellValue): void;
  /** Rows so far. */
  rows(): number;
  /** The rows so far, in arrays of exactly their length: they can be transferred. */
  build(): ColumnBatch;
  /** The same as the entries of a table. */
  columns(): Pick<BatchTable, 'numbers' | 'texts'>;
  /** Some of the rows, in the order given; dictionaries hold what these say alone. */
  picked(rows: readonly number[]): Pick<BatchTable, 'numbers' | 'texts'>;
}

const FIRST_CAPACITY = 256;

interface NumberStore {
  name: string;
  values: Float64Array;
}

interface TextStore {
  name: string;
  codes: Uint32Array;
  codeOf: Map<string, number>;
  /** By code. */
  texts: string[];
}

/** Collects rows into columns whose arrays double as they fill. Texts are numbered in the order they first appear. */
export function columnBuilder(columns: readonly SweepColumn[]): ColumnBuilder {
  let rows = 0;
  let capacity = FIRST_CAPACITY;
  const stores = columns.map(({ name, type }): NumberStore | TextStore =>
    type === 'number'
      ? { name, values: new Float64Array(capacity) }
      : { name, codes: new Uint32Array(capacity), codeOf: new Map(), texts: [] },
  );

  const grow = () => {
    capacity *= 2;
    for (const store of stores) {
      if ('values' in store) store.values = enlarged(store.values, new Float64Array(capacity));
      else store.codes = enlarged(store.codes, new Uint32Array(capacity));
    }
  };

  const columnsSoFar = (): Pick<BatchTable, 'numbers' | 'texts'> => {
    const numbers: BatchTable['numbers'] = {};
    const texts: BatchTable['texts'] = {};
    for (const store of stores) {
      if ('values' in store) numbers[store.name] = store.values.slice(0, rows);
      else texts[store.name] = textColumn(store, rows);
    }
    return { numbers, texts };
  };

  return {
    add(read) {
      if (rows === capacity) grow();
      for (let index = 0; index < stores.length; index += 1) {
        const store = stores[index] as NumberStore | TextStore;
        const value = read(store.name, index);
        if ('values' in store) store.values[rows] = numberOf(value, store.name);
        else store.codes[rows] = codeOf(store, value);
      }
      rows += 1;
    },
    rows: () => rows,
    build() {
      const { numbers, texts } = columnsSoFar();
      const order = columns.map(({ name }) => name);
      return plainBatch(rows, order, numbers, texts);
    },
    columns: columnsSoFar,
    picked(chosen) {
      const numbers: BatchTable['numbers'] = {};
      const texts: BatchTable['texts'] = {};
      for (const store of stores) {
        if ('values' in store) {
          const { values } = store;
          const picked = new Float64Array(chosen.length);
          for (let index = 0; index < chosen.length; index += 1)
            picked[index] = values[chosen[index] as number] as number;
          numbers[store.name] = picked;
        } else texts[store.name] = pickedTexts(store, chosen);
      }
      return { numbers, texts };
    },
  };
}

function pickedTexts({ codes, texts }: TextStore, chosen: readonly number[]): TextColumn {
  const dictionary: string[] = [];
  const picked = new Uint32Array(chosen.length);
  const renumbered = new Uint32Array(texts.length).fill(NO_TEXT);
  for (let index = 0; index < chosen.length; index += 1) {
    const code = codes[chosen[index] as number] as number;
    if (code !== NO_TEXT && renumbered[code] === NO_TEXT) renumbered[code] = dictionary.push(texts[code] as string) - 1;
    picked[index] = code === NO_TEXT ? NO_TEXT : (renumbered[code] as number);
  }
  return { codes: picked, dictionary };
}

/**
 * One batch out of several, rows in the order given. The result depends on the rows alone, not on how they were cut:
 * dictionaries are numbered anew in the order of first appearance.
 */
export function joinBatches(batches: readonly ColumnBatch[], columns: readonly SweepColumn[]): ColumnBatch {
  const builder = columnBuilder(columns);
  for (const batch of batches) {
    const read = new Map(columns.map(({ name }) => [name, cellsOf(batch, name)]));
    for (let row = 0; row < batch.rows; row += 1) builder.add((column) => read.get(column)?.(row) ?? null);
  }
  return builder.build();
}

function enlarged<Values extends Float64Array | Uint32Array>(from: Values, to: Values): Values {
  to.set(from);
  return to;
}

/** A number that does not exist or is not finite has no value: NaN, which documents show as null. */
function numberOf(value: CellValue, column: string): number {
  if (typeof value === 'string') throw new TypeError(`Column ${column} holds numbers, got "${value}".`);
  if (value === null) return Number.NaN;
  const number = Number(value);
  return Number.isFinite(number) ? number : Number.NaN;
}

function codeOf(store: TextStore, value: CellValue): number {
  if (value === null) return NO_TEXT;
  if (typeof value !== 'string') throw new TypeError(`Column ${store.name} holds texts, got ${value}.`);
  const known = store.codeOf.get(value);
  if (known !== undefined) return known;
  const code = store.texts.push(value) - 1;
  store.codeOf.set(value, code);
  return code;
}

const textColumn = (store: TextStore, rows: number): TextColumn => ({
  codes: store.codes.slice(0, rows),
  dictionary: store.texts.slice(),
});

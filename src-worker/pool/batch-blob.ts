import { z } from 'zod';
import { NO_TEXT, type BatchTable, type ColumnBatch, type Keys } from '../protocol/columns.ts';

/**
 * One batch of a sweep as it lies in SQLite: a description (JSON) and one blob of typed arrays, little-endian, each starting
 * at a multiple of eight bytes. The star of protocol/columns.ts as it is: the entries of every table as float64 and codes of 32
 * bits, and the key of each row in as few bytes as tell the entries apart. Lossless to the bit, except that every NaN comes back
 * as the one NaN that means "no value".
 */
const count = z
  .number()
  .int()
  .min(0)
  .max(2 ** 40);
/** Smallest and largest number of the column in the batch; null where it has none. A row may lie inside them, never outside. */
const bounds = z.tuple([z.number(), z.number()]).nullable();
/** By hand: a large sweep has a million of them, which a schema for each would take seconds over. */
const texts = z.custom<string[]>(
  (given) => Array.isArray(given) && given.every((text) => typeof text === 'string'),
  'must be a list of texts',
);
const pair = z.tuple([z.string(), z.string()]);
const factors = z.tuple([z.string(), z.string()], z.string());

const keysSchema = z.strictObject({ offset: count, bytes: z.literal([1, 2, 4]) });
const tableSchema = z.strictObject({
  entries: count,
  /** null = row r has entry r. */
  keys: keysSchema.nullable(),
  numbers: z.record(z.string(), z.strictObject({ offset: count, bounds })),
  texts: z.record(z.string(), z.strictObject({ offset: count, dictionary: texts })),
});

export const batchColumnsSchema = z.strictObject({
  order: z.array(z.string()),
  tables: z.array(tableSchema),
  products: z.record(z.string(), factors),
  joined: z.record(z.string(), pair),
});
export type BatchColumns = z.output<typeof batchColumnsSchema>;
type Bounds = z.output<typeof bounds>;

const ALIGNMENT = 8;

/** Packs a batch. Throws RangeError when a column has not one value per entry or a table not one key per row. */
export function packBatch(batch: ColumnBatch): { columns: BatchColumns; data: Buffer } {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const append = (array: Float64Array | Keys): number => {
    const start = offset;
    parts.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    const padding = (ALIGNMENT - (array.byteLength % ALIGNMENT)) % ALIGNMENT;
    if (padding > 0) parts.push(new Uint8Array(padding));
    offset = start + array.byteLength + padding;
    return start;
  };
  const tables = batch.tables.map(({ entries, keys, numbers, texts }): z.output<typeof tableSchema> => {
    checkLength('keys', keys?.length ?? entries, batch.rows);
    return {
      entries,
      keys: keys && { offset: append(keys), bytes: keys.BYTES_PER_ELEMENT as 1 | 2 | 4 },
      numbers: Object.fromEntries(
        Object.entries(numbers).map(([name, values]) => {
          checkLength(name, values.length, entries);
          return [name, { offset: append(values), bounds: boundsOf(values) }];
        }),
      ),
      texts: Object.fromEntries(
        Object.entries(texts).map(([name, { codes, dictionary }]) => {
          checkLength(name, codes.length, entries);
          return [name, { offset: append(codes), dictionary }];
        }),
      ),
    };
  });
  const { order, products, joined } = batch;
  return { columns: { order, tables, products, joined }, data: Buffer.concat(parts, offset) };
}

/**
 * Unpacks a batch; its arrays are views of one copy of the blob. Throws RangeError when description and blob do not belong
 * together; the caller reports the batch as unreadable.
 */
export function unpackBatch(
  { order, tables, products, joined }: BatchColumns,
  data: Uint8Array,
  rows: number,
): ColumnBatch {
  // SQLite hands the blob over at any address; typed arrays want an aligned one.
  const blob = new ArrayBuffer(data.length);
  new Uint8Array(blob).set(data);
  const room = (what: string, offset: number, bytes: number): void => {
    if (offset + bytes <= blob.byteLength) return;
    throw new RangeError(`${what} needs ${offset + bytes} bytes, the batch holds ${blob.byteLength}`);
  };
  return {
    rows,
    order,
    products,
    joined,
    tables: tables.map(({ entries, keys, numbers, texts }, index): BatchTable => {
      if (!keys) checkLength(`table ${index}`, entries, rows);
      if (keys) room(`table ${index}`, keys.offset, rows * keys.bytes);
      const read = keys && new KEY_ARRAYS[keys.bytes](blob, keys.offset, rows);
      if (read) checkBelow(`table ${index}`, read, entries);
      return {
        entries,
        keys: read,
        numbers: Object.fromEntries(
          Object.entries(numbers).map(([name, { offset }]) => {
            room(`column ${name}`, offset, entries * Float64Array.BYTES_PER_ELEMENT);
            return [name, new Float64Array(blob, offset, entries)];
          }),
        ),
        texts: Object.fromEntries(
          Object.entries(texts).map(([name, { offset, dictionary }]) => {
            room(`column ${name}`, offset, entries * Uint32Array.BYTES_PER_ELEMENT);
            const codes = new Uint32Array(blob, offset, entries);
            checkCodes(name, codes, dictionary.length);
            return [name, { codes, dictionary }];
          }),
        ),
      };
    }),
  };
}

const KEY_ARRAYS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array } as const;

/**
 * Between what two numbers a column lies in a batch, without its rows; null where it has no number at all. For a product the
 * ends are those of its factors' ends, which need not come together in a row.
 */
export function boundsIn({ tables, products }: Pick<BatchColumns, 'tables' | 'products'>, name: string): Bounds {
  const product = products[name];
  if (!product)
    return tables.map(({ numbers }) => numbers[name]?.bounds ?? null).find((found) => found !== null) ?? null;
  let ends = [1];
  for (const factor of product) {
    const bounds = boundsIn({ tables, products: {} }, factor);
    if (!bounds) return null;
    ends = ends.flatMap((end) => bounds.map((factorEnd) => end * factorEnd));
  }
  const [min, max] = [Math.min(...ends), Math.max(...ends)];
  // Away from each other, whatever their signs.
  return [min - Math.abs(min) * ROUNDING, max + Math.abs(max) * ROUNDING];
}

/** A product is read at ten digits, which moves it by half a unit of the tenth at most. */
const ROUNDING = 1e-9;

function boundsOf(values: Float64Array): Bounds {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  // By index: an iterator makes an object of every number.
  for (let entry = 0; entry < values.length; entry += 1) {
    const value = values[entry] as number;
    // NaN compares false both ways and so drops out by itself.
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return Number.isFinite(min) && Number.isFinite(max) ? [min, max] : null;
}

function checkBelow(what: string, keys: Keys, entries: number): void {
  // A loop, because a callback per row is most of the time of reading a large run.
  for (let row = 0; row < keys.length; row += 1) {
    const key = keys[row] as number;
    if (key >= entries) throw new RangeError(`${what} has a row with entry ${key} of ${entries}`);
  }
}

function checkCodes(name: string, codes: Uint32Array, dictionary: number): void {
  for (const code of codes) {
    if (code < dictionary || code === NO_TEXT) continue;
    throw new RangeError(`column ${name} refers to text ${code} of ${dictionary}`);
  }
}

function checkLength(name: string, length: number, expected: number): void {
  if (length !== expected) throw new RangeError(`${name} has ${length} values for ${expected}`);
}

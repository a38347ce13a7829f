import { z } from 'zod';
import { NO_TEXT, type ColumnBatch } from '../../src-worker/protocol/columns.ts';

/**
 * One batch of a sweep as it lies in SQLite: a description (JSON) and one blob of typed arrays, little-endian, each
 * column starting at a multiple of eight bytes. Sweeps repeat themselves (a plan's memory is the same at every load), so
 * a column with few distinct values is kept as those values and one small code per row; the rest as plain float64.
 * Lossless to the bit, except that every NaN comes back as the one NaN that means "no value".
 */
const BITS = [0, 8, 16, 32] as const;
/** Bits of one code; 0 = one value for all rows, nothing stored per row. */
type CodeBits = (typeof BITS)[number];

const count = z
  .number()
  .int()
  .min(0)
  .max(2 ** 40);
const codeBits = z.literal([...BITS]);
const numberColumn = z.strictObject({
  offset: count,
  /** null = one float64 per row; otherwise that many distinct float64, then the codes. */
  distinct: count.nullable(),
  bits: codeBits,
  /** Over the rows that have a value; null when none has. */
  min: z.number().nullable(),
  max: z.number().nullable(),
});
const textColumn = z.strictObject({ offset: count, bits: codeBits, dictionary: z.array(z.string()) });

export const chunkColumnsSchema = z.strictObject({
  order: z.array(z.string()),
  numbers: z.record(z.string(), numberColumn),
  texts: z.record(z.string(), textColumn),
});
export type ChunkColumns = z.output<typeof chunkColumnsSchema>;

export const BYTES_PER_NUMBER = 8;
/** More distinct values than sixteen bits can tell apart (one code is "no value") are not worth a dictionary. */
const MAX_DISTINCT = 2 ** 16 - 1;

/** Packs a batch. Throws RangeError when a column has not one entry per row. */
export function packBatch(batch: ColumnBatch): { columns: ChunkColumns; data: Buffer } {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const append = (...arrays: (Float64Array | CodeArray)[]): number => {
    const start = offset;
    for (const array of arrays) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      parts.push(bytes);
      offset += bytes.length;
    }
    const padding = (BYTES_PER_NUMBER - (offset % BYTES_PER_NUMBER)) % BYTES_PER_NUMBER;
    parts.push(new Uint8Array(padding));
    offset += padding;
    return start;
  };

  const numbers: ChunkColumns['numbers'] = {};
  for (const [name, values] of Object.entries(batch.numbers)) {
    checkLength(name, values.length, batch.rows);
    const { min, max } = range(values);
    const coded = codeNumbers(values);
    if (coded) {
      const bits = bitsFor(coded.distinct.length, false);
      const start = append(coded.distinct, packCodes(coded.codes, bits));
      numbers[name] = { offset: start, distinct: coded.distinct.length, bits, min, max };
    } else {
      numbers[name] = { offset: append(values), distinct: null, bits: 0, min, max };
    }
  }

  const texts: ChunkColumns['texts'] = {};
  for (const [name, { codes, dictionary }] of Object.entries(batch.texts)) {
    checkLength(name, codes.length, batch.rows);
    const bits = bitsFor(dictionary.length, codes.includes(NO_TEXT));
    texts[name] = { offset: append(packCodes(codes, bits)), bits, dictionary };
  }
  return { columns: { order: batch.order, numbers, texts }, data: Buffer.concat(parts, offset) };
}

/**
 * Unpacks a batch, or only `names` of it. Throws RangeError when description and blob do not belong together; the caller
 * reports the chunk as unreadable.
 */
export function unpackBatch(
  columns: ChunkColumns,
  data: Uint8Array,
  rows: number,
  names?: readonly string[],
): ColumnBatch {
  const wanted = (name: string) => !names || names.includes(name);
  const numbers: ColumnBatch['numbers'] = {};
  for (const [name, column] of Object.entries(columns.numbers)) {
    if (wanted(name)) numbers[name] = unpackNumbers(name, column, data, rows);
  }
  const texts: ColumnBatch['texts'] = {};
  for (const [name, { offset, bits, dictionary }] of Object.entries(columns.texts)) {
    if (!wanted(name)) continue;
    const codes = unpackCodes(name, data, offset, rows, bits);
    checkCodes(name, codes, dictionary.length, true);
    texts[name] = { codes, dictionary };
  }
  return { rows, order: columns.order.filter(wanted), numbers, texts };
}

function unpackNumbers(
  name: string,
  column: z.output<typeof numberColumn>,
  data: Uint8Array,
  rows: number,
): Float64Array {
  if (column.distinct === null) return new Float64Array(copyBytes(name, data, column.offset, rows * BYTES_PER_NUMBER));
  const distinctBytes = column.distinct * BYTES_PER_NUMBER;
  const distinct = new Float64Array(copyBytes(name, data, column.offset, distinctBytes));
  const codes = unpackCodes(name, data, column.offset + distinctBytes, rows, column.bits);
  checkCodes(name, codes, distinct.length, false);
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) values[row] = distinct[codes[row] as number] as number;
  return values;
}

type CodeArray = Uint8Array | Uint16Array | Uint32Array;

/** Distinct values in order of appearance and a code per row; null when a dictionary would not pay. */
function codeNumbers(values: Float64Array): { distinct: Float64Array; codes: Uint32Array } | null {
  const limit = Math.min(MAX_DISTINCT, Math.ceil(values.length / 4));
  const codeOf = new Map<number, number>();
  const distinct: number[] = [];
  const codes = new Uint32Array(values.length);
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] as number;
    let code = codeOf.get(value);
    if (code === undefined) {
      if (distinct.length === limit) return null;
      code = distinct.push(value) - 1;
      codeOf.set(value, code);
    } else if (value === 0 && !Object.is(distinct[code], value)) {
      // A Map holds 0 and -0 to be equal, the bits are not: keep such a column as it is.
      return null;
    }
    codes[row] = code;
  }
  return { distinct: Float64Array.from(distinct), codes };
}

function bitsFor(distinct: number, hasMissing: boolean): CodeBits {
  if (distinct <= 1 && !hasMissing) return 0;
  // The highest code of each width means "no value".
  if (distinct < 2 ** 8) return 8;
  return distinct < 2 ** 16 ? 16 : 32;
}

function packCodes(codes: Uint32Array, bits: CodeBits): CodeArray {
  // NO_TEXT is all ones, and stays all ones when cut to fewer bits.
  if (bits === 0) return new Uint8Array(0);
  if (bits === 8) return new Uint8Array(codes);
  return bits === 16 ? new Uint16Array(codes) : codes;
}

function unpackCodes(name: string, data: Uint8Array, offset: number, rows: number, bits: CodeBits): Uint32Array {
  if (bits === 0) return new Uint32Array(rows);
  const bytes = copyBytes(name, data, offset, (rows * bits) / 8);
  if (bits === 32) return new Uint32Array(bytes);
  const codes = new Uint32Array(bits === 8 ? new Uint8Array(bytes) : new Uint16Array(bytes));
  const none = 2 ** bits - 1;
  for (let row = 0; row < rows; row += 1) if (codes[row] === none) codes[row] = NO_TEXT;
  return codes;
}

/** An own, aligned copy of a part of the blob: SQLite hands the blob over at any address. */
function copyBytes(name: string, data: Uint8Array, offset: number, length: number): ArrayBuffer {
  if (offset + length > data.length) {
    throw new RangeError(`column ${name} needs ${offset + length} bytes, the chunk holds ${data.length}`);
  }
  const copy = new ArrayBuffer(length);
  new Uint8Array(copy).set(data.subarray(offset, offset + length));
  return copy;
}

function checkCodes(name: string, codes: Uint32Array, entries: number, mayBeMissing: boolean): void {
  // A loop, because a callback per row is most of the time of reading a large run.
  for (let row = 0; row < codes.length; row += 1) {
    const code = codes[row] as number;
    if (code < entries || (mayBeMissing && code === NO_TEXT)) continue;
    throw new RangeError(`column ${name} refers to value ${code} of ${entries}`);
  }
}

function checkLength(name: string, length: number, rows: number): void {
  if (length !== rows) throw new RangeError(`column ${name} has ${length} entries for ${rows} rows`);
}

function range(values: Float64Array): { min: number | null; max: number | null } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    // NaN compares false both ways and so drops out by itself.
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min: Number.isFinite(min) ? min : null, max: Number.isFinite(max) ? max : null };
}

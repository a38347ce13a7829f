import { z } from 'zod';
import { NO_TEXT, plainBatch, type BatchTable, type ColumnBatch } from '../../src-worker/protocol/columns.ts';

/**
 * A batch as databases up to version 7 hold it, which are still read: a description (JSON) and one blob of typed arrays,
 * little-endian. A column with few distinct values is kept as those values and one small code per row; the rest as plain float64.
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

export const flatColumnsSchema = z.strictObject({
  order: z.array(z.string()),
  numbers: z.record(z.string(), numberColumn),
  texts: z.record(z.string(), textColumn),
});
export type FlatColumns = z.output<typeof flatColumnsSchema>;

const BYTES_PER_NUMBER = 8;
/** Unpacks a batch. Throws RangeError when description and blob do not belong together; the caller reports it as unreadable. */
export function unpackFlat(columns: FlatColumns, data: Uint8Array, rows: number): ColumnBatch {
  const numbers: BatchTable['numbers'] = {};
  for (const [name, column] of Object.entries(columns.numbers)) {
    numbers[name] = unpackNumbers(name, column, data, rows);
  }
  const texts: BatchTable['texts'] = {};
  for (const [name, { offset, bits, dictionary }] of Object.entries(columns.texts)) {
    const codes = unpackCodes(name, data, offset, rows, bits);
    checkCodes(name, codes, dictionary.length, true);
    texts[name] = { codes, dictionary };
  }
  return plainBatch(rows, columns.order, numbers, texts);
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

import { NO_TEXT, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { BYTES_PER_NUMBER, type ChunkColumns } from './column-blob.ts';

/**
 * A few rows of a packed batch, without unpacking the rest: a window shows one row of a point, a batch holds hundreds.
 * Throws RangeError when description and blob do not belong together.
 */
export function unpackRows(
  columns: ChunkColumns,
  data: Uint8Array,
  rows: number,
  chosen: readonly number[],
): ColumnBatch {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const numbers: ColumnBatch['numbers'] = {};
  for (const [name, { offset, distinct, bits }] of Object.entries(columns.numbers)) {
    const entries = distinct ?? rows;
    const codesOffset = offset + entries * BYTES_PER_NUMBER;
    checkRoom(name, view, codesOffset + (distinct === null ? 0 : (rows * bits) / 8));
    numbers[name] = Float64Array.from(chosen, (row) => {
      const entry = distinct === null ? row : codeAt(view, codesOffset, bits, row);
      checkEntry(name, entry, entries);
      return view.getFloat64(offset + entry * BYTES_PER_NUMBER, true);
    });
  }
  const texts: ColumnBatch['texts'] = {};
  for (const [name, { offset, bits, dictionary }] of Object.entries(columns.texts)) {
    checkRoom(name, view, offset + (rows * bits) / 8);
    const codes = Uint32Array.from(chosen, (row) => {
      const code = codeAt(view, offset, bits, row);
      if (code === NO_TEXT) return NO_TEXT;
      checkEntry(name, code, dictionary.length);
      return code;
    });
    texts[name] = { codes, dictionary };
  }
  return { rows: chosen.length, order: columns.order, numbers, texts };
}

/** A code of so many bits; the highest of each width means "no value". */
function codeAt(view: DataView, offset: number, bits: 0 | 8 | 16 | 32, row: number): number {
  if (bits === 0) return 0;
  if (bits === 8) {
    const code = view.getUint8(offset + row);
    return code === 2 ** 8 - 1 ? NO_TEXT : code;
  }
  if (bits === 16) {
    const code = view.getUint16(offset + row * 2, true);
    return code === 2 ** 16 - 1 ? NO_TEXT : code;
  }
  return view.getUint32(offset + row * 4, true);
}

function checkRoom(name: string, view: DataView, bytes: number): void {
  if (bytes > view.byteLength)
    throw new RangeError(`column ${name} needs ${bytes} bytes, the chunk holds ${view.byteLength}`);
}

function checkEntry(name: string, entry: number, entries: number): void {
  if (entry >= entries) throw new RangeError(`column ${name} refers to value ${entry} of ${entries}`);
}

import { expect, test } from 'vitest';
import { NO_TEXT, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { chunkColumnsSchema, packBatch, unpackBatch } from '../../src-main/store/column-blob.ts';

/** Through JSON and an odd address, as through the database. */
function roundTrip(batch: ColumnBatch, names?: readonly string[]): ColumnBatch {
  const { columns, data } = packBatch(batch);
  const shifted = new Uint8Array(data.length + 3);
  shifted.set(data, 3);
  return unpackBatch(
    chunkColumnsSchema.parse(JSON.parse(JSON.stringify(columns))),
    shifted.subarray(3),
    batch.rows,
    names,
  );
}

const numbersOnly = (values: Float64Array): ColumnBatch => ({
  rows: values.length,
  order: ['value'],
  numbers: { value: values },
  texts: {},
});
const textsOnly = (codes: Uint32Array, dictionary: string[]): ColumnBatch => ({
  rows: codes.length,
  order: ['text'],
  numbers: {},
  texts: { text: { codes, dictionary } },
});
const bytes = (values: Float64Array | undefined) => Buffer.from(values?.buffer ?? new ArrayBuffer(0));
const sequence = (length: number, value: (row: number) => number) =>
  Float64Array.from({ length }, (_, row) => value(row));

test.each<[string, Float64Array]>([
  ['no rows', new Float64Array(0)],
  ['one row', Float64Array.of(1.5)],
  ['one value for all rows', sequence(1000, () => 0.1)],
  ['no value at all', sequence(1000, () => Number.NaN)],
  ['255 distinct values', sequence(4000, (row) => (row % 255) / 7)],
  ['256 distinct values', sequence(4000, (row) => (row % 256) / 7)],
  ['values of which every one differs', sequence(1000, (row) => Math.sqrt(row))],
  ['70,000 distinct values', sequence(300_000, (row) => (row % 70_000) / 3)],
  ['zero and minus zero', sequence(100, (row) => (row % 2 === 0 ? 0 : -0))],
  ['the ends of the number line', sequence(100, (row) => [Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324][row % 3] ?? 0)],
])('numbers come back equal to the bit: %s', (_, values) => {
  expect(bytes(roundTrip(numbersOnly(values)).numbers['value']).equals(bytes(values))).toBe(true);
});

test.each<[string, number, boolean]>([
  ['one text for all rows', 1, false],
  ['one text or none', 1, true],
  ['255 texts', 255, true],
  ['256 texts', 256, true],
  ['70,000 texts', 70_000, true],
])('texts come back equal: %s', (_, entries, someMissing) => {
  const dictionary = Array.from({ length: entries }, (__, index) => `text ${index}`);
  const codes = Uint32Array.from({ length: 150_000 }, (__, row) =>
    someMissing && row % 7 === 0 ? NO_TEXT : row % entries,
  );
  const back = roundTrip(textsOnly(codes, dictionary)).texts['text'];
  expect(back?.dictionary).toEqual(dictionary);
  expect(back?.codes.every((code, row) => code === codes[row])).toBe(true);
});

test('a column nobody filled is a column of missing texts', () => {
  expect(roundTrip(textsOnly(Uint32Array.of(NO_TEXT, NO_TEXT), [])).texts['text']).toEqual({
    codes: Uint32Array.of(NO_TEXT, NO_TEXT),
    dictionary: [],
  });
});

test('only the columns asked for are unpacked, in export order', () => {
  const batch: ColumnBatch = {
    rows: 1,
    order: ['c', 'a', 'b'],
    numbers: { a: Float64Array.of(1), b: Float64Array.of(2) },
    texts: { c: { codes: Uint32Array.of(0), dictionary: ['x'] } },
  };
  const part = roundTrip(batch, ['b', 'c']);
  expect(part.order).toEqual(['c', 'b']);
  expect(part.numbers).toEqual({ b: Float64Array.of(2) });
  expect(Object.keys(part.texts)).toEqual(['c']);
});

test('smallest and largest value skip the rows without one', () => {
  const { columns } = packBatch(numbersOnly(Float64Array.of(Number.NaN, 7, -2, Number.NaN)));
  expect(columns.numbers['value']).toMatchObject({ min: -2, max: 7 });
  expect(packBatch(numbersOnly(Float64Array.of(Number.NaN))).columns.numbers['value']).toMatchObject({
    min: null,
    max: null,
  });
});

test('repeated values take one byte a row, one value for all rows takes none', () => {
  expect(packBatch(numbersOnly(sequence(8000, (row) => row % 100))).data.length).toBe(8000 + 100 * 8);
  expect(packBatch(numbersOnly(sequence(8000, () => 42))).data.length).toBe(8);
});

test('a description that does not belong to its blob is refused', () => {
  const { columns, data } = packBatch(numbersOnly(sequence(8000, (row) => row % 100)));
  expect(() => unpackBatch(columns, data.subarray(0, 500), 8000)).toThrow(RangeError);
  const stray = Buffer.from(data);
  stray[805] = 200;
  expect(() => unpackBatch(columns, stray, 8000)).toThrow(/refers to value 200 of 100/);
});

test('a column of another length than its batch is refused', () => {
  expect(() => packBatch({ ...numbersOnly(Float64Array.of(1, 2)), rows: 3 })).toThrow(/2 entries for 3 rows/);
});

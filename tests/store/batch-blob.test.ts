import { describe, expect, it, test } from 'vitest';
import { NO_TEXT, numbersOf, plainBatch, textsOf, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { batchColumnsSchema, boundsIn, packBatch, unpackBatch } from '../../src-worker/pool/batch-blob.ts';
import { keysOver, starBatch } from './star-sample.ts';

/** Through JSON and an odd address, as through the database. */
function roundTrip(batch: ColumnBatch): ColumnBatch {
  const { columns, data } = packBatch(batch);
  const shifted = new Uint8Array(data.length + 3);
  shifted.set(data, 3);
  return unpackBatch(batchColumnsSchema.parse(JSON.parse(JSON.stringify(columns))), shifted.subarray(3), batch.rows);
}

const numbersOnly = (values: Float64Array): ColumnBatch => plainBatch(values.length, ['value'], { value: values }, {});
const textsOnly = (codes: Uint32Array, dictionary: string[]): ColumnBatch =>
  plainBatch(codes.length, ['text'], {}, { text: { codes, dictionary } });
const bytes = (values: Float64Array | undefined) =>
  values ? Buffer.from(values.buffer, values.byteOffset, values.byteLength) : expect.fail('no such column');
const sequence = (length: number, value: (row: number) => number) =>
  Float64Array.from({ length }, (_, row) => value(row));

test.each<[string, Float64Array]>([
  ['no rows', new Float64Array(0)],
  ['one row', Float64Array.of(1.5)],
  ['one value for all rows', sequence(1000, () => 0.1)],
  ['no value at all', sequence(1000, () => Number.NaN)],
  ['255 distinct values', sequence(4000, (row) => (row % 255) / 7)],
  ['values of which every one differs', sequence(1000, (row) => Math.sqrt(row))],
  ['70,000 distinct values', sequence(300_000, (row) => (row % 70_000) / 3)],
  ['zero and minus zero', sequence(100, (row) => (row % 2 === 0 ? 0 : -0))],
  ['the ends of the number line', sequence(100, (row) => [Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324][row % 3] ?? 0)],
])('numbers come back equal to the bit: %s', (_, values) => {
  expect(bytes(roundTrip(numbersOnly(values)).tables[0]?.numbers['value']).equals(bytes(values))).toBe(true);
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
  const back = roundTrip(textsOnly(codes, dictionary)).tables[0]?.texts['text'];
  expect(back?.dictionary).toEqual(dictionary);
  expect(back?.codes.every((code, row) => code === codes[row])).toBe(true);
});

test('a column nobody filled is a column of missing texts', () => {
  expect(roundTrip(textsOnly(Uint32Array.of(NO_TEXT, NO_TEXT), [])).tables[0]?.texts['text']).toEqual({
    codes: Uint32Array.of(NO_TEXT, NO_TEXT),
    dictionary: [],
  });
});

describe('keys', () => {
  it.each<[number, number]>([
    [1, 1],
    [256, 1],
    [257, 2],
    [65_536, 2],
    [65_537, 4],
    [70_000, 4],
  ])('of %i entries come back in %i bytes each, and at odd lengths', (entries, width) => {
    for (const rows of [entries, entries + 1, entries + 3]) {
      const batch: ColumnBatch = {
        rows,
        order: ['value'],
        tables: [
          {
            entries,
            keys: keysOver(rows, entries),
            numbers: { value: sequence(entries, (entry) => entry / 3) },
            texts: {},
          },
        ],
        products: {},
        joined: {},
      };
      const back = roundTrip(batch);
      expect(back.tables[0]?.keys?.BYTES_PER_ELEMENT).toBe(width);
      expect(back.tables[0]?.keys?.constructor).toBe(batch.tables[0]?.keys?.constructor);
      expect(back.tables[0]?.keys?.every((key, row) => key === batch.tables[0]?.keys?.[row])).toBe(true);
      const [given, read] = [numbersOf(batch, 'value'), numbersOf(back, 'value')];
      for (let row = 0; row < rows; row += 1) if (read(row) !== given(row)) expect.fail(`row ${row} differs`);
    }
  });

  it('take their own bytes and no more than seven to the next column', () => {
    const { data } = packBatch(starBatch(1001));
    const keys = 1008 + 2 * 1001 + 6;
    const entries = 200 * (8 + 4) + 700 * (8 + 4) + 1001 * (8 + 8);
    expect(data.length).toBe(keys + entries);
  });
});

describe('a star', () => {
  it('comes back equal, with what its columns are made of', () => {
    for (const rows of [0, 1, 7, 5000]) expect(roundTrip(starBatch(rows))).toEqual(starBatch(rows));
  });

  it('gives the same products and joined texts row by row', () => {
    const batch = starBatch(3000);
    const back = roundTrip(batch);
    const usd = [numbersOf(batch, 'usd_per_hour'), numbersOf(back, 'usd_per_hour')] as const;
    const ids = [textsOf(batch, 'id'), textsOf(back, 'id')] as const;
    let missing = 0;
    for (let row = 0; row < batch.rows; row += 1) {
      expect(usd[1](row)).toBe(usd[0](row));
      expect(ids[1](row)).toBe(ids[0](row));
      const [price, instances] = [numbersOf(batch, 'price')(row), numbersOf(batch, 'instances')(row)];
      expect(usd[1](row)).toBe(Number((price * instances).toPrecision(10)));
      if (Number.isNaN(usd[1](row))) missing += 1;
    }
    expect(missing).toBeGreaterThan(0);
    expect(missing).toBeLessThan(batch.rows);
  });
});

describe('bounds', () => {
  it('skip the rows without a value', () => {
    const { columns } = packBatch(numbersOnly(Float64Array.of(Number.NaN, 7, -2, Number.NaN)));
    expect(boundsIn(columns, 'value')).toEqual([-2, 7]);
    expect(boundsIn(packBatch(numbersOnly(Float64Array.of(Number.NaN))).columns, 'value')).toBeNull();
    expect(boundsIn(columns, 'no such column')).toBeNull();
    expect(boundsIn(packBatch(textsOnly(Uint32Array.of(0), ['a'])).columns, 'text')).toBeNull();
  });

  it('of a batch as a sweep writes it enclose every value', () => {
    const batch = starBatch(4000);
    const { columns } = packBatch(batch);
    for (const name of ['point_id', 'price', 'instances', 'usd_per_hour', 'latency']) {
      const [min, max] = boundsIn(columns, name) ?? expect.fail(`${name} has no bounds`);
      const read = numbersOf(batch, name);
      for (let row = 0; row < batch.rows; row += 1) {
        const value = read(row);
        if (value < min || value > max) expect.fail(`${name}: ${value} is outside ${min}..${max}`);
      }
    }
  });

  const NUMBERS = [
    [3, 5, 8],
    [-3, 5],
    [-8, -3],
    [0, 4],
    [-4, 0],
    [Number.NaN, 2, -7],
    [1 / 3, Number.NaN],
    [-1 / 3, Math.PI],
    [123456.7890123, -0.000012345678901],
    [1e-300, 1e300],
  ];
  it.each(NUMBERS.flatMap((ones) => NUMBERS.map((others) => [ones, others])))(
    'of the product of %j and %j enclose every pair, as it is read',
    (ones, others) => {
      const rows = ones.length * others.length;
      const batch = plainBatch(
        rows,
        ['product'],
        {
          one: sequence(rows, (row) => ones[Math.floor(row / others.length)] ?? 0),
          other: sequence(rows, (row) => others[row % others.length] ?? 0),
        },
        {},
      );
      const made: ColumnBatch = { ...batch, products: { product: ['one', 'other'] } };
      const [min, max] = boundsIn(packBatch(made).columns, 'product') ?? expect.fail('no bounds');
      expect(min).toBeLessThanOrEqual(max);
      const read = numbersOf(made, 'product');
      let seen = 0;
      for (let row = 0; row < rows; row += 1) {
        const value = read(row);
        if (Number.isNaN(value)) continue;
        seen += 1;
        expect(value).toBeGreaterThanOrEqual(min);
        expect(value).toBeLessThanOrEqual(max);
      }
      expect(seen).toBeGreaterThan(0);
    },
  );

  it('of a product with a factor that has no value are none', () => {
    const batch = plainBatch(2, [], { one: Float64Array.of(1, 2), none: Float64Array.of(NaN, NaN) }, {});
    const products: ColumnBatch['products'] = { product: ['one', 'none'], odd: ['one', 'no such column'] };
    const { columns } = packBatch({ ...batch, products });
    expect(boundsIn(columns, 'product')).toBeNull();
    expect(boundsIn(columns, 'odd')).toBeNull();
  });
});

describe('what does not belong together is refused', () => {
  const { columns, data } = packBatch(starBatch(1000));
  const changed = (change: (copy: typeof columns) => void) => {
    const copy = structuredClone(columns);
    change(copy);
    return copy;
  };
  const table = (copy: typeof columns, index: number) => copy.tables[index] ?? expect.fail('no such table');

  it('a blob that is too short, at every place where it may end', () => {
    for (let length = 0; length < data.length - 7; length += 101) {
      expect(() => unpackBatch(columns, data.subarray(0, length), 1000)).toThrow(RangeError);
    }
  });

  it('a row with an entry that its table does not have', () => {
    const stray = Buffer.from(data);
    stray[5] = 200;
    expect(() => unpackBatch(columns, stray, 1000)).toThrow(/table 0 has a row with entry 200 of 200/);
    expect(() => unpackBatch(columns, stray, 1000)).toThrow(RangeError);
  });

  it('a text that its dictionary does not have', () => {
    const copy = changed((of) => {
      const { place } = table(of, 0).texts;
      place?.dictionary.pop();
    });
    expect(() => unpackBatch(copy, data, 1000)).toThrow(/column place refers to text 49 of 49/);
    expect(() => unpackBatch(copy, data, 1000)).toThrow(RangeError);
  });

  it('another number of rows than its tables have', () => {
    expect(() => unpackBatch(columns, data, 999)).toThrow(RangeError);
    expect(() => unpackBatch(columns, data, 1001)).toThrow(RangeError);
  });

  it.each<[string, (of: typeof columns) => void]>([
    ['more entries', (of) => (table(of, 1).entries = 2 ** 40)],
    ['keys beyond the blob', (of) => (table(of, 0).keys = { offset: data.length, bytes: 1 })],
    ['a column beyond the blob', (of) => (table(of, 0).numbers['price'] = { offset: data.length, bounds: null })],
    ['a column at an odd place', (of) => (table(of, 0).numbers['price'] = { offset: 4, bounds: null })],
    ['wide keys at an odd place', (of) => (table(of, 1).keys = { offset: 1009, bytes: 2 })],
  ])('%s', (_, change) => {
    expect(() => unpackBatch(changed(change), data, 1000)).toThrow(RangeError);
  });

  it('a description of another shape', () => {
    const odd = [
      { ...columns, more: 1 },
      { ...columns, tables: [{ ...columns.tables[0], entries: -1 }] },
      { ...columns, tables: [{ ...columns.tables[0], keys: { offset: 0, bytes: 3 } }] },
      { ...columns, products: { usd: ['price'] } },
    ];
    for (const one of odd) expect(batchColumnsSchema.safeParse(one).success).toBe(false);
  });

  it('a column of another length than its table, keys of another length than the batch', () => {
    expect(() => packBatch({ ...numbersOnly(Float64Array.of(1, 2)), rows: 3 })).toThrow(/2 values for 3/);
    const star = starBatch(10);
    expect(() => packBatch({ ...star, rows: 11 })).toThrow(RangeError);
    const [offers] = star.tables;
    if (!offers) expect.fail('no table');
    expect(() => packBatch({ ...star, tables: [{ ...offers, entries: 201 }] })).toThrow(/price has 200 values for 201/);
  });
});

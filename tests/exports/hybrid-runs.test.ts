import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { expect, test } from 'vitest';
import { bitsFor, hybridRuns, WIDEST_BITS } from '../../src-main/exports/parquet/hybrid-runs.ts';
import { randomFrom } from '../measurements/random.ts';

/** As another program reads them. */
function read(bytes: Uint8Array, count: number, bits: number): number[] {
  const output: number[] = new Array<number>(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  readRleBitPackedHybrid({ view, offset: 0 }, bits, output, bytes.length);
  return output;
}

test('the example of the format: 0 to 7 in three bits are one packed group', () => {
  const packed = hybridRuns(Uint32Array.from([0, 1, 2, 3, 4, 5, 6, 7]), 8, 3);
  expect([...packed]).toEqual([0b11, 0b10001000, 0b11000110, 0b11111010]);
});

test('a run has its length and its value in whole bytes', () => {
  expect([...hybridRuns(new Uint32Array(300).fill(0x1234), 300, 13)]).toEqual([0xd8, 0x04, 0x34, 0x12]);
  expect([...hybridRuns(new Uint8Array(1000), 1000, 0)]).toEqual([0xd0, 0x0f]);
});

test.each([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 2],
  [256, 8],
  [257, 9],
])('%s values take %s bits', (count, bits) => expect(bitsFor(count)).toBe(bits));

test('whatever runs and groups there are, a reader has the values back', () => {
  const random = randomFrom(5);
  for (let round = 0; round < 400; round += 1) {
    const bits = random.below(WIDEST_BITS + 1);
    const most = 2 ** bits;
    const values: number[] = [];
    const parts = random.below(30);
    for (let part = 0; part < parts; part += 1) {
      const length = random.of([1, 2, 7, 8, 9, 40, 64 * 8, 65 * 8 + 3]);
      const value = random.below(most);
      const isRun = random.next() < 0.5;
      for (let place = 0; place < length; place += 1) values.push(isRun ? value : random.below(most));
    }
    const spare = random.below(3);
    const bytes = hybridRuns(Uint32Array.from([...values, ...new Array<number>(spare).fill(0)]), values.length, bits);
    expect(read(bytes, values.length, bits).slice(0, values.length)).toEqual(values);
  }
});

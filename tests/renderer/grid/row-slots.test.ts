import { expect, test } from 'vitest';
import { RowSlots } from '../../../src-renderer/grid/row-slots.ts';

const keys = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `row ${from + i}`);

test('rows that stay keep their slot; those that come take the slots of those that left', () => {
  const slots = new RowSlots();
  expect(slots.assign(keys(0, 5))).toEqual([0, 1, 2, 3, 4]);
  // Rows 0 and 1 left.
  expect(slots.assign(keys(2, 7))).toEqual([2, 3, 4, 0, 1]);
});

test('whatever is scrolled to, every row has one slot and no slot lies beyond the number of rows', () => {
  const slots = new RowSlots();
  for (const [from, to] of [
    [0, 9],
    [40, 61],
    [55, 64],
    [3, 4],
    [0, 9],
  ] as const) {
    const assigned = slots.assign(keys(from, to));
    expect(assigned.toSorted((a, b) => a - b)).toEqual(Array.from({ length: to - from }, (_, slot) => slot));
  }
});

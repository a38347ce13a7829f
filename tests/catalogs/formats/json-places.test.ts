import { expect, test } from 'vitest';
import { linesOf } from '../../../src-main/catalogs/formats/json-places.ts';

const TEXT = `{
  "a": { "b": [1, "t\\"]{,", { "c": null }] },

  "d": [
    true,
    -1.5e3, [
      "x"
    ]
  ]
}`;

test.each([
  [[], 1],
  [['a'], 2],
  [['a', 'b', 2, 'c'], 2],
  [['d'], 4],
  [['d', 0], 5],
  [['d', 1], 6],
  [['d', 2], 6],
  [['d', 2, 0], 7],
  // What is not there is told by what is around it.
  [['d', 2, 9], 6],
  [['e', 'f'], 1],
])('%j is on line %i', (path, line) => {
  expect(linesOf(TEXT, [path])).toEqual([line]);
});

test('many at once, in the order they were asked', () => {
  expect(linesOf(TEXT, [['d', 0], ['a'], ['d', 0]])).toEqual([5, 2, 5]);
});

test('escapes in names count as what they mean', () => {
  expect(linesOf('{\n"\\u0061": 1 }', [['a']])).toEqual([2]);
});

import { describe, expect, test } from 'vitest';
import {
  expandAxis,
  parseAmount,
  parseNumber,
  parseUsersAxis,
  type AmountRules,
} from '../../../src-renderer/format/parse.ts';
import { expandNumberAxis } from '../../../src-worker/engine/sweep/axis.ts';
import { parseNumberAxis } from '../../../src-worker/engine/sweep/axis-text.ts';

const TOKENS: AmountRules = { label: 'Prompt', unit: 'tokens', min: 1, max: 1e7, isWhole: true, example: '250 or 8k' };

describe('numbers as people write them', () => {
  test.each([
    ['100', 100],
    ['8k', 8000],
    ['1.5k', 1500],
    ['4Ki', 4096],
    ['1e3', 1000],
    ['1,000', 1000],
    ['12,345,678.5', 12_345_678.5],
    ['50 %', 50],
    [' 2M ', 2e6],
    ['.5', 0.5],
  ])('%s is %d', (text, value) => expect(parseNumber(text)).toBe(value));

  test.each(['', 'abc', '1,00', '1..2', '8x', '--3', '1e999', '5 apples'])('%j is no number', (text) =>
    expect(parseNumber(text)).toBeNull(),
  );

  test('what was understood is shown when it is not what was typed', () => {
    expect(parseAmount('8k', TOKENS)).toEqual({ kind: 'value', value: 8000, understood: '= 8,000 tokens' });
    expect(parseAmount('250', TOKENS)).toEqual({ kind: 'value', value: 250, understood: null });
    expect(parseAmount('  ', TOKENS)).toEqual({ kind: 'empty' });
  });

  test.each(['abc', '0', '1.5', '1e9'])('%s is answered with what would work', (text) => {
    expect(parseAmount(text, TOKENS)).toEqual({
      kind: 'bad',
      sentence: 'Prompt takes whole numbers from 1 to 10,000,000 tokens, for example 250 or 8k.',
    });
  });
});

describe('users of a sweep', () => {
  test.each(['10,50,100', '10..1000:10', '1..1024*2', '25..3200/12log', '3..100*1.5', '1..10:4'])(
    '%s gives the values the planner will compute',
    (text) => {
      const reading = parseUsersAxis(text);
      if (!reading.ok) throw new Error(reading.sentence);
      expect(reading.values).toEqual(expandNumberAxis(parseNumberAxis(text)));
      expect(new Set(expandNumberAxis(reading.axis))).toEqual(new Set(reading.values));
    },
  );

  test('a single range stays a range, so that a stored run reads as it was written', () => {
    expect(parseUsersAxis('10..1000:10')).toMatchObject({ axis: { from: 10, to: 1000, step: 10 } });
    expect(expandAxis({ from: 1, to: 8, factor: 2 })).toEqual([1, 2, 4, 8]);
  });

  test('lists may hold ranges and short forms; repeats count once', () => {
    expect(parseUsersAxis('1k, 10..30:10, 20')).toMatchObject({ ok: true, values: [10, 20, 30, 1000] });
  });

  test.each(['', 'ten', '100..10:10', '10..100', '1..8*1', '0..10:5', '1.5, 2', '1..1e9:1', '-5'])(
    '%j is refused with a sentence',
    (text) => {
      const reading = parseUsersAxis(text);
      expect(reading).toMatchObject({ ok: false });
      expect(reading.ok ? '' : reading.sentence).toMatch(/\.$/);
    },
  );
});

import { describe, expect, test } from 'vitest';
import {
  amountHelp,
  parseAmount,
  parseNumber,
  stepAmount,
  type AmountRules,
} from '../../../src-renderer/format/parse.ts';

const TOKENS: AmountRules = { label: 'Prompt', unit: 'tokens', min: 1, max: 1e7, isWhole: true, example: '250 or 8k' };

describe('a field that takes anything above its least', () => {
  const rate: AmountRules = {
    label: 'Rate',
    unit: 'requests/s',
    min: 0,
    isAbove: true,
    max: 1e9,
    isWhole: false,
    example: '10',
  };

  test('takes however little, and neither its least nor less', () => {
    expect(parseAmount('0.000001', rate)).toMatchObject({ kind: 'value', value: 1e-6 });
    for (const text of ['0', '-1']) {
      expect(parseAmount(text, rate)).toEqual({
        kind: 'bad',
        sentence: 'Rate takes more than 0, up to 1,000,000,000 requests/s, for example 10.',
      });
    }
  });

  test('is not stepped down to it', () => {
    const down = { key: 'ArrowDown', shiftKey: false };
    expect(stepAmount('2', down, rate, 1, '')).toBe('1');
    expect(stepAmount('0.5', down, rate, 1, '')).toBe('0.5');
    expect(stepAmount('', { ...down, key: 'ArrowUp' }, rate, 1, '')).toBe('1');
  });
});

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

describe('units that may be typed', () => {
  const rules = (unit: string, max = 1e15): AmountRules => ({
    label: 'Amount',
    unit,
    min: 0,
    max,
    isWhole: false,
    example: '5',
  });
  const read = (text: string, unit: string): number | null => {
    const amount = parseAmount(text, rules(unit));
    return amount.kind === 'value' ? amount.value : null;
  };

  test.each([
    ['70B', 'parameters', 70e9],
    ['0.5M', 'tokens', 5e5],
    ['250 tokens', 'tokens', 250],
    ['1 user', 'users', 1],
    ['1 000', 'users', 1000],
    ['1.5 GiB', 'GiB', 1.5],
    ['24GB', 'GiB', 24e9 / 2 ** 30],
    ['512 MiB', 'GiB', 0.5],
    ['50%', '%', 50],
    ['1.5s', 'ms', 1500],
    ['0.1 s', 'ms', 100],
    ['200ms', 'ms', 200],
    ['500 ms', 'seconds', 0.5],
    ['2 min', 'seconds', 120],
    ['600/min', 'requests/s', 10],
    ['12.5 requests/s', 'requests/s', 12.5],
    ['1e3', 'ms', 1000],
  ])('%s in %s is %d', (text, unit, value) => expect(read(text, unit)).toBeCloseTo(value, 9));

  test.each([
    ['50%', 'tokens'],
    ['1.5s', 'tokens'],
    ['8k', 'ms'],
    ['5 m', 'ms'],
    ['24GB', 'tokens'],
    ['8 users', 'tokens'],
    ['1,00', 'tokens'],
    ['5 constructor', 'tokens'],
    ['1 0000', 'tokens'],
  ])('%s is nothing in %s', (text, unit) => expect(read(text, unit)).toBeNull());

  /** A generator with a seed: the same numbers in every run. */
  function numbers(count: number, seed = 7): number[] {
    let state = seed;
    return Array.from({ length: count }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return Math.round(10 ** ((state / 2_147_483_647) * 8) * 100) / 100;
    });
  }

  test('a number written plainly, with thousands marks or as an exponent reads as itself', () => {
    for (const value of numbers(300)) {
      const grouped = value.toLocaleString('en-US', { maximumFractionDigits: 2 });
      for (const text of [String(value), grouped, grouped.replaceAll(',', ' '), value.toExponential()]) {
        expect(read(text, 'tokens'), text).toBe(value);
      }
    }
  });

  test('more stays more through every unit, and units of a family agree', () => {
    const sorted = numbers(100).sort((a, b) => a - b);
    for (const [unit, suffixes] of Object.entries({
      tokens: ['', 'k', 'Ki', 'M'],
      ms: ['us', 'ms', 's', 'min'],
      GiB: ['MB', 'MiB', 'GiB'],
    })) {
      for (const suffix of suffixes) {
        const values = sorted.map((value) => read(`${value}${suffix}`, unit) ?? NaN);
        expect(values, `${unit} ${suffix}`).toEqual([...values].sort((a, b) => a - b));
      }
      const ladder = suffixes.map((suffix) => read(`3${suffix}`, unit) ?? NaN);
      expect(ladder, unit).toEqual([...ladder].sort((a, b) => a - b));
    }
    for (const value of sorted)
      expect(read(`${value}s`, 'ms')).toBeCloseTo((read(`${value}s`, 'seconds') ?? NaN) * 1000, 6);
  });

  test('the line under the field says what was understood, or what would work, or nothing', () => {
    expect(amountHelp('8k', TOKENS)).toEqual({ help: '= 8,000 tokens. For 8,192 type 8Ki.', isBad: false });
    expect(amountHelp('4Ki', TOKENS)).toEqual({ help: '= 4,096 tokens.', isBad: false });
    expect(amountHelp('250', TOKENS)).toEqual({ help: '', isBad: false });
    expect(amountHelp('130 %', rules('%', 100))).toEqual({
      help: 'Amount takes 0 to 100 %, for example 5.',
      isBad: true,
    });
  });

  test('steps stay within the limits, start from what is in force, and leave bad text alone', () => {
    const key = (name: string, shiftKey = false) => ({ key: name, shiftKey });
    expect(stepAmount('0.3', key('ArrowDown'), rules('%'), 0.1, '')).toBe('0.2');
    expect(stepAmount('5', key('PageDown'), rules('%'), 1, '')).toBe('0');
    expect(stepAmount('99', key('ArrowUp', true), rules('%', 100), 1, '')).toBe('100');
    expect(stepAmount('', key('ArrowUp'), rules('%'), 1, '25')).toBe('26');
    expect(stepAmount('abc', key('ArrowUp'), rules('%'), 1, '25')).toBeNull();
    expect(stepAmount('5', key('Home'), rules('%'), 1, '')).toBeNull();
  });
});

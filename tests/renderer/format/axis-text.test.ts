import { describe, expect, test } from 'vitest';
import { parseUsersAxis, readAxis, type AxisRules } from '../../../src-renderer/format/axis-text.ts';
import { expandNumberAxis } from '../../../src-worker/engine/sweep/axis.ts';
import { parseNumberAxis } from '../../../src-worker/engine/sweep/axis-text.ts';

const sentenceOf = (reading: ReturnType<typeof readAxis>): string => (reading.ok ? '' : reading.sentence);

describe('users of a sweep', () => {
  test.each(['10,50,100', '10..1000:10', '1..1024*2', '25..3200/12log', '3..100*1.5', '1..10:4', '100, 1..8*2'])(
    '%s gives the values the planner will compute',
    (text) => {
      const reading = parseUsersAxis(text);
      if (!reading.ok) throw new Error(reading.sentence);
      expect(reading.values).toEqual(expandNumberAxis(parseNumberAxis(text)));
      expect(expandNumberAxis(reading.axis)).toEqual(reading.values);
      expect(parseNumberAxis(reading.words)).toEqual(reading.axis);
    },
  );

  test('a single range stays a range, so that a stored run reads as it was written', () => {
    expect(parseUsersAxis('10..1000:10')).toMatchObject({ axis: { from: 10, to: 1000, step: 10 } });
  });

  test('lists may hold ranges and short forms; repeats count once, in the order given, as on the command line', () => {
    const reading = parseUsersAxis('1k, 10..30:10, 20');
    expect(reading).toMatchObject({ ok: true, values: [1000, 10, 20, 30], words: '1000,10..30:10,20' });
  });

  test.each([
    ['', /takes a list/],
    ['ten', /"ten" is not a number of users\. Users takes a list/],
    ['NaN', /"NaN" is not a number of users/],
    ['100..10:10', /"100\.\.10:10" ends before it starts/],
    ['10..100', /10\.\.1000:10 counts up by 10/],
    ['1..8*1', /1\.\.1024\*2 doubles/],
    ['0..10:5', /0 is not a number of users: whole numbers from 1 to 100,000,000/],
    ['1.5, 2', /1\.5 is not a number of users/],
    ['1..1e9:1', /more than 10,000 values; use a larger step/],
    ['1..10/1log', /takes a list/],
    ['-5', /-5 is not a number of users/],
  ])('%j is refused with a sentence', (text, expected) => {
    expect(sentenceOf(parseUsersAxis(text))).toMatch(expected);
    expect(sentenceOf(parseUsersAxis(text))).toMatch(/\.$/);
  });
});

describe('shares, which are shown as percentages', () => {
  const PERCENT: AxisRules = {
    value: 'a share of prompts',
    unit: '%',
    min: 0,
    max: 100,
    isWhole: false,
    scale: 0.01,
    help: 'Hits takes percentages such as 0, 50, 90.',
  };

  test('are asked as shares, with the digits that were typed', () => {
    expect(readAxis('0..90:30', PERCENT)).toEqual({
      ok: true,
      axis: { from: 0, to: 0.9, step: 0.3 },
      values: [0, 30, 60, 90],
      words: '0..0.9:0.3',
    });
    expect(readAxis('7, 29.5 %', PERCENT)).toMatchObject({ ok: false });
    expect(readAxis('7, 29.5%', PERCENT)).toMatchObject({ axis: [0.07, 0.295], values: [7, 29.5] });
  });

  test('a factor has no unit', () => {
    expect(readAxis('10..80*2', PERCENT)).toMatchObject({
      axis: { from: 0.1, to: 0.8, factor: 2 },
      values: [10, 20, 40, 80],
    });
  });

  test('a figure out of range is named as it was typed', () => {
    expect(readAxis('50, 120', PERCENT)).toEqual({
      ok: false,
      sentence: '120 is not a share of prompts: numbers from 0 to 100 %.',
    });
  });
});

import { describe, expect, it } from 'vitest';
import {
  expandNumberAxis,
  MAX_SWEEP_POINTS,
  type NumberAxis,
  type NumberAxisRule,
} from '../../../src-worker/engine/sweep/axis.ts';
import { parseListAxis, parseNumberAxis } from '../../../src-worker/engine/sweep/axis-text.ts';
import { codeOf, messageOf } from './thrown.ts';

const SHARE: NumberAxisRule = { name: 'share', isWhole: false, min: 0, max: 1 };

const values = (text: string): number[] => expandNumberAxis(parseNumberAxis(text));

describe('number axis: values', () => {
  it('keeps a list in the order given, without repeats', () => {
    expect(expandNumberAxis([50, 10, 50, 100])).toEqual([50, 10, 100]);
  });

  it('a step includes the end when it is hit, and stops before it when it is not', () => {
    expect(expandNumberAxis({ from: 10, to: 40, step: 10 })).toEqual([10, 20, 30, 40]);
    expect(expandNumberAxis({ from: 10, to: 45, step: 10 })).toEqual([10, 20, 30, 40]);
    expect(expandNumberAxis({ from: 7, to: 7, step: 10 })).toEqual([7]);
  });

  it('a factor includes the end when it is hit, and stops before it when it is not', () => {
    expect(expandNumberAxis({ from: 1, to: 1024, factor: 2 })).toHaveLength(11);
    expect(expandNumberAxis({ from: 1, to: 1000, factor: 10 })).toEqual([1, 10, 100, 1000]);
    expect(expandNumberAxis({ from: 1, to: 999, factor: 10 })).toEqual([1, 10, 100]);
  });

  it('steps of 0.1 neither lose the end nor carry rounding errors', () => {
    expect(expandNumberAxis({ from: 0, to: 1, step: 0.1 }, SHARE)).toEqual([
      0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
    ]);
    expect(expandNumberAxis({ from: 0.1, to: 0.9, step: 0.1 }, SHARE)).toHaveLength(9);
  });

  it.each([3, 7, 11, 13, 97, 1000])('a step range from 0 to n steps has n + 1 values: n = %i', (steps) => {
    const step = 1 / steps;
    const axis = expandNumberAxis({ from: 0, to: 1, step }, SHARE);
    expect(axis).toHaveLength(steps + 1);
    expect(axis.at(-1)).toBe(1);
  });

  it('a factor that gives fractions is rounded to whole users', () => {
    expect(expandNumberAxis({ from: 1, to: 10, factor: 1.5 })).toEqual([1, 2, 3, 5, 8]);
  });

  it.each<[NumberAxis, string]>([
    [{ from: 10, to: 1, step: 1 }, 'axis_range'],
    [{ from: 1, to: 10, step: 0 }, 'axis_range'],
    [{ from: 1, to: 10, step: -1 }, 'axis_range'],
    [{ from: 1, to: 10, factor: 1 }, 'axis_range'],
    [{ from: 0, to: 10, factor: 2 }, 'axis_range'],
    [{ from: 1, to: Number.NaN, step: 1 }, 'value_out_of_range'],
    [{ from: 1, to: Number.POSITIVE_INFINITY, step: 1 }, 'value_out_of_range'],
    [{ from: 1, to: 10, step: Number.NaN }, 'axis_range'],
    [{ from: 1, to: 10, step: 0.5 }, 'value_out_of_range'],
    [[Number.NaN], 'value_out_of_range'],
    [[0], 'value_out_of_range'],
    [[1.5], 'value_out_of_range'],
    [[], 'axis_empty'],
  ])('refuses %j with %s', (axis, code) => {
    expect(codeOf(() => expandNumberAxis(axis))).toBe(code);
  });

  it('refuses a range of too many values before making them, and says how many', () => {
    const started = process.memoryUsage().heapUsed;
    const message = messageOf(() => expandNumberAxis({ from: 1, to: 100_000_000, step: 1 }));
    expect(message).toContain('100,000,000');
    expect(message).toContain(MAX_SWEEP_POINTS.toLocaleString('en-US'));
    expect(process.memoryUsage().heapUsed - started).toBeLessThan(50e6);
  });
});

describe('number axis: command line', () => {
  it('reads lists, steps, factors and logarithmic ranges', () => {
    expect(values('10,50,100')).toEqual([10, 50, 100]);
    expect(values('10..1000:10')).toHaveLength(100);
    expect(values('1..1024*2')).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]);
    expect(values('42')).toEqual([42]);
  });

  it('25..3200/12log has twelve values from 25 to 3200 with a near constant ratio', () => {
    const axis = values('25..3200/12log');
    expect(axis).toHaveLength(12);
    expect([axis[0], axis.at(-1)]).toEqual([25, 3200]);
    // 3200 / 25 = 2^7 in eleven steps: each about 1.554 times the one before, but for rounding to whole users.
    for (let index = 1; index < axis.length; index += 1) {
      expect((axis[index] ?? 0) / (axis[index - 1] ?? 1)).toBeCloseTo(2 ** (7 / 11), 1);
    }
  });

  it('joins ranges in a list', () => {
    expect(values('5,10..30:10,100..400*2')).toEqual([5, 10, 20, 30, 100, 200, 400]);
  });

  it('keeps a single range as a range, so that a spec reads as it was written', () => {
    expect(parseNumberAxis('10..1000:10')).toEqual({ from: 10, to: 1000, step: 10 });
    expect(parseNumberAxis('1..1024*2')).toEqual({ from: 1, to: 1024, factor: 2 });
  });

  it.each([
    ['', 'axis_syntax'],
    ['10,,20', 'axis_syntax'],
    ['ten', 'axis_syntax'],
    ['10..100', 'axis_syntax'],
    ['10..100/12', 'axis_syntax'],
    ['10..', 'axis_syntax'],
    ['NaN', 'axis_syntax'],
    ['10..1', 'axis_syntax'],
    ['10..1:1', 'axis_range'],
    ['1..10:0', 'axis_range'],
    ['1..10*1', 'axis_range'],
    ['1..10/1log', 'axis_range'],
    ['0..10/3log', 'axis_range'],
    ['1..2/99999999999log', 'sweep_too_large'],
    ['-5', 'value_out_of_range'],
    ['1e12', 'value_out_of_range'],
  ])('refuses "%s" with %s', (text, code) => {
    expect(codeOf(() => parseNumberAxis(text))).toBe(code);
  });

  it('says what would work when a range has no step', () => {
    expect(messageOf(() => parseNumberAxis('10..100'))).toContain('10..100:10');
  });
});

describe('list axis: command line', () => {
  it('reads names, trimmed and without repeats', () => {
    expect(parseListAxis('fp16, fp8,int4,fp8', 'quantization')).toEqual(['fp16', 'fp8', 'int4']);
  });

  it('all zones or GPUs are written all or *', () => {
    expect(parseListAxis('all')).toEqual(['*']);
    expect(parseListAxis('*', 'zone')).toEqual(['*']);
    expect(parseListAxis('h100,All', 'gpu')).toEqual(['*']);
    expect(parseListAxis('all', 'quantization')).toEqual(['all']);
  });

  it('refuses an empty part', () => {
    expect(codeOf(() => parseListAxis('a,,b'))).toBe('axis_syntax');
  });
});

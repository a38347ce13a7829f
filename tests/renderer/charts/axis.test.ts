import { describe, expect, test } from 'vitest';
import {
  axisAround,
  linearTicks,
  logTicks,
  shareOf,
  withTicks,
  zoomedRange,
} from '../../../src-renderer/charts/axis.ts';

describe('ticks', () => {
  test('stand at steps of 1, 2 or 5', () => {
    expect(linearTicks(10, 260)).toEqual([50, 100, 150, 200, 250]);
    expect(linearTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(logTicks(0.09, 21)).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10, 20]);
    expect(logTicks(0.5, 200_000)).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
    expect(linearTicks(5, 5)).toEqual([5]);
  });

  test('a short piece of a logarithmic axis is ticked evenly, a very long one by some decades', () => {
    expect(logTicks(30, 45)).toEqual([30, 35, 40, 45]);
    expect(logTicks(1e-6, 1e8)).toEqual([1e-6, 1e-4, 0.01, 1, 100, 10_000, 1e6, 1e8]);
  });

  test('whatever the range, there are 3 to 9, rising, inside it, at 1, 2 or 5 times a power of ten', () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    for (let round = 0; round < 500; round++) {
      const min = 10 ** (random() * 8 - 4);
      const max = min * (1.05 + random() * 10);
      const ticks = linearTicks(min, max);
      expect(ticks.length).toBeGreaterThanOrEqual(3);
      expect(ticks.length).toBeLessThanOrEqual(9);
      expect(
        ticks.every(
          (tick, index) =>
            tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9) && (index === 0 || tick > ticks[index - 1]!),
        ),
      ).toBe(true);
      const step = ticks[1]! - ticks[0]!;
      expect([1, 2, 5]).toContain(Math.round(step / 10 ** Math.floor(Math.log10(step) + 1e-6)));
    }
  });
});

describe('axisAround', () => {
  test('turns logarithmic beyond a ratio of 20, not at it', () => {
    expect([axisAround(1, 20).isLog, axisAround(1, 20.1).isLog, axisAround(0, 100).isLog]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('holds its values with room on both sides and never goes below zero', () => {
    for (const [low, high] of [
      [1, 10],
      [1, 1000],
      [5, 5],
      [0, 3],
    ] as const) {
      const { min, max } = axisAround(low, high);
      expect(min).toBeLessThanOrEqual(low);
      expect(max).toBeGreaterThan(high);
      expect(min).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('zoomedRange', () => {
  test.each([
    { axis: withTicks(10, 110, false), around: 35 },
    { axis: withTicks(1, 1000, true), around: 10 },
  ])('what is zoomed around stays where it is: $around', ({ axis, around }) => {
    const closer = { ...axis, ...zoomedRange(axis, 2, around) };
    expect(shareOf(closer, around)).toBeCloseTo(shareOf(axis, around), 12);
    expect(closer.min).toBeGreaterThan(axis.min);
    expect(closer.max).toBeLessThan(axis.max);
    const back = zoomedRange(closer, 0.5, around);
    expect(back.min).toBeCloseTo(axis.min, 9);
    expect(back.max).toBeCloseTo(axis.max, 9);
  });
});

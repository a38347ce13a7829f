import { describe, expect, test } from 'vitest';
import { exponential, seededRandom } from '../../../src-worker/engine/numerics/random.ts';
import {
  meanOf,
  medianOf,
  sampleQuantile,
  sampleQuantiles,
  sortedQuantile,
} from '../../../src-worker/engine/numerics/sample.ts';
import { Draws } from '../roofline/random-deployments.ts';

describe('quantiles of a sample (R type 7)', () => {
  // R: quantile(c(1, 2, 4, 8), c(0, .1, .25, .5, .75, .9, 1)): position 1 + 3p, linear between neighbors.
  test.each([
    [0, 1],
    [0.1, 1.3],
    [0.25, 1.75],
    [0.5, 3],
    [0.75, 5],
    [0.9, 6.8],
    [1, 8],
  ])('of 1, 2, 4, 8 at %f is %f', (probability, expected) => {
    expect(sampleQuantile([8, 1, 4, 2], probability)).toBeCloseTo(expected, 12);
    expect(sortedQuantile([1, 2, 4, 8], probability)).toBeCloseTo(expected, 12);
  });

  test('several at once are those one by one, to the bit, whatever the sample', () => {
    const draws = new Draws(9);
    const probabilities = [0, 0.1, 0.5, 0.9, 0.95, 0.99, 1];
    const shapes: ((index: number, count: number) => number)[] = [
      () => draws.between(-9, 9),
      () => draws.whole(0, 3),
      (index) => index,
      (index, count) => count - index,
      (index, count) => Math.min(index, count - index),
      () => 7,
      () => draws.of([-Infinity, 0, Infinity]),
    ];
    for (const shape of shapes) {
      for (const count of [1, 2, 3, 4, 5, 17, 100, 2500]) {
        const sample = Float64Array.from({ length: count }, (_, index) => shape(index, count));
        const before = sample.slice();
        const expected = probabilities.map((p) => sampleQuantile(sample, p));
        if (expected.some(Number.isNaN)) continue;
        expect(sampleQuantiles(sample, probabilities)).toEqual(expected);
        expect(sample).toEqual(before);
      }
    }
    expect(sampleQuantiles([], [0.5])).toEqual([NaN]);
  });

  test('of one value is that value, of none not a number', () => {
    expect(sampleQuantile([7], 0.93)).toBe(7);
    expect(sampleQuantile([], 0.5)).toBeNaN();
    expect(medianOf([])).toBeNaN();
  });

  test('sorts numbers as numbers and leaves the sample as it was', () => {
    const sample = [10, 9, 100, -3];
    expect(medianOf(sample)).toBe(9.5);
    expect(sample).toEqual([10, 9, 100, -3]);
  });

  test('rises with the probability and stays within the sample', () => {
    const draws = new Draws(8);
    for (let round = 0; round < 100; round += 1) {
      const sample = Array.from({ length: draws.whole(1, 30) }, () => draws.between(-9, 9));
      let before = Math.min(...sample);
      for (let p = 0; p <= 1; p += 0.05) {
        const now = sampleQuantile(sample, p);
        expect(now).toBeGreaterThanOrEqual(before);
        before = now;
      }
      expect(sampleQuantile(sample, 1)).toBe(Math.max(...sample));
    }
  });

  test('the mean of nothing is 0', () => {
    expect(meanOf([])).toBe(0);
    expect(meanOf([1, 2, 6])).toBe(3);
  });
});

describe('random numbers from a seed', () => {
  const take = (seed: number, count: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: count }, random);
  };

  test('the same seed gives the same numbers, another gives others', () => {
    expect(take(42, 100)).toEqual(take(42, 100));
    expect(take(42, 3)).not.toEqual(take(43, 3));
  });

  test('are those of mulberry32', () => {
    // A second writing of the generator, kept with the tests.
    const draws = new Draws(42);
    expect(take(42, 50)).toEqual(Array.from({ length: 50 }, () => draws.next()));
  });

  test('fill [0, 1) evenly: chi-square over 100 cells, and over pairs that follow one another', () => {
    // 99.9 % point of chi-square with 99 degrees of freedom: 148.2.
    for (const seed of [1, 2, 12_345]) {
      const numbers = take(seed, 100_000);
      const cells = new Array<number>(100).fill(0);
      const pairs = new Array<number>(100).fill(0);
      numbers.forEach((value, i) => {
        expect(value >= 0 && value < 1).toBe(true);
        const cell = Math.floor(value * 100);
        cells[cell] = (cells[cell] as number) + 1;
        if (i % 2 === 1) return;
        const pair = Math.floor(value * 10) * 10 + Math.floor((numbers[i + 1] as number) * 10);
        pairs[pair] = (pairs[pair] as number) + 1;
      });
      const chi = (counts: number[], expected: number): number =>
        counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(chi(cells, 1000)).toBeLessThan(148.2);
      expect(chi(pairs, 500)).toBeLessThan(148.2);
    }
  });

  test('exponential gaps have their mean and their spread', () => {
    const random = seededRandom(9);
    const gaps = Array.from({ length: 100_000 }, () => exponential(random, 20));
    const mean = meanOf(gaps);
    // Five standard errors of 20 / sqrt(100,000).
    expect(Math.abs(mean - 20)).toBeLessThan(0.32);
    expect(meanOf(gaps.map((gap) => (gap - mean) ** 2)) / 400).toBeCloseTo(1, 1);
    expect(gaps.every((gap) => gap >= 0 && Number.isFinite(gap))).toBe(true);
  });
});

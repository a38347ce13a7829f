import { expect, test } from 'vitest';
import { smoothMax } from '../../../src-worker/engine/roofline/smooth-max.ts';

test('smooth maximum: never below the larger time, never above it by more than 2^(1/p)', () => {
  const p = 2.91;
  const combine = smoothMax(p);
  for (const x of [0, 1e-9, 0.3, 1, 7, 1e6]) {
    for (const y of [0, 1e-9, 0.3, 1, 7, 1e6]) {
      const value = combine(x, y);
      expect(value).toBeGreaterThanOrEqual(Math.max(x, y));
      expect(value).toBeLessThanOrEqual(Math.max(x, y) * 2 ** (1 / p) * (1 + 1e-9));
      expect(value).toBe(combine(y, x));
    }
  }
});

test('smooth maximum: the table agrees with the formula to 1e-6', () => {
  for (const p of [1.5, 2.91, 6]) {
    const combine = smoothMax(p);
    for (let i = 1; i <= 997; i += 1) {
      const ratio = i / 997;
      const exact = (1 + ratio ** p) ** (1 / p);
      expect(Math.abs(combine(ratio, 1) / exact - 1)).toBeLessThan(1e-6);
    }
  }
});

test('smooth maximum: scales with its arguments', () => {
  const combine = smoothMax(2.91);
  expect(combine(3, 5) * 7).toBeCloseTo(combine(21, 35), 10);
});

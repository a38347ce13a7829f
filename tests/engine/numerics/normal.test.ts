import { describe, expect, it } from 'vitest';
import { erfc, normalCdf, normalInterval, normalQuantile } from '../../../src-worker/engine/numerics/normal.ts';
import { integrate } from './integrate.ts';

const relative = (value: number, expected: number): number => Math.abs(value / expected - 1);

describe('normal distribution', () => {
  // Abramowitz and Stegun, Handbook of Mathematical Functions, tables 26.1 and 26.2.
  it.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [2, 0.977249868051821],
    [3, 0.99865010196837],
    [-1, 0.158655253931457],
    [-5, 2.866515718791939e-7],
    [-10, 7.619853024160527e-24],
  ])('P(Z <= %d) is the tabulated %d', (z, probability) => {
    expect(relative(normalCdf(z), probability)).toBeLessThan(3e-15 + 1e-16 * z * z);
  });

  // The same handbook, tables 7.1 and 7.3.
  it.each([
    [0.3, 0.671373240540873],
    [0.5, 0.479500122186953],
    [1, 0.157299207050285],
    [2, 0.004677734981047],
    [5, 1.537459794428035e-12],
  ])('erfc(%d) is the tabulated %d', (x, value) => {
    expect(relative(erfc(x), value)).toBeLessThan(1e-12);
    expect(erfc(-x)).toBeCloseTo(2 - value, 14);
  });

  it('is continuous where one rational approximation hands over to the next', () => {
    for (const edge of [0.46875, 4]) expect(relative(erfc(edge * (1 + 1e-15)), erfc(edge))).toBeLessThan(1e-13);
  });

  it('is the integral of its density', () => {
    const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    for (const [low, high] of [
      [-3, 0.4],
      [0.1, 2],
      [4, 6],
      [8, 11],
    ] as const) {
      expect(relative(normalInterval(low, high), integrate(density, low, high, 4000))).toBeLessThan(1e-9);
    }
  });

  it('keeps the digits of an interval far out in the upper tail', () => {
    expect(relative(normalInterval(9, 10), normalInterval(-10, -9))).toBeLessThan(1e-14);
    expect(normalCdf(10) - normalCdf(9)).toBe(0);
  });

  it('has the tabulated quantiles', () => {
    // Abramowitz and Stegun, table 26.5; Wichura gives the last one as his check of AS 241.
    expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
    expect(normalQuantile(0.99)).toBeCloseTo(2.32634787404084, 14);
    expect(normalQuantile(1e-20)).toBeCloseTo(-9.26234008979841, 13);
  });

  it('has a quantile that is the inverse of its distribution function from 1e-300 to 1 - 1e-9', () => {
    for (let z = -37; z < 6; z += 0.037) {
      const tolerance = z < 2 ? 1e-13 : 1e-15 / normalCdf(-z) + 1e-13;
      expect(Math.abs(normalQuantile(normalCdf(z)) - z)).toBeLessThan(Math.abs(z) * 1e-14 + tolerance);
    }
  });

  it('takes the ends of its range', () => {
    expect(normalCdf(-Infinity)).toBe(0);
    expect(normalCdf(Infinity)).toBe(1);
    expect(normalQuantile(0)).toBe(-Infinity);
    expect(normalQuantile(1)).toBe(Infinity);
    expect(normalInterval(2, 1)).toBe(0);
  });
});

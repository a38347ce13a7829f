import { describe, expect, it } from 'vitest';
import { gammaLower, gammaUpper, logGamma } from '../../../src-worker/engine/numerics/gamma.ts';
import { erfc, normalCdf } from '../../../src-worker/engine/numerics/normal.ts';
import { integrate } from './integrate.ts';

describe('logarithm of the gamma function', () => {
  it('is the logarithm of a factorial at whole numbers', () => {
    let factorial = 1;
    for (let n = 1; n <= 20; n += 1) {
      expect(logGamma(n)).toBeCloseTo(Math.log(factorial), 13);
      factorial *= n;
    }
  });

  it('is ln sqrt(pi) at one half and obeys the reflection formula', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 14);
    for (const x of [0.001, 0.1, 0.3, 0.77]) {
      expect(logGamma(x) + logGamma(1 - x)).toBeCloseTo(Math.log(Math.PI / Math.sin(Math.PI * x)), 13);
    }
  });

  it('grows by ln x from x to x + 1', () => {
    for (const x of [0.01, 0.9, 7.3, 14.5, 15, 300, 1e5])
      expect(logGamma(x + 1) - logGamma(x) - Math.log(x)).toBeCloseTo(0, 9);
  });
});

describe('regularized incomplete gamma function', () => {
  it('with whole shape is a Poisson tail', () => {
    for (const shape of [1, 2, 7, 40]) {
      for (const x of [0.1, 1, shape, 1.6 * shape + 3]) {
        let term = Math.exp(-x);
        let below = 0;
        for (let i = 0; i < shape; i += 1) {
          below += term;
          term *= x / (i + 1);
        }
        expect(gammaUpper(shape, x)).toBeCloseTo(below, 13);
        expect(gammaLower(shape, x)).toBeCloseTo(1 - below, 13);
      }
    }
  });

  it('with shape one half is the error function', () => {
    for (const x of [1e-6, 0.2, 1, 3, 30]) {
      expect(gammaUpper(0.5, x) / erfc(Math.sqrt(x)) - 1).toBeCloseTo(0, 12);
    }
  });

  it('has the tabulated 95 % point of chi-square with 10 degrees of freedom', () => {
    // Abramowitz and Stegun, table 26.8: 18.3070.
    expect(gammaLower(5, 18.307 / 2)).toBeCloseTo(0.95, 5);
  });

  // Values of an arbitrary-precision library (mpmath 1.3, gammainc regularized).
  it.each([
    [0.0025, 1e-9, 0.9508772878681648],
    [0.1, 0.05, 0.7755386354510306],
    [100, 80, 0.01710831303513311],
    [1e4, 10_100, 0.8413487504471796],
    [1e6, 1_001_000, 0.8413447863683403],
  ])('P(%d, %d) agrees with arbitrary precision', (shape, x, value) => {
    expect(Math.abs(gammaLower(shape, x) / value - 1)).toBeLessThan(2e-12);
  });

  it('is the integral of the gamma density', () => {
    const shape = 3.7;
    const density = (x: number): number => Math.exp((shape - 1) * Math.log(x) - x - logGamma(shape));
    expect(gammaLower(shape, 5) - gammaLower(shape, 0.5)).toBeCloseTo(integrate(density, 0.5, 5), 10);
  });

  it('passes into the uniform expansion without a step', () => {
    for (const z of [-4, -1, -0.001, 0, 0.3, 3]) {
      const at = (shape: number): number => gammaLower(shape, shape + z * Math.sqrt(shape));
      expect(Math.abs(at(1e6) - at(1e6 - 1e-3))).toBeLessThan(1e-11);
    }
  });

  it('tends to the normal distribution for huge shapes', () => {
    expect(gammaLower(1e14, 1e14 + 1.5e7)).toBeCloseTo(normalCdf(1.5), 6);
  });

  it('takes the ends of its range', () => {
    expect(gammaLower(2, 0)).toBe(0);
    expect(gammaLower(2, -1)).toBe(0);
    expect(gammaLower(2, Infinity)).toBe(1);
    expect(gammaUpper(1e-3, 1e-300)).toBeGreaterThan(0);
    expect(gammaUpper(5, 1e4)).toBe(0);
  });
});

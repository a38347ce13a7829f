import { describe, expect, it } from 'vitest';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { lognormalParameters, truncatedLognormal } from '../../../src-worker/engine/numerics/lognormal.ts';
import { integrate } from './integrate.ts';

// Prompt and output lengths of a chat workload, a wide law cut hard, one without lower and one without upper end.
const SPECS = [
  { mean: 200, std: 150, min: 10, max: 2000 },
  { mean: 150, std: 100, min: 1, max: 4096 },
  { mean: 6000, std: 9000, min: 4000, max: 5000 },
  { mean: 100, std: 300, min: 0, max: 800 },
  { mean: 50, std: 5, min: 60, max: 1e9 },
];

const density = (mean: number, std: number) => {
  const { mu, sigma } = lognormalParameters(mean, std);
  return (x: number): number =>
    Math.exp(-(((Math.log(x) - mu) / sigma) ** 2) / 2) / (x * sigma * Math.sqrt(2 * Math.PI));
};

describe('lognormal parameters', () => {
  it('of mean 1 and std 1 are -ln(2)/2 and sqrt(ln 2)', () => {
    const { mu, sigma } = lognormalParameters(1, 1);
    expect(mu).toBeCloseTo(-Math.LN2 / 2, 15);
    expect(sigma).toBeCloseTo(Math.sqrt(Math.LN2), 15);
  });

  it('keep the digits of a tiny spread', () => {
    expect(lognormalParameters(1, 1e-9).sigma / 1e-9).toBeCloseTo(1, 12);
  });
});

describe('truncated lognormal', () => {
  it.each(SPECS)('has the moments of its density: %o', (spec) => {
    const law = truncatedLognormal(spec);
    const f = density(spec.mean, spec.std);
    // In ln x, where the density is smooth over all its decades.
    const low = Math.log(Math.max(spec.min, spec.mean * 1e-9));
    const high = Math.log(Math.min(spec.max, spec.mean * 1e5));
    const moment = (power: number): number =>
      integrate((u) => Math.exp((power + 1) * u) * f(Math.exp(u)), low, high, 20_000);
    const mass = moment(0);
    expect(law.mean / (moment(1) / mass)).toBeCloseTo(1, 8);
    expect(law.secondMoment / (moment(2) / mass)).toBeCloseTo(1, 8);
    expect(law.thirdMoment / (moment(3) / mass)).toBeCloseTo(1, 8);
  });

  it.each(SPECS)('has a quantile that is the inverse of its distribution function: %o', (spec) => {
    const law = truncatedLognormal(spec);
    for (const p of [1e-9, 0.01, 0.5, 0.95, 0.999]) {
      const x = law.quantile(p);
      expect(law.cdf(x)).toBeCloseTo(p, 11);
      expect(x).toBeGreaterThanOrEqual(spec.min);
      expect(x).toBeLessThanOrEqual(spec.max);
    }
    expect(law.quantile(0)).toBe(spec.min);
    expect(law.quantile(1)).toBe(spec.max);
    expect(law.cdf(spec.min)).toBe(0);
    expect(law.cdf(spec.max)).toBe(1);
  });

  it.each(SPECS)('has partial means that add up to its mean: %o', (spec) => {
    const law = truncatedLognormal(spec);
    const edges = [spec.min, law.quantile(0.2), law.quantile(0.7), law.quantile(0.99), spec.max];
    const sum = edges.slice(1).reduce((total, edge, i) => total + law.partialMean(edges[i] as number, edge), 0);
    expect(sum / law.mean).toBeCloseTo(1, 12);
    expect(law.partialMean(0, 1e12) / law.mean).toBeCloseTo(1, 12);
  });

  it('without truncation keeps mean and standard deviation', () => {
    const law = truncatedLognormal({ mean: 200, std: 150, min: 0, max: Infinity });
    expect(law.mean).toBeCloseTo(200, 10);
    expect(Math.sqrt(law.secondMoment - law.mean ** 2)).toBeCloseTo(150, 9);
    // E[X^3] = mean^3 (1 + cv^2)^3
    expect(law.thirdMoment / (200 * (1 + 0.75 ** 2)) ** 3).toBeCloseTo(1, 12);
  });

  it.each([
    [{ mean: 50, std: 0, min: 1, max: 100 }, 50],
    [{ mean: 500, std: 0, min: 1, max: 100 }, 100],
    [{ mean: 50, std: 20, min: 80, max: 80 }, 80],
    [{ mean: 0, std: 0, min: 0, max: 0 }, 0],
    // Nothing of the law lies in the interval: what is left sits at the nearer end.
    [{ mean: 100, std: 1, min: 10_000, max: 20_000 }, 10_000],
    [{ mean: 100, std: 1e-12, min: 1, max: 1000 }, 100],
  ])('%o is a point mass at %d', (spec, value) => {
    const law = truncatedLognormal(spec);
    expect(law.mean).toBeCloseTo(value, 8);
    expect(law.secondMoment).toBeCloseTo(value ** 2, 6);
    for (const p of [0, 0.3, 1]) {
      if (spec.std > 0 && spec.std < 1e-6) continue;
      expect(law.quantile(p)).toBe(value);
    }
    expect(law.cdf(value * 1.000001)).toBe(1);
    expect(law.cdf(value - 1e-6 * value - 1e-9)).toBe(0);
    expect(law.partialMean(0, 1e9)).toBeCloseTo(value, 8);
  });

  it('refuses what is no law, with the values', () => {
    for (const spec of [
      { mean: 10, std: 1, min: 5, max: 4 },
      { mean: 10, std: -1, min: 0, max: 4 },
      { mean: 0, std: 1, min: 0, max: 4 },
      { mean: Number.NaN, std: 1, min: 0, max: 4 },
    ]) {
      expect(() => truncatedLognormal(spec)).toThrow(ConfigIqError);
      expect(() => truncatedLognormal(spec)).toThrow(`mean ${spec.mean}`);
    }
  });
});

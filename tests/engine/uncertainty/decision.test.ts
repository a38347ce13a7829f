import { describe, expect, test } from 'vitest';
import { capacityAt } from '../../../src-worker/engine/uncertainty/capacity-spread.ts';
import { correlatedErrors, normalDraws } from '../../../src-worker/engine/uncertainty/common-errors.ts';
import { cheapestProbability, type Candidate } from '../../../src-worker/engine/uncertainty/decision.ts';
import type { TargetCurve } from '../../../src-worker/engine/uncertainty/target-curve.ts';
import { normals } from './normals.ts';

/** Targets hold up to the capacity; beyond it latency grows with the square of the load. */
function curveOf(capacity: number): TargetCurve {
  const x = Array.from({ length: 200 }, (_, i) => capacity * (0.01 + (3 * i) / 200));
  const y = x.map((rate) => 2 * Math.log(rate / capacity));
  return { firstToken: { x, y }, later: { x, y }, limitPerMs: 3 * capacity };
}

const LOAD = 10;
interface Made {
  gpuId: string;
  planKey?: string;
  capacity: number;
  price: number;
  stepSigma?: number;
  firstTokenSigma?: number;
}

const candidate = ({
  gpuId,
  planKey = gpuId,
  capacity,
  price,
  stepSigma = 0.2,
  firstTokenSigma = 0,
}: Made): Candidate => ({
  gpuId,
  planKey,
  curve: curveOf(capacity),
  spread: { stepSigma, firstTokenSigma, leastStep: 0.1 },
  costAt: (carried) => Math.ceil(LOAD / carried) * price,
});

const shares = (question: number, gpu: number) => ({ step: { question, gpu }, firstToken: { question, gpu } });

describe('errors in common', () => {
  const owners = [
    { gpuId: 'h100', planKey: 'h100/tp1' },
    { gpuId: 'h100', planKey: 'h100/tp2' },
    { gpuId: 'l4', planKey: 'l4/tp1' },
    { gpuId: 'l4', planKey: 'l4/tp1' },
  ];
  const covariance = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, value, i) => sum + value * (b[i] as number), 0) / a.length;

  test('have the shares of the variance that were asked for', () => {
    const errors = correlatedErrors(owners, { question: 0.5, gpu: 0.25 });
    const [a, b, c, d] = errors as [Float64Array, Float64Array, Float64Array, Float64Array];
    // 2,000 draws: a covariance of shares is known to some hundredths.
    for (const each of errors) expect(Math.abs(covariance(each, each) - 1)).toBeLessThan(0.1);
    expect(Math.abs(covariance(a, b) - 0.75)).toBeLessThan(0.1);
    expect(Math.abs(covariance(a, c) - 0.5)).toBeLessThan(0.1);
    expect(c).toEqual(d);
  });

  test('one draw after the other is standard normal, and dimensions are not related', () => {
    const all = [0, 1, 2, 3, 4, 5, 1000, 1001].map(normalDraws);
    for (const draws of all) {
      expect(Math.abs(draws.reduce((sum, z) => sum + z, 0))).toBeLessThan(1e-9);
      expect(covariance(draws, draws)).toBeCloseTo(1, 2);
    }
    for (let i = 0; i < all.length; i += 1) {
      for (let j = i + 1; j < all.length; j += 1) {
        // Four standard deviations of the covariance of 2,000 draws.
        expect(Math.abs(covariance(all[i] as Float64Array, all[j] as Float64Array))).toBeLessThan(4 / Math.sqrt(2000));
      }
    }
  });
});

describe('chance of being the cheapest', () => {
  const cheap = { gpuId: 'l4', capacity: 5.1, price: 1 };
  const dear = { gpuId: 'h100', capacity: 10.2, price: 2.2 };

  test('is certain without a spread, and without anything to compare with', () => {
    const sure = [cheap, dear].map((made) => candidate({ ...made, stepSigma: 0 }));
    expect(cheapestProbability(sure, shares(0, 0))).toBe(1);
    expect(cheapestProbability(sure.toReversed(), shares(0, 0))).toBe(0);
    expect(cheapestProbability([candidate({ ...cheap, capacity: 50 })], shares(0.5, 0.25))).toBe(1);
  });

  test('errors that all have in common move every cost and not the ranking', () => {
    // Replicas as a continuous amount: with whole ones, common errors may turn a close ranking by rounding alone.
    const smooth = (made: Made): Candidate => ({
      ...candidate(made),
      costAt: (carried) => (LOAD / carried) * made.price,
    });
    expect(cheapestProbability([smooth(cheap), smooth(dear)], shares(1, 0))).toBe(1);
    expect(cheapestProbability([smooth(cheap), smooth(dear)], shares(0, 0))).toBeLessThan(0.8);
  });

  test('errors of one GPU do not turn the ranking of two plans on it', () => {
    const plans = [cheap, { ...cheap, planKey: 'l4/tp2', price: 1.1 }].map((made) => ({
      ...candidate(made),
      costAt: (carried: number) => (LOAD / carried) * made.price,
    }));
    expect(cheapestProbability(plans, shares(0, 1))).toBe(1);
    expect(cheapestProbability(plans, shares(0, 0))).toBeLessThan(0.8);
  });

  test('one plan at two prices is decided by the price, however unsure its speed', () => {
    const twice = [cheap, { ...cheap, price: 1.01 }].map(candidate);
    expect(cheapestProbability(twice, shares(0, 0))).toBe(1);
  });

  test('the more of its own spread a candidate has, the less certain the choice', () => {
    const chances = [0.02, 0.1, 0.2, 0.4].map((stepSigma) =>
      cheapestProbability(
        [cheap, dear].map((made) => candidate({ ...made, stepSigma })),
        shares(0, 0),
      ),
    );
    for (let i = 1; i < chances.length; i += 1) expect(chances[i]).toBeLessThan(chances[i - 1] as number);
  });

  test.each([
    [0.5, 0.25],
    [0, 0],
    [0.2, 0.6],
  ])('agrees with drawing errors one by one (in common %f, by GPU %f)', (question, gpu) => {
    const made: Made[] = [
      { gpuId: 'l4', planKey: 'l4/tp1', capacity: 3.5, price: 0.9, firstTokenSigma: 0.25 },
      { gpuId: 'l4', planKey: 'l4/tp2', capacity: 6, price: 1.7, firstTokenSigma: 0.25 },
      { gpuId: 'h100', planKey: 'h100/tp1', capacity: 11, price: 3.1, stepSigma: 0.1 },
      { gpuId: 'a100', planKey: 'a100/tp1', capacity: 7, price: 2, stepSigma: 0.3, firstTokenSigma: 0.1 },
    ];
    const candidates = made.map(candidate);
    const draw = normals(99);
    const draws = 30_000;
    const own = 1 - question - gpu;
    const errorsOf = (): number[] => {
      const common = draw();
      const byGpu = new Map(made.map(({ gpuId }) => [gpuId, draw()]));
      return made.map(
        ({ gpuId }) =>
          Math.sqrt(question) * common + Math.sqrt(gpu) * (byGpu.get(gpuId) as number) + Math.sqrt(own) * draw(),
      );
    };
    let right = 0;
    for (let i = 0; i < draws; i += 1) {
      const [steps, firsts] = [errorsOf(), errorsOf()];
      const costs = candidates.map(({ curve, spread, costAt }, k) => {
        const step = Math.max(Math.log(spread.leastStep), (steps[k] as number) * spread.stepSigma);
        const carried = capacityAt(curve, step, (firsts[k] as number) * spread.firstTokenSigma);
        return carried > 0 ? costAt(carried) : Infinity;
      });
      if ((costs[0] as number) <= Math.min(...costs)) right += 1;
    }
    // 2,000 draws know a chance to 1.1 points (one standard deviation) at worst.
    expect(Math.abs(cheapestProbability(candidates, shares(question, gpu)) - right / draws)).toBeLessThan(0.03);
  });

  test('is finite and the same every time, even where nothing can be had', () => {
    const none = { ...candidate(cheap), costAt: () => Infinity };
    expect(cheapestProbability([none, candidate(dear)], shares(0.5, 0.25))).toBe(0);
    const wild = [cheap, dear].map((made) => candidate({ ...made, stepSigma: 5, firstTokenSigma: 5 }));
    const chance = cheapestProbability(wild, shares(2, -1));
    expect(chance).toBeGreaterThanOrEqual(0);
    expect(chance).toBeLessThanOrEqual(1);
    expect(cheapestProbability(wild, shares(2, -1))).toBe(chance);
  });
});

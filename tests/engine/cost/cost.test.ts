import { expect, test } from 'vitest';
import { costOf } from '../../../src-worker/engine/cost/cost.ts';

test('cost by hand: 2 instances at $3.60 for 2 requests/s of 300 + 100 tokens', () => {
  const cost = costOf({
    usdPerHourPerInstance: 3.6,
    instances: 2,
    rateReqPerS: 2,
    promptTokensMean: 300,
    outputTokensMean: 100,
  });
  expect(cost.usdPerHour).toBeCloseTo(7.2, 12);
  expect(cost.usdPerMonth).toBeCloseTo(5256, 9);
  expect(cost.usdPerRequest).toBeCloseTo(0.001, 12);
  expect(cost.usdPer1kTokens).toBeCloseTo(0.0025, 12);
  expect(cost.usdPer1mOutputTokens).toBeCloseTo(10, 9);
});

test('cost per request does not depend on how many instances carry a proportional load', () => {
  const at = (n: number) =>
    costOf({ usdPerHourPerInstance: 3, instances: n, rateReqPerS: 5 * n, promptTokensMean: 10, outputTokensMean: 10 })
      .usdPerRequest;
  expect(at(7)).toBeCloseTo(at(1), 15);
});

test('every cost is to the bit that of a dollar an hour times the price', () => {
  for (let n = 1; n < 60; n += 1) {
    for (const usdPerHourPerInstance of [0.526, 1.006, 3.673, 98.32]) {
      const at = (usd: number) =>
        costOf({
          usdPerHourPerInstance: usd,
          instances: n,
          rateReqPerS: 3,
          promptTokensMean: 10,
          outputTokensMean: 10,
        });
      const cost = at(usdPerHourPerInstance);
      for (const figure of Object.keys(cost) as (keyof typeof cost)[]) {
        expect(cost[figure], figure).toBe(usdPerHourPerInstance * at(1)[figure]);
      }
    }
  }
});

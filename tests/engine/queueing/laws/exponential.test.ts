import { describe, expect, it } from 'vitest';
import { exponential } from '../../../../src-worker/engine/queueing/laws/exponential.ts';
import { delayOf, oneServer, TAILS } from '../samples.ts';

describe('exponential service', () => {
  it.each([0.05, 0.3, 0.5, 0.8, 0.99, 0.9999])('at utilization %d waits and responds as an M/M/1', (rho) => {
    const delay = delayOf('exponential', 1, rho);
    for (const tail of TAILS) {
      const wait = tail >= rho ? 0 : Math.log(rho / tail) / (1 - rho);
      expect(delay.waitQuantile(tail)).toBeCloseTo(wait, 9);
      const response = -Math.log(tail) / (1 - rho);
      expect(delay.responseQuantile(tail) / response).toBeCloseTo(1, 9);
      expect(delay.responseTail(response)).toBeCloseTo(tail, 12);
    }
  });

  it('serves a wait that ends as fast as the service, and one that ends a million times faster', () => {
    // Two servers at utilization 1/2: the wait ends at rate 2 (1 - 1/2) = 1, so wait + service is a sum of equal exponentials.
    const equal = exponential.delay(1, { utilization: 0.5, waitProbability: 1 / 3, stretch: 0.5 });
    for (const t of [0.1, 1, 5]) {
      expect(equal.responseTail(t)).toBeCloseTo(Math.exp(-t) * (1 + t / 3), 13);
    }
    const fast = exponential.delay(1, { utilization: 0.5, waitProbability: 0.5, stretch: 1e-6 });
    expect(fast.responseQuantile(0.01)).toBeCloseTo(Math.log(100), 5);
  });

  it('has the partial mean of its density', () => {
    const service = exponential.service(1);
    expect(service.tail(1)).toBeCloseTo(Math.exp(-1), 15);
    expect(service.partialMean(1)).toBeCloseTo(1 - 2 * Math.exp(-1), 15);
    expect(service.partialMean(50)).toBeCloseTo(1, 12);
    expect(service.tail(-1)).toBe(1);
  });

  it('counts as cv 1 whatever was asked', () => {
    expect(exponential.cvUsed(0)).toBe(1);
    expect(exponential.delay(7, oneServer(0.5)).waitQuantile(0.05)).toBe(
      exponential.delay(1, oneServer(0.5)).waitQuantile(0.05),
    );
  });
});

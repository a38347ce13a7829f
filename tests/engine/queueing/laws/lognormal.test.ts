import { describe, expect, it } from 'vitest';
import { lognormalParameters } from '../../../../src-worker/engine/numerics/lognormal.ts';
import { normalQuantile } from '../../../../src-worker/engine/numerics/normal.ts';
import { lognormalService } from '../../../../src-worker/engine/queueing/laws/lognormal.ts';
import { boundedQueue, missBy } from '../bounds.ts';
import { delayOf, meanOfTail, meanWaitByFormula, TAILS } from '../samples.ts';

const CASES = [0.1, 0.5, 1, 3].flatMap((cv) => [0.05, 0.5, 0.9, 0.99].map((rho) => [cv, rho] as const));

describe('lognormal service', () => {
  it.each(CASES)('cv %d at utilization %d has percentiles within 0.02 % of rigorous bounds', (cv, rho) => {
    const delay = delayOf('lognormal', cv, rho);
    const bounds = boundedQueue(lognormalService(cv), rho, 1.2 * delay.responseQuantile(0.01), 2 ** 15);
    for (const tail of TAILS) {
      expect(missBy(delay.waitQuantile(tail), bounds.wait(tail))).toBeLessThan(2e-4);
      expect(missBy(delay.responseQuantile(tail), bounds.response(tail))).toBeLessThan(2e-4);
    }
  });

  it('responds in its own service time when nobody waits', () => {
    const { mu, sigma } = lognormalParameters(1, 0.8);
    const idle = delayOf('lognormal', 0.8, 1e-12);
    for (const tail of TAILS) {
      expect(idle.waitQuantile(tail)).toBe(0);
      expect(idle.responseQuantile(tail) / Math.exp(mu + sigma * normalQuantile(1 - tail))).toBeCloseTo(1, 4);
    }
  });

  it.each([
    [0.3, 0.2],
    [1, 0.9],
    [1.5, 0.5],
  ])('cv %d at utilization %d has the Pollaczek-Khinchine mean', (cv, rho) => {
    const delay = delayOf('lognormal', cv, rho);
    const scale = (1 + cv * cv) / (1 - rho);
    expect(Math.abs(meanOfTail(delay.waitTail, scale) / meanWaitByFormula(rho, cv) - 1)).toBeLessThan(1e-3);
    expect(Math.abs(meanOfTail(delay.responseTail, scale) / (1 + meanWaitByFormula(rho, cv)) - 1)).toBeLessThan(1e-3);
  });

  it('of the same spread as a narrow gamma law waits as that', () => {
    for (const tail of TAILS) {
      const lognormal = delayOf('lognormal', 0.1, 0.8).waitQuantile(tail);
      expect(lognormal / delayOf('gamma', 0.1, 0.8).waitQuantile(tail)).toBeCloseTo(1, 3);
    }
  });
});

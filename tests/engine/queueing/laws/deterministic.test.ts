import { describe, expect, it } from 'vitest';
import { latticeDelay } from '../../../../src-worker/engine/queueing/lattice.ts';
import { deterministic } from '../../../../src-worker/engine/queueing/laws/deterministic.ts';
import { boundedQueue, missBy } from '../bounds.ts';
import { delayOf, meanOfTail, meanWaitByFormula, oneServer, TAILS } from '../samples.ts';

/**
 * P(W <= t) of the M/D/1 by Erlang's alternating sum (A. K. Erlang, 1909): (1 - rho) sum over j = 0 … floor(t) of
 * (rho (j - t))^j / j! e^(rho (t - j)). It cancels for large t, which is why the engine does not use it.
 */
function erlangCdf(rho: number, t: number): number {
  let sum = 0;
  let factorial = 1;
  for (let j = 0; j <= Math.floor(t); j += 1) {
    if (j > 0) factorial *= j;
    sum += ((rho * (j - t)) ** j / factorial) * Math.exp(rho * (t - j));
  }
  return (1 - rho) * sum;
}

describe('constant service', () => {
  it.each([0.1, 0.5, 0.8, 0.95])('at utilization %d waits as in Erlang’s sum', (rho) => {
    const delay = delayOf('deterministic', 0, rho);
    for (const t of [0.2, 0.999, 1, 1.5, 3.7, 6]) expect(delay.waitTail(t)).toBeCloseTo(1 - erlangCdf(rho, t), 10);
  });

  it.each([0.05, 0.3, 0.6, 0.9, 0.99])('at utilization %d has percentiles within rigorous bounds', (rho) => {
    const delay = delayOf('deterministic', 0, rho);
    const span = 1.2 * delay.responseQuantile(0.01);
    const bounds = boundedQueue(deterministic.service(0), rho, span, 2 ** 16);
    for (const tail of TAILS) {
      const wait = delay.waitQuantile(tail);
      expect(missBy(wait, bounds.wait(tail))).toBe(0);
      expect(delay.responseQuantile(tail)).toBe(1 + wait);
    }
  });

  it('passes into its exponential tail without a step', () => {
    for (const rho of [0.3, 0.9, 0.999]) {
      const { waitTail } = delayOf('deterministic', 0, rho);
      const slope = waitTail(19.998) - waitTail(19.999);
      expect(Math.abs(waitTail(19.999) - waitTail(20) - slope)).toBeLessThan(1e-6 * waitTail(20) + 1e-13);
    }
  });

  it.each([0.2, 0.7, 0.97])('at utilization %d has the Pollaczek-Khinchine mean', (rho) => {
    const mean = meanOfTail(delayOf('deterministic', 0, rho).waitTail, 1 / (1 - rho));
    expect(mean / meanWaitByFormula(rho, 0)).toBeCloseTo(1, 4);
  });

  it('agrees with the lattice, which knows only its jump', () => {
    for (const rho of [0.3, 0.7, 0.95]) {
      const exact = delayOf('deterministic', 0, rho);
      const lattice = latticeDelay(deterministic.service(0), oneServer(rho));
      for (const tail of TAILS.filter((q) => q < rho)) {
        expect(lattice.waitQuantile(tail) / exact.waitQuantile(tail)).toBeCloseTo(1, 3);
        expect(lattice.responseQuantile(tail) / exact.responseQuantile(tail)).toBeCloseTo(1, 3);
      }
    }
  });

  it('responds in exactly one service time when nobody waits', () => {
    const idle = deterministic.delay(0, { utilization: 0, waitProbability: 0, stretch: 1 });
    expect(idle.waitQuantile(0.01)).toBe(0);
    expect(idle.responseQuantile(0.01)).toBe(1);
    expect(idle.waitTail(3)).toBe(0);
  });
});

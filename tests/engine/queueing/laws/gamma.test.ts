import { describe, expect, it } from 'vitest';
import { latticeDelay } from '../../../../src-worker/engine/queueing/lattice.ts';
import { gammaService, gammaTransform } from '../../../../src-worker/engine/queueing/laws/gamma.ts';
import { boundedQueue, missBy } from '../bounds.ts';
import { delayOf, meanOfTail, meanWaitByFormula, oneServer, TAILS } from '../samples.ts';

const CASES = [0.2, 0.7, 1.5, 3].flatMap((cv) => [0.05, 0.5, 0.9, 0.99].map((rho) => [cv, rho] as const));

describe('gamma service', () => {
  it.each(CASES)('cv %d at utilization %d has percentiles within rigorous bounds', (cv, rho) => {
    const delay = delayOf('gamma', cv, rho);
    const bounds = boundedQueue(gammaService(cv), rho, 1.2 * delay.responseQuantile(0.01), 2 ** 14);
    for (const tail of TAILS) {
      expect(missBy(delay.waitQuantile(tail), bounds.wait(tail))).toBe(0);
      expect(missBy(delay.responseQuantile(tail), bounds.response(tail))).toBe(0);
    }
  });

  it.each([0.05, 0.3, 0.7, 0.97])('cv 1 at utilization %d is the M/M/1', (rho) => {
    const gamma = delayOf('gamma', 1, rho);
    const exact = delayOf('exponential', 1, rho);
    for (const tail of TAILS) {
      if (tail < rho) expect(gamma.waitQuantile(tail) / exact.waitQuantile(tail)).toBeCloseTo(1, 6);
      expect(gamma.responseQuantile(tail) / exact.responseQuantile(tail)).toBeCloseTo(1, 6);
    }
  });

  it('agrees with the lattice on both sides of the spread where it hands over to it', () => {
    for (const cv of [0.051, 0.1]) {
      for (const rho of [0.3, 0.9]) {
        const euler = delayOf('gamma', cv, rho);
        const lattice = latticeDelay(gammaService(cv), oneServer(rho));
        for (const tail of TAILS) {
          expect(Math.abs(euler.waitQuantile(tail) - lattice.waitQuantile(tail))).toBeLessThan(
            2e-4 * euler.waitQuantile(tail) + 1e-12,
          );
          expect(lattice.responseQuantile(tail) / euler.responseQuantile(tail)).toBeCloseTo(1, 3.5);
        }
      }
    }
  });

  it('tends to constant service as its spread vanishes', () => {
    for (const cv of [1e-3, 1e-6, 1e-12]) {
      const narrow = delayOf('gamma', cv, 0.8);
      const constant = delayOf('deterministic', 0, 0.8);
      for (const tail of TAILS) {
        expect(narrow.waitQuantile(tail) / constant.waitQuantile(tail)).toBeCloseTo(1, 3);
      }
    }
  });

  it.each([
    [0.3, 0.2],
    [0.5, 0.9],
    [2, 0.6],
  ])('cv %d at utilization %d has the Pollaczek-Khinchine mean', (cv, rho) => {
    const delay = delayOf('gamma', cv, rho);
    const scale = (1 + cv * cv) / (1 - rho);
    expect(meanOfTail(delay.waitTail, scale) / meanWaitByFormula(rho, cv)).toBeCloseTo(1, 4);
    // Wide laws rise like a root at 0, which costs Simpson's rule its digits.
    expect(Math.abs(meanOfTail(delay.responseTail, scale) / (1 + meanWaitByFormula(rho, cv)) - 1)).toBeLessThan(5e-4);
  });

  it('has a transform with value 1, slope -1 and second moment at 0, and no cancellation', () => {
    for (const cv of [0.1, 1, 20]) {
      const out = { re: 0, im: 0, excessRe: 0, excessIm: 0 };
      for (const s of [1e-9, 1e-5, 1e-3]) {
        gammaTransform(cv)(s / (1 + cv * cv), 0, out);
        const half = (s / (1 + cv * cv)) ** 2 * ((1 + cv * cv) / 2);
        expect(out.excessRe / half).toBeCloseTo(1, s > 1e-4 ? 2 : 4);
      }
    }
  });

  it('sums the same excess on both sides of the series', () => {
    const at = (modulus: number) => {
      const out = { re: 0, im: 0, excessRe: 0, excessIm: 0 };
      gammaTransform(0.8)(modulus * 0.6, modulus * 0.8, out);
      return out;
    };
    const inside = at(0.25 - 1e-12);
    const outside = at(0.25 + 1e-12);
    expect(inside.excessRe).toBeCloseTo(outside.excessRe, 11);
    expect(inside.excessIm).toBeCloseTo(outside.excessIm, 11);
  });
});

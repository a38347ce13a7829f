import { describe, expect, it } from 'vitest';
import { eulerDelay } from '../../../src-worker/engine/queueing/euler.ts';
import { gammaTransform } from '../../../src-worker/engine/queueing/laws/gamma.ts';
import { narrowDelay, shiftedGamma } from '../../../src-worker/engine/queueing/narrow.ts';
import { mg1Bounds } from './oracle/mg1-bounds.ts';
import { delayOf, oneServer, TAILS } from './samples.ts';

describe('nearly constant service', () => {
  it.each([
    [1e-3, 0.5],
    [1e-3, 0.05],
    [0.01, 0.505],
    [0.1, 0.3],
    [0.12, 0.9],
  ])('gamma and lognormal of cv %d at utilization %d lie within independent bounds', (cv, rho) => {
    const kinds = cv < 0.02 ? (['gamma', 'lognormal'] as const) : (['gamma'] as const);
    for (const kind of kinds) {
      const delay = delayOf(kind, cv, rho);
      const asked = TAILS.flatMap((tail) => [
        { curve: 'response' as const, tail, roughly: delay.responseQuantile(tail) },
        ...(tail < rho ? [{ curve: 'wait' as const, tail, roughly: delay.waitQuantile(tail) }] : []),
      ]);
      const bounds = mg1Bounds({ kind, cv, utilization: rho }, asked, { halfWidth: 4e-4, floor: 1e-3 });
      asked.forEach(({ roughly }, i) => {
        const { low, high } = bounds[i]!;
        const slack = 2e-4 * Math.max(roughly, 1e-3);
        expect(roughly).toBeGreaterThan(low - slack);
        expect(roughly).toBeLessThan(high + slack);
      });
    }
  });

  it('agrees with the inversion of the transform where that takes over', () => {
    const cv = 0.13;
    for (const rho of [0.05, 0.5, 0.9, 0.99]) {
      const series = narrowDelay(shiftedGamma(cv, 2 * cv), rho);
      const euler = eulerDelay({ secondMoment: 1 + cv * cv, transform: gammaTransform(cv), terms: 60 }, oneServer(rho));
      for (const t of [0.2, 0.95, 1.05, 1.6, 3, 7.9, 8.1, 12]) {
        expect(series.waitTail(t)).toBeCloseTo(euler.waitTail(t), 6);
        expect(series.responseTail(t)).toBeCloseTo(euler.responseTail(t), 6);
      }
    }
  });

  it('is the M/D/1 when the spread vanishes', () => {
    for (const rho of [0.1, 0.6, 0.95, 1 - 1e-9]) {
      const constant = delayOf('deterministic', 0, rho);
      const narrow = narrowDelay(shiftedGamma(1e-6, 2e-6), rho);
      for (const tail of TAILS) {
        expect(Math.abs(narrow.waitQuantile(tail) - constant.waitQuantile(tail))).toBeLessThan(
          1e-6 * Math.max(constant.waitQuantile(tail), 1),
        );
        expect(narrow.responseQuantile(tail) / constant.responseQuantile(tail)).toBeCloseTo(1, 5);
      }
    }
  });
});

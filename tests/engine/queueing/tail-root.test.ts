import { describe, expect, it } from 'vitest';
import { solveTail } from '../../../src-worker/engine/queueing/tail-root.ts';

describe('root of a tail', () => {
  it.each([1e-6, 0.01, 1, 1e5])('of an exponential is found from a guess that is %d times the answer', (factor) => {
    let evaluations = 0;
    const tail = (t: number): number => {
      evaluations += 1;
      return Math.exp(-t / 7);
    };
    const answer = 7 * Math.log(100);
    expect(solveTail(tail, 0.01, answer * factor) / answer).toBeCloseTo(1, 9);
    expect(evaluations).toBeLessThan(40);
  });

  it('is found over hundreds of decades', () => {
    // P(S > t) = 1 - t^(1/400) on (0, 1): the median is 2^-400.
    const root = solveTail((t) => 1 - Math.min(1, t) ** (1 / 400), 0.5, 1);
    expect(Math.log2(root)).toBeCloseTo(-400, 4);
  });

  it('below every number is 0', () => {
    expect(solveTail((t) => 1 - Math.min(1, t) ** (1 / 40_000), 0.5, 1)).toBe(0);
  });

  it('is found on a tail that is noise around 0 behind its end', () => {
    const tail = (t: number): number => (t < 2 ? 1 - t / 2 : 1e-9 * Math.sin(t));
    expect(solveTail(tail, 0.01, 500)).toBeCloseTo(1.98, 8);
  });

  it('refuses a tail that never falls', () => {
    expect(() => solveTail(() => 1, 0.5, 1)).toThrow('never fell');
  });
});

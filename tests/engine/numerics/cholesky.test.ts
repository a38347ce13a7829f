import { describe, expect, test } from 'vitest';
import { choleskyFactor, solveCholesky } from '../../../src-worker/engine/numerics/cholesky.ts';
import { Draws } from '../roofline/random-deployments.ts';

/** Plain Gaussian elimination with row exchanges: another way to the same answer. */
function gauss(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  const at = (i: number, j: number): number => rows[i]?.[j] as number;
  for (let k = 0; k < n; k += 1) {
    let best = k;
    for (let i = k + 1; i < n; i += 1) if (Math.abs(at(i, k)) > Math.abs(at(best, k))) best = i;
    [rows[k], rows[best]] = [rows[best] as number[], rows[k] as number[]];
    for (let i = k + 1; i < n; i += 1) {
      const factor = at(i, k) / at(k, k);
      rows[i] = (rows[i] as number[]).map((value, j) => value - factor * at(k, j));
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i -= 1) {
    let sum = at(i, n);
    for (let j = i + 1; j < n; j += 1) sum -= at(i, j) * (x[j] as number);
    x[i] = sum / at(i, i);
  }
  return x;
}

/** B Bᵀ + a little of the unit matrix. */
function randomPositive(draws: Draws, n: number): number[][] {
  const b = Array.from({ length: n }, () => Array.from({ length: n }, () => draws.between(-1, 1)));
  return b.map((row, i) =>
    b.map((other, j) => row.reduce((sum, value, k) => sum + value * (other[k] as number), i === j ? 0.05 : 0)),
  );
}

describe('Cholesky', () => {
  test('solves as Gaussian elimination does, for 200 drawn matrices', () => {
    const draws = new Draws(3);
    for (let round = 0; round < 200; round += 1) {
      const n = draws.whole(1, 12);
      const matrix = randomPositive(draws, n);
      const right = Array.from({ length: n }, () => draws.between(-5, 5));
      const x = solveCholesky(choleskyFactor(Float64Array.from(matrix.flat()), n), Float64Array.from(right));
      const expected = gauss(matrix, right);
      for (let i = 0; i < n; i += 1) {
        const size = Math.max(1, ...expected.map(Math.abs));
        expect(Math.abs((x[i] as number) - (expected[i] as number)) / size).toBeLessThan(1e-9);
      }
    }
  });

  test('a factor by hand: [[4, 2], [2, 5]] = [[2, 0], [1, 2]] times its transpose', () => {
    const { lower } = choleskyFactor(Float64Array.from([4, 2, 2, 5]), 2);
    expect([lower[0], lower[2], lower[3]]).toEqual([2, 1, 2]);
    expect([...solveCholesky({ lower, size: 2 }, Float64Array.from([8, 12]))]).toEqual([1, 2]);
  });

  test('reads the lower triangle only and leaves what it is given as it was', () => {
    const matrix = Float64Array.from([4, 99, 2, 5]);
    const right = Float64Array.from([8, 12]);
    expect([...solveCholesky(choleskyFactor(matrix, 2), right)]).toEqual([1, 2]);
    expect([...matrix]).toEqual([4, 99, 2, 5]);
    expect([...right]).toEqual([8, 12]);
  });

  test('a matrix without full rank gives finite numbers, not NaN', () => {
    const x = solveCholesky(choleskyFactor(Float64Array.from([1, 1, 1, 1]), 2), Float64Array.from([1, 1]));
    expect([...x].every(Number.isFinite)).toBe(true);
    expect(solveCholesky(choleskyFactor(new Float64Array(0), 0), new Float64Array(0))).toHaveLength(0);
  });
});

/** Lower triangle L of a symmetric positive definite matrix A = L Lᵀ, row by row, n x n. */
export interface CholeskyFactor {
  lower: Float64Array;
  size: number;
}

/** Pivots below what double precision can tell from 0 are raised to it. */
const SMALLEST_PIVOT = 1e-12;

/** Decomposes a symmetric positive definite matrix (row by row, n x n; only its lower triangle is read). */
export function choleskyFactor(matrix: Float64Array, size: number): CholeskyFactor {
  const lower = Float64Array.from(matrix);
  for (let j = 0; j < size; j += 1) {
    const rowJ = j * size;
    let pivot = lower[rowJ + j] as number;
    for (let k = 0; k < j; k += 1) pivot -= (lower[rowJ + k] as number) ** 2;
    const root = Math.sqrt(Math.max(pivot, SMALLEST_PIVOT));
    lower[rowJ + j] = root;
    for (let i = j + 1; i < size; i += 1) {
      const rowI = i * size;
      let sum = lower[rowI + j] as number;
      for (let k = 0; k < j; k += 1) sum -= (lower[rowI + k] as number) * (lower[rowJ + k] as number);
      lower[rowI + j] = sum / root;
    }
  }
  return { lower, size };
}

/** Solves A x = right by forward and backward substitution. */
export function solveCholesky({ lower, size }: CholeskyFactor, right: Float64Array): Float64Array {
  const x = Float64Array.from(right);
  for (let i = 0; i < size; i += 1) {
    let sum = x[i] as number;
    for (let k = 0; k < i; k += 1) sum -= (lower[i * size + k] as number) * (x[k] as number);
    x[i] = sum / (lower[i * size + i] as number);
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    let sum = x[i] as number;
    for (let k = i + 1; k < size; k += 1) sum -= (lower[k * size + i] as number) * (x[k] as number);
    x[i] = sum / (lower[i * size + i] as number);
  }
  return x;
}

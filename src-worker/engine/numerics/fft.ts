/** Fast Fourier transform of complex arrays in place, radix 2, on Float64Array. */

interface Plan {
  size: number;
  /** [size / 2] cosines and sines of 2 pi k / size. */
  cosines: Float64Array;
  sines: Float64Array;
  /** [size] bit-reversed index. */
  reversed: Uint32Array;
}

/** Tables depend on the size alone, so keeping them changes no result. */
const plans = new Map<number, Plan>();

function planFor(size: number): Plan {
  const known = plans.get(size);
  if (known) return known;
  if (size < 2 || (size & (size - 1)) !== 0)
    throw new Error(`An FFT of length ${size}: the length must be a power of two.`);
  const cosines = new Float64Array(size / 2);
  const sines = new Float64Array(size / 2);
  for (let k = 0; k < size / 2; k += 1) {
    cosines[k] = Math.cos((2 * Math.PI * k) / size);
    sines[k] = Math.sin((2 * Math.PI * k) / size);
  }
  const reversed = new Uint32Array(size);
  for (let i = 1; i < size; i += 1) reversed[i] = ((reversed[i >> 1] as number) >> 1) | (i & 1 ? size >> 1 : 0);
  const plan = { size, cosines, sines, reversed };
  plans.set(size, plan);
  return plan;
}

function reorder(plan: Plan, re: Float64Array, im: Float64Array): void {
  for (let i = 0; i < plan.size; i += 1) {
    const j = plan.reversed[i] as number;
    if (j <= i) continue;
    const swapRe = re[i] as number;
    const swapIm = im[i] as number;
    re[i] = re[j] as number;
    im[i] = im[j] as number;
    re[j] = swapRe;
    im[j] = swapIm;
  }
}

/**
 * X[k] = sum over n of x[n] e^(-2 pi i k n / N), in place. `re` and `im` have the same length N, a power of two.
 * `direction` -1 is the transform, +1 its inverse without the factor 1/N.
 */
function transform(re: Float64Array, im: Float64Array, direction: -1 | 1): void {
  const plan = planFor(re.length);
  reorder(plan, re, im);
  for (let half = 1; half < plan.size; half *= 2) {
    const stride = plan.size / (2 * half);
    // Blocks outside, so that long transforms walk through memory.
    for (let base = 0; base < plan.size; base += 2 * half) {
      for (let k = 0; k < half; k += 1) {
        const c = plan.cosines[k * stride] as number;
        const s = direction * (plan.sines[k * stride] as number);
        const i = base + k;
        const j = i + half;
        const jRe = re[j] as number;
        const jIm = im[j] as number;
        const turnedRe = jRe * c - jIm * s;
        const turnedIm = jRe * s + jIm * c;
        const iRe = re[i] as number;
        const iIm = im[i] as number;
        re[j] = iRe - turnedRe;
        im[j] = iIm - turnedIm;
        re[i] = iRe + turnedRe;
        im[i] = iIm + turnedIm;
      }
    }
  }
}

export const fft = (re: Float64Array, im: Float64Array): void => transform(re, im, -1);

/** The inverse of `fft`, factor 1/N included. */
export function inverseFft(re: Float64Array, im: Float64Array): void {
  transform(re, im, 1);
  const factor = 1 / re.length;
  for (let i = 0; i < re.length; i += 1) {
    re[i] = (re[i] as number) * factor;
    im[i] = (im[i] as number) * factor;
  }
}

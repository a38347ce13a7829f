/**
 * Discrete Fourier transform for long arrays, by recursion (the halves stay in the cache). `forward` leaves frequencies in
 * bit-reversed order, which `backward` takes: products do not mind.
 */

const tables = new Map<number, { cos: Float64Array; sin: Float64Array }>();

function tableOf(size: number): { cos: Float64Array; sin: Float64Array } {
  const known = tables.get(size);
  if (known) return known;
  const half = size / 2;
  const made = { cos: new Float64Array(half), sin: new Float64Array(half) };
  for (let k = 0; k < half; k += 1) {
    made.cos[k] = Math.cos((2 * Math.PI * k) / size);
    made.sin[k] = Math.sin((2 * Math.PI * k) / size);
  }
  tables.set(size, made);
  return made;
}

export function forward(re: Float64Array, im: Float64Array, from = 0, size = re.length): void {
  if (size === 1) return;
  const half = size / 2;
  const { cos, sin } = tableOf(size);
  for (let k = 0; k < half; k += 1) {
    const i = from + k;
    const j = i + half;
    const xr = re[i]! - re[j]!;
    const xi = im[i]! - im[j]!;
    re[i]! += re[j]!;
    im[i]! += im[j]!;
    re[j] = xr * cos[k]! + xi * sin[k]!;
    im[j] = xi * cos[k]! - xr * sin[k]!;
  }
  forward(re, im, from, half);
  forward(re, im, from + half, half);
}

/** Inverse of `forward`, 1 / size included at the outermost call. */
export function backward(re: Float64Array, im: Float64Array, from = 0, size = re.length): void {
  if (size === 1) return;
  const half = size / 2;
  backward(re, im, from, half);
  backward(re, im, from + half, half);
  const { cos, sin } = tableOf(size);
  const factor = size === re.length ? 1 / size : 1;
  for (let k = 0; k < half; k += 1) {
    const i = from + k;
    const j = i + half;
    const xr = re[j]! * cos[k]! - im[j]! * sin[k]!;
    const xi = im[j]! * cos[k]! + re[j]! * sin[k]!;
    const yr = re[i]!;
    const yi = im[i]!;
    re[i] = (yr + xr) * factor;
    im[i] = (yi + xi) * factor;
    re[j] = (yr - xr) * factor;
    im[j] = (yi - xi) * factor;
  }
}

/** [position] frequency that `forward` leaves there. */
export function frequencies(size: number): Uint32Array {
  const reversed = new Uint32Array(size);
  for (let i = 1; i < size; i += 1) reversed[i] = (reversed[i >> 1]! >> 1) | (i & 1 ? size >> 1 : 0);
  return reversed;
}

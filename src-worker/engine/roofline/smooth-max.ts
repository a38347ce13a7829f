/**
 * Smooth maximum of two times: max(x, y) · (1 + (min/max)^p)^(1/p). Near the ridge of the roofline neither roof is reached
 * alone; far from it the larger one rules (FIDELITY.md section 2). Never below the larger of the two.
 *
 * The factor depends only on r = min/max in [0, 1], so it is tabulated once per exponent: the step time is evaluated some
 * hundred thousand times per sizing and two powers each would dominate it. Linear interpolation in 2,048 cells keeps the
 * relative error below 1e-6.
 */
export type SmoothMax = (x: number, y: number) => number;

const CELLS = 2048;
/** Exponents whose table is kept: a fit tries many, all others use one. */
const MOST_TABLES = 64;
const cache = new Map<number, SmoothMax>();

export function smoothMax(exponent: number): SmoothMax {
  const known = cache.get(exponent);
  if (known) return known;
  const table = new Float64Array(CELLS + 2);
  for (let i = 0; i <= CELLS; i += 1) table[i] = (1 + (i / CELLS) ** exponent) ** (1 / exponent);
  table[CELLS + 1] = table[CELLS] as number;
  const combine: SmoothMax = (x, y) => {
    const high = x > y ? x : y;
    if (high <= 0) return 0;
    const position = ((x > y ? y : x) / high) * CELLS;
    const cell = position | 0;
    const low = table[cell] as number;
    return high * (low + (position - cell) * ((table[cell + 1] as number) - low));
  };
  cache.set(exponent, combine);
  const [oldest] = cache.keys();
  if (cache.size > MOST_TABLES && oldest !== undefined) cache.delete(oldest);
  return combine;
}

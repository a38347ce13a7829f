/** Integral of f over [low, high] by Simpson's rule: the tests' independent check of closed forms. */
export function integrate(f: (x: number) => number, low: number, high: number, intervals = 2000): number {
  const step = (high - low) / intervals;
  let sum = f(low) + f(high);
  for (let i = 1; i < intervals; i += 1) sum += f(low + i * step) * (i % 2 === 1 ? 4 : 2);
  return (sum * step) / 3;
}

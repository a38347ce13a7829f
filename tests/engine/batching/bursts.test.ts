import { describe, expect, test } from 'vitest';
import { burst, setBurst } from '../../../src-worker/engine/batching/bursts.ts';
import { exponential, seededRandom } from '../../../src-worker/engine/numerics/random.ts';

/** Gaps of mean 1 whose law is gamma with a shape of 1 / scv, by Ahrens and Dieter's rejection for shapes below 1 (GS, 1974). */
function gaps(scv: number, count: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  const shape = 1 / scv;
  const edge = (Math.E + shape) / Math.E;
  const one = (): number => {
    for (;;) {
      const p = edge * random();
      const waited = exponential(random, 1);
      const x = p <= 1 ? p ** (1 / shape) : -Math.log((edge - p) / shape);
      if (p <= 1 ? waited >= x : waited >= (1 - shape) * Math.log(x)) return x;
    }
  };
  return Float64Array.from({ length: count }, () => one() * scv);
}

const ARRIVALS = 400_000;

describe.each([2, 4, 9, 25])('gamma gaps of squared CV %f', (scv) => {
  const times = gaps(scv, ARRIVALS, 11 + scv);
  for (let i = 1; i < times.length; i += 1) times[i] = (times[i] as number) + (times[i - 1] as number);
  const end = times.at(-1) as number;

  test.each([0.02, 0.1, 0.5, 2, 10])('windows that expect %f vary as counted', (mean) => {
    const windows = Math.floor(end / mean);
    let square = 0;
    let next = 0;
    for (let window = 0; window < windows; window += 1) {
      const from = next;
      while ((times[next] as number) < (window + 1) * mean) next += 1;
      square += (next - from) ** 2;
    }
    setBurst(mean, scv);
    const variance = square / windows - mean * mean;
    expect(burst.dispersion / (variance / mean)).toBeGreaterThan(0.95);
    expect(burst.dispersion / (variance / mean)).toBeLessThan(1.05);
  });

  test.each([0.02, 0.1, 0.5, 2])(
    'somebody who comes at any moment of a window of %f finds those of the window before it',
    (mean) => {
      const random = seededRandom(5);
      let before = 0;
      let first = 0;
      let last = 0;
      for (const time of times) {
        const start = time - random() * mean;
        while ((times[first] as number) < start - mean) first += 1;
        // Starts do not rise from one arrival to the next: the last one of the window is looked for around where it was.
        while (last < times.length && (times[last] as number) < start) last += 1;
        while (last > 0 && (times[last - 1] as number) >= start) last -= 1;
        let low = Math.min(first, last);
        while (low > 0 && (times[low - 1] as number) >= start - mean) low -= 1;
        before += last - low;
      }
      setBurst(mean, scv);
      const beyond = before / times.length - mean;
      expect(Math.abs(burst.before - beyond)).toBeLessThan(0.03 * (mean + beyond) + 0.003);
    },
  );
});

test('Poisson and regular arrivals come in no bursts, nor do windows without a length', () => {
  for (const [mean, scv] of [
    [1, 1],
    [1, 0],
    [0, 4],
  ] as const) {
    setBurst(mean, scv);
    expect([burst.dispersion, burst.before]).toEqual([1, 0]);
  }
});

test.each([1e-9, 1e-5, 0.3, 49.999, 50.001, 1e6])(
  'a window that expects %f has finite counts between Poisson and all of the bursts',
  (mean) => {
    setBurst(mean, 4);
    expect(burst.dispersion).toBeGreaterThanOrEqual(1);
    expect(burst.dispersion).toBeLessThan(4 + 1e-9);
    expect(burst.before).toBeGreaterThanOrEqual(0);
    expect(burst.before).toBeLessThan(1.5);
  },
);

test('gaps of any spread are answered at once', () => {
  const startMs = process.cpuUsage().user / 1000;
  for (const scv of [1.0001, 100, 2500, 1e6]) {
    setBurst(0.1, scv);
    expect(burst.dispersion).toBeGreaterThanOrEqual(1);
    expect(burst.dispersion).toBeLessThan(scv);
    expect(burst.before).toBeLessThan((scv - 1) / 2);
  }
  expect(process.cpuUsage().user / 1000 - startMs).toBeLessThan(500);
});

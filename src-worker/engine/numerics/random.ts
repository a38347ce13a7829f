/** Uniform numbers in [0, 1), the same for the same seed. */
export type RandomSource = () => number;

/**
 * A small seeded generator: mulberry32 (Tommy Ettinger, public domain, 2017), 32 bits of state, period 2^32. Enough for
 * lengths and gaps of some million requests; not for cryptography.
 */
export function seededRandom(seed: number): RandomSource {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An exponential gap with the given mean. */
export const exponential = (random: RandomSource, mean: number): number => -Math.log1p(-random()) * mean;

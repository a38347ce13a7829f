import { describe, expect, it } from 'vitest';
import { rounded } from '../../src-worker/protocol/rounded.ts';

/** What is promised: the double that ten significant digits of text would be read as. */
const byText = (value: number): number => Number(value.toPrecision(10));

function* samples(): Generator<number> {
  yield* [0, -0, NaN, Infinity, -Infinity, 5e-324, 1.7e308, 1e22, 1e23, 9999999999.5, 0.1 + 0.2, -1 / 3];
  let state = 1;
  const chance = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 20_000; i += 1) {
    const power = 10 ** Math.floor(chance() * 40 - 20);
    yield (chance() - 0.5) * power;
    // Ties of the tenth digit and their neighbors, powers of ten and theirs.
    const tie = (Math.floor(chance() * 1e10) + 0.5) / 10 ** Math.floor(chance() * 15);
    yield* [tie, tie * (1 + 2 ** -52), tie * (1 - 2 ** -53), power, power * (1 + 2 ** -52), power * (1 - 2 ** -53)];
  }
}

describe('rounded', () => {
  it('is the same double as ten digits of text', () => {
    for (const value of samples()) expect(Object.is(rounded(value), byText(value)), String(value)).toBe(true);
  });
});

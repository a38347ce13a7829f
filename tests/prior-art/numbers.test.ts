import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Bugs of the original, numbered from 1. Every one could be repeated here, so none goes without a test. */
const NUM_BUGS = 36;

test('every bug has a test named after its number', () => {
  const texts = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.test.ts') && name !== 'numbers.test.ts')
    .map((name) => readFileSync(`${import.meta.dirname}/${name}`, 'utf8'));
  const named = new Set(
    texts.flatMap((text) => [...text.matchAll(/'bug (\d\d): /g)].map(([, number]) => Number(number))),
  );
  const missing = Array.from({ length: NUM_BUGS }, (_, i) => i + 1).filter((number) => !named.has(number));
  expect(missing).toEqual([]);
});

import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src-worker/protocol/run-analysis.ts';
import { comparisonWords } from '../../src-worker/protocol/run-analysis-words.ts';

const pair = (more: Partial<Comparison>): Comparison => ({
  ...{ a: 'lambda', b: 'runpod', a_cheaper: 0, b_cheaper: 0, equal: 0, only_a: 0, only_b: 0, neither: 0 },
  ...{ ratio: { least: 0.25, most: 0.4 }, break_even_price_factor: { least: 2.5, most: 4 }, lines: [] },
  ...more,
});

describe('two values in a sentence', () => {
  test('name the one that is cheaper and the one that is dearer', () => {
    expect(comparisonWords('provider', pair({ b_cheaper: 4 }))).toBe(
      'runpod is cheaper than lambda throughout, by 60 % to 75 %: they break even where runpod costs 2.50 to 4.00 times what it does.',
    );
    const dearer = { ratio: { least: 2, most: 4 }, break_even_price_factor: { least: 0.25, most: 0.5 } };
    expect(comparisonWords('provider', pair({ ...dearer, a_cheaper: 4 }))).toBe(
      'lambda is cheaper than runpod throughout, by 50 % to 75 %: they break even where runpod costs 0.250 to 0.500 times what it does.',
    );
    expect(comparisonWords('provider', pair({ b_cheaper: 3, equal: 1 }))).toMatch(
      /^runpod is cheaper than lambda in 3 of 4 situations and never dearer, by /,
    );
    expect(comparisonWords('provider', pair({ a_cheaper: 1, b_cheaper: 3 }))).toMatch(
      /^lambda is cheaper in 1, runpod in 3 of 4 situations: /,
    );
  });

  test('say where nothing compares, and where both cost the same', () => {
    expect(comparisonWords('provider', pair({ ratio: null, break_even_price_factor: null, only_a: 2 }))).toBe(
      'lambda and runpod are never both possible with a price, so nothing compares.',
    );
    expect(comparisonWords('provider', pair({ ratio: { least: 1, most: 1 }, equal: 2 }))).toBe(
      'lambda and runpod cost the same throughout (2 situations).',
    );
  });
});

import { describe, expect, test } from 'vitest';
import { readNumberFilter, readTextFilter } from '../../src-worker/protocol/filter-expression.ts';

const VALUES = [null, -3, 0, 1.5, 3, 8, 12, 16, 39.9, 40, 8000];
const passing = (text: string) => {
  const filter = readNumberFilter(text);
  if (filter.kind !== 'test') throw new Error(`${text} was read as ${filter.kind}`);
  return VALUES.filter((value) => filter.test(value));
};

describe('numbers', () => {
  test.each<[string, (number | null)[]]>([
    ['>=40', [40, 8000]],
    ['≥ 40', [40, 8000]],
    ['8..16', [8, 12, 16]],
    ['= 8..16', [8, 12, 16]],
    ['..0', [-3, 0]],
    ['16..', [16, 39.9, 40, 8000]],
    ['<2 or >5', [-3, 0, 1.5, 8, 12, 16, 39.9, 40, 8000]],
    ['>1 and <10 or 8k', [1.5, 3, 8, 8000]],
    ['!=3', [null, -3, 0, 1.5, 8, 12, 16, 39.9, 40, 8000]],
    ['3', [3]],
    ['40', [39.9, 40]],
    ['8,000', [8000]],
  ])('%s', (text, expected) => expect(passing(text)).toEqual(expected));

  test.each(['>', 'many', '8..3', '1..2..3', '..', '>3 and', 'or'])('%s is refused with what would work', (text) => {
    expect(readNumberFilter(text)).toMatchObject({ kind: 'bad', sentence: expect.stringContaining('8..16') as string });
  });

  test('a range is what both of its comparisons are', () => {
    for (const from of [-3, 0, 8]) {
      for (const to of [8, 12, 40]) expect(passing(`${from}..${to}`)).toEqual(passing(`>=${from} and <=${to}`));
    }
  });

  test('nothing asked is no filter', () => expect(readNumberFilter('  ')).toEqual({ kind: 'empty' }));
});

describe('words', () => {
  const filter = readTextFilter('G6 us-EAST');
  const passes = (text: string | null) => filter.kind === 'test' && filter.test(text);

  test('all must occur, in any order and case', () => {
    expect(passes('aws us-east-1 g6.xlarge')).toBe(true);
    expect(passes('aws us-west-1 g6.xlarge')).toBe(false);
    expect(passes(null)).toBe(false);
  });

  const PLACES = [null, '', 'us-east1', 'us-east1-b', 'US-EAST1'];
  const passingTexts = (text: string) => {
    const read = readTextFilter(text);
    if (read.kind !== 'test') throw new Error(`${text} was read as ${read.kind}`);
    return PLACES.filter((value) => read.test(value));
  };

  test.each<[string, (string | null)[]]>([
    ['us-east1', ['us-east1', 'us-east1-b', 'US-EAST1']],
    ['~ us-east1', ['us-east1', 'us-east1-b', 'US-EAST1']],
    ['= us-east1', ['us-east1', 'US-EAST1']],
    ['==US-east1 ', ['us-east1', 'US-EAST1']],
    ['!= us-east1', [null, '', 'us-east1-b']],
    ['<>us-east1', [null, '', 'us-east1-b']],
  ])('%s', (text, expected) => expect(passingTexts(text)).toEqual(expected));

  test.each([['> 5'], ['=>5'], ['='], ['!= ']])('%s is refused with what would work', (text) => {
    expect(readTextFilter(text)).toMatchObject({ kind: 'bad', sentence: expect.stringContaining('!= for') as string });
  });
});

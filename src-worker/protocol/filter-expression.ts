import { parseNumber } from './amount-text.ts';

/** What a row's value is held against; null is a missing value. */
export type Test = (value: number | string | null) => boolean;

/** An expression as it was typed, read: nothing asked, a test, or a sentence about what would work. */
export type Filter = { kind: 'empty' } | { kind: 'test'; test: Test } | { kind: 'bad'; sentence: string };

export const NUMBER_HELP = 'Try >=40, 8..16, <2 or >5, !=3.';

type NumberTest = (value: number) => boolean;

const COMPARISONS: Record<string, (value: number, limit: number) => boolean> = {
  '>=': (value, limit) => value >= limit,
  '<=': (value, limit) => value <= limit,
  '>': (value, limit) => value > limit,
  '<': (value, limit) => value < limit,
};

const SYMBOLS: [RegExp, string][] = [
  [/≥|=>/g, '>='],
  [/≤|=</g, '<='],
  [/≠|<>/g, '!='],
  [/…/g, '..'],
];

/**
 * Reads a filter for numbers: `>=40`, `8..16` (both ends included, either may be left out), `3`, `!=3`, joined by `and`
 * and `or`, of which `and` binds closer. Amounts may be written `8k` or `1,000`. A missing value passes no test but `!=`.
 */
export function readNumberFilter(text: string): Filter {
  if (text.trim() === '') return { kind: 'empty' };
  const plain = SYMBOLS.reduce((result, [symbol, word]) => result.replace(symbol, word), text.toLowerCase());
  const alternatives: NumberTest[][] = [];
  for (const alternative of plain.split(/\bor\b|\|+/)) {
    const terms: NumberTest[] = [];
    for (const term of alternative.split(/\band\b|&+/)) {
      const read = readTerm(term.trim());
      if (read === null) return { kind: 'bad', sentence: badTerm(term.trim()) };
      terms.push(read);
    }
    alternatives.push(terms);
  }
  const test: Test = (value) => {
    const number = typeof value === 'number' ? value : Number.NaN;
    return alternatives.some((terms) => terms.every((term) => term(number)));
  };
  return { kind: 'test', test };
}

const badTerm = (term: string): string =>
  term === '' ? `A condition is missing. ${NUMBER_HELP}` : `"${term}" is no condition. ${NUMBER_HELP}`;

function readTerm(term: string): NumberTest | null {
  if (term.includes('..')) return readRange(term.replace(/^==?/, ''));
  const match = /^(>=|<=|!=|>|<|==?)?\s*(.+)$/.exec(term);
  const limit = match?.[2] === undefined ? null : readAmount(match[2]);
  if (!match || limit === null) return null;
  const compare = COMPARISONS[match[1] ?? ''];
  if (compare) return (value) => compare(value, limit.value);
  const isEqual: NumberTest = (value) => Math.abs(value - limit.value) <= limit.tolerance;
  return match[1] === '!=' ? (value) => !isEqual(value) : isEqual;
}

function readRange(term: string): NumberTest | null {
  const [from = '', to = '', ...rest] = term.split('..').map((end) => end.trim());
  if (rest.length > 0 || (from === '' && to === '')) return null;
  const least = from === '' ? -Infinity : (readAmount(from)?.value ?? null);
  const most = to === '' ? Infinity : (readAmount(to)?.value ?? null);
  if (least === null || most === null || least > most) return null;
  return (value) => value >= least && value <= most;
}

/** A number, and how far a value may lie from it to read the same with as many places: 18 is anything that rounds to 18. */
function readAmount(text: string): { value: number; tolerance: number } | null {
  const digits = text.replace(/^\$/, '').replace('−', '-');
  const value = parseNumber(digits);
  if (value === null) return null;
  const places = /^[+-]?[\d,_ ]*(?:\.(\d*))?\s*%?$/.exec(digits);
  return { value, tolerance: places ? 0.5 * 10 ** -(places[1]?.length ?? 0) : Math.abs(value) * 1e-9 };
}

export const TEXT_HELP = 'Try words that occur, = for the whole text, != for any other.';

/**
 * Reads a filter for texts: words, all of which must occur, in any order; `= text` for the whole text and `!= text` for any
 * other, a missing one among them. Upper and lower case count as equal.
 */
export function readTextFilter(text: string): Filter {
  const [, symbol = '', rest = ''] = /^\s*([=!<>≠≤≥~]*)(.*)$/s.exec(text.toLowerCase()) ?? [];
  const asked = rest.trim();
  const operator = TEXT_OPERATORS[symbol];
  if (operator === undefined)
    return { kind: 'bad', sentence: `"${symbol}" compares numbers, and these are texts. ${TEXT_HELP}` };
  if (asked === '') {
    return symbol === '' ? { kind: 'empty' } : { kind: 'bad', sentence: `A text is missing. ${TEXT_HELP}` };
  }
  return { kind: 'test', test: operator(asked) };
}

type TextOperator = (asked: string) => Test;

const lowerCase = (value: number | string | null): string => String(value ?? '').toLowerCase();
const hasWords: TextOperator = (asked) => {
  const words = asked.split(/\s+/);
  return (value) => {
    const lower = lowerCase(value);
    return words.every((word) => lower.includes(word));
  };
};
const isText: TextOperator = (asked) => (value) => lowerCase(value) === asked;
const isOtherText: TextOperator = (asked) => (value) => lowerCase(value) !== asked;

const TEXT_OPERATORS: Partial<Record<string, TextOperator>> = {
  '': hasWords,
  '~': hasWords,
  '=': isText,
  '==': isText,
  '!=': isOtherText,
  '≠': isOtherText,
  '<>': isOtherText,
};

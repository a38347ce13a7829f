import type { z } from 'zod';
import { formatFixed } from './numbers.ts';

/** What a schema refused, in words for people instead of the library's. */

type Issue = z.core.$ZodIssue;

const LONGEST_VALUE = 60;

/** One sentence about the first problem: field, value, cure. Used for every outside input that passes a schema. */
export function describeIssues(error: z.ZodError, what: string): string {
  const [first] = error.issues;
  if (!first) return `${what} is not valid.`;
  const places = new Set(error.issues.map(placeOf));
  // A field may break two bounds at once: the later one is the narrower.
  const issue = error.issues.findLast((other) => placeOf(other) === placeOf(first)) ?? first;
  const field = issue.path.length > 0 ? `${placeOf(issue)}: ` : '';
  return `${what}: ${field}${issueWords(issue, givenIn(issue))}${andMore(places.size)}.`;
}

/** Behind the first of several: how many there are besides. */
export const andMore = (total: number): string => (total > 1 ? ` (and ${formatFixed(total - 1)} more)` : '');

/** The first problem of a file with its line, and how many there are besides. */
export function firstProblemText([first]: readonly { line: number | null; sentence: string }[], total: number): string {
  if (!first) return '';
  return `${first.line === null ? '' : `line ${first.line}: `}${first.sentence}${andMore(total)}`;
}

const placeOf = ({ path }: Issue): string => path.map(String).join('.');

/**
 * The problem without the field: `must be at least 1, got 0`, `is missing: give a number`. `given.value` undefined = the
 * field is absent; no `given` = the value is not known.
 */
export function issueWords(issue: Issue, given?: { value: unknown }): string {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => JSON.stringify(key)).join(', ');
    const [is, it] = issue.keys.length === 1 ? ['is not a key', 'it'] : ['are not keys', 'them'];
    return `${keys} ${is} that can stand there: mend the spelling or remove ${it}`;
  }
  if (given && given.value === undefined) return `is missing: give ${HINTS[fieldOf(issue)] ?? wanted(issue)}`;
  return given ? `${demand(issue)}, got ${shown(given.value)}` : demand(issue);
}

/** The schema reports inputs only when asked to, and an absent field never has one. */
function givenIn(issue: Issue): { value: unknown } | undefined {
  if ('input' in issue) return { value: issue.input };
  return issue.code === 'invalid_type' && /received undefined$/.test(issue.message) ? { value: undefined } : undefined;
}

/** What a missing field wants, where its type does not tell. */
const HINTS: Readonly<Record<string, string>> = {
  model: 'a model id',
  gpu: 'a GPU id',
  base: 'an object of size options, at least {"model": …}',
  axes: 'an object of what varies, for example {"users": [100, 200]}',
};

const fieldOf = ({ path }: Issue): string => String(path.at(-1) ?? '');

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** What would work, as a noun: `a number`, `one of "a", "b"`. */
function wanted(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? `a value of type ${issue.expected}`;
    case 'invalid_value': {
      const values = issue.values.map((value) => (typeof value === 'string' ? JSON.stringify(value) : String(value)));
      return values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`;
    }
    case 'invalid_union':
      return isOwnWording(issue) ? issue.message.replace(/^must be /, '') : alternatives(issue.errors);
    default:
      return 'a value';
  }
}

/** The whole demand: `must be …`. */
function demand(issue: Issue): string {
  if (isOwnWording(issue)) return lowerFirst(issue.message);
  switch (issue.code) {
    case 'too_small':
      return bound(issue.origin, 'least', Number(issue.minimum), issue.inclusive ?? true);
    case 'too_big':
      return bound(issue.origin, 'most', Number(issue.maximum), issue.inclusive ?? true);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return `does not have the form of ${issue.format === 'regex' ? 'such a text' : `a ${issue.format}`}`;
    case 'invalid_key':
      return `is not a name that can stand there: it ${issue.issues.map(demand).at(-1) ?? 'cannot be one'}`;
    case 'invalid_type':
    case 'invalid_value':
    case 'invalid_union':
      return `must be ${wanted(issue)}`;
    default:
      return 'cannot be used';
  }
}

/** Where a schema has a sentence of its own, that one is better. */
const isOwnWording = ({ code, message }: Issue): boolean =>
  code === 'custom' || !/^(Invalid|Too |Unrecognized)/.test(message);

const lowerFirst = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1);

function bound(origin: string, side: 'least' | 'most', limit: number, isInclusive: boolean): string {
  const counted = { string: 'character', array: 'entry', set: 'entry', map: 'entry' }[origin];
  if (counted === undefined) {
    if (isInclusive) return `must be at ${side} ${limit}`;
    return `must be ${side === 'least' ? 'above' : 'below'} ${limit}`;
  }
  if (side === 'least' && limit === 1) return 'must not be empty';
  const plural = counted === 'entry' ? 'entries' : 'characters';
  return `must have at ${side} ${limit} ${limit === 1 ? counted : plural}`;
}

/** `a text or a list`: the kinds a value may be of; the kinds it is of and fails inside are left to their own words. */
function alternatives(options: readonly (readonly Issue[])[]): string {
  const kinds = options.flatMap((issues) => {
    const [issue] = issues;
    if (!issue) return [];
    return issue.path.length === 0 ? wanted(issue) : `one whose ${placeOf(issue)} ${issueWords(issue, givenIn(issue))}`;
  });
  return [...new Set(kinds)].join(' or ');
}

/** A value short enough for a sentence. JSON has no word for NaN and the infinities. */
function shown(value: unknown): string {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  if (text === undefined) return typeof value;
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

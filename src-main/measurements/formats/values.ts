/** Values of files that others wrote: anything may be anything. */

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object under a path of keys; empty where there is none. */
export function fieldsAt(value: unknown, ...keys: string[]): Fields {
  let found = value;
  for (const key of keys) found = isFields(found) ? found[key] : undefined;
  return isFields(found) ? found : {};
}

/** Python writes infinity as a bare word, as a text or as a number beyond all numbers. */
const WORDS: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['+inf', Infinity],
  ['infinity', Infinity],
  ['-inf', -Infinity],
  ['-infinity', -Infinity],
  ['nan', NaN],
]);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number, also written as text; infinite and NaN where the file says so; null where it says none. */
export function numberAt(fields: Fields, key: string): number | null {
  const value = fields[key];
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (NUMBER.test(text)) return Number(text);
  return WORDS.get(text.toLowerCase()) ?? null;
}

/** A finite number above zero. */
export function positiveAt(fields: Fields, key: string): number | null {
  const number = numberAt(fields, key);
  return number !== null && Number.isFinite(number) && number > 0 ? number : null;
}

/** A whole number from 0. */
export function countAt(fields: Fields, key: string): number | null {
  const number = numberAt(fields, key);
  return number !== null && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** Text on one line, without control characters; null where there is none. */
export function textAt(fields: Fields, key: string): string | null {
  const value = fields[key];
  return typeof value === 'string' ? cleanText(value) : null;
}

const LONGEST_TEXT = 300;

export function cleanText(value: string): string | null {
  // eslint-disable-next-line no-control-regex -- what a name must not have
  const text = value.replace(/[\u0000-\u001f\u007f\s]+/g, ' ').trim();
  return text === '' ? null : text.slice(0, LONGEST_TEXT);
}

/** The numbers of a list; null where it is none, or holds something else. */
export function numbersAt(fields: Fields, key: string): number[] | null {
  const value = fields[key];
  return Array.isArray(value) && value.every((entry): entry is number => typeof entry === 'number') ? value : null;
}

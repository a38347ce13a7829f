import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import { expandNumberAxis, type NumberAxis, type NumberAxisRule } from '../../src-worker/engine/sweep/axis.ts';
import { parseNumberAxis } from '../../src-worker/engine/sweep/axis-text.ts';
import { roundedAmount } from '../../src-worker/protocol/amount-text.ts';
import { formatFixed } from '../../src-worker/protocol/numbers.ts';
import { parseNumber } from './parse.ts';

/* Axes of numbers as people type them, read with the reader of the command line, so that both mean the same values. */

export type { NumberAxis };

/** What the values of an axis are, and what would work where they are not. All figures in the unit that is shown. */
export interface AxisRules {
  /** `a number of users`. */
  value: string;
  /** `%`; empty = a count. */
  unit: string;
  min: number;
  max: number;
  isWhole: boolean;
  /** A value of the question / the value shown: 0.01 where shares are shown as percentages. */
  scale: number;
  /** What would work, with examples. */
  help: string;
}

/** `values` as they are shown; `words` = the axis on the command line, in the unit of the question. */
export type AxisReading =
  { ok: true; axis: NumberAxis; values: number[]; words: string } | { ok: false; sentence: string };

/** More values than anybody means to type; beyond it a slip of the finger is likelier than a wish. */
const MOST_VALUES = 10_000;

export const USERS_RULES: AxisRules = {
  value: 'a number of users',
  unit: '',
  min: 1,
  max: 100_000_000,
  isWhole: true,
  scale: 1,
  help: 'Users takes a list such as 10, 50, 100, or a range: 10..1000:10 counts up by 10, 1..1024*2 doubles, 25..3200/12log spreads 12 values.',
};
/** Users of a sweep. */
export const parseUsersAxis = (text: string): AxisReading => readAxis(text, USERS_RULES);

/**
 * An axis of numbers: a list (`10, 50, 1k`), a stepped range (`10..1000:10`), a growing one (`1..1024*2`) or an even spread
 * (`25..3200/12log`), in the order given.
 */
export function readAxis(text: string, rules: AxisRules): AxisReading {
  const parts = text.split(/[;,]\s*|\s+/).filter((part) => part !== '');
  if (parts.length === 0) return { ok: false, sentence: rules.help };
  const words: string[] = [];
  for (const part of parts) {
    const read = readPart(part, rules);
    if ('sentence' in read) return { ok: false, sentence: read.sentence };
    words.push(read.words);
  }
  const rule = ruleOf(rules);
  const axis = parseNumberAxis(words.join(','), rule);
  const values = expandNumberAxis(axis, rule).map((value) => shown(value, rules));
  return { ok: true, axis, values, words: words.join(',') };
}

const ruleOf = ({ min, max, isWhole, scale }: AxisRules): NumberAxisRule => ({
  name: 'axis',
  isWhole,
  min: roundedAmount(min * scale),
  max: roundedAmount(max * scale),
});

/** Twelve digits, as the values of a range have. */
const SHOWN_DIGITS = 12;
const shown = (value: number, { scale }: AxisRules): number =>
  scale === 1 ? value : Number((value / scale).toPrecision(SHOWN_DIGITS));

/** An axis as somebody would have typed it: its values one by one, or its range. */
export function shownText(axis: NumberAxis, rules: AxisRules): string[] {
  const text = (value: number): string => String(shown(value, rules));
  if (Array.isArray(axis)) return axis.map(text);
  const ends = `${text(axis.from)}..${text(axis.to)}`;
  return ['step' in axis ? `${ends}:${text(axis.step)}` : `${ends}*${axis.factor}`];
}

const RANGE = /^(.+?)\.\.(.+?)(?:([:*])(.+)|\/(\d+)log)$/;

/** One value or range in the words of the command line, or why it is none. */
function readPart(part: string, rules: AxisRules): { words: string } | { sentence: string } {
  const words = wordsOf(part, rules.scale);
  const problem = words === null ? { sentence: syntaxSentence(part, rules) } : problemOf(part, words, rules);
  return problem ?? { words: words ?? '' };
}

function wordsOf(part: string, scale: number): string | null {
  const amount = (text: string | undefined, factor = scale): string | null => {
    const value = text === undefined ? null : parseNumber(text);
    return value === null ? null : String(factor === 1 ? value : roundedAmount(value * factor));
  };
  const single = amount(part);
  if (single !== null) return single;
  const [, from, to, operator, by, count] = RANGE.exec(part) ?? [];
  const [first, last] = [amount(from), amount(to)];
  if (first === null || last === null) return null;
  if (count !== undefined) return `${first}..${last}/${count}log`;
  // What a range is multiplied by has no unit.
  const stride = amount(by, operator === '*' ? 1 : scale);
  return stride === null || operator === undefined ? null : `${first}..${last}${operator}${stride}`;
}

function problemOf(part: string, words: string, rules: AxisRules): { sentence: string } | null {
  try {
    parseNumberAxis(words, ruleOf(rules), MOST_VALUES);
    return null;
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError)) throw thrown;
    return { sentence: sentenceOf(thrown, part, rules) };
  }
}

function sentenceOf({ code, details }: ConfigIqError, part: string, rules: AxisRules): string {
  if (code === 'sweep_too_large')
    return `"${part}" gives more than ${formatFixed(MOST_VALUES)} values; use a larger step.`;
  if (code === 'value_out_of_range') {
    const { value } = details;
    const given = typeof value === 'number' ? String(shown(value, rules)) : `"${part}"`;
    return `${given} is not ${rules.value}: ${spanWords(rules)}.`;
  }
  const { from, to } = details;
  if (code === 'axis_range' && typeof from === 'number' && typeof to === 'number' && to < from)
    return `"${part}" ends before it starts: write the smaller number first.`;
  return syntaxSentence(part, rules);
}

const syntaxSentence = (part: string, { value, help }: AxisRules): string => `"${part}" is not ${value}. ${help}`;

const spanWords = ({ min, max, unit, isWhole }: AxisRules): string =>
  `${isWhole ? 'whole ' : ''}numbers from ${limit(min)} to ${limit(max)}${unit === '' ? '' : ` ${unit}`}`;

const limit = (value: number): string => (Number.isInteger(value) ? formatFixed(value) : String(value));

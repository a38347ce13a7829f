import { formatFixed, formatSignificant } from '../../src-worker/protocol/numbers.ts';

/** What a number field takes. `example` is what the sentence about a bad value offers instead. */
export interface AmountRules {
  label: string;
  unit: string;
  min: number;
  max: number;
  isWhole: boolean;
  example: string;
}

export type Amount =
  { kind: 'empty' } | { kind: 'value'; value: number; understood: string | null } | { kind: 'bad'; sentence: string };

const SUFFIXES: Record<string, number> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  b: 1e9,
  g: 1e9,
  ki: 2 ** 10,
  mi: 2 ** 20,
};

/** `8k`, `1.5k`, `4Ki`, `1e3`, `1,000`, `50 %` as a number; null when it is none of these. */
export function parseNumber(text: string): number | null {
  const plain = text.trim().replace(/%$/, '').trim();
  const isGrouped = /^[+-]?\d{1,3}([,_ ]\d{3})+(\.\d+)?/.test(plain);
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z]{0,2})$/i.exec(
    isGrouped ? plain.replace(/[,_ ](?=\d{3})/g, '') : plain,
  );
  const factor = SUFFIXES[(match?.[2] ?? '').toLowerCase()];
  if (!match?.[1] || factor === undefined) return null;
  const value = Number(match[1]) * factor;
  return Number.isFinite(value) ? value : null;
}

const span = (rules: AmountRules): string => {
  const unit = rules.unit === '' ? '' : ` ${rules.unit}`;
  const whole = rules.isWhole ? 'whole numbers from ' : '';
  return `${rules.label} takes ${whole}${limit(rules.min)} to ${limit(rules.max)}${unit}, for example ${rules.example}.`;
};

const limit = (value: number): string =>
  Math.abs(value) >= 1 || value === 0 ? formatFixed(value, Number.isInteger(value) ? 0 : 2) : formatSignificant(value);

/** Reads one field. What cannot be read stays as it was typed, with a sentence saying what would work. */
export function parseAmount(text: string, rules: AmountRules): Amount {
  if (text.trim() === '') return { kind: 'empty' };
  const value = parseNumber(text);
  const fits = value !== null && value >= rules.min && value <= rules.max;
  if (!fits || (rules.isWhole && !Number.isInteger(value))) return { kind: 'bad', sentence: span(rules) };
  const wasPlain = /^\d+(\.\d+)?$/.test(text.trim());
  const digits = Number.isInteger(value) ? formatFixed(value) : formatSignificant(value, 4);
  return { kind: 'value', value, understood: wasPlain ? null : `= ${digits} ${rules.unit}`.trim() };
}

export type NumberAxis =
  number[] | { from: number; to: number; step: number } | { from: number; to: number; factor: number };

export type AxisReading = { ok: true; axis: NumberAxis; values: number[] } | { ok: false; sentence: string };

/** More values than anybody means to type; beyond it a slip of the finger is likelier than a wish. */
const MOST_VALUES = 10_000;

const AXIS_HELP =
  'Users takes a list such as 10, 50, 100, or a range: 10..1000:10 counts up by 10, 1..1024*2 doubles, 25..3200/12log spreads 12 values.';

/**
 * Users of a sweep: a list (`10, 50, 1k`), a stepped range (`10..1000:10`), a growing one (`1..1024*2`) or
 * an even spread (`25..3200/12log`): the words of the command line.
 */
export function parseUsersAxis(text: string): AxisReading {
  const parts = text.split(/[;,]\s*|\s+/).filter((part) => part !== '');
  if (parts.length === 0) return { ok: false, sentence: AXIS_HELP };
  const axes: NumberAxis[] = [];
  for (const part of parts) {
    const axis = parsePart(part);
    if (axis === null) return { ok: false, sentence: `"${part}" is not a number of users. ${AXIS_HELP}` };
    if (countAxis(axis) > MOST_VALUES) {
      return {
        ok: false,
        sentence: `"${part}" gives more than ${formatFixed(MOST_VALUES)} values; use a larger step.`,
      };
    }
    axes.push(axis);
  }
  const values = [...new Set(axes.flatMap(expandAxis))].sort((a, b) => a - b);
  const bad = values.find((value) => !Number.isInteger(value) || value < 1 || value > 100_000_000);
  if (bad !== undefined) {
    return { ok: false, sentence: `${bad} is not a number of users: whole numbers from 1 to 100,000,000.` };
  }
  const [only] = axes;
  return { ok: true, axis: axes.length === 1 && only && !Array.isArray(only) ? only : values, values };
}

function parsePart(part: string): NumberAxis | null {
  const single = parseNumber(part);
  if (single !== null) return [single];
  const match = /^([^.]+)\.\.([^:*/]+)(?:([:*])(.+)|\/(\d+)log)$/.exec(part);
  if (!match) return null;
  const [from, to] = [parseNumber(match[1] ?? ''), parseNumber(match[2] ?? '')];
  if (from === null || to === null || from > to || from <= 0) return null;
  if (match[5] !== undefined) return logarithmic(from, to, Number(match[5]));
  const stride = parseNumber(match[4] ?? '');
  if (stride === null) return null;
  if (match[3] === '*') return stride > 1 ? { from, to, factor: stride } : null;
  return stride > 0 ? { from, to, step: stride } : null;
}

/** `count` values evenly apart on a logarithmic scale, rounded to whole users. */
function logarithmic(from: number, to: number, count: number): number[] | null {
  if (count < 2 || count > MOST_VALUES || from === to) return null;
  return Array.from({ length: count }, (_, index) => Math.round(from * (to / from) ** (index / (count - 1))));
}

function countAxis(axis: NumberAxis): number {
  if (Array.isArray(axis)) return axis.length;
  // A count that misses a whole number by rounding alone still counts as that number.
  const steps =
    'step' in axis ? (axis.to - axis.from) / axis.step : Math.log(axis.to / axis.from) / Math.log(axis.factor);
  return Math.floor(steps * (1 + 1e-12) + 1e-9) + 1;
}

/** The values of an axis, rounded to whole users, as the sweep planner makes them. */
export function expandAxis(axis: NumberAxis): number[] {
  if (Array.isArray(axis)) return axis;
  return Array.from({ length: countAxis(axis) }, (_, index) =>
    Math.round('step' in axis ? axis.from + index * axis.step : axis.from * axis.factor ** index),
  );
}

import {
  COUNTS,
  parseNumber,
  parseWithUnits,
  roundedAmount,
  type Units,
} from '../../src-worker/protocol/amount-text.ts';
import { formatFixed, formatSignificant } from '../../src-worker/protocol/numbers.ts';

export { parseNumber };

/** What a number field takes. `example` is what the sentence about a bad value offers instead. */
export interface AmountRules {
  label: string;
  /** Decides which units may be typed: `tokens` takes `8k`, `ms` takes `1.5s`, `GiB` takes `24GB`, `%` takes `50%`. */
  unit: string;
  min: number;
  /** `min` itself is too little. */
  isAbove?: boolean;
  max: number;
  isWhole: boolean;
  example: string;
}

export type Amount =
  { kind: 'empty' } | { kind: 'value'; value: number; understood: string | null } | { kind: 'bad'; sentence: string };

const SECONDS: Units = { us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, sec: 1, seconds: 1, min: 60, h: 3600 };
const BYTES: Units = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};
const RATES: Units = { '/s': 1, '/min': 1 / 60, '/h': 1 / 3600 };

/** Every unit of a family in terms of one of its own. */
function inTermsOf(family: Units, unit: string): Units {
  const one = family[unit] ?? 1;
  return Object.fromEntries(Object.entries(family).map(([name, factor]) => [name, factor / one]));
}

/** What may stand behind the number in a field whose unit is `unit`. */
function unitsOf(unit: string): Units {
  const name = unit.toLowerCase();
  if (name === '%') return { '%': 1 };
  if (name in SECONDS) return inTermsOf(SECONDS, name);
  // A lone "b" is a byte beside GiB and a billion beside parameters.
  if (name !== 'b' && name in BYTES) return inTermsOf(BYTES, name);
  const singular = name.replace(/s$/, '');
  const own: Units = name === '' ? {} : { [name]: 1, [singular]: 1 };
  if (!name.endsWith('/s')) return { ...COUNTS, ...own };
  const things = name.slice(0, -2);
  const rates = Object.entries(RATES).flatMap(([per, factor]) => [
    [per, factor],
    [`${things}${per}`, factor],
    [`req${per}`, factor],
  ]);
  return { ...COUNTS, ...(Object.fromEntries(rates) as Units) };
}

const span = (rules: AmountRules): string => {
  const unit = rules.unit === '' ? '' : ` ${rules.unit}`;
  const whole = rules.isWhole ? 'whole numbers from ' : '';
  const range = rules.isAbove
    ? `more than ${limit(rules.min)}, up to ${limit(rules.max)}`
    : `${whole}${limit(rules.min)} to ${limit(rules.max)}`;
  return `${rules.label} takes ${range}${unit}, for example ${rules.example}.`;
};

const limit = (value: number): string =>
  Math.abs(value) >= 1 || value === 0 ? formatFixed(value, Number.isInteger(value) ? 0 : 2) : String(value);

const isWithin = (value: number, { min, isAbove = false, max }: AmountRules): boolean =>
  (isAbove ? value > min : value >= min) && value <= max;

/** What to say of a field that is empty and has no value in force. */
export const emptySentence = ({ label, example }: AmountRules): string =>
  `${label} takes a number, for example ${example}.`;

/** Reads one field. What cannot be read stays as it was typed, with a sentence saying what would work. */
export function parseAmount(text: string, rules: AmountRules): Amount {
  if (text.trim() === '') return { kind: 'empty' };
  const value = parseWithUnits(text, unitsOf(rules.unit))?.value;
  const fits = value !== undefined && isWithin(value, rules);
  if (!fits || (rules.isWhole && !Number.isInteger(value))) return { kind: 'bad', sentence: span(rules) };
  const wasPlain = /^\d+(\.\d+)?\s*%?$/.test(text.trim());
  return { kind: 'value', value, understood: wasPlain ? null : `= ${written(value)} ${rules.unit}`.trim() };
}

const written = (value: number): string => (Number.isInteger(value) ? formatFixed(value) : formatSignificant(value, 4));

/** The line under a field: what was understood, or what would work; empty where the text speaks for itself. */
export function amountHelp(text: string, rules: AmountRules): { help: string; isBad: boolean } {
  const amount = parseAmount(text, rules);
  if (amount.kind === 'bad') return { help: amount.sentence, isBad: true };
  const understood = amount.kind === 'value' ? (amount.understood ?? '') : '';
  return { help: understood === '' ? '' : `${understood}.${binaryHint(text, rules)}`, isBad: false };
}

/** Lengths of prompts are often powers of two, which k does not give. */
function binaryHint(text: string, rules: AmountRules): string {
  const thousands = /^(\d+)\s*k$/i.exec(text.trim())?.[1];
  if (rules.unit !== 'tokens' || thousands === undefined) return '';
  return ` For ${formatFixed(Number(thousands) * 2 ** 10)} type ${thousands}Ki.`;
}

const STEPS: Record<string, number> = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/**
 * The text after an arrow or page key: `step` more or less, ten times that with Shift or a page key, held within what the
 * field takes. null = the key is not for this field. An empty field starts from `start`, the value in force.
 */
export function stepAmount(
  text: string,
  key: { key: string; shiftKey: boolean },
  rules: AmountRules,
  step: number,
  start: string,
): string | null {
  const steps = STEPS[key.key];
  const amount = parseAmount(text.trim() === '' ? start : text, rules);
  if (steps === undefined || amount.kind === 'bad') return null;
  const from = amount.kind === 'value' ? amount.value : rules.min;
  const factor = key.shiftKey && Math.abs(steps) === 1 ? 10 : 1;
  const next = roundedAmount(Math.min(rules.max, Math.max(rules.min, from + steps * factor * step)));
  return String(isWithin(next, rules) ? next : from);
}

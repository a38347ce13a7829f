import { invalidInput } from '../errors.ts';
import {
  checkCount,
  expandNumberAxis,
  MAX_SWEEP_POINTS,
  meant,
  USERS_AXIS,
  type NumberAxis,
  type NumberAxisRule,
} from './axis.ts';

/** Every zone, GPU or instance in scope; `all` on the command line. */
export const EVERY = '*';

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const SINGLE = new RegExp(`^${NUMBER}$`, 'i');
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER})(?:([:*])(${NUMBER})|/(\\d+)log)?$`, 'i');

/**
 * The command line's way to write an axis of numbers:
 *
 * - `10,50,100` a list, whose parts may be ranges too
 * - `10..1000:10` from 10 to 1000 in steps of 10
 * - `1..1024*2` from 1 to 1024, each twice the one before
 * - `25..3200/12log` twelve values from 25 to 3200, evenly apart on a logarithmic scale
 *
 * A single range stays a range, so that a stored spec reads as it was written; everything else becomes a list. Throws
 * invalid input `axis_syntax`, and whatever `expandNumberAxis` throws. `limit` = most values of a range.
 */
export function parseNumberAxis(
  text: string,
  rule: NumberAxisRule = USERS_AXIS,
  limit: number = MAX_SWEEP_POINTS,
): NumberAxis {
  const parts = text.split(',').map((part) => part.trim());
  const axes = parts.map((part) => parsePart(part, text, rule, limit));
  const [only] = axes;
  const axis = axes.length === 1 && only ? only : axes.flatMap((part) => expandNumberAxis(part, rule, limit));
  expandNumberAxis(axis, rule, limit);
  return axis;
}

function parsePart(part: string, text: string, rule: NumberAxisRule, limit: number): NumberAxis {
  if (SINGLE.test(part)) return [Number(part)];
  const match = RANGE.exec(part);
  if (!match) throw syntaxError(part, text, rule);
  const [, fromText, toText, operator, amountText, countText] = match;
  const from = Number(fromText);
  const to = Number(toText);
  if (countText !== undefined) return logarithmic(from, to, Number(countText), rule, limit);
  if (operator === ':') return { from, to, step: Number(amountText) };
  if (operator === '*') return { from, to, factor: Number(amountText) };
  throw invalidInput(
    'axis_syntax',
    `${rule.name}: the range ${part} needs a step (${part}:10), a factor (${part}*2) or a count (${part}/12log).`,
    { axis: rule.name, value: part },
  );
}

function logarithmic(from: number, to: number, count: number, rule: NumberAxisRule, limit: number): number[] {
  if (count < 2 || !(from < to)) {
    throw invalidInput(
      'axis_range',
      `${rule.name}: ${from}..${to}/${count}log needs two values or more and an end above its start.`,
      { axis: rule.name, from, to, count },
    );
  }
  if (!(from > 0)) {
    throw invalidInput('axis_range', `${rule.name}: ${from}..${to}/${count}log must start above 0: start it at 1.`, {
      axis: rule.name,
      from,
      to,
    });
  }
  checkCount(count, rule, limit);
  const values = Array.from({ length: count }, (_, index) => meant(from * (to / from) ** (index / (count - 1))));
  return expandNumberAxis(rule.isWhole ? values.map((value) => Math.round(value)) : values, rule);
}

function syntaxError(part: string, text: string, rule: NumberAxisRule): Error {
  const given = part === '' ? `"${text}" has an empty part` : `"${part}" is not a number or a range`;
  return invalidInput(
    'axis_syntax',
    `${rule.name}: ${given}: write a list (10,50,100), a step (10..1000:10), a factor (1..1024*2) or a count (25..3200/12log).`,
    { axis: rule.name, value: text },
  );
}

/** Axes on which `all` means something. */
const HAVE_ALL: readonly string[] = ['provider', 'gpu', 'instance', 'region', 'zone'];

/**
 * An axis of names: `fp16,fp8,int4`. `all` stands for every value where the axis has one (`["*"]`). Names are checked
 * by whoever knows them. Throws invalid input `axis_syntax`.
 */
export function parseListAxis(text: string, axis = 'zone'): string[] {
  const names = text.split(',').map((part) => part.trim());
  if (names.includes('')) {
    throw invalidInput('axis_syntax', `${axis}: "${text}" has an empty part: write names with commas between them.`, {
      axis,
      value: text,
    });
  }
  const distinct = [...new Set(names)];
  if (!HAVE_ALL.includes(axis)) return distinct;
  return distinct.some((name) => name === EVERY || name.toLowerCase() === 'all') ? [EVERY] : distinct;
}

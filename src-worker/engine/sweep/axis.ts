import { invalidInput } from '../errors.ts';

/** Most points one sweep may have: beyond this the answer would not fit on a disk, let alone in a chart. */
export const MAX_SWEEP_POINTS = 10_000_000;

/** Values of an axis of numbers: listed, or from..to with a step or a factor; `to` is included when it is hit. */
export type NumberAxis =
  number[] | { from: number; to: number; step: number } | { from: number; to: number; factor: number };

/** What the values of an axis must be. */
export interface NumberAxisRule {
  /** As people know it: `users`. */
  name: string;
  isWhole: boolean;
  min: number;
  max: number;
}

export const USERS_AXIS: NumberAxisRule = { name: 'users', isWhole: true, min: 1, max: 100_000_000 };
export const TP_AXIS: NumberAxisRule = { name: 'tp', isWhole: true, min: 1, max: 1024 };

/** Sums of steps such as 0.1 carry an error in their last digits; twelve digits are more than any axis means. */
const MEANT_DIGITS = 12;
/** Whole numbers below have no digits to lose, and millions of them are not worth a text each. */
const EXACT_BELOW = 10 ** MEANT_DIGITS;
export const meant = (value: number): number =>
  Number.isInteger(value) && Math.abs(value) < EXACT_BELOW ? value : Number(value.toPrecision(MEANT_DIGITS));
/** A count that misses a whole number by rounding alone still counts as that number. */
const wholeSteps = (steps: number): number => Math.floor(steps * (1 + 1e-12) + 1e-9);

/**
 * The values of an axis, without repeats, in the order given (ranges ascend). Values of a factor are rounded where the
 * axis wants whole numbers: 25..3200 in twelve steps means the nearest numbers of people. `limit` = most values, where
 * other axes leave room for fewer than a sweep may have points.
 *
 * Throws invalid input: `axis_range` (ends before it starts, no step, factor not above 1), `value_out_of_range` (not
 * finite, not whole, outside the rule) and `sweep_too_large` (before anything is allocated).
 */
export function expandNumberAxis(
  axis: NumberAxis,
  rule: NumberAxisRule = USERS_AXIS,
  limit: number = MAX_SWEEP_POINTS,
): number[] {
  const values = Array.isArray(axis) ? axis : expandRange(axis, rule, limit);
  if (values.length === 0) {
    throw invalidInput('axis_empty', `${rule.name}: the list is empty: give at least one value.`, { axis: rule.name });
  }
  for (const value of values) checkValue(value, rule);
  // Whole steps never meet again, and may be millions; a list or rounded values may.
  return !Array.isArray(axis) && 'step' in axis && Number.isInteger(axis.step) ? values : [...new Set(values)];
}

function expandRange(range: Exclude<NumberAxis, number[]>, rule: NumberAxisRule, limit: number): number[] {
  const { from, to } = range;
  for (const end of [from, to]) checkEnd(end, rule);
  if (to < from) {
    throw invalidInput(
      'axis_range',
      `${rule.name}: the range ${from}..${to} ends before it starts: write the smaller number first.`,
      { axis: rule.name, from, to },
    );
  }
  return 'step' in range ? stepped(from, to, range.step, rule, limit) : multiplied(from, to, range.factor, rule, limit);
}

function stepped(from: number, to: number, step: number, rule: NumberAxisRule, limit: number): number[] {
  if (!(step > 0 && Number.isFinite(step))) {
    throw invalidInput(
      'axis_range',
      `${rule.name}: the step of ${from}..${to} must be above 0, got ${step}: write ${from}..${to}:STEP.`,
      { axis: rule.name, from, to, step },
    );
  }
  const count = wholeSteps((to - from) / step) + 1;
  checkCount(count, rule, limit);
  return Array.from({ length: count }, (_, index) => meant(from + index * step));
}

function multiplied(from: number, to: number, factor: number, rule: NumberAxisRule, limit: number): number[] {
  if (!(factor > 1 && Number.isFinite(factor))) {
    throw invalidInput(
      'axis_range',
      `${rule.name}: the factor of ${from}..${to} must be above 1, got ${factor}: write ${from}..${to}*2, for example.`,
      { axis: rule.name, from, to, factor },
    );
  }
  if (!(from > 0)) {
    throw invalidInput(
      'axis_range',
      `${rule.name}: a range with a factor must start above 0, got ${from}..${to}: start it at 1, or use a step.`,
      { axis: rule.name, from, to, factor },
    );
  }
  const count = wholeSteps(Math.log(to / from) / Math.log(factor)) + 1;
  checkCount(count, rule, limit);
  const values = Array.from({ length: count }, (_, index) => meant(from * factor ** index));
  return rule.isWhole ? values.map((value) => Math.round(value)) : values;
}

function checkEnd(end: number, rule: NumberAxisRule): void {
  if (!Number.isFinite(end)) {
    throw invalidInput('value_out_of_range', `${rule.name}: ${end} is not a number a range can start or end with.`, {
      axis: rule.name,
    });
  }
}

/** Refuses more values than a sweep has room for. */
export function checkCount(count: number, rule: NumberAxisRule, limit: number = MAX_SWEEP_POINTS): void {
  if (count <= limit) return;
  throw invalidInput(
    'sweep_too_large',
    `${rule.name}: ${count.toLocaleString('en-US')} values make a sweep of more than ${MAX_SWEEP_POINTS.toLocaleString('en-US')} points: use a larger step or factor.`,
    { axis: rule.name, values: count, limit },
  );
}

function checkValue(value: number, rule: NumberAxisRule): void {
  const isInside = Number.isFinite(value) && value >= rule.min && value <= rule.max;
  if (isInside && (!rule.isWhole || Number.isInteger(value))) return;
  const kind = rule.isWhole ? 'whole numbers' : 'numbers';
  throw invalidInput(
    'value_out_of_range',
    `${rule.name}: ${value} is not possible: use ${kind} from ${rule.min} to ${rule.max}.`,
    { axis: rule.name, value: Number.isFinite(value) ? value : String(value), min: rule.min, max: rule.max },
  );
}

/** Figures as people read them. A value that does not exist is a dash, never NaN. */
export const NONE = '–';

const grouped = (value: number, decimals: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

type Value = number | null | undefined;
const isMissing = (value: Value): value is null | undefined => value === null || value === undefined;

export const count = (value: Value): string => (isMissing(value) ? NONE : grouped(value, 0));

/** A number with as many decimals as help: 12.3 below 100, 1.23 below 10. */
export function decimal(value: Value): string {
  if (isMissing(value)) return NONE;
  const size = Math.abs(value);
  return grouped(value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** The number of milliseconds, without the unit: 71.2, 1,204. */
export const millisecondNumber = (value: Value): string =>
  isMissing(value) ? NONE : grouped(value, value === 0 || Math.abs(value) >= 100 ? 0 : 1);

export const milliseconds = (value: Value): string => (isMissing(value) ? NONE : `${millisecondNumber(value)} ms`);

/** A target with every decimal it was given with: 2,000 ms, 0.5 ms. */
export const target = (value: Value): string =>
  isMissing(value) ? NONE : `${value.toLocaleString('en-US', { maximumFractionDigits: 12 })} ms`;

export const percent = (value: Value, decimals = 0): string =>
  isMissing(value) ? NONE : `${grouped(value, decimals)}%`;
export const percentOfFraction = (fraction: Value, decimals = 0): string =>
  isMissing(fraction) ? NONE : percent(fraction * 100, decimals);

/** Dollars with a fixed number of decimals: rents and totals. */
export const usd = (value: Value, decimals = 2): string => (isMissing(value) ? NONE : `$${grouped(value, decimals)}`);

/** Small amounts in three significant digits, without an exponent: $0.000279. */
export function smallUsd(value: Value): string {
  if (isMissing(value)) return NONE;
  if (value === 0 || value >= 1) return usd(value);
  const decimals = Math.min(12, 2 - Math.floor(Math.log10(value)));
  return `$${value.toFixed(decimals)}`;
}

export const gib = (value: Value): string => (isMissing(value) ? NONE : `${grouped(value, 2)} GiB`);

/** 6.74 B, 125 M: counts of parameters. */
export function parameters(value: Value): string {
  if (isMissing(value)) return NONE;
  if (value >= 1e12) return `${grouped(value / 1e12, 2)} T`;
  if (value >= 1e9) return `${grouped(value / 1e9, 2)} B`;
  return `${grouped(value / 1e6, value >= 1e7 ? 0 : 1)} M`;
}

export const plural = (number: number, word: string, words = `${word}s`): string =>
  `${count(number)} ${number === 1 ? word : words}`;

/**
 * How figures are written. Every function takes what a document may hold (a number, null, or by mistake something that is
 * not finite) and answers with digits or with the dash: never NaN, undefined or Infinity.
 */
export const NO_VALUE = '–';

type Maybe = number | null | undefined;

const isShown = (value: Maybe): value is number => typeof value === 'number' && Number.isFinite(value);

const formatters = new Map<number, Intl.NumberFormat>();

/** Digits with thousands marks and exactly `decimals` places; a true minus sign. */
export function formatFixed(value: Maybe, decimals = 0): string {
  if (!isShown(value)) return NO_VALUE;
  let formatter = formatters.get(decimals);
  if (!formatter) {
    formatter = new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    formatters.set(decimals, formatter);
  }
  const text = formatter.format(Math.abs(value));
  const isZero = !/[1-9]/.test(text);
  return value < 0 && !isZero ? `−${text}` : text;
}

/** Decimal places that leave `digits` significant digits, none beyond four places. */
function placesFor(value: number, digits: number): number {
  if (value === 0) return 0;
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  return Math.min(4, Math.max(0, digits - 1 - magnitude));
}

/** Three significant digits, whole numbers from 100 up: 0.264, 13.1, 1,961. */
export function formatSignificant(value: Maybe, digits = 3): string {
  return isShown(value) ? formatFixed(value, placesFor(value, digits)) : NO_VALUE;
}

/** The number that is shown so, for what must be ordered as it reads. */
export function asShown(value: number, digits = 3): number {
  const scale = 10 ** placesFor(value, digits);
  return Math.round(value * scale) / scale;
}

/** Latencies are known to about a percent: 0.42, 6.9, 38, 1,240. */
export function formatMs(ms: Maybe): string {
  if (!isShown(ms)) return NO_VALUE;
  const size = Math.abs(ms);
  if (size >= 10_000) return formatFixed(Math.round(ms / 100) * 100);
  if (size >= 1000) return formatFixed(Math.round(ms / 10) * 10);
  if (size >= 10) return formatFixed(ms);
  return formatFixed(ms, size >= 1 ? 1 : 2);
}

/** Money with cents; small amounts with three digits that mean something, none after the point from 1,000 dollars up. */
export function formatUsd(usd: Maybe): string {
  if (!isShown(usd)) return NO_VALUE;
  const size = Math.abs(usd);
  if (size >= 1000) return `$${formatFixed(usd)}`;
  if (size >= 1 || size === 0) return `$${formatFixed(usd, 2)}`;
  const text = formatFixed(usd, Math.min(6, 2 - Math.floor(Math.log10(size))));
  return `$${text.replace(/(\.\d\d+?)0+$/, '$1')}`;
}

/** A tick of an axis: as many places as it needs and no more. */
export function formatTick(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 }).format(value);
}

/** A fraction of one as whole percent; what is above zero never reads as zero. */
export function formatPercent(fraction: Maybe): string {
  if (!isShown(fraction)) return NO_VALUE;
  const percent = fraction * 100;
  if (percent > 0 && percent < 1) return '<1 %';
  return `${formatFixed(percent)} %`;
}

/** A distance to a target: −81 %, +36 %, 0 %. */
export function formatGap(percent: Maybe): string {
  if (!isShown(percent)) return NO_VALUE;
  const text = formatFixed(percent);
  return `${percent > 0 && text !== '0' ? '+' : ''}${text} %`;
}

/** An error without its unit, which stands in the head: −12, +3.4. */
export function formatError(percent: Maybe): string {
  if (!isShown(percent)) return NO_VALUE;
  const text = formatFixed(percent, Math.abs(percent) < 10 ? 1 : 0);
  return percent > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** The same without a sign: 6.9, 21. */
export const formatSize = (percent: Maybe): string => formatError(percent).replace(/^[+−]/, '');

/** Counts of parameters and the like: 8.03B, 671B, 1.1T, 350M. */
export function formatCompact(count: Maybe): string {
  if (!isShown(count)) return NO_VALUE;
  const steps: [number, string][] = [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  for (const [size, letter] of steps) {
    if (Math.abs(count) >= size) return `${formatSignificant(count / size)}${letter}`;
  }
  return formatFixed(count);
}

/** Memory in the binary unit that reads best, in up to four digits: 96 KiB, 4.5 MiB, 14.96 GiB. */
export function formatBytes(bytes: Maybe): string {
  if (!isShown(bytes)) return NO_VALUE;
  const units: [number, string][] = [
    [2 ** 40, 'TiB'],
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
  ];
  const [size, unit] = units.find(([least]) => bytes >= least) ?? [1, 'B'];
  return `${formatTick(bytes / size)} ${unit}`;
}

/** On a disk, in decimal units as disks are sold and files are listed: 96 kB, 4.5 MB, 39.77 GB. */
export function formatDiskSize(bytes: number): string {
  if (bytes < 1e6) return bytes < 1e3 ? plural(bytes, 'byte') : `${formatFixed(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${formatFixed(bytes / 1e6, 1)} MB` : `${formatFixed(bytes / 1e9, 2)} GB`;
}

/** A multiple: 2.1×, 12×. */
export function formatTimes(factor: Maybe): string {
  return isShown(factor) ? `${formatFixed(factor, Math.abs(factor) < 10 ? 1 : 0)}×` : NO_VALUE;
}

/** How long something took or will take: 38 ms, 2.4 s, 3 min. */
export function formatDuration(ms: Maybe): string {
  if (!isShown(ms)) return NO_VALUE;
  if (ms < 1000) return `${formatFixed(ms)} ms`;
  if (ms < 60_000) return `${formatFixed(ms / 1000, ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < MINUTES_ALONE) return `${minutes} min`;
  const hours = Math.ceil(ms / 3_600_000);
  if (hours >= HOURS_ALONE) return `${formatFixed(Math.floor(hours / 24))} d ${hours % 24} h`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Durations that are read in one unit, though they have some of the next. */
const MINUTES_ALONE = 120;
const HOURS_ALONE = 48;

/** `2026-07-20` as 20 Jul 2026; months and years as they are known. */
export function formatDate(iso: string | null): string {
  const match = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?/.exec(iso ?? '');
  if (!match) return NO_VALUE;
  const [, year = '', month, day] = match;
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const monthName = months[Number(month) - 1];
  return [day === undefined ? null : String(Number(day)), monthName, year].filter(Boolean).join(' ');
}

/** `1 target`, `6 targets`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatFixed(count)} ${count === 1 ? one : many}`;

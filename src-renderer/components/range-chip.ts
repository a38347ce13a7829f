import { formatTick, plural } from '../../src-worker/protocol/numbers.ts';
import type { AxisReading } from '../format/axis-text.ts';
import { parseNumber } from '../format/parse.ts';

/** How the values of a range follow each other. */
export type RangeScale = 'linear' | 'doubling' | 'log';

/** A range as its popover edits it: `by` is the step (linear), the factor (doubling) or the number of values (log). */
export interface RangeChip {
  from: number;
  to: number;
  scale: RangeScale;
  by: number;
}

const FORMS: Record<RangeScale, RegExp> = {
  linear: /^(.+)\.\.(.+):(.+)$/,
  doubling: /^(.+)\.\.(.+)\*(.+)$/,
  log: /^(.+)\.\.(.+)\/(\d+)log$/,
};

/** A range as people write it, and as chips say it (`10 to 100 by 10`), in the words of the command line. */
export function rangeWords(text: string): string {
  return text
    .replaceAll(/(\S+) to (\S+?),? by (\S+)/g, '$1..$2:$3')
    .replaceAll(/(\S+) to (\S+?),? times (\S+)/g, '$1..$2*$3');
}

/** A chip's text as a range; null where it is a single value. */
export function readRange(text: string): RangeChip | null {
  for (const scale of Object.keys(FORMS) as RangeScale[]) {
    const parts = FORMS[scale].exec(text.trim());
    if (!parts) continue;
    const [from, to, by] = parts.slice(1, 4).map((part) => parseNumber(part));
    if (from == null || to == null || by == null) return null;
    return { from, to, scale, by };
  }
  return null;
}

/** The words of the command line for a range: `10..100:10`, `1..1024*2`, `25..3200/12log`. */
export function writeRange({ from, to, scale, by }: RangeChip): string {
  const ends = `${from}..${to}`;
  if (scale === 'linear') return `${ends}:${by}`;
  return scale === 'doubling' ? `${ends}*${by}` : `${ends}/${by}log`;
}

/** A chip as people read it: `25 to 3,200, 12 values, log`. */
export function chipLabel(text: string): string {
  const range = readRange(text);
  if (!range) {
    const value = parseNumber(text);
    return value === null ? text : formatTick(value);
  }
  const ends = `${formatTick(range.from)} to ${formatTick(range.to)}`;
  if (range.scale === 'linear') return `${ends} by ${formatTick(range.by)}`;
  if (range.scale === 'doubling') return `${ends}, times ${formatTick(range.by)}`;
  return `${ends}, ${plural(range.by, 'value')}, log`;
}

/** How the words of an axis are read, and what is said where they cannot be. */
export type ReadAxis = (text: string) => AxisReading;

/** The values a range stands for, or the sentence that says why it stands for none. */
export function rangeValues(range: RangeChip, read: ReadAxis): { values: number[] } | { problem: string } {
  if (!(range.from < range.to))
    return { problem: 'The range must end above where it begins: raise "to" or lower "from".' };
  const reading = read(writeRange(range));
  return reading.ok ? { values: reading.values } : { problem: reading.sentence };
}

import type { ErrorSummary, PointColumn } from './accuracy.ts';

/** Errors of predictions against measured values, for documents and for what a window chooses of their points. */

type Judged = Pick<PointColumn, 'measured' | 'predicted'> & Partial<PointColumn>;

const P90 = 0.9;

/** Percent of the measured value; above zero = predicted too high. */
export const errorPercent = ({ measured, predicted }: Judged): number => (predicted / measured - 1) * 100;

/** null without an interval. */
export const isInRange = ({ measured, lo, hi }: PointColumn): boolean | null =>
  lo === null || hi === null ? null : measured >= lo && measured <= hi;

/** Linear between neighbors (R type 7), as everywhere; `sorted` ascends. null of nothing. */
function quantile(sorted: readonly number[], share: number): number | null {
  const place = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) return null;
  return low + (high - low) * (place - Math.floor(place));
}

const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

export function errorSummary(judged: readonly PointColumn[]): ErrorSummary {
  const errors = judged.map(errorPercent);
  const sizes = ascending(errors.map(Math.abs));
  const inRange = judged.map(isInRange).filter((answer) => answer !== null);
  return {
    count: judged.length,
    median_absolute_percent: quantile(sizes, 0.5),
    mean_absolute_percent: mean(sizes),
    p90_absolute_percent: quantile(sizes, P90),
    median_signed_percent: quantile(ascending(errors), 0.5),
    interval_coverage: mean(inRange.map(Number)),
  };
}

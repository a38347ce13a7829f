import type { LatencyPercentiles } from '../batching/spread.ts';
import type { HalfWidths, ServedLoad } from './served-load.ts';

/** How narrow the intervals of a steady state have to be, and how many requests that may take. */
export interface Precision {
  /** 95 % half width / value that every statistic named below must reach. */
  relativeHalfWidth: number;
  statistics: readonly { latency: 'ttftMs' | 'tpotMs' | 'e2eMs'; statistic: keyof LatencyPercentiles }[];
  /** Requests measured at first and at most. */
  fewest: number;
  most: number;
}

/** P99 needs 20,000 requests, more near saturation (QUEUEING.md 2.3). */
export const DEFAULT_PRECISION: Precision = {
  relativeHalfWidth: 0.03,
  statistics: [
    { latency: 'ttftMs', statistic: 'p95' },
    { latency: 'tpotMs', statistic: 'p95' },
    { latency: 'e2eMs', statistic: 'p95' },
  ],
  fewest: 20_000,
  most: 320_000,
};

/** Is every interval that is asked for as narrow as asked for? */
export const isNarrow = (
  served: ServedLoad,
  widths: HalfWidths,
  { statistics, relativeHalfWidth }: Precision,
): boolean =>
  statistics.every(({ latency, statistic }) => {
    const [value, width] = [served[latency], widths[latency]];
    return value === null || (width !== null && width[statistic] <= relativeHalfWidth * value[statistic]);
  });

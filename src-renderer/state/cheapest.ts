import type { RunRow } from '../../src-worker/protocol/app-api.ts';
import { runNumber } from '../../src-worker/protocol/metrics.ts';
import type { BreakEvenLine } from '../../src-worker/protocol/run-analysis.ts';

/* Where answers over a sweep open: at what is cheapest, which is what most sweeps are run for. */

/** Index of the line on which the cheapest answer of all lies; 0 where nothing has a price. */
export function cheapestLine(lines: readonly BreakEvenLine[]): number {
  const costs = lines.map(({ steps }) =>
    steps.reduce((least, { cost }) => Math.min(least, cost?.usd_per_hour ?? Infinity), Infinity),
  );
  return indexOfLeast(costs);
}

/** The cheapest of some rows, the first of equal ones, and the first of all where nothing has a price; null of none. */
export function cheapestRow(rows: readonly RunRow[]): RunRow | null {
  return rows[indexOfLeast(rows.map((row) => runNumber(row, 'cost_usd_per_hour') ?? Infinity))] ?? null;
}

const indexOfLeast = (values: readonly number[]): number =>
  values.reduce((least, value, index) => (value < (values[least] ?? Infinity) ? index : least), 0);

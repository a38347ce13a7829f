import type { SimulatedLoad } from '../../src-worker/protocol/documents.ts';
import { formatMs, formatSignificant, NO_VALUE } from '../../src-worker/protocol/numbers.ts';
import { numberCell, textCell, type ChartCell } from './chart-table.ts';
import type { CurveStatistic, LatencyKind } from './latency-kinds.ts';

/** The simulated points of the load curve: pure functions of the loads that were simulated. */

/** One percentile of one simulated load, with the ends of its 95 % interval. */
export interface SimulatedMark {
  statistic: CurveStatistic;
  x: number;
  y: number;
  /** Both are `y` where the interval is not known. */
  low: number;
  high: number;
}

const summaryOf = (load: SimulatedLoad, kind: LatencyKind) =>
  ({ ttft: load.ttft_ms, tpot: load.tpot_ms, e2e: load.e2e_ms })[kind];

/** Half of the 95 % interval; null where it is not known. */
function halfWidthOf({ half_width: widths }: SimulatedLoad, kind: LatencyKind, statistic: CurveStatistic) {
  return widths && { ttft: widths.ttft_ms, tpot: widths.tpot_ms, e2e: widths.e2e_ms }[kind][statistic];
}

export function simulatedMarks(
  loads: readonly SimulatedLoad[],
  kind: LatencyKind,
  statistics: readonly CurveStatistic[],
): SimulatedMark[] {
  return loads.flatMap((load) =>
    statistics.flatMap((statistic): SimulatedMark[] => {
      const y = summaryOf(load, kind)[statistic];
      if (y === null || y <= 0) return [];
      const half = halfWidthOf(load, kind, statistic) ?? 0;
      return [{ statistic, x: load.requests_per_s, y, low: Math.max(0, y - half), high: y + half }];
    }),
  );
}

/** Loads at which more comes than is served. */
export const saturatedRates = (loads: readonly SimulatedLoad[]): number[] =>
  loads.flatMap(({ saturated, requests_per_s: rate }) => (saturated === null ? [] : [rate]));

const withHalfWidth = (value: number | null, half: number | null): string =>
  `${formatMs(value)}${half === null ? '' : ` ± ${formatMs(half)}`}`;

/** `P50 113 ± 1, P95 200 ± 7 ms`, or that nothing is steady there. */
export function simulatedWords(
  load: SimulatedLoad,
  kind: LatencyKind,
  statistics: readonly { statistic: CurveStatistic; label: string }[],
): string {
  if (load.saturated !== null) return 'saturated: more comes than is served';
  const figures = statistics.map(
    ({ statistic, label }) =>
      `${label} ${withHalfWidth(summaryOf(load, kind)[statistic], halfWidthOf(load, kind, statistic))}`,
  );
  return `${figures.join(', ')} ms`;
}

/** What is said of the simulated loads in the summary of the chart. */
export function simulatedSentence(
  loads: readonly SimulatedLoad[],
  kind: LatencyKind,
  statistics: readonly { statistic: CurveStatistic; label: string }[],
): string {
  if (loads.length === 0) return '';
  const planned = loads.find(({ role }) => role === 'planned');
  const at = planned ? ` At the planned load: ${simulatedWords(planned, kind, statistics)}.` : '';
  const saturated = saturatedRates(loads);
  const over = saturated.length === 0 ? '' : ` Saturated from ${formatSignificant(saturated[0])} requests/s.`;
  return ` Lines are the closed form; points are simulated at ${loads.length} loads, with 95 % intervals.${at}${over}`;
}

const ROLE_WORDS: Record<SimulatedLoad['role'], string> = {
  planned: 'simulation, planned load',
  capacity: 'simulation, capacity',
  between: 'simulation',
};

/** A row of the data table for each load: where it is from, the percentiles, and half of each interval. */
export function simulatedRow(
  load: SimulatedLoad,
  kind: LatencyKind,
  statistics: readonly CurveStatistic[],
): { from: ChartCell; values: ChartCell[]; halves: ChartCell[] } {
  const words = load.saturated === null ? ROLE_WORDS[load.role] : `${ROLE_WORDS[load.role]}, saturated`;
  return {
    from: textCell(words),
    values: statistics.map((statistic) => numberCell(summaryOf(load, kind)[statistic], formatMs)),
    halves: statistics.map((statistic) =>
      numberCell(halfWidthOf(load, kind, statistic), (value) => (value === null ? NO_VALUE : formatMs(value))),
    ),
  };
}

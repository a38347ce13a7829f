/** What the chart of latency against load is of, and how its percentiles look. */

export type LatencyKind = 'ttft' | 'tpot' | 'e2e';
export type CurveStatistic = 'p50' | 'p95' | 'p99';

export const LATENCY_LABELS: Record<LatencyKind, string> = { ttft: 'TTFT', tpot: 'TPOT', e2e: 'E2E' };
/** Percentiles differ by dash as well as by color. */
export const STATISTIC_LOOKS: Record<CurveStatistic, { label: string; slot: number; dash: number[] }> = {
  p50: { label: 'P50', slot: 1, dash: [] },
  p95: { label: 'P95', slot: 2, dash: [7, 3] },
  p99: { label: 'P99', slot: 4, dash: [2, 3] },
};

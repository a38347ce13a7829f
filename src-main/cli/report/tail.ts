import type { LatencySummary } from '../../../src-worker/protocol/documents.ts';

/** How far the tail stands from the middle (NUMBERS.md, "Meeting the targets"). */
export type TailLabel = 'healthy' | 'acceptable' | 'high variance';

export interface TailRatio {
  percentile: 'P95' | 'P99';
  valueMs: number;
  /** Times the P50. */
  ratio: number;
  label: TailLabel;
}

const LIMITS = { P95: { healthy: 3, acceptable: 5 }, P99: { healthy: 4, acceptable: 6 } } as const;
export const TAIL_MARKS: Record<TailLabel, string> = { healthy: '✓', acceptable: '~', 'high variance': '✗' };

/** P95 and P99 over P50 with their labels; empty where there is no steady state to speak of. */
export function tailRatios({ p50, p95, p99 }: LatencySummary): TailRatio[] {
  if (p50 === null || p50 <= 0) return [];
  const ratios: TailRatio[] = [];
  for (const [percentile, valueMs] of [
    ['P95', p95],
    ['P99', p99],
  ] as const) {
    if (valueMs === null) continue;
    const ratio = valueMs / p50;
    ratios.push({ percentile, valueMs, ratio, label: labelOf(ratio, LIMITS[percentile]) });
  }
  return ratios;
}

function labelOf(ratio: number, limits: { healthy: number; acceptable: number }): TailLabel {
  if (ratio < limits.healthy) return 'healthy';
  return ratio < limits.acceptable ? 'acceptable' : 'high variance';
}

import { MOST_LIVE_POINTS, type LivePoint, type ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import { cell, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { UnitSummary } from '../../src-worker/protocol/worker-api.ts';

export interface LivePoints {
  /** Rows to be told, and points without an answer by reason, of one batch. */
  add(told: Pick<UnitSummary, 'live' | 'excluded'>): void;
  /** Those answered since it was last asked. */
  take(): LivePoint[];
  /** Every one that was taken so far: for a window that was not there from the start. */
  told(): LivePoint[];
  /** Points without an answer so far, by the commonest reason of each. */
  excluded(): ProgressEvent['excluded'];
}

/**
 * Of a sweep of so many points every k-th by its number is told, k being the least that leaves at most MOST_LIVE_POINTS: the same
 * ones however threads and units share the work.
 */
export const liveEvery = (points: number): number => Math.max(1, Math.ceil(points / MOST_LIVE_POINTS));

/** Follows what is told of the batches of a sweep. */
export function livePoints(): LivePoints {
  const kept: LivePoint[] = [];
  const excluded: Record<string, number> = {};
  let told = 0;
  return {
    add({ live, excluded: points }) {
      for (const [reason, count] of Object.entries(points)) excluded[reason] = (excluded[reason] ?? 0) + count;
      for (let row = 0; row < live.rows; row += 1) kept.push(livePoint(live, row));
    },
    take() {
      const news = kept.slice(told);
      told = kept.length;
      return news;
    },
    told: () => kept.slice(0, told),
    excluded: () => ({ ...excluded }),
  };
}

function livePoint(batch: ColumnBatch, row: number): LivePoint {
  const number = (column: string): number | null => {
    const value = cell(batch, column, row);
    return typeof value === 'number' ? value : null;
  };
  const text = (column: string): string => String(cell(batch, column, row) ?? '');
  const zone = cell(batch, 'zone', row);
  return {
    pointId: number('point_id') ?? 0,
    users: number('users'),
    id: text('id'),
    instance: text('instance'),
    gpu: text('gpu'),
    instances: number('instances') ?? 0,
    tensorParallel: number('tensor_parallel') ?? 0,
    quantization: text('quantization'),
    zone: typeof zone === 'string' ? zone : null,
    usdPerHour: number('cost_usd_per_hour'),
    usdPer1mOutputTokens: number('cost_usd_per_1m_output_tokens'),
    tpotMsP50: number('tpot_ms_p50'),
    ttftMsP95: number('ttft_ms_p95'),
  };
}

import { MOST_LIVE_POINTS, type LivePoint, type ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import { cell, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { pointsIn, type PointView } from './points.ts';

export interface LivePoints {
  /** `points` are those of the batch, where they are known. */
  add(batch: ColumnBatch, points?: readonly PointView[]): void;
  /** Those answered since it was last asked. */
  take(): LivePoint[];
  /** Every one that was taken so far: for a window that was not there from the start. */
  told(): LivePoint[];
  /** Points without an answer so far, by the commonest reason of each. */
  excluded(): ProgressEvent['excluded'];
}

/**
 * Follows the batches of a sweep of `points` points. Every k-th point by its number is kept, k being the least that leaves
 * at most MOST_LIVE_POINTS: the same ones however threads and units share the work.
 */
export function livePoints(points: number): LivePoints {
  const every = Math.max(1, Math.ceil(points / MOST_LIVE_POINTS));
  const kept: LivePoint[] = [];
  const excluded: Record<string, number> = {};
  let told = 0;
  return {
    add(batch, points = pointsIn(batch)) {
      for (const { pointId, best, reason } of points) {
        if (best === null && reason !== null) excluded[reason] = (excluded[reason] ?? 0) + 1;
        if (best !== null && pointId % every === 0) kept.push(livePoint(batch, pointId, best));
      }
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

function livePoint(batch: ColumnBatch, pointId: number, row: number): LivePoint {
  const number = (column: string): number | null => {
    const value = cell(batch, column, row);
    return typeof value === 'number' ? value : null;
  };
  const text = (column: string): string => String(cell(batch, column, row) ?? '');
  const zone = cell(batch, 'zone', row);
  return {
    pointId,
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

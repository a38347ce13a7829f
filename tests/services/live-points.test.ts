import { describe, expect, test } from 'vitest';
import { columnBuilder } from '../../src-worker/answers/column-builder.ts';
import { pointsIn } from '../../src-worker/answers/sweep/points.ts';
import { summaryOf } from '../../src-worker/answers/sweep/unit-summary.ts';
import { SWEEP_COLUMNS, sweepColumns } from '../../src-worker/protocol/sweep-columns.ts';
import { bestSoFar } from '../../src-main/services/best-so-far.ts';
import { liveEvery, livePoints } from '../../src-main/services/live-points.ts';
import { shownRows } from '../../src-main/services/shown-rows.ts';
import { pickedRows, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';

type Row = Partial<Record<string, number | string | null>>;

function batchOf(...rows: Row[]): ColumnBatch {
  const builder = columnBuilder(SWEEP_COLUMNS);
  for (const row of rows) builder.add((column) => row[column] ?? null);
  return builder.build();
}
const passing = (point: number, id: string, usdPerRequest: number | null, more: Row = {}): Row => ({
  point_id: point,
  meets_sla: 1,
  id,
  cost_usd_per_request: usdPerRequest,
  cost_usd_per_hour: usdPerRequest === null ? null : 7,
  ...more,
});
const refused = (point: number, reason: string, more: Row = {}): Row => ({
  point_id: point,
  meets_sla: 0,
  reason,
  ...more,
});

describe('points of a batch', () => {
  test('the cheapest row that passes wins by $/request, then $/hour, then id; a row without a price comes last', () => {
    const batch = batchOf(
      passing(0, 'z', null),
      passing(0, 'd', 2),
      passing(0, 'c', 1, { cost_usd_per_hour: 9 }),
      passing(0, 'b', 1),
      passing(0, 'a', 1),
      refused(0, 'memory'),
      passing(1, 'y', null),
      passing(1, 'x', null),
    );
    expect(pointsIn(batch).map(({ pointId, best }) => [pointId, best])).toEqual([
      [0, 4],
      [1, 7],
    ]);
  });

  test('rows without a price are told by their GPUs before their id', () => {
    const sized = (instances: number, count: number): Row => ({ instances, gpu_count: count });
    const batch = batchOf(
      passing(0, 'a', null, sized(4, 2)),
      passing(0, 'b', null, sized(1, 0.5)),
      passing(0, 'c', null, sized(1, 2)),
      passing(1, 'a', null, sized(1, 1)),
      passing(1, 'z', 5, sized(8, 8)),
    );
    expect(pointsIn(batch).map(({ best }) => best)).toEqual([1, 4]);
    const best = bestSoFar();
    best.add(batchOf(passing(0, 'a', null, { ...sized(4, 2), instance: 'large' })));
    best.add(batchOf(passing(1, 'b', null, { ...sized(1, 2), instance: 'small' })));
    best.add(batchOf(passing(2, 'c', null, { ...sized(3, 2), instance: 'middle' })));
    expect(best.answer(3)).toEqual({ answer: '1 × small', usdPerHour: null });
    expect(best.words()).toMatch(/^no price: 1 × /);
    best.add(batchOf(passing(3, 'd', 9, { ...sized(8, 8), instance: 'priced' })));
    expect(best.answer(4)).toEqual({ answer: '8 × priced', usdPerHour: null });
  });

  test('a point without a passing row has the commonest reason, by name among equals, and the first row of it', () => {
    const batch = batchOf(
      refused(3, 'sla_missed'),
      refused(3, 'memory'),
      refused(3, 'memory'),
      refused(4, 'tp_heads'),
      refused(4, 'memory'),
    );
    expect(pointsIn(batch)).toEqual([
      { pointId: 3, best: null, reason: 'memory', reasonRow: 1 },
      { pointId: 4, best: null, reason: 'memory', reasonRow: 4 },
    ]);
  });
});

describe('live points', () => {
  /** What a thread tells of a batch of a sweep of so many points. */
  const told = (count: number, ...rows: Row[]) => summaryOf(batchOf(...rows), ['users'], liveEvery(count));
  const pointsOf = (count: number, batches: number) => {
    const live = livePoints();
    for (let first = 0; first < count; first += Math.ceil(count / batches)) {
      const last = Math.min(count, first + Math.ceil(count / batches));
      live.add(told(count, ...Array.from({ length: last - first }, (_, index) => passing(first + index, 'a', 1))));
    }
    return live;
  };

  test('are the same ones however the sweep is cut, at most a thousand, spread over all of it', () => {
    const ids = pointsOf(2500, 3)
      .take()
      .map(({ pointId }) => pointId);
    expect(ids).toEqual(Array.from({ length: 834 }, (_, index) => index * 3));
    expect(
      pointsOf(2500, 300)
        .take()
        .map(({ pointId }) => pointId),
    ).toEqual(ids);
    expect(pointsOf(1000, 7).take()).toHaveLength(1000);
    expect(pointsOf(1001, 7).take().length).toBeLessThanOrEqual(1000);
  });

  test('are told once each, and kept for whoever comes later', () => {
    const live = livePoints();
    live.add(told(4, passing(0, 'a', 1), passing(1, 'b', 1)));
    expect(live.told()).toEqual([]);
    expect(live.take().map(({ id }) => id)).toEqual(['a', 'b']);
    live.add(told(4, passing(2, 'c', 1)));
    expect(live.take().map(({ id }) => id)).toEqual(['c']);
    expect(live.take()).toEqual([]);
    expect(live.told().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  test('points without an answer are counted by their commonest reason, thinned or not', () => {
    const live = livePoints();
    const missed = refused(2, 'sla_missed');
    live.add(told(100_000, refused(1, 'memory'), missed, missed, refused(2, 'memory')));
    live.add(told(100_000, refused(3, 'memory'), passing(5, 'a', 1)));
    expect(live.excluded()).toEqual({ memory: 2, sla_missed: 1 });
    expect(live.take()).toEqual([]);
  });
});

describe('rows shown of a run', () => {
  const input = sweepSpecSchema.parse({ base: { model: 'm', users: 1 }, axes: { gpu: ['a'], tp: [2] } });
  const shownOf = (batches: ColumnBatch[], most?: number) => {
    const shown = shownRows({ kind: 'sweep', input }, most);
    for (const batch of batches) shown.add(pickedRows(batch, shown.choose(batch)));
    return shown.rows();
  };
  const batch = batchOf(
    refused(0, 'memory', { detail: 'first', users: 1, gpu: 'a', tensor_parallel: 2, quantization: 'fp16' }),
    passing(1, 'b', 2),
    passing(1, 'a', 1, { vllm_command: 'vllm serve', gpu: 'a' }),
    refused(2, 'memory', { detail: 'second' }),
    passing(3, 'c', 3),
  );

  test('the best of each point without its empty cells and its command, the place and reason of the others', () => {
    const { bestRows, emptyRows } = shownOf([batch]);
    expect(bestRows[0]).toEqual({
      point_id: 1,
      id: 'a',
      meets_sla: 1,
      gpu: 'a',
      cost_usd_per_request: 1,
      cost_usd_per_hour: 7,
    });
    // The base leaves the precision open: that of the nearest plan is not the point's.
    expect(emptyRows[0]).toEqual({
      point_id: 0,
      users: 1,
      zone: null,
      gpu: 'a',
      tensor_parallel: 2,
      reason: 'memory',
      detail: 'first',
    });
  });

  test('a point without an answer has its place on every axis', () => {
    const spec = sweepSpecSchema.parse({
      base: { model: 'm', users: 1 },
      axes: { headroom: [0, 50], pricing: ['spot'], region: ['r'], pp: [2], sla: { ttft_p95: [300, 500] } },
    });
    const shown = shownRows({ kind: 'sweep', input: spec });
    const place = { headroom: 50, pricing: 'spot', region: 'r', pipeline_parallel: 2, sla_ttft_p95_ms: 300 };
    const builder = columnBuilder(sweepColumns(['sla_ttft_p95_ms', 'headroom', 'pricing', 'region', 'pp']));
    const row: Row = { ...refused(0, 'memory'), ...place };
    builder.add((column) => row[column] ?? null);
    const one = builder.build();
    shown.add(pickedRows(one, shown.choose(one)));
    expect(shown.rows().emptyRows[0]).toMatchObject(place);
  });

  test('beyond the most a window holds they are counted only', () => {
    const twice = [batch, batchOf(passing(4, 'd', 1), refused(5, 'memory'))];
    const { bestRows, emptyRows, answeredPoints, emptyPoints } = shownOf(twice, 1);
    expect(bestRows.map(({ point_id: point }) => point)).toEqual([1]);
    expect(emptyRows.map(({ point_id: point }) => point)).toEqual([0]);
    expect([answeredPoints, emptyPoints]).toEqual([3, 3]);
  });
});

import { describe, expect, onTestFinished, test } from 'vitest';
import { join } from 'node:path';
import { createHeldRuns } from '../../src-main/services/held-runs.ts';
import { createRunRows } from '../../src-main/services/run-rows.ts';
import { openStore } from '../../src-main/store/open.ts';
import type { Store } from '../../src-main/store/store.ts';
import { plainBatch, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { runRowsSchema, type RunRowsDraft } from '../../src-worker/protocol/run-rows.ts';
import { startService, temporaryFolder } from './service.ts';

const COLUMNS = ['point_id', 'rank', 'meets_sla', 'cost_usd_per_hour', 'instance', 'vllm_command'];

/** Points of two rows each, the first of which passes; the cost falls from point to point. */
function batchOf(firstPoint: number, points: number): ColumnBatch {
  const rows = Array.from({ length: points * 2 }, (_, row) => row);
  const point = (row: number): number => firstPoint + Math.floor(row / 2);
  const passes = (row: number): boolean => row % 2 === 0;
  return plainBatch(
    rows.length,
    COLUMNS,
    {
      point_id: Float64Array.from(rows, point),
      rank: Float64Array.from(rows, (row) => (passes(row) ? 1 : Number.NaN)),
      meets_sla: Float64Array.from(rows, (row) => Number(passes(row))),
      cost_usd_per_hour: Float64Array.from(rows, (row) => (passes(row) ? 1000 - point(row) : Number.NaN)),
    },
    {
      instance: { codes: Uint32Array.from(rows, (row) => row % 2), dictionary: ['g2-standard-4', 'a3-highgpu-8g'] },
      vllm_command: { codes: new Uint32Array(rows.length), dictionary: ['vllm serve x'] },
    },
  );
}

function storeWithRun(): { store: Store; runId: number } {
  const { store } = openStore(join(temporaryFolder(), 'configiq.sqlite'));
  onTestFinished(() => store.close());
  const runId = store.createRun({
    name: 'x',
    model: 'm',
    createdAt: '2026-01-05T09:00:00.000Z',
    owner: '',
    input: sweepSpecSchema.parse({ base: { model: 'm' }, axes: { users: [1, 2] } }),
    versions: {},
    points: 9,
  });
  store.appendChunk(runId, 0, batchOf(0, 2), { points: 2, passing: 2 });
  store.appendChunk(runId, 1, batchOf(2, 3), { points: 3, passing: 3 });
  return { store, runId };
}

const question = (draft: RunRowsDraft) => runRowsSchema.parse(draft);

describe('rows of a stored run', () => {
  test('sorted, filtered and by page, with their places and without the long command', async () => {
    const { store, runId } = storeWithRun();
    const { page } = createRunRows(store, () => undefined);
    const sort = { column: 'cost_usd_per_hour' };
    const found = await page(question({ runId, sort, onlyBest: true, offset: 1, limit: 2 }));
    expect(found).toEqual({
      rows: [3, 2].map((point) => ({
        point_id: point,
        rank: 1,
        meets_sla: 1,
        cost_usd_per_hour: 1000 - point,
        instance: 'g2-standard-4',
      })),
      places: [6, 4],
      total: 5,
      columns: COLUMNS,
    });
    const filters = [{ column: 'instance', expression: 'a3' }];
    const failing = await page(question({ runId, filters, columns: ['point_id', 'vllm_command'], limit: 1 }));
    expect(failing).toMatchObject({ total: 5, places: [1], rows: [{ point_id: 0, vllm_command: 'vllm serve x' }] });
  });

  test('rows that a running sweep adds are seen by the next question', async () => {
    const { store, runId } = storeWithRun();
    const { page } = createRunRows(store, () => undefined);
    expect((await page(question({ runId }))).total).toBe(10);
    store.appendChunk(runId, 2, batchOf(5, 1), { points: 1, passing: 1 });
    expect((await page(question({ runId }))).total).toBe(12);
  });

  test('a run too large to be held is read anew, with the same rows', async () => {
    const { store, runId } = storeWithRun();
    const ask = question({ runId, sort: { column: 'instance', descending: true }, limit: 7 });
    const held = await createRunRows(store, () => undefined).page(ask);
    const read = await createRunRows(store, () => undefined, createHeldRuns(1)).page(ask);
    expect(read).toEqual(held);
  });

  test('of several runs the one that was looked at last stays held', async () => {
    const { store, runId } = storeWithRun();
    const run = store.readRun(runId)!;
    const reads: number[] = [];
    const bytes = 10 * COLUMNS.length * 8;
    const runs = createHeldRuns(bytes);
    const open = (id: number) =>
      runs.open({ ...run, id }, () => {
        reads.push(id);
        return [batchOf(0, 5)];
      });
    for (const id of [1, 1, 2, 2, 1]) await open(id);
    expect(reads).toEqual([1, 2, 1]);
  });

  test('what does not exist is named, with what would work', async () => {
    const { store, runId } = storeWithRun();
    const { page } = createRunRows(store, () => undefined);
    await expect(page(question({ runId: 99 }))).rejects.toThrow('There is no run 99');
    const unknown = question({ runId, sort: { column: 'cost' } });
    await expect(page(unknown)).rejects.toThrow('The run has no column "cost": did you mean "cost_usd_per_hour"?');
    await expect(page(question({ runId, columns: ['nope'] }))).rejects.toThrow('no column "nope"');
  });

  test('a question is checked where it comes in', async () => {
    const { api } = startService(temporaryFolder());
    const limit = await api.runRows({ runId: 1, limit: 501 });
    expect(limit).toMatchObject({ ok: false, error: { code: 'request_invalid' } });
    expect(limit.ok ? '' : limit.error.message).toMatch(/Rows question: limit/);
  });
});

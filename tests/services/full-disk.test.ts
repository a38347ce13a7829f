import { packed } from '../../src-worker/pool/packed-batch.ts';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { storedSweep } from '../../src-main/services/stored-sweep.ts';
import { MIGRATIONS } from '../../src-main/store/migrations/index.ts';
import { openStore } from '../../src-main/store/open.ts';
import { errorInfo } from '../../src-worker/engine/errors.ts';
import { plainBatch, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { temporaryFolder } from './service.ts';

const facts = loadFacts(bundledCatalogsFolder());
const spec = sweepSpecSchema.parse({ base: { model: 'meta-llama/Llama-2-7b-hf' }, axes: { users: [1, 2, 3, 4] } });
const ROWS = 2000;
/** 4 kB each: the tables, and a few batches of 16 kB. */
const PAGES = 60;

const batchOf = (point: number): ColumnBatch =>
  plainBatch(
    ROWS,
    ['point_id', 'meets_sla'],
    {
      // Irregular, so that they take their room when they are packed.
      point_id: Float64Array.from({ length: ROWS }, (_, row) => Math.sin(point * ROWS + row + 1)),
      meets_sla: new Float64Array(ROWS).fill(1),
    },
    {},
  );

test('a disk that fills while a sweep is stored: what was kept is whole, and the error says how much', () => {
  const file = join(temporaryFolder(), 'configiq.sqlite');
  const { store } = openStore(file, MIGRATIONS, { mostPages: PAGES });
  onTestFinished(() => {
    store.close();
  });
  const stored = storedSweep(
    store,
    {
      spec,
      name: 'x',
      createdAt: '2026-01-05T09:00:00.000Z',
      versions: { ...facts.versions, calibration: 'default', models: '', profiles: '' },
    },
    100,
    null,
  );
  let kept = 0;
  let thrown: unknown = null;
  while (thrown === null && kept < 100) {
    try {
      stored.add(kept, packed(batchOf(kept)), { points: 1, passing: ROWS });
      kept += 1;
    } catch (full) {
      thrown = stored.fail(full);
    }
  }

  expect(kept).toBeGreaterThan(0);
  const error = errorInfo(thrown);
  expect(error).toMatchObject({ family: 'file', code: 'disk_full', details: { run: 1 } });
  expect(error.message).toMatch(
    /^The disk is full: .*Free some space and try again\.\nRun 1 keeps \d+ of 100 points: configiq sweep resume 1 goes on\.$/,
  );
  expect(error.message).toContain(`keeps ${kept} of 100`);
  const run = store.readRun(1);
  expect(run).toMatchObject({ donePoints: kept, rows: kept * ROWS, passing: kept * ROWS });
  // A run that could not be marked is found unfinished at the next start.
  expect(['failed', 'running']).toContain(run?.status);
  const batches = [...store.readChunks(1, (problem) => expect.fail(problem))];
  expect(batches.map((batch) => batch.rows)).toEqual(Array.from({ length: kept }, () => ROWS));

  store.close();
  const again = openStore(file).store;
  onTestFinished(() => {
    again.close();
  });
  again.markInterruptedRuns(() => false);
  expect(['failed', 'interrupted']).toContain(again.readRun(1)?.status);
  // With room again it can go on where it was.
  again.appendChunk(1, kept, batchOf(kept), { points: 1, passing: ROWS });
  expect(again.readRun(1)).toMatchObject({ donePoints: kept + 1 });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { AppService } from '../../src-main/services/app-service.ts';
import { runRowsSchema } from '../../src-worker/protocol/run-rows.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

const NARROW = {
  model: 'meta-llama/Llama-2-7b-hf',
  workload: 'chat',
  provider: ['gcp'],
  gpu: ['nvidia-h100-80gb', 'nvidia-l4'],
};
const SPEC = { base: NARROW, axes: { users: { from: 1, to: 30, step: 1 } } };

interface Whole {
  folder: string;
  service: AppService;
  rows: number;
  csv: string;
}

async function finished(): Promise<Whole> {
  const folder = temporaryFolder();
  const service = startService(folder);
  const { runId, rows } = valueOf(await service.api.startSweep({ taskId: 't', spec: SPEC, name: 'child' }));
  expect(runId).toBe(1);
  return { folder, service, rows, csv: valueOf(await service.api.exportRun(1, 'csv')).text };
}

function change(folder: string, sql: string): void {
  const db = new Database(join(folder, 'configiq.sqlite'));
  db.exec(sql);
  db.close();
}

const linesOf = (text: string): number => text.trimEnd().split('\n').length - 1;
const noticesOf = async ({ api }: AppService): Promise<string[]> => valueOf(await api.info()).notices;

describe.each([
  ['of which a batch cannot be read', "UPDATE run_chunk SET data = x'00' WHERE seq = 2", / \(1 batch cannot be read\)/],
  ['of which a batch is gone', 'DELETE FROM run_chunk WHERE seq = 2', /rows; /],
])('a run %s', (_, damage, why) => {
  test.each(['csv', 'json', 'ndjson', 'parquet'] as const)(
    'is exported as far as it goes, and says so: %s',
    async (format) => {
      const { folder, service, rows, csv } = await finished();
      change(folder, damage);
      const path = join(folder, `rows.${format}`);
      const written = valueOf(await service.exportRunTo({ runId: 1, format, path }));
      expect(written.missingRows).toBeGreaterThan(0);
      expect(written.rows + written.missingRows).toBe(rows);
      const text = readFileSync(path, 'latin1');
      if (format === 'csv') expect(linesOf(text)).toBe(written.rows);
      if (format === 'json') {
        const document = JSON.parse(text) as { rows: unknown[]; missing_rows: number };
        expect([document.rows.length, document.missing_rows]).toEqual([written.rows, written.missingRows]);
      } else if (format === 'parquet') {
        expect(text).toContain('configiq.missing_rows');
      } else {
        expect(JSON.parse(readFileSync(`${path}.meta.json`, 'utf8'))).toMatchObject({
          missing_rows: written.missingRows,
        });
      }
      expect(valueOf(await service.api.exportRun(1, 'csv'))).toMatchObject({ missingRows: written.missingRows });
      const notices = await noticesOf(service);
      const loss = notices.find((notice) => notice.startsWith('Run 1 has lost '));
      expect(loss).toMatch(why);
      expect(loss).toContain(`lost ${written.missingRows} of its ${rows} rows`);
      expect(loss).toMatch(/"configiq sweep resume 1" computes them again\.$/);
      expect(linesOf(csv)).toBe(rows);
    },
  );

  test('says so whatever is asked of it', async () => {
    const asked: ((service: AppService) => Promise<unknown>)[] = [
      ({ api }) => api.showRun(1),
      ({ api }) => api.analyzeRun({ kind: 'frontier', runId: 1, at: {} }),
      ({ api }) => api.runRows(runRowsSchema.parse({ runId: 1 })),
      ({ api }) => api.diffRuns(1, 1),
    ];
    const { folder, service } = await finished();
    await service.close();
    change(folder, damage);
    for (const ask of asked) {
      const next = startService(folder, { workers: 1 });
      await ask(next);
      expect(await noticesOf(next)).toContainEqual(expect.stringMatching(/^Run 1 has lost /));
      await next.close();
    }
  });

  test('is resumed, although it was done, and is then the one it was', async () => {
    const { folder, service, rows, csv } = await finished();
    const page = async () => valueOf(await service.api.runRows(runRowsSchema.parse({ runId: 1, limit: 5 }))).total;
    change(folder, damage);
    expect(await page()).toBeLessThan(rows);
    await expect(service.shards.export(1, join(folder, 'a.cqshard'))).rejects.toMatchObject({
      family: 'file',
      code: 'run_damaged',
      message: expect.stringMatching(/^Run 1 is damaged, .*configiq sweep resume 1 computes again/) as string,
    });
    const summary = valueOf(await service.api.resumeSweep({ taskId: 'again', runId: 1 }));
    expect(summary).toMatchObject({ status: 'done', points: 30, donePoints: 30, rows });
    expect(valueOf(await service.api.exportRun(1, 'csv'))).toMatchObject({ text: csv, missingRows: 0 });
    expect(valueOf(await service.api.showRun(1)).entry).toMatchObject({ status: 'done', rows, donePoints: 30 });
    // What was read before it was mended is not shown any more.
    expect(await page()).toBe(rows);
    await service.shards.export(1, join(folder, 'a.cqshard'));
    expect(errorOf(await service.api.resumeSweep({ taskId: 'again', runId: 1 }))).toMatchObject({ code: 'run_done' });
  });
});

test('a run whose question cannot be read is deleted all the same, with others or alone', async () => {
  const { folder, service } = await finished();
  await service.api.startSweep({ taskId: 't', spec: SPEC, name: 'second' });
  change(folder, "UPDATE run SET input = '{}' WHERE id = 1");
  expect(valueOf(await service.api.listRuns())).toMatchObject([{ id: 2 }]);
  expect(await noticesOf(service)).toContainEqual(
    expect.stringMatching(/run 1.*"configiq runs delete 1" removes it\.$/),
  );
  expect(errorOf(await service.api.readRun(1))).toMatchObject({
    code: 'row_unreadable',
    message: expect.stringMatching(/"configiq runs delete 1" removes it\.$/) as string,
  });
  expect(errorOf(await service.api.deleteRuns([1, 99]))).toMatchObject({ code: 'unknown_run' });
  expect(valueOf(await service.api.deleteRuns([1, 2]))).toMatchObject({ runs: [{ id: 2 }], unreadable: [1] });
  expect(valueOf(await service.api.listRuns())).toEqual([]);
  const db = new Database(join(folder, 'configiq.sqlite'), { readonly: true });
  expect(db.prepare('SELECT count(*) FROM run_chunk').pluck().get()).toBe(0);
  db.close();
});

test('a run that cannot be read and is still computed is not deleted', async () => {
  const { folder, service } = await finished();
  change(folder, "UPDATE run SET input = '{}', status = 'running', owner = 'someone'");
  expect(errorOf(await service.api.deleteRuns([1]))).toMatchObject({ code: 'run_running' });
});

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writePiecesAtomically } from '../../src-main/services/atomic-write.ts';
import type { AppService } from '../../src-main/services/app-service.ts';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

const MODEL = 'meta-llama/Llama-2-7b-hf';
const base = { model: MODEL, provider: ['gcp'], quantization: ['fp16' as const] };

const sweep = async (service: AppService, users: number[], more: object = {}): Promise<number> =>
  valueOf(
    await service.api.startSweep({
      taskId: `users ${users.join()}`,
      spec: { base: { ...base, ...more }, axes: { users } },
      name: '',
    }),
  ).runId;

describe('a file of pieces', () => {
  function* pieces(count: number, end?: Error): Generator<Uint8Array> {
    for (let piece = 0; piece < count; piece += 1) yield Buffer.alloc(100_000, 65 + piece);
    if (end) throw end;
  }

  test('is there when all of it is, and keeps the place and the mode of the one before', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'rows.csv');
    writeFileSync(path, 'old', { mode: 0o600 });
    symlinkSync(path, join(folder, 'link.csv'));
    expect(await writePiecesAtomically(join(folder, 'link.csv'), pieces(3))).toBe(300_000);
    expect(readFileSync(path, 'latin1')).toMatch(/^A{100000}B{100000}C{100000}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).toSorted()).toEqual(['link.csv', 'rows.csv']);
  });

  test.each([
    ['rows that cannot be read', new ConfigIqError('file', 'row_unreadable', 'unreadable')],
    ['a bug', new Error('a bug')],
  ])('%s: the old file stays, and nothing else', async (_, end) => {
    const folder = temporaryFolder();
    const path = join(folder, 'rows.csv');
    writeFileSync(path, 'old');
    await expect(writePiecesAtomically(path, pieces(2, end))).rejects.toThrow(end.message);
    expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['rows.csv'], 'old']);
  });

  test('an abort leaves nothing and hands its reason on', async () => {
    const folder = temporaryFolder();
    const controller = new AbortController();
    function* stopped(): Generator<Uint8Array> {
      yield Buffer.from('a');
      controller.abort(new ConfigIqError('interrupted', 'export_interrupted', 'Interrupted.'));
      yield Buffer.from('b');
    }
    await expect(writePiecesAtomically(join(folder, 'rows.csv'), stopped(), controller.signal)).rejects.toMatchObject({
      family: 'interrupted',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test.runIf(existsSync('/dev/full'))('a full disk is said', async () => {
    await expect(writePiecesAtomically('/dev/full', pieces(1))).rejects.toMatchObject({
      family: 'file',
      code: 'file_not_writable',
      message: 'Cannot write /dev/full: the disk is full. Free some space.',
    });
  });
});

describe('the verbs of runs', () => {
  test('a run is written with its metadata beside, offered once, and refused where it is not there', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const runId = await sweep(service, [10, 100]);
    const path = join(folder, 'rows.csv');
    const written = valueOf(await service.exportRunTo({ runId, format: 'csv', path }));
    expect(written).toMatchObject({ rows: expect.any(Number) as number, metadata: `${path}.meta.json` });
    expect(statSync(path).size).toBe(written.bytes);
    expect(readFileSync(path, 'utf8')).toBe(valueOf(await service.api.exportRun(runId, 'csv')).text);
    expect(JSON.parse(readFileSync(`${path}.meta.json`, 'utf8'))).toMatchObject({
      kind: 'sweep',
      units: { ttft_ms_p95: 'ms' },
    });

    const offered = valueOf(await service.api.offerExport(runId, 'ndjson'));
    expect(offered.fileName).toBe(`run-${runId}-llama-2-7b-hf-sweep.ndjson`);
    const lines = Buffer.concat([...(service.openExport(offered.path)?.pieces ?? [])])
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(written.rows);
    expect(service.openExport(offered.path)).toBeNull();
    expect(service.openExport('export/guessed')).toBeNull();

    expect(errorOf(await service.api.offerExport(99, 'csv'))).toMatchObject({ code: 'unknown_run' });
    expect(errorOf(await service.exportRunTo({ runId: 99, format: 'csv', path }))).toMatchObject({
      code: 'unknown_run',
    });
    const nowhere = join(folder, 'missing', 'rows.csv');
    expect(errorOf(await service.exportRunTo({ runId, format: 'csv', path: nowhere })).message).toBe(
      `Cannot write ${nowhere}.meta.json: there is no folder ${join(folder, 'missing')}. Make it first.`,
    );
    mkdirSync(join(folder, 'a-folder.parquet'));
    expect(
      errorOf(await service.exportRunTo({ runId, format: 'parquet', path: join(folder, 'a-folder.parquet') })).message,
    ).toMatch(/it is a folder\. Add a file name\.$/);
  });

  test('deleted runs are gone with their rows, all or none, and their numbers are not given again', async () => {
    const service = startService(temporaryFolder());
    const ids = [await sweep(service, [10, 100, 1000]), await sweep(service, [20])];
    expect(errorOf(await service.api.deleteRuns([...ids, 99]))).toMatchObject({ code: 'unknown_run' });
    expect(valueOf(await service.api.listRuns())).toHaveLength(2);
    const deleted = valueOf(await service.api.deleteRuns(ids));
    expect(deleted.runs.map(({ id }) => id)).toEqual(ids);
    expect(deleted.bytesAfter).toBeLessThan(deleted.bytesBefore);
    expect(valueOf(await service.api.listRuns())).toEqual([]);
    expect(await sweep(service, [20])).toBe(3);
    expect(errorOf(await service.api.deleteRuns([]))).toMatchObject({ code: 'request_invalid' });
  });

  test('sweeps over the same axes are compared point by point, answers row by row, others by question alone', async () => {
    const service = startService(temporaryFolder());
    const one = await sweep(service, [10, 100]);
    const same = await sweep(service, [10, 100]);
    const other = await sweep(service, [100, 2000], { headroom: 60 });
    expect(valueOf(await service.api.diffRuns(one, same))).toMatchObject({
      input: [],
      versions: [],
      reason: null,
      points: {
        both: 2,
        only_before: 0,
        only_after: 0,
        best_changed: 0,
        instances_changed: 0,
        cost_change_percent: { median: 0, least: 0, most: 0 },
        examples: [],
      },
    });
    const changed = valueOf(await service.api.diffRuns(one, other));
    expect(changed.input.map(({ path }) => path).toSorted()).toEqual(['axes.users', 'base.headroom']);
    expect(changed.points).toMatchObject({ both: 1, only_before: 1, only_after: 1 });

    const small = valueOf(await service.api.saveSizeRun({ ...base, users: 100 }, ''));
    const large = valueOf(await service.api.saveSizeRun({ ...base, users: 150 }, ''));
    const rows = valueOf(await service.api.diffRuns(small.id, large.id)).rows;
    expect(rows?.changed.length).toBeGreaterThan(0);
    for (const { before, after } of rows?.changed ?? []) expect(after).not.toEqual(before);
    expect((rows?.unchanged ?? 0) + (rows?.changed.length ?? 0) + (rows?.went.length ?? 0)).toBe(small.rows);
    expect(valueOf(await service.api.diffRuns(small.id, one)).reason).toBe(
      'One is a sweep and the other a single question.',
    );
  });
});

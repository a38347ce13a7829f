import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseFile } from '../../src-main/services/data-folder.ts';
import { openStore } from '../../src-main/store/open.ts';
import { packed } from '../../src-worker/pool/packed-batch.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { starBatch } from '../store/star-sample.ts';
import { ensureBuilt, PROJECT, runConfigiq, startConfigiq } from './command.ts';

// Where nothing can be written, or no more: the real program, as somebody who may not.

const SWEEP = 'sweep -m meta-llama/Llama-2-7b-hf --provider gcp --gpu l4 -q fp16 -u 10'.split(' ');

/** Whoever may write anywhere starts the program as nobody (65534 on every Linux). */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
/** A checkout that nobody else may read cannot be started so. */
const isReadable = (): boolean =>
  spawnSync(process.execPath, [resolve(PROJECT, 'bin/configiq.mjs'), '--help'], NOBODY).status === 0;

let folder: string;
beforeAll(() => {
  ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), 'configiq-bad-places-'));
  chmodSync(folder, 0o755);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function made(name: string, mode: number): string {
  const path = join(folder, name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

describe('a read-only folder', () => {
  const asNobody = (args: string[], home: string) => runConfigiq(args, home, {}, '', folder, NOBODY);

  test('for an export: refused before anything is computed, with what to do', async ({ skip }) => {
    if (!isReadable()) skip();
    const home = made('home-of-export', 0o777);
    const closed = made('closed', 0o555);
    for (const ending of ['csv', 'parquet', 'cqshard']) {
      const path = join(closed, `rows.${ending}`);
      const { code, stdout, stderr } = await asNobody([...SWEEP, '--export', path], home);
      expect([code, stdout]).toEqual([4, '']);
      expect(stderr).toBe(
        `configiq: Cannot write ${path}: permission denied. Choose another place or change the permissions.\n`,
      );
    }
    expect(readdirSync(closed)).toEqual([]);
  }, 60_000);

  test('for the data: the folder is named, and the variable that moves it', async ({ skip }) => {
    if (!isReadable()) skip();
    const home = made('closed-home', 0o555);
    const { code, stdout, stderr } = await asNobody(SWEEP, home);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(
      /^configiq: The data folder .*closed-home cannot be used \(EACCES.*\): set CONFIGIQ_HOME to a folder that can be written\.\n$/,
    );
    expect(readdirSync(home)).toEqual([]);
  }, 60_000);

  test('a database that may only be read answers what it has and says what a sweep cannot do', async ({ skip }) => {
    if (!isReadable()) skip();
    const home = made('home-to-read', 0o777);
    openStore(databaseFile(home)).store.close();
    chmodSync(databaseFile(home), 0o444);
    expect(await asNobody(['runs', 'list'], home)).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await asNobody([...SWEEP, '--quiet'], home);
    expect(code).toBe(4);
    expect(stderr).toBe(
      `configiq: The database ${databaseFile(home)} cannot be written: check its permissions, or set CONFIGIQ_HOME to a folder that can be written.\n`,
    );
  }, 60_000);

  test('a file where a folder is needed is said to be none', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const home = made('home-beside-a-file', 0o777);
    const [data, rows] = [await runConfigiq(['runs', 'list'], join(file, 'home')), join(file, 'rows.csv')];
    expect([data.code, data.stderr]).toEqual([
      4,
      `configiq: The data folder ${join(file, 'home')} cannot be used (${file} is not a folder): set CONFIGIQ_HOME to a folder that can be written.\n`,
    ]);
    const { code, stderr } = await runConfigiq([...SWEEP, '--export', rows], home);
    expect([code, stderr]).toEqual([
      4,
      `configiq: Cannot write ${rows}: ${file} is not a folder. Choose another place.\n`,
    ]);
  }, 60_000);
});

describe('Ctrl-C while a run is exported', () => {
  const BATCHES = 40;
  let home: string;
  beforeAll(() => {
    home = made('home-of-runs', 0o755);
    const { store } = openStore(databaseFile(home));
    const input = sweepSpecSchema.parse({ base: { model: 'm' }, axes: { users: [1, 2] } });
    const createdAt = '2026-01-05T09:00:00.000Z';
    const runId = store.createRun({
      name: 'x',
      model: 'm',
      createdAt,
      owner: '',
      input,
      versions: {},
      points: BATCHES,
    });
    const batch = packed(starBatch(65_536));
    for (let seq = 0; seq < BATCHES; seq += 1) store.appendChunk(runId, seq, batch, { points: 1, passing: 1 });
    store.finishRun(runId, { status: 'done', problems: [] });
    store.close();
  }, 60_000);

  test.each([
    ['csv', 'SIGINT'],
    ['json', 'SIGTERM'],
    ['ndjson', 'SIGINT'],
    ['parquet', 'SIGINT'],
  ] as const)(
    '%s: the file of before stays, nothing else does, and %s exits with 130',
    async (format, signal) => {
      const place = made(`export-${format}`, 0o755);
      const path = join(place, `rows.${format}`);
      writeFileSync(path, 'of before');
      const child = startConfigiq(['runs', 'export', '1', path], home);
      let said = '';
      let stdout = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (!said.includes('Writing ') && text.includes('Writing ')) child.kill(signal);
        said += text;
      });
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      const [code, killed] = (await once(child, 'close')) as [number | null, string | null];
      expect({ code, killed, stdout }).toEqual({ code: 130, killed: null, stdout: '' });
      expect(said).toBe(
        `Writing ${path}…\nconfigiq: Interrupted: ${path} was not written. The rows are kept: configiq runs export 1 FILE writes them.\n`,
      );
      expect(readdirSync(place)).toEqual([`rows.${format}`]);
      expect(readFileSync(path, 'utf8')).toBe('of before');
    },
    60_000,
  );
});

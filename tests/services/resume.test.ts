import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openStore } from '../../src-main/store/open.ts';
import type { AppService } from '../../src-main/services/app-service.ts';
import type { SweepSummary } from '../../src-worker/protocol/app-api.ts';
import type { SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { errorOf, startService, temporaryFolder, tinyLlama, valueOf, WORKER } from './service.ts';

const NARROW = {
  model: 'meta-llama/Llama-2-7b-hf',
  workload: 'chat',
  provider: ['gcp'],
  gpu: ['nvidia-h100-80gb', 'nvidia-l4'],
};
const SPEC: SweepSpecDraft = {
  base: NARROW,
  axes: { quantization: ['fp16', 'fp8'], users: { from: 1, to: 200, step: 1 } },
};

const databaseIn = (folder: string): string => join(folder, 'configiq.sqlite');

/** Both exports of a run. */
const exportsOf = async ({ api }: AppService, runId: number): Promise<[csv: string, json: string]> => [
  valueOf(await api.exportRun(runId, 'csv')).text,
  valueOf(await api.exportRun(runId, 'json')).text,
];

interface Unbroken {
  summary: SweepSummary;
  exports: [csv: string, json: string];
  run: object;
}
const known = new Map<SweepSpecDraft, Promise<Unbroken>>();

/** The run of the same spec that nothing interrupts, computed once. */
async function unbroken(spec: SweepSpecDraft): Promise<Unbroken> {
  const compute = async () => {
    const service = startService(temporaryFolder());
    const summary = valueOf(await service.api.startSweep({ taskId: 't', spec, name: 'child' }));
    return { summary, exports: await exportsOf(service, summary.runId), run: await entryOf(service, summary.runId) };
  };
  const run = known.get(spec) ?? compute();
  known.set(spec, run);
  return run;
}

async function entryOf({ api }: AppService, runId: number) {
  // Two runs differ in their number and their time.
  const { id, createdAt, ...entry } = valueOf(await api.showRun(runId)).entry;
  expect({ id, createdAt }).toEqual({ id: runId, createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string });
  return entry;
}

/** Stops a sweep once the store has some of its batches. */
async function cancelled(service: AppService, spec: SweepSpecDraft, atPoints = 40): Promise<number> {
  const stop = service.onProgress(({ done }) => {
    if (done >= atPoints) void service.api.cancelTask('t');
  });
  const { runId, status, donePoints, points } = valueOf(
    await service.api.startSweep({ taskId: 't', spec, name: 'child' }),
  );
  stop();
  expect(status).toBe('cancelled');
  expect(donePoints).toBeLessThan(points);
  return runId;
}

test('kill -9 in the middle loses at most one batch; resumed, the run is the unbroken one to the byte', async () => {
  const folder = temporaryFolder();
  const program = join(import.meta.dirname, 'sweeping.ts');
  const child = spawn(process.execPath, [program, databaseIn(folder), WORKER, JSON.stringify(SPEC)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const said = { given: [] as number[], kept: [] as number[] };
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, seq] = line.split(' ');
    said[word as 'given' | 'kept'].push(Number(seq));
    if (said.kept.length === 8) child.kill('SIGKILL');
  }
  if (child.signalCode === null) await once(child, 'exit');

  const { store } = openStore(databaseIn(folder));
  const stored = store.listChunks(1).map(({ seq }) => seq);
  store.close();
  expect(stored.length).toBeGreaterThanOrEqual(8);
  expect(stored).toEqual(stored.map((_, index) => index));
  // Whatever the child was told is safe is there, and one batch at most was on its way.
  expect(stored).toEqual(expect.arrayContaining(said.kept));
  expect(said.given.length - stored.length).toBeLessThanOrEqual(1);

  const service = startService(folder);
  expect(valueOf(await service.api.showRun(1)).entry.status).toBe('interrupted');
  const dones: number[] = [];
  service.onProgress(({ phase, done }) => {
    if (phase === 'computing') dones.push(done);
  });
  const summary = valueOf(await service.api.resumeSweep({ taskId: 'again', runId: 1 }));
  const whole = await unbroken(SPEC);
  expect(summary).toEqual({ ...whole.summary, runId: 1 });
  expect(await exportsOf(service, 1)).toEqual(whole.exports);
  expect(await entryOf(service, 1)).toEqual(whole.run);
  // Progress begins with what was kept: the whole batches of 1, 2, 4, 8, 16, 16, 16 and 16 loads.
  expect(dones[0]).toBeGreaterThanOrEqual(79);
  expect(dones.at(-1)).toBe(400);
}, 60_000);

describe('a sweep that was cancelled', () => {
  test('goes on, as often as need be, and ends as the unbroken one', async () => {
    const service = startService(temporaryFolder());
    const runId = await cancelled(service, SPEC, 40);
    const before = valueOf(await service.api.showRun(runId)).entry.donePoints;
    const stop = service.onProgress(({ done }) => {
      if (done >= before + 100) void service.api.cancelTask('again');
    });
    const second = valueOf(await service.api.resumeSweep({ taskId: 'again', runId }));
    stop();
    expect(second).toMatchObject({ runId, status: 'cancelled' });
    expect(second.donePoints).toBeGreaterThan(before);
    const third = valueOf(await service.api.resumeSweep({ taskId: 'again', runId }));
    const whole = await unbroken(SPEC);
    expect(third).toEqual({ ...whole.summary, runId });
    expect(await exportsOf(service, runId)).toEqual(whole.exports);
    expect(await entryOf(service, runId)).toEqual(whole.run);
  }, 60_000);

  test('loses batches that hold a part of their unit, and those that cannot be read', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const runId = await cancelled(service, SPEC, 60);
    const db = new Database(databaseIn(folder));
    // As a cancel leaves it: fewer points than the unit has, counted as such.
    db.exec('UPDATE run_chunk SET points = points - 1 WHERE seq = 2; UPDATE run SET done_points = done_points - 1');
    db.exec("UPDATE run_chunk SET data = x'00' WHERE seq = 3");
    db.close();
    const summary = valueOf(await service.api.resumeSweep({ taskId: 'again', runId }));
    const whole = await unbroken(SPEC);
    expect(summary).toEqual({ ...whole.summary, runId });
    expect(await exportsOf(service, runId)).toEqual(whole.exports);
  }, 60_000);
});

test('units whose thread died twice are gaps that are filled', async () => {
  const folder = temporaryFolder();
  vi.stubEnv('CONFIGIQ_DIES_AT_POINT', '3');
  const dying = startService(folder, { workerPath: join(import.meta.dirname, 'doomed-worker.ts') });
  const spec: SweepSpecDraft = { base: NARROW, axes: { users: { from: 1, to: 60, step: 1 } } };
  const first = valueOf(await dying.api.startSweep({ taskId: 't', spec, name: 'child' }));
  expect(first).toMatchObject({ status: 'done', points: 60, problems: [expect.stringMatching(/4 of 60 points/)] });
  expect(first.donePoints).toBe(56);
  await dying.close();
  vi.unstubAllEnvs();
  const service = startService(folder);
  const summary = valueOf(await service.api.resumeSweep({ taskId: 't', runId: first.runId }));
  const whole = await unbroken(spec);
  expect(summary).toEqual({ ...whole.summary, runId: first.runId });
  expect(await exportsOf(service, first.runId)).toEqual(whole.exports);
}, 60_000);

describe('is refused in a sentence', () => {
  const SMALL: SweepSpecDraft = { base: NARROW, axes: { users: [1, 2, 3] } };
  const refused = async ({ api }: AppService, runId: number) =>
    errorOf(await api.resumeSweep({ taskId: 'again', runId }));
  /** A run of SMALL that looks interrupted, with a change to the database. */
  async function interrupted(change: string, folder = temporaryFolder()) {
    const service = startService(folder);
    const { runId } = valueOf(await service.api.startSweep({ taskId: 't', spec: SMALL, name: '' }));
    const db = new Database(databaseIn(folder));
    db.exec(`UPDATE run SET status = 'interrupted'; ${change}`);
    db.close();
    return { service, runId };
  }

  test('of a run that is not there, of a saved answer, and of a run that is done', async () => {
    const service = startService(temporaryFolder());
    expect(await refused(service, 7)).toMatchObject({ code: 'unknown_run', message: /no run 7/ });
    const saved = valueOf(await service.api.saveSizeRun({ ...NARROW, users: 10 }, ''));
    expect(await refused(service, saved.id)).toMatchObject({ code: 'run_not_a_sweep' });
    const { runId } = valueOf(await service.api.startSweep({ taskId: 't', spec: SMALL, name: '' }));
    expect(await refused(service, runId)).toMatchObject({ code: 'run_done', message: /all of its 3 points/ });
    expect(await refused(service, 0.5)).toMatchObject({ code: 'request_invalid' });
  });

  test('while a living program computes it, this one or another', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const long: SweepSpecDraft = { ...SPEC, axes: { ...SPEC.axes, users: { from: 1, to: 50_000, step: 1 } } };
    const sweep = service.api.startSweep({ taskId: 't', spec: long, name: '' });
    // A run is there with its first rows.
    await vi.waitFor(async () => expect(valueOf(await service.api.listRuns())).toHaveLength(1), { timeout: 15_000 });
    expect(await refused(service, 1)).toMatchObject({ code: 'run_running', message: /wait for it, or stop it/ });
    expect(await refused(startService(folder, { workers: 1 }), 1)).toMatchObject({ code: 'run_running' });
    await service.api.cancelTask('t');
    valueOf(await sweep);
  });

  test.each(['configiq', 'engine', 'catalog', 'calibration'])('of another %s', async (key) => {
    const { service, runId } = await interrupted(`UPDATE run SET versions = json_set(versions, '$.${key}', 'other')`);
    const error = await refused(service, runId);
    expect(error).toMatchObject({ family: 'invalid_input', code: 'run_of_other_versions' });
    expect(error.message).toMatch(new RegExp(`results would mix.*${key} other, now .*runs rerun ${runId}`));
    expect(valueOf(await service.api.showRun(runId)).entry.status).toBe('interrupted');
  });

  test('of a model or a profile that has been replaced under its name', async () => {
    const service = startService(temporaryFolder());
    const config = (hidden: number) => JSON.stringify({ ...tinyLlama, intermediate_size: hidden });
    const give = async (hidden: number) =>
      valueOf(await service.api.importModel({ text: config(hidden), fileName: 'config.json', id: 'me/tiny' }));
    await give(5632);
    const spec: SweepSpecDraft = { base: { ...NARROW, model: 'me/tiny' }, axes: SPEC.axes };
    const runId = await cancelled(service, spec);
    await give(6144);
    expect(await refused(service, runId)).toMatchObject({
      message: expect.stringMatching(/models \w{8}, now \w{8}/) as string,
    });
    await give(5632);
    expect(valueOf(await service.api.resumeSweep({ taskId: 'again', runId }))).toMatchObject({ status: 'done' });
  }, 60_000);

  test('of batches that an earlier version stored', async () => {
    const { service, runId } = await interrupted('UPDATE run_chunk SET points = NULL, passing = NULL');
    expect(await refused(service, runId)).toMatchObject({ code: 'run_older', message: /earlier version.*runs rerun/ });
  });

  test('under a task that is taken', async () => {
    const service = startService(temporaryFolder());
    const sweep = service.api.startSweep({ taskId: 'again', spec: SPEC, name: '' });
    expect(await refused(service, 1)).toMatchObject({ code: 'task_running' });
    await service.api.cancelTask('again');
    valueOf(await sweep);
  });
});

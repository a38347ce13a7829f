import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProgressEvent, RunRow } from '../../src-worker/protocol/app-api.ts';
import { documentText } from '../../src-worker/protocol/documents.ts';
import type { SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { openStore } from '../../src-main/store/open.ts';
import { createAppService, type AppService } from '../../src-main/services/app-service.ts';
import { errorOf, startService, temporaryFolder, tinyLlama, valueOf, WORKER } from './service.ts';

const MODEL = 'meta-llama/Llama-2-7b-hf';
/** Few instances, so that a test takes milliseconds. */
const NARROW = { model: MODEL, workload: 'chat', provider: ['gcp'], gpu: ['nvidia-h100-80gb', 'nvidia-l4'] };
const SPEC: SweepSpecDraft = { base: NARROW, axes: { users: [10, 100, 1000], quantization: ['fp16', 'fp8'] } };

interface SweepDocument {
  columns: string[];
  rows: RunRow[];
  status: string;
}
const parsedJson = (text: string) => JSON.parse(text) as SweepDocument;

describe('questions', () => {
  let folder: string;
  let service: AppService;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'configiq-services-'));
    service = createAppService({ host: 'cli', dataFolder: folder, workerPath: WORKER, workers: 2 });
  });
  afterAll(async () => {
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('what the service is and stands on', async () => {
    const info = valueOf(await service.api.info());
    expect(info).toMatchObject({ host: 'cli', workers: 2, notices: [] });
    expect(info.versions.sqlite).toMatch(/^3\.\d+/);
    expect(info.versions.node).toBe(process.versions.node);
    expect(info.priceDates.oldest <= info.priceDates.newest).toBe(true);
    expect(info.priceDates.oldest).toMatch(/^20\d\d/);
  });

  test('a size question by simulation tells how far it is under its task, and ends when it is cancelled', async () => {
    const request = { ...NARROW, users: 100, method: 'simulation' as const };
    const told: ProgressEvent[] = [];
    const stopListening = service.onProgress((event) => {
      told.push(event);
      if (event.taskId === 'short') void service.api.cancelTask('short');
    });
    const cancelled = await service.api.size(request, 'short');
    expect(errorOf(cancelled)).toMatchObject({ family: 'interrupted', code: 'cancelled' });
    const document = valueOf(await service.api.size(request, 'whole'));
    stopListening();
    expect(document.recommendations[0]?.simulation).toMatchObject({ kind: 'steady', requests: 20_000 });
    const whole = told.filter(({ taskId }) => taskId === 'whole');
    const last = whole.at(-1);
    expect(last).toMatchObject({ type: 'configiq:progress', phase: 'computing', done: last?.total });
    expect(documentText(valueOf(await service.api.size({ ...request, simulation_check: true })))).toBe(
      documentText({ ...document, input: { ...document.input, simulation_check: true } }),
    );
    expect(errorOf(await service.api.size(request, ''))).toMatchObject({ code: 'request_invalid' });
  });

  test('the same size question gives the same bytes, by id, alias case and from another service', async () => {
    const other = startService(temporaryFolder(), { workers: 1 });
    const first = documentText(valueOf(await service.api.size({ ...NARROW, users: 100 })));
    expect(documentText(valueOf(await service.api.size({ ...NARROW, users: 100, model: MODEL.toUpperCase() })))).toBe(
      first,
    );
    expect(documentText(valueOf(await other.api.size({ ...NARROW, users: 100 })))).toBe(first);
  });

  test('one deployment, one queue, one model, the catalogs', async () => {
    const { api } = service;
    const load = { gpu: 'nvidia-h100-80gb', input_tokens: 250, output_tokens: 150, rate: 1 };
    const predicted = valueOf(await api.predict({ model: MODEL, ...load }));
    expect(predicted.tpot_ms.p50).toBeGreaterThan(0);
    const simulated = valueOf(await api.simulate({ model: MODEL, ...load, num_prompts: 50 }, null));
    expect(simulated).toMatchObject({ method: 'simulation', simulation: { kind: 'run', requests: 50 }, trace: null });
    const text = 'arrival_s,input_tokens,output_tokens\n0,100,10\n0.5,200,x\n1,300,20\n';
    const replayed = valueOf(await api.simulate({ model: MODEL, gpu: load.gpu }, { name: 'a.csv', text }));
    expect(replayed).toMatchObject({ simulation: { kind: 'trace', requests: 2 }, trace: { file: 'a.csv' } });
    expect(replayed.trace).toMatchObject({ requests: 2, skipped_rows: 1, skipped: [{ line: 3 }] });
    const queued = valueOf(await api.queue({ rate: 5, service_ms: 100 }));
    expect(queued.utilization).toBeCloseTo(0.5, 12);
    expect(valueOf(await api.showModel(MODEL)).total_parameters).toBe(6_738_415_616);
    expect(valueOf(await api.listWorkloads()).map(({ name }) => name)).toContain('chat');
    const catalog = valueOf(await api.listCatalog());
    const gpus = new Set(catalog.gpus.map(({ id }) => id));
    for (const { instance, gpu } of catalog.instances) expect(gpus.has(gpu), instance).toBe(true);
  });

  test.each<[string, (service: AppService) => Promise<unknown>, RegExp]>([
    ['a misspelt key', ({ api }) => api.size({ ...NARROW, user: 3 } as never), /user/],
    ['a value out of range', ({ api }) => api.size({ ...NARROW, users: 0 }), /users.*got 0/],
    ['no object at all', ({ api }) => api.predict(null as never), /Predict request/],
    [
      'a trace that is no file',
      ({ api }) => api.simulate({ model: MODEL, gpu: 'nvidia-h100-80gb' }, { name: 'a.csv' } as never),
      /Trace file: text/,
    ],
    [
      'a simulation of no load',
      ({ api }) => api.simulate({ model: MODEL, gpu: 'nvidia-h100-80gb', input_tokens: 5, output_tokens: 5 }, null),
      /No load was given/,
    ],
    ['not a number', ({ api }) => api.queue({ rate: Number.NaN, service_ms: 1 }), /rate/],
    ['a run number that is none', ({ api }) => api.showRun('1' as never), /Run number.*got "1"/],
    ['a run that is not there', ({ api }) => api.showRun(99), /no run 99/],
    ['an unknown export format', ({ api }) => api.exportRun(1, 'xlsx' as never), /Export format/],
    [
      'an unknown model',
      ({ api }) => api.size({ ...NARROW, model: 'llama-2-7b-hg', users: 1 }),
      /did you mean .*Llama-2-7b/,
    ],
    [
      'a sweep of a value that cannot be',
      ({ api }) => api.startSweep({ taskId: 't', name: '', spec: { base: NARROW, axes: { users: [1.5] } } }),
      /users/,
    ],
    [
      'an unknown zone in a sweep',
      ({ api }) =>
        api.startSweep({
          taskId: 't',
          name: '',
          spec: { base: { ...NARROW, users: 1 }, axes: { zone: ['us-centrall-a'] } },
        }),
      /zone/,
    ],
    [
      'a sweep of an unknown workload, which only the threads notice',
      ({ api }) =>
        api.startSweep({ taskId: 't', name: '', spec: { base: { ...NARROW, workload: 'chatt', users: 1 }, axes: {} } }),
      /chatt/,
    ],
  ])('%s is refused as invalid input with the field', async (_, ask, sentence) => {
    const result = (await ask(service)) as Parameters<typeof errorOf>[0];
    expect(errorOf(result)).toMatchObject({
      family: 'invalid_input',
      message: expect.stringMatching(sentence) as string,
    });
    expect(valueOf(await service.api.listRuns())).toEqual([]);
  });
});

describe('models', () => {
  test('an imported config answers questions, also after a restart', async () => {
    const folder = temporaryFolder();
    const first = startService(folder);
    const request = { text: JSON.stringify(tinyLlama), fileName: 'me__tiny.json', id: null };
    expect(valueOf(await first.api.importModel(request))).toMatchObject({ id: 'me/tiny', origin: 'imported' });
    await first.close();
    const { api } = startService(folder);
    expect(valueOf(await api.size({ ...NARROW, model: 'ME/tiny', users: 10 })).input['model']).toBe('me/tiny');
  });

  test('a removed model is gone until it is restored; bundled ones cannot be removed', async () => {
    const { api } = startService(temporaryFolder());
    valueOf(await api.importModel({ text: JSON.stringify(tinyLlama), fileName: 'me__tiny.json', id: null }));
    const ids = async () => valueOf(await api.listModels()).map(({ id }) => id);
    valueOf(await api.removeModel('me/tiny'));
    expect(await ids()).not.toContain('me/tiny');
    valueOf(await api.restoreModel('me/tiny'));
    expect(await ids()).toContain('me/tiny');
    expect(errorOf(await api.removeModel(MODEL))).toMatchObject({ family: 'invalid_input', code: 'unknown_model' });
    expect(errorOf(await api.restoreModel(MODEL))).toMatchObject({ family: 'invalid_input', code: 'unknown_model' });
  });

  test('a config is read as text, and what fits is worked out for an alias as for its model', async () => {
    const { api } = startService(temporaryFolder());
    expect(JSON.parse(valueOf(await api.readModelConfig(MODEL)))).toMatchObject({ model_type: 'llama' });
    const fits = valueOf(await api.modelFits({ id: MODEL.toUpperCase(), tokens: 2048 }));
    expect(fits.input).toEqual({ model: MODEL, tokens: 2048 });
    expect(fits.gpus.some(({ fits: all }) => all.some(({ tensor_parallel: gpus }) => gpus === 1))).toBe(true);
    expect(errorOf(await api.modelFits({ id: MODEL, tokens: 0 }))).toMatchObject({ code: 'request_invalid' });
    expect(errorOf(await api.modelFits({ id: MODEL, tokens: 1e7 }))).toMatchObject({ code: 'context_exceeded' });
  });

  test('a malformed config is a sentence with the field', async () => {
    const { api } = startService(temporaryFolder());
    const text = JSON.stringify({ ...tinyLlama, num_attention_heads: 'thirty-two' });
    expect(errorOf(await api.importModel({ text, fileName: 'config.json', id: 'me/bad' }))).toMatchObject({
      family: 'file',
      message: expect.stringMatching(/num_attention_heads.*"thirty-two"/) as string,
    });
  });

  test('the path of a config is an id for the questions of this start', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'me__tiny.json');
    writeFileSync(path, JSON.stringify(tinyLlama));
    const service = startService(folder);
    const { api } = service;
    const id = valueOf(await service.useModel(path));
    expect(id).toBe('me/tiny');
    expect(valueOf(await api.showModel(id))).toMatchObject({ origin: 'file', source: path });
    expect(errorOf(await service.useModel(join(folder, 'other.json')))).toMatchObject({ family: 'file' });
  });
});

describe('size runs', () => {
  test('are stored only when asked to, and come back byte for byte', async () => {
    const { api } = startService(temporaryFolder());
    const request = { ...NARROW, users: 100, top: 2 };
    const document = valueOf(await api.size(request));
    expect(valueOf(await api.listRuns())).toEqual([]);
    const entry = valueOf(await api.saveSizeRun(request, '  Hundred users '));
    expect(entry).toMatchObject({ kind: 'size', name: 'Hundred users', status: 'done', model: MODEL, points: 1 });
    expect(valueOf(await api.listRuns())).toEqual([entry]);
    expect(valueOf(await api.exportRun(entry.id, 'json'))).toEqual({
      fileName: `run-${entry.id}-llama-2-7b-hf-size.json`,
      text: documentText(document),
      missingRows: 0,
    });
    const detail = valueOf(await api.showRun(entry.id));
    expect(detail.bestRows.map((row) => row['id'])).toEqual(document.recommendations.slice(0, 1).map(({ id }) => id));
    const { text } = valueOf(await api.exportRun(entry.id, 'csv'));
    expect(parse(text, { columns: true })).toHaveLength(document.recommendations.length + document.excluded.length);
  });
});

describe('sweeps', () => {
  test('are stored with every point, told about, and exported as they are stored', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const { api } = service;
    const events: ProgressEvent[] = [];
    service.onProgress((event) => events.push(event));
    const summary = valueOf(await api.startSweep({ taskId: 'task', spec: SPEC, name: '' }));
    expect(summary).toMatchObject({ status: 'done', points: 6, donePoints: 6, problems: [] });
    expect(summary.passingRows).toBeGreaterThan(0);

    expect(events.every(({ taskId, type }) => taskId === 'task' && type === 'configiq:progress')).toBe(true);
    expect(events[0]).toMatchObject({ phase: 'planning' });
    expect(events.at(-1)).toMatchObject({ phase: 'storing', done: 6, total: 6 });
    expect(events.at(-1)?.best).toMatch(/^\$[\d.]+ per 1M output tokens: \d+ × gcp .*, FP\d+ for [\d,]+ users?$/);
    const done = events.map((event) => event.done);
    expect(done).toEqual([...done].sort((one, other) => one - other));

    const detail = valueOf(await api.showRun(summary.runId));
    expect(detail.entry).toMatchObject({
      kind: 'sweep',
      name: 'Llama-2-7b-hf over quantization, users',
      points: 6,
      rows: summary.rows,
    });
    expect(detail.versions['calibration']).toBe('default');
    expect(detail.columns.slice(0, 4)).toEqual(['point_id', 'users', 'quantization', 'zone']);

    const json = valueOf(await api.exportRun(summary.runId, 'json'));
    const document = parsedJson(json.text);
    expect(document.rows).toHaveLength(summary.rows);
    expect(json.text).not.toContain('NaN');
    expect(document.rows.filter((row) => row['meets_sla'] === 1)).toHaveLength(summary.passingRows);
    expect(new Set(document.rows.map((row) => row['point_id'])).size).toBe(6);

    const csv = valueOf(await api.exportRun(summary.runId, 'csv'));
    expect(csv.fileName).toBe(`run-${summary.runId}-llama-2-7b-hf-sweep.csv`);
    const records = parse(csv.text, { columns: true }) as unknown as Record<string, string>[];
    expect(records).toHaveLength(summary.rows);
    records.forEach((record, index) => {
      for (const column of detail.columns) {
        const value = document.rows[index]?.[column] ?? null;
        expect(record[column], `${column} of row ${index}`).toBe(value === null ? '' : String(value));
      }
    });
  });

  test('the best row of a point is the first recommendation of the same size question', async () => {
    const { api } = startService(temporaryFolder(), { workers: 1 });
    const { runId } = valueOf(await api.startSweep({ taskId: 'task', spec: SPEC, name: 'x' }));
    const { bestRows } = valueOf(await api.showRun(runId));
    expect(bestRows).toHaveLength(6);
    for (const row of bestRows) {
      const question = { ...NARROW, users: Number(row['users']), quantization: [row['quantization'] as 'fp16'] };
      const [best] = valueOf(await api.size(question)).recommendations;
      expect(row).toMatchObject({
        id: best?.id,
        rank: 1,
        cost_usd_per_request: best?.cost.usd_per_request,
        ttft_ms_p95: best?.ttft_ms.p95,
        replicas: best?.replicas,
      });
    }
  });

  test('a cancelled sweep keeps the rows it had, in order and without gaps in a point', async () => {
    const service = startService(temporaryFolder());
    const { api } = service;
    const spec: SweepSpecDraft = {
      base: NARROW,
      axes: { users: { from: 1, to: 100_000, step: 1 }, quantization: ['fp16', 'fp8', 'int8', 'int4'] },
    };
    let cancelledAt = Number.POSITIVE_INFINITY;
    const stop = service.onProgress(({ done }) => {
      if (done === 0 || cancelledAt < Number.POSITIVE_INFINITY) return;
      cancelledAt = performance.now();
      void api.cancelTask('long');
    });
    const summary = valueOf(await api.startSweep({ taskId: 'long', spec, name: 'long' }));
    // Half a second is promised; doubled here, because other tests run beside this one.
    expect(performance.now() - cancelledAt).toBeLessThan(1000);
    stop();
    expect(summary).toMatchObject({ status: 'cancelled', points: 400_000 });
    expect(summary.donePoints).toBeGreaterThan(0);
    expect(summary.donePoints).toBeLessThan(400_000);
    expect(valueOf(await api.listRuns())).toMatchObject([
      { id: summary.runId, status: 'cancelled', rows: summary.rows },
    ]);
    const { status, rows } = parsedJson(valueOf(await api.exportRun(summary.runId, 'json')).text);
    expect(status).toBe('cancelled');
    expect(rows).toHaveLength(summary.rows);
    const points = rows.map((row) => Number(row['point_id']));
    expect(points).toEqual([...points].sort((one, other) => one - other));
  });

  test('closing the service ends a sweep and keeps its rows', async () => {
    const folder = temporaryFolder();
    const service = startService(folder);
    const begun = Promise.withResolvers<void>();
    service.onProgress(({ done }) => {
      if (done > 0) begun.resolve();
    });
    const spec: SweepSpecDraft = { base: NARROW, axes: { users: { from: 1, to: 100_000, step: 1 } } };
    const sweep = service.api.startSweep({ taskId: 'long', spec, name: 'long' });
    await begun.promise;
    await service.close();
    expect(valueOf(await sweep)).toMatchObject({ status: 'cancelled' });
    const runs = valueOf(await startService(folder).api.listRuns());
    expect(runs).toMatchObject([{ name: 'long', status: 'cancelled' }]);
  });

  test('a sweep whose rows cannot be stored fails with the reason, and what was stored before is kept', async () => {
    const folder = temporaryFolder();
    const { api } = startService(folder);
    const db = new Database(join(folder, 'configiq.sqlite'));
    db.exec(
      "CREATE TRIGGER full BEFORE INSERT ON run_chunk WHEN new.seq > 0 BEGIN SELECT RAISE(ABORT, 'no room'); END",
    );
    db.close();
    const spec: SweepSpecDraft = { base: NARROW, axes: { users: { from: 1, to: 200, step: 1 } } };
    expect(errorOf(await api.startSweep({ taskId: 'task', spec, name: 'half' })).message).toContain('no room');
    const [run] = valueOf(await api.listRuns());
    expect(run).toMatchObject({ name: 'half', status: 'failed' });
    expect(run?.rows).toBeGreaterThan(0);
    expect(parsedJson(valueOf(await api.exportRun(run?.id ?? 0, 'json')).text).rows).toHaveLength(run?.rows ?? 0);
  });

  test('two sweeps at once do not mix, and a task name is taken while it runs', async () => {
    const { api } = startService(temporaryFolder());
    const ask = (taskId: string, users: number[]) =>
      api.startSweep({ taskId, name: taskId, spec: { base: NARROW, axes: { users } } });
    const both = Promise.all([ask('a', [1, 2]), ask('b', [3, 4])]);
    expect(errorOf(await ask('a', [5]))).toMatchObject({ code: 'task_running' });
    for (const [index, result] of (await both).entries()) {
      const { rows } = parsedJson(valueOf(await api.exportRun(valueOf(result).runId, 'json')).text);
      expect(new Set(rows.map((row) => row['users']))).toEqual(new Set(index === 0 ? [1, 2] : [3, 4]));
    }
    expect(valueOf(await api.cancelTask('a'))).toBeNull();
  });

  test('a run whose program was killed is interrupted at the next start, and says so', async () => {
    const folder = temporaryFolder();
    const { store } = openStore(join(folder, 'configiq.sqlite'));
    const input = { base: { model: MODEL }, axes: { users: [1] } };
    const createdAt = '2026-01-01T00:00:00.000Z';
    const id = store.createRun({
      name: 'old',
      model: MODEL,
      createdAt,
      owner: '0:gone',
      input,
      versions: {},
      points: 1,
    });
    store.close();
    const { api } = startService(folder);
    expect(valueOf(await api.listRuns())).toMatchObject([{ id, status: 'interrupted' }]);
    expect(valueOf(await api.info()).notices).toEqual([expect.stringContaining(`Run ${id} was interrupted`)]);
  });
});

describe('a damaged database', () => {
  test('is set aside, the service works, and the notice says where it lies', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'configiq.sqlite'), 'damage');
    const { api } = startService(folder);
    expect(valueOf(await api.listRuns())).toEqual([]);
    expect(valueOf(await api.info()).notices).toEqual([
      expect.stringContaining(join(folder, 'configiq.damaged-1.sqlite')),
    ]);
  });
});

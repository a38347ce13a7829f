import { expect, test } from 'vitest';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { SETUP, slowRun } from './slow-server.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

// From the result files of another program to answers that rest on them, and back.

const QUESTION: PredictInputDraft = {
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'h100',
  tp: 1,
  quantization: 'bf16',
  engine: 'vllm@0.11.0',
  input_tokens: 1024,
  output_tokens: 128,
  concurrency: 16,
};

/** A server whose steps take 30 ms under every load, far longer than the profile that ships with the program expects. */
const slowRuns = [4, 8, 16].map((concurrency) => slowRun(concurrency));

test('rows of an import are compared, calibrated with, answered with, and everything is taken back', async () => {
  const service = startService(temporaryFolder());
  const { api } = service;
  const { csv, rows } = valueOf(await api.importBenchmark({ files: slowRuns, setup: SETUP }));
  expect(rows).toHaveLength(3);
  const measurements = [{ name: 'rows.csv', text: csv }];

  const before = valueOf(await api.accuracy({ calibration: null, measurements }));
  expect(before.points).toHaveLength(3);
  const error = before.metrics['tpot_ms_mean']?.median_absolute_percent ?? 0;
  expect(error).toBeGreaterThan(20);

  const steps: number[] = [];
  const stopListening = service.onProgress(({ taskId, done }) => taskId === 'loop' && steps.push(done));
  const draft = { taskId: 'loop', name: 'our-h100', measurements, save: true, use: true };
  const made = valueOf(await api.calibrate(draft));
  stopListening();
  expect(steps).toEqual([0, 1, 2]);
  expect(made).toMatchObject({ name: 'our-h100', base: 'default', rows: 3, used: 3 });
  const tpot = (basis: 'before' | 'in_sample') => made.errors[basis]?.find(({ metric }) => metric === 'tpot');
  expect(tpot('in_sample')?.points_percent).toBeLessThan(tpot('before')?.points_percent ?? 0);

  const profiles = async () =>
    valueOf(await api.listCalibrations()).map(({ name, isOwn, isInUse }) => [name, isOwn, isInUse]);
  expect(await profiles()).toContainEqual(['our-h100', true, true]);
  const answered = async () => valueOf(await api.predict(QUESTION));
  const slow = await answered();
  expect(slow.versions.calibration).toBe('our-h100');
  const after = valueOf(await api.accuracy({ calibration: null, measurements }));
  expect(after.calibration).toBe('our-h100');
  expect(after.metrics['tpot_ms_mean']?.median_absolute_percent).toBeLessThan(error);

  // The bundled measurements were not left out of anything here: the profile is held against all of them.
  const bundled = valueOf(await api.accuracy({ calibration: 'our-h100', measurements: null }));
  expect(bundled.basis).toBe('in_sample');
  expect(bundled.points.length).toBeGreaterThan(300);

  valueOf(await api.useCalibration(null));
  const fast = await answered();
  expect(fast.versions.calibration).toBe('default');
  expect(fast.tpot_ms.mean).toBeLessThan(slow.tpot_ms.mean ?? 0);

  valueOf(await api.useCalibration('our-h100'));
  valueOf(await api.removeCalibration('our-h100'));
  expect((await profiles()).map(([name]) => name)).not.toContain('our-h100');
  expect((await answered()).versions.calibration).toBe('default');
  expect(errorOf(await api.useCalibration('our-h100')).code).toBe('unknown_calibration');

  valueOf(await api.restoreCalibration('our-h100'));
  expect(await answered()).toEqual(slow);
}, 120_000);

test('what comes back does not push out the profile that took its place', async () => {
  const { api } = startService(temporaryFolder());
  const { csv } = valueOf(await api.importBenchmark({ files: slowRuns, setup: SETUP }));
  const measurements = [{ name: 'rows.csv', text: csv }];
  for (const name of ['first', 'second'])
    valueOf(await api.calibrate({ taskId: name, name, base: 'default', measurements, save: true }));
  valueOf(await api.useCalibration('first'));
  valueOf(await api.removeCalibration('first'));
  valueOf(await api.useCalibration('second'));
  valueOf(await api.restoreCalibration('first'));
  const inUse = valueOf(await api.listCalibrations()).filter(({ isInUse }) => isInUse);
  expect(inUse.map(({ name }) => name)).toEqual(['second']);
}, 120_000);

test('a name that is taken is refused before anything is fitted; replaced on demand, the earlier one can be had back', async () => {
  const folder = temporaryFolder();
  const service = startService(folder);
  const { api } = service;
  const { csv } = valueOf(await api.importBenchmark({ files: slowRuns, setup: SETUP }));
  const measurements = [{ name: 'rows.csv', text: csv }];
  const draft = { taskId: 'a', name: 'first', base: 'default', measurements, save: true };
  const createdAt = async (of = api) =>
    valueOf(await of.listCalibrations()).find(({ name }) => name === 'first')?.createdAt;
  valueOf(await api.calibrate({ ...draft, use: true }));
  const old = await createdAt();
  const answered = async (of = api) => valueOf(await of.predict(QUESTION));
  const slow = await answered();

  const steps: number[] = [];
  const stopListening = service.onProgress(({ done }) => steps.push(done));
  const refused = errorOf(await api.calibrate(draft));
  stopListening();
  expect(steps).toEqual([]);
  expect(refused).toMatchObject({ family: 'invalid_input', code: 'calibration_exists' });
  expect(refused.message).toBe(
    'There is a calibration profile "first" already, made 2026-01-05 and in use: choose another name (--name), or replace it (--replace); what is replaced can be had back (configiq calibration restore first).',
  );
  expect(await createdAt()).toBe(old);
  // A fit that keeps nothing takes nobody's place.
  valueOf(await api.calibrate({ ...draft, save: false }));
  expect(errorOf(await api.calibrate({ ...draft, name: 'default', replace: true })).code).toBe('calibration_bundled');

  valueOf(
    await api.calibrate({ ...draft, measurements: [{ name: 'one.csv', text: firstRows(csv, 1) }], replace: true }),
  );
  const anew = await createdAt();
  expect(anew).not.toBe(old);
  expect((await answered()).versions.calibration).toBe('first');
  expect(await answered()).not.toEqual(slow);
  await service.close();

  // At another start, and as often as one likes.
  const again = startService(folder).api;
  valueOf(await again.restoreCalibration('first'));
  expect(await createdAt(again)).toBe(old);
  expect(await answered(again)).toEqual(slow);
  valueOf(await again.restoreCalibration('first'));
  expect(await createdAt(again)).toBe(anew);
  expect(errorOf(await again.restoreCalibration('second')).message).toBe(
    'No earlier calibration profile "second" is kept: none of that name was removed or replaced.',
  );
}, 120_000);

const firstRows = (csv: string, rows: number): string =>
  csv
    .split(/\r?\n/)
    .slice(0, rows + 1)
    .join('\n');

test('what was chosen after a removal stays chosen when the removed one comes back', async () => {
  const { api } = startService(temporaryFolder());
  const { csv } = valueOf(await api.importBenchmark({ files: slowRuns, setup: SETUP }));
  const measurements = [{ name: 'rows.csv', text: csv }];
  valueOf(await api.calibrate({ taskId: 'a', name: 'first', measurements, save: true, use: true }));
  valueOf(await api.removeCalibration('first'));
  valueOf(await api.useCalibration('seed'));
  valueOf(await api.restoreCalibration('first'));
  const inUse = valueOf(await api.listCalibrations()).filter(({ isInUse }) => isInUse);
  expect(inUse.map(({ name }) => name)).toEqual(['seed']);
}, 120_000);

test('any profile that ships with the program can be put in use, and stays it', async () => {
  const folder = temporaryFolder();
  const service = startService(folder);
  const { api } = service;
  const inUse = async (of = api) =>
    valueOf(await of.listCalibrations())
      .filter(({ isInUse }) => isInUse)
      .map(({ name }) => name);
  valueOf(await api.useCalibration('seed'));
  expect(await inUse()).toEqual(['seed']);
  expect(valueOf(await api.predict(QUESTION)).versions.calibration).toBe('seed');
  expect(valueOf(await api.modelFits({ id: QUESTION.model })).versions.calibration).toBe('seed');
  await service.close();

  const again = startService(folder).api;
  expect(await inUse(again)).toEqual(['seed']);
  const { csv } = valueOf(await again.importBenchmark({ files: slowRuns, setup: SETUP }));
  const draft = { taskId: 'x', name: 'mine', measurements: [{ name: 'rows.csv', text: csv }], save: true, use: true };
  valueOf(await again.calibrate(draft));
  expect(await inUse(again)).toEqual(['mine']);
  valueOf(await again.removeCalibration('mine'));
  expect(await inUse(again)).toEqual(['default']);
  valueOf(await again.useCalibration('seed'));
  valueOf(await again.useCalibration(null));
  expect(await inUse(again)).toEqual(['default']);
  expect(errorOf(await again.useCalibration('sed')).code).toBe('unknown_calibration');
}, 120_000);

test('what cannot be calibrated keeps nothing, and says why', async () => {
  const { api } = startService(temporaryFolder());
  const { csv } = valueOf(await api.importBenchmark({ files: slowRuns, setup: SETUP }));
  const measurements = [{ name: 'rows.csv', text: csv }];
  const draft = { taskId: 'x', name: 'mine', measurements, save: true };
  const listed = async () => valueOf(await api.listCalibrations()).filter(({ isOwn }) => isOwn);

  expect(errorOf(await api.calibrate({ ...draft, name: 'default' })).code).toBe('calibration_bundled');
  expect(errorOf(await api.calibrate({ ...draft, name: 'Our H100' })).message).toContain('lower case');
  const ended = api.calibrate(draft);
  // Cancelled once it runs: before, nobody knows the task.
  const cancel = setInterval(() => void api.cancelTask('x'), 1);
  expect(errorOf(await ended).code).toBe('calibration_cancelled');
  clearInterval(cancel);
  const bare = valueOf(await api.importBenchmark({ files: slowRuns, setup: { ...SETUP, gpu: null } }));
  const refused = errorOf(await api.calibrate({ ...draft, measurements: [{ name: 'rows.csv', text: bare.csv }] }));
  expect(refused.message).toMatch(/^No measurement of these can be used: .+ \(3\)\.$/);
  // Rows that cannot be read have their part in it.
  const [head = '', first = '', second = ''] = csv.split('\r\n').length > 2 ? csv.split('\r\n') : csv.split('\n');
  const columns = head.split(',');
  const cell = (row: string, column: string, value: string) =>
    row
      .split(',')
      .map((old, i) => (columns[i] === column ? value : old))
      .join(',');
  const odd = [head, cell(first, 'tpot_ms_mean', 'nan'), cell(second, 'gpu', 'h1000')].join('\n');
  const none = errorOf(await api.calibrate({ ...draft, measurements: [{ name: 'odd.csv', text: odd }] }));
  expect(none.message).toMatch(/tpot_ms_mean is not a number \(1\)/);
  expect(none.message).toMatch(/nknown GPU "h1000": did you mean "nvidia-h100-80gb"[^;]*\? \(1\)/);
  const misspelt = [head, cell(first, 'model', 'meta-llama/Llama-3.1-8B-Instrukt')].join('\n');
  const compared = valueOf(
    await api.accuracy({ calibration: null, measurements: [{ name: 'm.csv', text: misspelt }] }),
  );
  expect(compared.skipped_reasons[0]?.reason).toMatch(
    /^Unknown model "meta-llama\/Llama-3\.1-8B-Instrukt": did you mean "meta-llama\/Llama-3\.1-8B"/,
  );
  expect(await listed()).toEqual([]);
}, 120_000);

test('a file that cannot be read is told by the name it was given, not by where it was put', async () => {
  const { api } = startService(temporaryFolder());
  const draft = { taskId: 'x', name: 'mine', save: true };
  for (const [text, problem] of [
    ['point_id,model\nx,y\n', 'has no column'],
    ['', 'is empty'],
    ['{"a": 1}', 'has no column'],
  ] as const) {
    const measurements = [{ name: 'bench of Tuesday.csv', text }];
    for (const refused of [
      errorOf(await api.accuracy({ calibration: null, measurements })),
      errorOf(await api.calibrate({ ...draft, measurements })),
    ]) {
      expect(refused.message).toMatch(new RegExp(`^bench of Tuesday\\.csv ${problem}`));
      expect(JSON.stringify(refused)).not.toContain('configiq-');
    }
  }
});

test('profiles that are compared are those of the axis, whichever is in use', async () => {
  const { api } = startService(temporaryFolder());
  valueOf(await api.useCalibration('seed'));
  const base = { model: QUESTION.model, users: 1, gpu: ['nvidia-l4'] };
  const plan = valueOf(await api.planSweep({ base, axes: { calibration: ['default', 'seed'] } }));
  expect(plan.points).toBe(2);
  const held = valueOf(await api.planSweep({ base, axes: {} }));
  expect(held.versions.calibration).toBe('seed');
});

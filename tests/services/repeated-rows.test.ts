import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AppApi } from '../../src-worker/protocol/app-api.ts';
import { catalogsFolder } from '../engine/world.ts';
import { SETUP, slowRun } from './slow-server.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

// A measurement moves a profile once, however often its row is given.

/** Rows of a server whose steps take 30 ms, under other loads. */
async function rowsAt(api: AppApi, loads: readonly number[], prefix = 'at') {
  const files = loads.map((concurrency) => slowRun(concurrency, prefix));
  return [{ name: `${prefix}.csv`, text: valueOf(await api.importBenchmark({ files, setup: SETUP })).csv }];
}

const counted = async (api: AppApi, name: string) => {
  const entry = valueOf(await api.listCalibrations()).find((one) => one.name === name) ?? expect.fail(name);
  return [entry.ownMeasurements, entry.baseMeasurements];
};

test('rows that the base was fitted to are left out and counted; where none is left it is refused', async () => {
  const { api } = startService(temporaryFolder());
  const two = await rowsAt(api, [4, 8]);
  valueOf(await api.calibrate({ taskId: 'a', name: 'dup-a', measurements: two, save: true, use: true }));
  const [own, base] = await counted(api, 'dup-a');
  expect(own).toBe(2);
  expect(base).toBeGreaterThan(1000);
  expect(await counted(api, 'default')).toEqual([0, base]);

  const again = { taskId: 'b', name: 'dup-b', base: 'dup-a', save: true };
  const refused = errorOf(await api.calibrate({ ...again, measurements: two }));
  expect(refused.code).toBe('measurements_repeated');
  expect(refused.message).toBe(
    'All 2 measurements are already in profile "dup-a", which it would be moved from: give others, choose another base, or make it anew (configiq calibrate --from-priors).',
  );
  // Called otherwise they are the same rows.
  const renamed = await rowsAt(api, [4, 8], 'copy');
  expect(errorOf(await api.calibrate({ ...again, measurements: renamed })).code).toBe('measurements_repeated');
  expect(valueOf(await api.listCalibrations()).map(({ name }) => name)).not.toContain('dup-b');

  const three = await rowsAt(api, [4, 8, 16]);
  const made = valueOf(await api.calibrate({ ...again, measurements: three }));
  expect(made).toMatchObject({ rows: 3, used: 1, repeated: 2 });
  expect(made.skipped).toHaveLength(2);
  expect(made.skipped_reasons).toContainEqual({ reason: 'Already in profile "dup-a".', count: 2 });
  expect(await counted(api, 'dup-b')).toEqual([3, base]);

  // From the bundled profile again they are new, and the third comes to the same as ever.
  const fresh = valueOf(await api.calibrate({ ...again, name: 'dup-c', base: 'default', measurements: three }));
  expect(fresh).toMatchObject({ rows: 3, used: 3, repeated: 0 });
}, 120_000);

test('a row that is given twice counts once', async () => {
  const { api } = startService(temporaryFolder());
  const twice = [...(await rowsAt(api, [4, 8])), ...(await rowsAt(api, [8, 4], 'copy'))];
  const made = valueOf(await api.calibrate({ taskId: 'a', name: 'once', measurements: twice, save: true }));
  expect(made).toMatchObject({ rows: 4, used: 2, repeated: 2 });
  expect(made.skipped_reasons).toContainEqual({ reason: 'The same measurement is there twice.', count: 2 });
  const single = valueOf(
    await api.calibrate({ taskId: 'a', name: 'single', measurements: await rowsAt(api, [4, 8]), save: false }),
  );
  expect(made.profile.constants).toEqual(single.profile.constants);
  expect(await counted(api, 'once')).toEqual([2, (await counted(api, 'default'))[1]]);
}, 120_000);

test('validate drops what is there twice as a fit does, and knows what its profile was fitted to', async () => {
  const { api } = startService(temporaryFolder());
  const two = await rowsAt(api, [4, 8]);
  valueOf(await api.calibrate({ taskId: 'a', name: 'own', measurements: two, save: true, use: true }));
  const held = async (calibration: string, measurements: typeof two) =>
    valueOf(await api.accuracy({ calibration, measurements }));

  const twice = await held('own', [...two, ...(await rowsAt(api, [8, 4], 'copy'))]);
  expect(twice).toMatchObject({ judged_points: 2, fitted_points: 2, basis: 'in_sample' });
  expect(twice.basis_sentence).toMatch(/^The profile was fitted to these points:/);
  expect(twice.skipped).toHaveLength(2);
  expect(twice.skipped_reasons).toEqual([{ reason: 'The same measurement is there twice.', count: 2 }]);

  const some = await held('own', await rowsAt(api, [4, 8, 16]));
  expect(some).toMatchObject({ judged_points: 3, fitted_points: 2, basis: 'in_sample' });
  expect(some.basis_sentence).toMatch(/^The profile was fitted to 2 of these 3 points:/);

  for (const [profile, loads] of [
    ['own', [16, 32]],
    ['default', [4, 8]],
  ] as const) {
    const fresh = await held(profile, await rowsAt(api, loads));
    expect(fresh).toMatchObject({ judged_points: 2, fitted_points: 0, basis: 'unseen' });
    expect(fresh.basis_sentence).toBe('The profile was fitted to other points, and to none of these.');
  }
}, 120_000);

test('rows that ship with the program are in the bundled profile already, and not in one without measurements', async () => {
  const { api } = startService(temporaryFolder());
  const text = readFileSync(join(catalogsFolder, 'measurements/dstack_405b.csv'), 'utf8');
  const draft = { taskId: 'a', name: 'mine', measurements: [{ name: 'dstack.csv', text }], save: false };
  expect(errorOf(await api.calibrate(draft)).code).toBe('measurements_repeated');
  expect(errorOf(await api.calibrate({ ...draft, measurements: null })).code).toBe('measurements_repeated');
  const made = valueOf(await api.calibrate({ ...draft, base: 'seed' }));
  expect(made.repeated).toBe(0);
  expect(made.used).toBeGreaterThan(0);
}, 120_000);

test('what is made anew takes every row', async () => {
  const { api } = startService(temporaryFolder());
  const rows = await rowsAt(api, [4, 8, 16]);
  valueOf(await api.calibrate({ taskId: 'a', name: 'moved', measurements: rows, save: true, use: true }));
  const anew = valueOf(
    await api.calibrate({ taskId: 'a', name: 'anew', measurements: rows, fromPriors: true, save: true }),
  );
  expect(anew).toMatchObject({ rows: 3, used: 3, repeated: 0 });
  expect(await counted(api, 'anew')).toEqual([3, 0]);
}, 120_000);

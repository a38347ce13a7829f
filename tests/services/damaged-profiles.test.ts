import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { calibrationFileSchema } from '../../src-worker/protocol/catalog-files.ts';
import type { AppService } from '../../src-main/services/app-service.ts';
import { databaseFile } from '../../src-main/services/data-folder.ts';
import { bundledCatalogsFolder } from '../../src-main/catalogs/files.ts';
import { readFileSync } from 'node:fs';
import { askConfigiq } from '../cli/command.ts';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

// Rows of the profile table as a broken disk, another program or an older version leaves them.

const QUESTION: PredictInputDraft = {
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'h100',
  tp: 1,
  input_tokens: 1024,
  output_tokens: 128,
  concurrency: 16,
};

const bundled = calibrationFileSchema.parse(
  JSON.parse(readFileSync(join(bundledCatalogsFolder(), 'calibration/default.json'), 'utf8')),
);

/** A folder whose database has the profile "guide" with these columns. */
async function folderWith(
  document: string,
  { isInUse = false, leftOut = '[]' }: { isInUse?: boolean; leftOut?: string } = {},
): Promise<string> {
  const folder = temporaryFolder();
  await startService(folder).close();
  const db = new Database(databaseFile(folder));
  db.prepare(
    "INSERT INTO calibration_profile (name, document, left_out, created_at, in_use) VALUES ('guide', ?, ?, '2026-01-05T09:00:00.000Z', ?)",
  ).run(document, leftOut, isInUse ? 1 : 0);
  db.close();
  return folder;
}

const names = async ({ api }: AppService): Promise<string[]> =>
  valueOf(await api.listCalibrations()).map(({ name }) => name);
const notices = async ({ api }: AppService): Promise<string> => valueOf(await api.info()).notices.join('\n');

const fewer = Object.fromEntries(Object.entries(bundled.constants).filter(([name]) => name !== 'smoothMaxExponent'));
const withShare = (name: string, value: number): string => {
  const constant = bundled.constants[name] ?? expect.fail(`no constant ${name}`);
  return JSON.stringify({
    ...bundled,
    name: 'guide',
    constants: { ...bundled.constants, [name]: { ...constant, value } },
  });
};
const BROKEN: [what: string, document: string, reason: RegExp][] = [
  ['cut off', '{"a":1', /"guide" cannot be read \(its JSON is cut off or damaged\)/],
  ['of another shape', '{"schema_version":1,"name":"guide"}', /"guide" cannot be read \(/],
  [
    'of an older version that had fewer constants',
    JSON.stringify({ ...bundled, name: 'guide', constants: fewer }),
    /"guide" cannot be read \(it has no constant smoothMaxExponent, which this version needs\)/,
  ],
  [
    'whose bandwidth is many times the peak',
    withShare('bandwidthEfficiency', 99),
    /"guide" cannot be read \(profile guide: constants\.bandwidthEfficiency\.value: is a share of a peak, above 0 and at most 1\.5, got 99\)/,
  ],
  [
    'whose cap is above the peak',
    withShare('maxBandwidthEfficiency', 1.2),
    /constants\.maxBandwidthEfficiency\.value: is a share of a peak, above 0 and at most 1, got 1\.2\)/,
  ],
];

test.each(BROKEN)(
  'a profile %s stands in the way of nothing, is named, and can be removed',
  async (_, text, reason) => {
    const service = startService(await folderWith(text));
    expect(await names(service)).not.toContain('guide');
    expect(valueOf(await service.api.predict(QUESTION)).versions.calibration).toBe('default');
    expect(await notices(service)).toMatch(reason);
    expect(await notices(service)).toMatch(
      /replace it \(configiq calibrate --name guide --replace\), or remove it: configiq calibration remove guide\./,
    );
    expect(errorOf(await service.api.useCalibration('guide'))).toMatchObject({ code: 'calibration_unreadable' });
    valueOf(await service.api.removeCalibration('guide'));
    expect(errorOf(await service.api.removeCalibration('guide'))).toMatchObject({ code: 'unknown_calibration' });
  },
);

test('a profile made before a constant was known answers as it did then', async () => {
  const later = ['pcieLinkFactor', 'stagedLinkFactor', 'weightOnlyLayerUs'];
  const constants = (keeps: boolean) =>
    Object.fromEntries(
      Object.entries(bundled.constants).flatMap(([name, constant]) => {
        if (!later.includes(name)) return [[name, constant]];
        return keeps ? [[name, { ...constant, value: name === 'weightOnlyLayerUs' ? 0 : 1 }]] : [];
      }),
    );
  const answerOf = async (keeps: boolean) => {
    const text = JSON.stringify({ ...bundled, name: 'guide', constants: constants(keeps) });
    const service = startService(await folderWith(text, { isInUse: true }));
    expect(await notices(service)).not.toMatch(/guide/);
    const question = { ...QUESTION, gpu: 'rtx-4090', tp: 2, quantization: 'int4' } as const;
    return valueOf(await service.api.predict(question));
  };
  const [before, neutral] = [await answerOf(false), await answerOf(true)];
  expect(before.versions.calibration).toBe('guide');
  expect(before.tpot_ms).toEqual(neutral.tpot_ms);
});

test.each(BROKEN)('a profile %s that is in use leaves the place to the bundled one, and says so', async (_, text) => {
  const folder = await folderWith(text, { isInUse: true });
  const service = startService(folder);
  expect(valueOf(await service.api.predict(QUESTION)).versions.calibration).toBe('default');
  expect(await notices(service)).toMatch(
    /Calibration profile "guide" is in use and cannot be read: default answers in its place\. configiq calibration use default/,
  );
  valueOf(await service.api.useCalibration(null));
  await service.close();
  expect(await notices(startService(folder))).not.toMatch(/is in use and/);
});

test('the one that was chosen is told apart from the one that answers, and its removal leaves the place for good', async () => {
  const folder = await folderWith('{"a":1', { isInUse: true });
  const service = startService(folder);
  expect([service.calibrations.chosen(), service.calibrations.inUse()]).toEqual(['guide', 'default']);
  valueOf(await service.api.removeCalibration('guide'));
  expect([service.calibrations.chosen(), service.calibrations.inUse()]).toEqual(['default', 'default']);
  await service.close();
  expect(await notices(startService(folder))).not.toContain('guide');
});

test('the command that removes a damaged profile in use says what answers from then on', async () => {
  const folder = await folderWith('{"a":1', { isInUse: true });
  const { code, stdout, stderr } = await askConfigiq(['calibration', 'remove', 'guide'], folder);
  expect(code).toBe(0);
  expect(stdout.replaceAll('\n', ' ')).toMatch(
    /^Profile guide is forgotten\. Questions that name no profile are answered with default from now on\./,
  );
  // Told when the command began, and not as if it still were in use at its end.
  expect(stderr.replaceAll('\n', ' ')).toMatch(
    /^Calibration profile "guide" cannot be read \(its JSON is cut off or damaged\)/,
  );
  expect(stderr).not.toContain('answers in its place');
  const listed = await askConfigiq(['calibration', 'list', '--json'], folder);
  expect([listed.code, listed.stderr]).toEqual([0, '']);
}, 120_000);

test('left-out predictions that cannot be read are not needed to judge the profile', async () => {
  const text = JSON.stringify({ ...bundled, name: 'guide' });
  const service = startService(await folderWith(text, { leftOut: '[{"a":' }));
  expect(valueOf(await service.api.accuracy({ calibration: 'guide', measurements: null })).basis).toBe('in_sample');
});

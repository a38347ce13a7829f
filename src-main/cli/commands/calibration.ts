import { fittedTo } from '../../../src-worker/protocol/calibration-words.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import type { AppService } from '../../services/app-service.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { bullet, table, textOf, wrap } from '../report/layout.ts';

/** Profiles there are, and which of them is in use. */
export const runCalibrationList: Run = async (context, options) => {
  const service = await context.service();
  const profiles = unwrap(await service.api.listCalibrations());
  const json = documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys({ calibrations: profiles }) });
  const report = textOf([
    ...table(
      [{ title: 'Profile' }, { title: 'Made' }, { title: 'In use' }, { title: 'Fitted to' }],
      profiles.map((entry) => [
        entry.name,
        entry.isOwn ? (entry.createdAt ?? '').slice(0, 10) : 'bundled',
        entry.isInUse ? 'yes' : '',
        fittedTo(entry),
      ]),
    ),
    '',
    ...profiles.flatMap(({ name, description }) => bullet(`${name}: ${description}`)),
  ]);
  context.terminal.print(options['json'] === true ? json : report);
  return EXIT.answered;
};

export const runCalibrationUse: Run = async (context, _options, [name = '']) => {
  const service = await context.service();
  unwrap(await service.api.useCalibration(name));
  context.terminal.print(textOf([`Profile ${name} is used from now on where a question names none.`]));
  return EXIT.answered;
};

export const runCalibrationRemove: Run = async (context, _options, [name = '']) => {
  const service = await context.service();
  const wasInUse = service.calibrations.chosen() === name;
  unwrap(await service.api.removeCalibration(name));
  const sentences = [
    `Profile ${name} is forgotten.`,
    ...(wasInUse
      ? [`Questions that name no profile are answered with ${service.calibrations.inUse()} from now on.`]
      : []),
    'Runs that were made with it are kept, but cannot be explained without a profile of that name.',
    `configiq calibration restore ${name} puts it back.`,
  ];
  context.terminal.print(textOf(wrap(sentences.join(' '))));
  return EXIT.answered;
};

export const runCalibrationRestore: Run = async (context, _options, [name = '']) => {
  const service = await context.service();
  const before = await profileOf(service, name);
  unwrap(await service.api.restoreCalibration(name));
  const { createdAt } = (await profileOf(service, name)) ?? { createdAt: null };
  const made = createdAt === null ? '' : `, made ${createdAt.slice(0, 10)},`;
  const sentences = [
    `Profile ${name}${made} is back.`,
    ...(before ? [`The one it takes the place of can be put back in the same way.`] : []),
    `Questions that name no profile are answered with ${service.calibrations.inUse()}.`,
  ];
  context.terminal.print(textOf(wrap(sentences.join(' '))));
  return EXIT.answered;
};

const profileOf = async (service: AppService, wanted: string) =>
  unwrap(await service.api.listCalibrations()).find(({ name }) => name === wanted);

import { z } from 'zod';
import type { CalibrationDocument } from '../../../src-worker/protocol/calibration.ts';
import { documentPieces } from '../../../src-worker/protocol/documents.ts';
import { calibrationFileSchema } from '../../../src-worker/protocol/catalog-files.ts';
import { checkWritable, writeAtomically } from '../../services/atomic-write.ts';
import type { AppService } from '../../services/app-service.ts';
import type { CommandContext, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { draftOf } from '../options.ts';
import { calibrationReport, type ProfileUse } from '../report/calibration-report.ts';
import { sweepProgress } from '../report/sweep-progress.ts';
import { checkRequest } from '../validate.ts';

const optionsSchema = z.strictObject({
  measurements: z.array(z.string()).default([]),
  name: z.string().optional(),
  base: z.string().nullable().default(null),
  from_priors: z.boolean().default(false),
  use: z.boolean().default(false),
  replace: z.boolean().default(false),
  output: z.string().nullable().default(null),
  left_out: z.string().nullable().default(null),
  json: z.boolean().default(false),
});

/** Fits a profile to measurements, keeps it under a name and says how good it is. Ctrl-C keeps nothing (exit 130). */
export const runCalibrate: Run = async (context, options, paths) => {
  const asked = checkRequest(optionsSchema, draftOf(options));
  if (asked.name === undefined) throw usageError('calibrate needs --name: what the profile is to be called.');
  if (asked.use && asked.output !== null)
    throw usageError('--use puts a kept profile in use, and with --output none is kept: leave one of them out.');
  if (asked.replace && asked.output !== null)
    throw usageError('--replace is for a kept profile, and with --output none is kept: leave one of them out.');
  for (const file of [asked.output, asked.left_out]) if (file !== null) checkWritable(file);
  const files = [...asked.measurements, ...paths];
  const service = await context.service();
  const draft = {
    name: asked.name,
    base: asked.base,
    fromPriors: asked.from_priors,
    // A file is what was asked for then; the database keeps what is to be used by name.
    save: asked.output === null,
    use: asked.use,
    replace: asked.replace,
  };
  const document = await calibrated(context, service, draft, files.length === 0 ? null : files);
  if (asked.output !== null) await writeAtomically(asked.output, profileText(document));
  if (asked.left_out !== null) await writeAtomically(asked.left_out, leftOutText(document));
  const kept: ProfileUse = {
    isKept: draft.save,
    isUsed: asked.use,
    isFresh: asked.from_priors,
    isOfOwnRows: files.length > 0,
  };
  if (asked.json) for (const piece of documentPieces(document)) context.terminal.print(piece);
  else context.terminal.print(calibrationReport(document, kept));
  return EXIT.answered;
};

async function calibrated(
  { terminal, onInterrupt }: CommandContext,
  service: AppService,
  draft: object,
  files: string[] | null,
): Promise<CalibrationDocument> {
  const taskId = `cli-${process.pid}`;
  const stopListening = service.onProgress(sweepProgress(terminal, { unit: 'fits' }));
  onInterrupt(() => {
    terminal.note('Stopping: nothing is kept.');
    void service.api.cancelTask(taskId);
  });
  try {
    return unwrap(await service.calibrations.calibrateWith({ ...draft, taskId, measurements: null }, files));
  } finally {
    stopListening();
    terminal.endProgress();
    onInterrupt(null);
  }
}

const profileText = ({ profile }: CalibrationDocument): string =>
  `${JSON.stringify(calibrationFileSchema.parse({ schema_version: 1, ...profile }), null, 2)}\n`;

/** The file of catalogs/left-out. */
function leftOutText({ name, left_out: predictions }: CalibrationDocument): string {
  const metrics = [...new Set(predictions.map(({ metric }) => metric))].sort();
  const novelties = [...new Set(predictions.map(({ novelty }) => novelty))].sort();
  const rows = predictions.map(({ point_id: id, metric, predicted, factor, novelty }) =>
    JSON.stringify([id, metrics.indexOf(metric), predicted, factor, novelties.indexOf(novelty)]),
  );
  const columns = JSON.stringify({ metrics, novelties });
  return `{\n"schema_version": 1,\n"profile": ${JSON.stringify(name)},\n"columns": ${columns},\n"rows": [\n${rows.join(',\n')}\n]\n}\n`;
}

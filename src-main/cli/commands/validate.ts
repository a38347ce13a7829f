import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { VALIDATION_METHODS } from '../../../src-worker/engine/validation/types.ts';
import type { AccuracyDocument, PointColumn } from '../../../src-worker/protocol/accuracy.ts';
import { neutralized } from '../../../src-worker/protocol/csv-text.ts';
import { documentPieces } from '../../../src-worker/protocol/documents.ts';
import { checkWritable, writeAtomically } from '../../services/atomic-write.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { draftOf } from '../options.ts';
import { accuracyReport } from '../report/accuracy-report.ts';
import { sweepProgress } from '../report/sweep-progress.ts';
import { checkRequest } from '../validate.ts';

const optionsSchema = z.strictObject({
  measurements: z.array(z.string()).default([]),
  calibration: z.string().nullable().default(null),
  method: z.enum(VALIDATION_METHODS).default('auto'),
  output: z.string().nullable().default(null),
  json: z.boolean().default(false),
});

/** Holds predictions against measured points: files, or those that ship with the program. Exit 3 when none can be judged. */
export const runValidate: Run = async (context, options, paths) => {
  const { measurements, calibration, method, output, json } = checkRequest(optionsSchema, draftOf(options));
  if (output !== null) checkWritable(output);
  const files = [...measurements, ...paths];
  const service = await context.service();
  const stopListening = service.onProgress(sweepProgress(context.terminal, { unit: 'measurements' }));
  const document = unwrap(
    await service.calibrations.accuracyOf(calibration, files.length === 0 ? null : files, method).finally(() => {
      stopListening();
      context.terminal.endProgress();
    }),
  );
  if (output !== null) {
    await writeAtomically(output, pointsCsv(document));
    context.terminal.note(`Written: ${output}`);
  }
  if (json) for (const piece of documentPieces(document)) context.terminal.print(piece);
  else context.terminal.print(accuracyReport(document));
  return document.points.length > 0 ? EXIT.answered : EXIT.noAnswer;
};

/** One line a point: of every column judged what was measured, what was predicted and its 80 % range. */
function pointsCsv({ points, metrics }: AccuracyDocument): string {
  const columns = Object.keys(metrics);
  const header = [
    'point_id',
    ...columns.flatMap((name) => [`${name}_measured`, `${name}_predicted`, `${name}_lo`, `${name}_hi`]),
  ];
  const cells = (column: PointColumn | undefined): (number | null)[] =>
    column ? [column.measured, column.predicted, column.lo, column.hi] : [null, null, null, null];
  const rows = points.map((point) => [
    neutralized(point.point_id),
    ...columns.flatMap((name) => cells(point.columns[name])),
  ]);
  return stringify([header, ...rows]);
}

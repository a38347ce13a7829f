import { extname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { SweepSummary } from '../../../src-worker/protocol/app-api.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import type { SweepSpec } from '../../../src-worker/protocol/requests.ts';
import type { AppService } from '../../services/app-service.ts';
import { checkWritable, writeAtomically } from '../../services/atomic-write.ts';
import { refuseThinkTimeWithRate } from '../conflicts.ts';
import type { CommandContext, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { modelIdOf } from '../models.ts';
import { withProfileInUse } from '../profiles.ts';
import { ownFiles } from '../own-files.ts';
import { draftOf, partFor } from '../options.ts';
import { checkOwnHardware, readOwnHardware } from '../own-hardware.ts';
import { plural } from '../report/format.ts';
import { textOf } from '../report/layout.ts';
import { bestLines } from '../report/run-report.ts';
import { sweepPlanReport } from '../report/sweep-plan-report.ts';
import { sweepProgress } from '../report/sweep-progress.ts';
import { specOf } from '../sweep-spec.ts';
import { checkRequest } from '../validate.ts';

const showSchema = z.strictObject({
  spec: z.string().optional(),
  name: z.string().default(''),
  export: z.string().optional(),
  dry_run: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `configiq sweep`: Ctrl-C keeps the points that are done (exit 130). Exit 3 when no point has an answer. */
export const runSweep: Run = async (context, options) => {
  const draft = draftOf(options);
  const show = checkRequest(showSchema, partFor(draft, showSchema));
  const format = show.export === undefined ? null : exportFormat(show.export);
  if (show.export !== undefined) checkWritable(show.export);
  refuseThinkTimeWithRate(draft);
  const own = readOwnHardware(draft);
  const { spec, given } = specOf(own ? { ...draft, own_hardware: own.machines } : draft, show.spec);

  const service = await context.service(ownFiles(options));
  if (own) await checkOwnHardware(service, own);
  const { model } = spec.base;
  const base = {
    ...withProfileInUse(service, spec.base, given),
    ...(model !== undefined && { model: await modelIdOf(service, model) }),
  };
  const question = { ...spec, base };
  if (show.dry_run) {
    const plan = unwrap(await service.api.planSweep(question));
    context.terminal.print(show.json ? documentText(plan) : sweepPlanReport(plan));
    return EXIT.answered;
  }
  const summary = await startSweep(context, service, question, show.name);
  for (const problem of summary.problems) context.terminal.complain(problem);
  if (show.export !== undefined && format !== null) {
    await writeExport(context, service, summary, { file: show.export, format });
  }
  context.terminal.print(
    show.json ? await summaryJson(service, question, summary) : await summaryText(service, summary),
  );
  return exitCodeFor(summary);
};

async function writeExport(
  { terminal, onInterrupt }: CommandContext,
  service: AppService,
  { runId, status }: SweepSummary,
  { file, format }: { file: string; format: 'csv' | 'json' },
): Promise<void> {
  // A large run is made into text in one go, which no handler could break into: from here on Ctrl-C is the system's.
  onInterrupt(null);
  terminal.note(status === 'cancelled' ? `Stopped; writing what is done to ${file}…` : `Writing ${file}…`);
  await writeAtomically(file, unwrap(await service.api.exportRun(runId, format)).text);
  terminal.note(`Written: ${file}`);
}

function exportFormat(path: string): 'csv' | 'json' {
  const extension = extname(path).toLowerCase();
  if (extension === '.csv') return 'csv';
  if (extension === '.json') return 'json';
  throw usageError(`--export writes .csv and .json files, got "${path}": give the name one of these endings.`);
}

async function startSweep(
  { terminal, onInterrupt }: CommandContext,
  service: AppService,
  spec: SweepSpec,
  name: string,
): Promise<SweepSummary> {
  const taskId = `cli-${process.pid}`;
  const stopListening = service.onProgress(sweepProgress(terminal));
  let interruptedAtMs: number | null = null;
  onInterrupt(() => {
    const nowMs = performance.now();
    // The launcher hands on what the terminal has sent as well; only a later Ctrl-C is a second one.
    if (interruptedAtMs !== null && nowMs - interruptedAtMs > SECOND_INTERRUPT_MS) process.exit(EXIT.interrupted);
    if (interruptedAtMs !== null) return;
    interruptedAtMs = nowMs;
    terminal.note('Stopping; what is done is kept.');
    void service.api.cancelTask(taskId);
  });
  try {
    const summary = unwrap(await service.api.startSweep({ taskId, spec, name }));
    // The copy of the first Ctrl-C that the launcher hands on must have come before a Ctrl-C counts as the second.
    if (interruptedAtMs !== null) await setTimeout(HANDED_ON_MS);
    return summary;
  } finally {
    stopListening();
    terminal.endProgress();
  }
}

const SECOND_INTERRUPT_MS = 1000;
const HANDED_ON_MS = 100;

function exitCodeFor({ status, passingRows }: SweepSummary): number {
  if (status === 'cancelled') return EXIT.interrupted;
  if (status === 'failed') return EXIT.bug;
  return passingRows > 0 ? EXIT.answered : EXIT.noAnswer;
}

/** Without the number of the run, so that the same sweep gives the same bytes; runs list has it. */
async function summaryJson(service: AppService, input: SweepSpec, summary: SweepSummary): Promise<string> {
  const { status, points, donePoints, rows, passingRows, problems } = summary;
  const { configiq, engine, catalog } = unwrap(await service.api.info()).versions;
  return documentText({
    schema_version: SCHEMA_VERSION,
    input,
    status,
    points,
    done_points: donePoints,
    rows,
    passing_rows: passingRows,
    problems,
    versions: { configiq, engine, catalog, calibration: input.base.calibration },
  });
}

async function summaryText(service: AppService, summary: SweepSummary): Promise<string> {
  const { runId, donePoints, points, rows, passingRows, status } = summary;
  const detail = unwrap(await service.api.showRun(runId));
  return textOf([
    `Run ${runId}, ${status}: ${donePoints} of ${plural(points, 'point')}, ${plural(rows, 'row')}, ${passingRows} of them pass.`,
    '',
    ...bestLines(detail, donePoints),
  ]);
}

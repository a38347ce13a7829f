import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { fileError } from '../../../src-worker/engine/errors.ts';
import { expandNumberAxis, TP_AXIS } from '../../../src-worker/engine/sweep/axis.ts';
import { EVERY, parseListAxis, parseNumberAxis } from '../../../src-worker/engine/sweep/axis-text.ts';
import type { SweepSummary } from '../../../src-worker/protocol/app-api.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import {
  describeIssues,
  sizeInputSchema,
  sweepSpecSchema,
  SWEEP_METHODS,
  type SweepSpec,
} from '../../../src-worker/protocol/requests.ts';
import type { AppService } from '../../services/app-service.ts';
import { parseJsonText } from '../../services/json-text.ts';
import { refuseThinkTimeWithRate } from '../conflicts.ts';
import type { CommandContext, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { exportTarget, writeExport } from '../exports.ts';
import { readTextFile } from '../files.ts';
import { modelIdOf } from '../models.ts';
import { withProfileInUse } from '../profiles.ts';
import { ownFiles } from '../own-files.ts';
import { draftOf, partFor, type Draft } from '../options.ts';
import { checkOwnHardware, readOwnHardware } from '../own-hardware.ts';
import { plural } from '../report/format.ts';
import { textOf } from '../report/layout.ts';
import { bestLines } from '../report/run-report.ts';
import { sweepPlanReport } from '../report/sweep-plan-report.ts';
import { sweepProgress } from '../report/sweep-progress.ts';
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
  const target = show.export === undefined ? null : exportTarget(show.export);
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
  if (target) {
    if (summary.status === 'cancelled') context.terminal.note('Stopped; writing what is done.');
    await writeExport(context, service, { runId: summary.runId, ...target });
  }
  context.terminal.print(
    show.json ? await summaryJson(service, question, summary) : await summaryText(service, summary),
  );
  return exitCodeFor(summary);
};

/** Asks a sweep and tells of it; Ctrl-C stops it and keeps what is done. */
export async function startSweep(
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

export function exitCodeFor({ status, passingRows }: SweepSummary): number {
  if (status === 'cancelled') return EXIT.interrupted;
  if (status === 'failed') return EXIT.bug;
  return passingRows > 0 ? EXIT.answered : EXIT.noAnswer;
}

/** Without the number of the run, so that the same sweep gives the same bytes; runs list has it. */
export async function summaryJson(service: AppService, input: SweepSpec, summary: SweepSummary): Promise<string> {
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

export async function summaryText(service: AppService, summary: SweepSummary): Promise<string> {
  const { runId, donePoints, points, rows, passingRows, status } = summary;
  const detail = unwrap(await service.api.showRun(runId));
  return textOf([
    `Run ${runId}, ${status}: ${donePoints} of ${plural(points, 'point')}, ${plural(rows, 'row')}, ${passingRows} of them pass.`,
    '',
    ...bestLines(detail, donePoints),
  ]);
}

/** The spec from a file, from options, or from both: options win. `given` = its base as it was given. */
function specOf(draft: Draft, file: string | undefined): { spec: SweepSpec; given: Draft } {
  const { users, quantization, zone, gpu, tp, ...others } = draft;
  // The switch has a value whether it was given or not; only its "off" says something.
  if (others['prefix_cache'] === true) delete others['prefix_cache'];
  const gpus = typeof gpu === 'string' ? parseListAxis(gpu, 'gpu') : [];
  const degrees = typeof tp === 'string' ? expandNumberAxis(parseNumberAxis(tp, TP_AXIS), TP_AXIS) : [];
  // One GPU or one degree narrows the question; only several are compared.
  const fixed = {
    ...(gpus.length === 1 && gpus[0] !== EVERY && { gpu: gpus }),
    ...(degrees.length === 1 && { tp: degrees[0] }),
  };
  const given = { ...partFor(others, sizeInputSchema), ...fixed };
  const axes = {
    ...(typeof users === 'string' && { users: parseNumberAxis(users) }),
    ...(Array.isArray(quantization) && { quantization: quantization.map(String) }),
    ...(typeof zone === 'string' && { zone: parseListAxis(zone) }),
    ...(gpus.length > 0 && !('gpu' in fixed) && { gpu: gpus }),
    ...(degrees.length > 1 && { tp: degrees }),
  };
  const fromFile = file === undefined ? null : readSpec(file);
  const base: Draft = { ...fromFile?.base, ...given };
  // An axis on the command line takes the place of a fixed value in the file, and the other way round.
  for (const key of Object.keys(axes)) delete base[key];
  const fileAxes: Draft = { ...fromFile?.axes };
  for (const key of Object.keys(fixed)) delete fileAxes[key];
  // Checked as options first, so that the sentence names the option.
  checkRequest(sizeInputSchema, 'quantization' in axes ? { ...base, quantization: axes.quantization } : base);
  if (base['method'] === 'simulation') throw usageError(`--method ${SWEEP_METHODS}.`);
  return { spec: checkRequest(sweepSpecSchema, { base, axes: { ...fileAxes, ...axes } }), given: base };
}

const MAX_SPEC_BYTES = 10_000_000;
const namesProfile = z.object({ base: z.object({ calibration: z.string() }) });

/** A profile that the file does not name stays open: the one in use is meant. */
function readSpec(file: string): { base: Draft; axes: Draft } {
  const text = parseJsonText(readTextFile(file, MAX_SPEC_BYTES), file);
  const parsed = sweepSpecSchema.safeParse(text, { reportInput: true });
  if (parsed.success) {
    const { calibration, ...base } = parsed.data.base;
    return { base: { ...base, ...(namesProfile.safeParse(text).success && { calibration }) }, axes: parsed.data.axes };
  }
  throw fileError('spec_invalid', describeIssues(parsed.error, file), { file });
}

import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { SweepSummary } from '../../../src-worker/protocol/app-api.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import type { SweepSpec } from '../../../src-worker/protocol/requests.ts';
import type { Result } from '../../../src-worker/protocol/result.ts';
import type { AppService } from '../../services/app-service.ts';
import { checkWritable, writeAtomically } from '../../services/atomic-write.ts';
import { refuseThinkTimeWithRate } from '../conflicts.ts';
import type { CommandContext, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { exportTarget, writeComputed } from '../exports.ts';
import { manifestFor } from '../manifests/manifests.ts';
import { modelIdOf } from '../models.ts';
import { withProfileInUse } from '../profiles.ts';
import { ownFiles } from '../own-files.ts';
import { draftOf, partFor } from '../options.ts';
import { checkOwnHardware, readOwnHardware } from '../own-hardware.ts';
import { count, plural } from '../report/format.ts';
import { textOf } from '../report/layout.ts';
import { bestLines } from '../report/run-report.ts';
import { askedTargets } from '../report/shortfall-report.ts';
import { sweepPlanReport } from '../report/sweep-plan-report.ts';
import { sweepProgress } from '../report/sweep-progress.ts';
import { specOf } from '../sweep-spec.ts';
import { checkRequest } from '../validate.ts';
import { emptyShardWords, isShardFile, shardOf, writeShard } from './sweep-shards.ts';

const showSchema = z.strictObject({
  spec: z.string().optional(),
  name: z.string().default(''),
  export: z.string().optional(),
  shard: z.string().optional(),
  shards: z.number().optional(),
  manifest: z.string().optional(),
  image: z.string().optional(),
  output: z.string().optional(),
  dry_run: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `configiq sweep`: Ctrl-C keeps the points that are done (exit 130). Exit 3 when no point has an answer. */
export const runSweep: Run = async (context, options) => {
  const draft = draftOf(options);
  const show = checkRequest(showSchema, partFor(draft, showSchema));
  const shardFile = show.export !== undefined && isShardFile(show.export) ? show.export : null;
  const target = show.export === undefined || shardFile !== null ? null : exportTarget(show.export);
  if (shardFile !== null) checkWritable(shardFile);
  const { shard, makeManifest } = sharingOf(show);
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
  const question = { ...spec, base, ...(shard && { shard }) };
  if (makeManifest) {
    if (question.shard) throw usageError('--manifest shares a whole sweep: leave shard out of the spec.');
    // What is wrong with the question is said here, not on a hundred machines.
    unwrap(await service.api.planSweep(question));
    const text = makeManifest({ spec: question, name: show.name });
    if (show.output === undefined) context.terminal.print(text);
    else {
      await writeAtomically(show.output, text);
      context.terminal.note(`Written: ${show.output}`);
    }
    return EXIT.answered;
  }
  if (show.dry_run) {
    const plan = unwrap(await service.api.planSweep(question));
    noteEmptyShard(context, question, plan.shard?.points ?? plan.points);
    context.terminal.print(show.json ? documentText(plan) : sweepPlanReport(plan));
    return EXIT.answered;
  }
  const summary = await watchedSweep(context, service, (taskId) =>
    service.api.startSweep({ taskId, spec: question, name: show.name }),
  );
  for (const problem of summary.problems) context.terminal.complain(problem);
  noteEmptyShard(context, question, summary.points);
  if (shardFile !== null) await writeShard(context, service, summary, shardFile);
  if (target) {
    if (summary.status === 'cancelled') context.terminal.note('Stopped; writing what is done.');
    await writeComputed(context, service, { runId: summary.runId, ...target });
  }
  context.terminal.print(
    show.json ? await summaryJson(service, question, summary) : await summaryText(service, summary),
  );
  const exitCode = exitCodeFor(summary);
  // Whether anything passes is for the merge to say: a scheduler must not take an empty shard for a failure.
  return question.shard && exitCode === EXIT.noAnswer ? EXIT.answered : exitCode;
};

function noteEmptyShard({ terminal }: CommandContext, { shard }: SweepSpec, points: number): void {
  const words = emptyShardWords(shard, points);
  if (words !== null) terminal.note(words);
}

/** The shard that is asked for, or what makes a manifest for all of them. */
function sharingOf({ shard, shards, manifest, image, output }: z.output<typeof showSchema>): {
  shard: SweepSpec['shard'] | null;
  makeManifest: ReturnType<typeof manifestFor> | null;
} {
  if (manifest === undefined) {
    const alone = Object.entries({ shards, image, output }).find(([, value]) => value !== undefined);
    if (alone) throw usageError(`--${alone[0]} belongs to --manifest: --shard i/n computes a shard here.`);
    return { shard: shard === undefined ? null : shardOf(shard), makeManifest: null };
  }
  if (shard !== undefined) throw usageError('--shard and --manifest exclude each other: keep one.');
  if (output !== undefined) checkWritable(output);
  return { shard: null, makeManifest: manifestFor(manifest, shards, image) };
}

/** A sweep with its progress; Ctrl-C ends it, and what is done is kept. */
export const watchedSweep = async (...asked: Parameters<typeof watchedResult>): Promise<SweepSummary> =>
  unwrap(await watchedResult(...asked));

/** The same for whoever knows what to do about a refusal. */
export async function watchedResult(
  { terminal, onInterrupt }: CommandContext,
  service: AppService,
  start: (taskId: string) => Promise<Result<SweepSummary>>,
): Promise<Result<SweepSummary>> {
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
    const result = await start(taskId);
    // The copy of the first Ctrl-C that the launcher hands on must have come before a Ctrl-C counts as the second.
    if (interruptedAtMs !== null) await setTimeout(HANDED_ON_MS);
    return result;
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
  const targets = askedTargets(detail.input, unwrap(await service.api.listWorkloads()));
  return textOf([
    `Run ${runId}, ${status}: ${count(donePoints)} of ${plural(points, 'point')}, ${plural(rows, 'row')}, ${count(passingRows)} of them pass.`,
    '',
    ...bestLines(detail, donePoints, targets),
  ]);
}

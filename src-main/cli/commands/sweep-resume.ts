import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import type { AppService } from '../../services/app-service.ts';
import { checkWritable } from '../../services/atomic-write.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { exportTarget, writeExport } from '../exports.ts';
import { ownFiles } from '../own-files.ts';
import { runNumber } from '../run-number.ts';
import { exitCodeFor, summaryJson, summaryText, watchedSweep } from './sweep.ts';
import { isShardFile, writeShard } from './sweep-shards.ts';

/** `configiq sweep resume RUN`: what a stored sweep lacks. Of a run that is done the shard file is written, where that is asked. */
export const runSweepResume: Run = async (context, options, [number = '']) => {
  const { export: file, json } = options;
  const runId = runNumber(number);
  const path = typeof file === 'string' ? file : null;
  const target = path === null || isShardFile(path) ? null : exportTarget(path);
  if (path !== null) checkWritable(path);
  const service = await context.service(ownFiles(options));
  if (path !== null && isShardFile(path) && (await isDone(service, runId))) {
    context.terminal.note(`Run ${runId} is done; only its file is written.`);
    const summary = await service.shards.export(runId, path);
    context.terminal.print(await summaryText(service, summary));
    return EXIT.answered;
  }
  const summary = await watchedSweep(context, service, (taskId) => service.api.resumeSweep({ taskId, runId }));
  for (const problem of summary.problems) context.terminal.complain(problem);
  if (target) await writeExport(context, service, { runId, ...target });
  else if (path !== null) await writeShard(context, service, summary, path);
  const spec = sweepSpecSchema.parse(unwrap(await service.api.showRun(runId)).input);
  context.terminal.print(
    json === true ? await summaryJson(service, spec, summary) : await summaryText(service, summary),
  );
  const exitCode = exitCodeFor(summary);
  return spec.shard && exitCode === EXIT.noAnswer ? EXIT.answered : exitCode;
};

/** Whether a sweep lacks nothing. */
async function isDone(service: AppService, id: number): Promise<boolean> {
  const run = unwrap(await service.api.listRuns()).find((entry) => entry.id === id);
  return run?.kind === 'sweep' && run.status === 'done' && run.donePoints === run.points;
}

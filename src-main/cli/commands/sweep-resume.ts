import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import { checkWritable } from '../../services/atomic-write.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { exportTarget, writeComputed } from '../exports.ts';
import { ownFiles } from '../own-files.ts';
import { runNumber } from '../run-number.ts';
import { exitCodeFor, summaryJson, summaryText, watchedResult } from './sweep.ts';
import { isShardFile, writeShard } from './sweep-shards.ts';

/** `configiq sweep resume RUN`: what a stored sweep lacks. Of a run that is done the shard file is written, where that is asked. */
export const runSweepResume: Run = async (context, options, [number = '']) => {
  const { export: file, json } = options;
  const runId = runNumber(number);
  const path = typeof file === 'string' ? file : null;
  const target = path === null || isShardFile(path) ? null : exportTarget(path);
  if (path !== null) checkWritable(path);
  const service = await context.service(ownFiles(options));
  const resumed = await watchedResult(context, service, (taskId) => service.api.resumeSweep({ taskId, runId }));
  if (!resumed.ok && resumed.error.code === 'run_done' && path !== null && isShardFile(path)) {
    context.terminal.note(`Run ${runId} is done; only its file is written.`);
    const done = await service.shards.export(runId, path);
    context.terminal.print(await summaryText(service, done));
    return EXIT.answered;
  }
  const summary = unwrap(resumed);
  for (const problem of summary.problems) context.terminal.complain(problem);
  if (target) await writeComputed(context, service, { runId, ...target });
  else if (path !== null) await writeShard(context, service, summary, path);
  const spec = sweepSpecSchema.parse(unwrap(await service.api.showRun(runId)).input);
  context.terminal.print(
    json === true ? await summaryJson(service, spec, summary) : await summaryText(service, summary),
  );
  const exitCode = exitCodeFor(summary);
  return spec.shard && exitCode === EXIT.noAnswer ? EXIT.answered : exitCode;
};

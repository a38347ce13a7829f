import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import type { Run } from '../context.ts';
import { unwrap } from '../errors.ts';
import { exportTarget, writeComputed } from '../exports.ts';
import { exitCodeFor, summaryJson, summaryText } from './sweep.ts';

/** `configiq sweep merge FILE...`: the run that one machine would have made of them. */
export const runSweepMerge: Run = async (context, options, files) => {
  const { export: file, name, json } = options;
  const target = typeof file === 'string' ? exportTarget(file) : null;
  const service = await context.service();
  const summary = await service.shards.merge(files, typeof name === 'string' ? name : '');
  if (target) await writeComputed(context, service, { runId: summary.runId, ...target });
  const spec = sweepSpecSchema.parse(unwrap(await service.api.showRun(summary.runId)).input);
  context.terminal.print(
    json === true ? await summaryJson(service, spec, summary) : await summaryText(service, summary),
  );
  return exitCodeFor(summary);
};

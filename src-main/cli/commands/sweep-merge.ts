import { sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import { checkWritable } from '../../services/atomic-write.ts';
import type { Run } from '../context.ts';
import { unwrap } from '../errors.ts';
import { exitCodeFor, exportFormat, summaryJson, summaryText, writeExport } from './sweep.ts';

/** `configiq sweep merge FILE...`: the run that one machine would have made of them. */
export const runSweepMerge: Run = async (context, options, files) => {
  const { export: file, name, json } = options;
  const path = typeof file === 'string' ? file : null;
  const format = path === null ? null : exportFormat(path);
  if (path !== null) checkWritable(path);
  const service = await context.service();
  const summary = await service.shards.merge(files, typeof name === 'string' ? name : '');
  if (path !== null && format !== null) await writeExport(context, service, summary, { file: path, format });
  const spec = sweepSpecSchema.parse(unwrap(await service.api.showRun(summary.runId)).input);
  context.terminal.print(
    json === true ? await summaryJson(service, spec, summary) : await summaryText(service, summary),
  );
  return exitCodeFor(summary);
};

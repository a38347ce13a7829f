import { differencesOf } from '../../../src-worker/answers/runs/difference.ts';
import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import { sizeInputSchema, sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import type { AppService } from '../../services/app-service.ts';
import type { CommandContext, Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { textOf } from '../report/layout.ts';
import { differenceLines } from '../report/run-diff-report.ts';
import { runNumber } from '../run-number.ts';
import { checkRequest } from '../validate.ts';
import { exitCodeFor, watchedSweep } from './sweep.ts';

/** `configiq runs rerun`: the stored question with the catalogs and the engine of today. Ctrl-C keeps what a sweep has done (130). */
export const runRunsRerun: Run = async (context, { json, name }, [number = '']) => {
  const id = runNumber(number);
  const service = await context.service();
  const { api } = service;
  const asked = unwrap(await api.readRun(id));
  const title = typeof name === 'string' ? name : asked.entry.name;
  const again = await askedAgain(context, service, asked, title);
  const now = unwrap(await api.readRun(again.runId));
  const versions = differencesOf(asked.versions, now.versions);
  context.terminal.print(
    json === true
      ? documentText({ schema_version: SCHEMA_VERSION, run: snakeCaseKeys(now.entry), versions_changed: versions })
      : textOf([
          `Run ${now.entry.id} asks run ${id} again: ${now.entry.status}, ${now.entry.answer ?? 'nothing passes'}`,
          '',
          ...differenceLines('Versions', versions),
          `configiq runs diff ${id} ${now.entry.id} shows what differs.`,
        ]),
  );
  return again.exitCode;
};

async function askedAgain(
  context: CommandContext,
  service: AppService,
  { entry, input }: { entry: { kind: 'size' | 'sweep' }; input: unknown },
  name: string,
): Promise<{ runId: number; exitCode: number }> {
  if (entry.kind === 'size') {
    const run = unwrap(await service.api.saveSizeRun(checkRequest(sizeInputSchema, input), name));
    return { runId: run.id, exitCode: run.answer === null ? EXIT.noAnswer : EXIT.answered };
  }
  const spec = checkRequest(sweepSpecSchema, input);
  const summary = await watchedSweep(context, service, (taskId) => service.api.startSweep({ taskId, spec, name }));
  for (const problem of summary.problems) context.terminal.complain(problem);
  return { runId: summary.runId, exitCode: exitCodeFor(summary) };
}

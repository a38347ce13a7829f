import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import { EXPORT_FORMATS, exportFormatOf, type ExportFormat } from '../../src-worker/protocol/export-formats.ts';
import type { AppService } from '../services/app-service.ts';
import { checkWritable } from '../services/atomic-write.ts';
import type { WrittenExport } from '../services/exports.ts';
import { formatDiskSize } from '../../src-worker/protocol/numbers.ts';
import type { CommandContext } from './context.ts';
import { unwrap, usageError } from './errors.ts';
import { plural } from './report/format.ts';

export interface ExportTarget {
  path: string;
  format: ExportFormat;
}

const ENDINGS = EXPORT_FORMATS.map((format) => `.${format}`).join(', ');

/**
 * Where an export goes and as what: by the ending of the file, unless a format is named; `canBeNamed` where the command has an option
 * for it. Throws before anything is computed.
 */
export function exportTarget(path: string, named?: string, canBeNamed = false): ExportTarget {
  const format = named === undefined ? exportFormatOf(path) : EXPORT_FORMATS.find((known) => known === named);
  if (format === undefined) {
    throw usageError(
      `There is no export format "${String(named).slice(0, 40)}": give one of ${EXPORT_FORMATS.join(', ')}.`,
    );
  }
  if (format === null) {
    throw usageError(
      `An export is written as ${ENDINGS}, got "${path}": give the name one of these endings${canBeNamed ? ', or the format with --format' : ''}.`,
    );
  }
  checkWritable(path);
  return { path, format };
}

/** Writes a run; Ctrl-C ends it and leaves no part of the file. */
export async function writeExport(
  { terminal, onInterrupt }: CommandContext,
  service: AppService,
  request: { runId: number } & ExportTarget,
): Promise<WrittenExport> {
  const { path, runId } = request;
  const controller = new AbortController();
  onInterrupt(() =>
    controller.abort(
      new ConfigIqError(
        'interrupted',
        'export_interrupted',
        `Interrupted: ${path} was not written. The rows are kept: configiq runs export ${runId} FILE writes them.`,
      ),
    ),
  );
  // Before it is said that anything is written.
  unwrap(await service.api.readRun(runId));
  terminal.note(`Writing ${path}…`);
  const written = unwrap(await service.exportRunTo(request, controller.signal));
  terminal.note(`Written: ${path}, ${plural(written.rows, 'row')}, ${formatDiskSize(written.bytes)}`);
  if (written.metadata !== null) terminal.note(`Written: ${written.metadata}, what was asked, versions and units`);
  return written;
}

/** The same for a run that has just been computed: where the file fails, what is kept is said, and how it goes on. */
export async function writeComputed(...given: Parameters<typeof writeExport>): Promise<WrittenExport> {
  const [, , { runId }] = given;
  return await sayingKept(`Run ${runId} is kept: configiq runs export ${runId} FILE writes it.`, () =>
    writeExport(...given),
  );
}

/** Adds a sentence to what a file refuses. */
export async function sayingKept<Value>(sentence: string, write: () => Promise<Value>): Promise<Value> {
  try {
    return await write();
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError) || thrown.family !== 'file') throw thrown;
    const { family, code, message, details } = thrown;
    throw new ConfigIqError(family, code, `${message}\n${sentence}`, details, { cause: thrown });
  }
}

import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import type { Run } from '../context.ts';
import { EXIT } from '../errors.ts';
import { exportTarget, writeExport } from '../exports.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { runNumber } from '../run-number.ts';

/** `configiq runs export`: Ctrl-C leaves no part of a file (exit 130); of a damaged run what can be read is written (exit 4). */
export const runRunsExport: Run = async (context, { format, json }, [number = '', path = '']) => {
  const runId = runNumber(number);
  const target = exportTarget(path, typeof format === 'string' ? format : undefined, true);
  const service = await context.service();
  const written = await writeExport(context, service, { runId, ...target });
  if (json === true) {
    context.terminal.print(documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys(written) }));
  }
  // What is missing is told at the end, with what helps.
  return written.missingRows > 0 ? EXIT.file : EXIT.answered;
};

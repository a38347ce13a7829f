import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { deletedRunsReport } from '../report/deleted-runs-report.ts';
import { runNumber } from '../run-number.ts';

/** `configiq runs delete`: the runs that are named, all or none; it asks nothing, as it is asked by number. */
export const runRunsDelete: Run = async ({ service, terminal }, { json }, numbers) => {
  const ids = numbers.map(runNumber);
  const deleted = unwrap(await (await service()).api.deleteRuns(ids));
  terminal.print(
    json === true
      ? documentText({ schema_version: SCHEMA_VERSION, ...snakeCaseKeys(deleted) })
      : deletedRunsReport(deleted),
  );
  return EXIT.answered;
};

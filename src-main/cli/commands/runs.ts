import { documentText, SCHEMA_VERSION } from '../../../src-worker/protocol/documents.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { snakeCaseKeys } from '../json-keys.ts';
import { runNumber } from '../run-number.ts';
import { askedTargets } from '../report/shortfall-report.ts';
import { runListReport, runReport } from '../report/run-report.ts';

/** Number and time of a run stand here alone: a history cannot do without, every other document has neither. */
export const runRunsList: Run = async ({ service, terminal }, options) => {
  const runs = unwrap(await (await service()).api.listRuns());
  terminal.print(
    options['json'] === true
      ? documentText({ schema_version: SCHEMA_VERSION, runs: snakeCaseKeys(runs) })
      : runListReport(runs),
  );
  return EXIT.answered;
};

export const runRunsShow: Run = async ({ service, terminal }, options, [number]) => {
  const { json, csv } = options;
  if (json === true && csv === true) throw usageError('--json and --csv exclude each other: keep one.');
  const id = runNumber(number);
  const { api } = await service();
  if (json === true || csv === true) {
    const { text, missingRows } = unwrap(await api.exportRun(id, csv === true ? 'csv' : 'json'));
    terminal.print(text);
    return missingRows > 0 ? EXIT.file : EXIT.answered;
  }
  const detail = unwrap(await api.showRun(id));
  terminal.print(runReport(detail, askedTargets(detail.input, unwrap(await api.listWorkloads()))));
  return EXIT.answered;
};

import { documentText } from '../../../src-worker/protocol/documents.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { runDiffReport } from '../report/run-diff-report.ts';
import { runNumber } from '../run-number.ts';

export const runRunsDiff: Run = async ({ service, terminal }, { json }, [first = '', second = '']) => {
  const [before, after] = [runNumber(first), runNumber(second)];
  const difference = unwrap(await (await service()).api.diffRuns(before, after));
  terminal.print(json === true ? documentText(difference) : runDiffReport(difference, { before, after }));
  return EXIT.answered;
};

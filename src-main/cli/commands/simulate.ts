import { z } from 'zod';
import { documentText } from '../../../src-worker/protocol/documents.ts';
import { simulateInputSchema } from '../../../src-worker/protocol/requests.ts';
import { checkWritable, writeAtomically } from '../../services/atomic-write.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { modelIdOf } from '../models.ts';
import { draftOf, partFor } from '../options.ts';
import { ownFiles } from '../own-files.ts';
import { withProfileInUse } from '../profiles.ts';
import { simulateReport, timelineCsv } from '../report/simulate-report.ts';
import { checkRequest } from '../validate.ts';

/** What the command line adds to the question. */
const showSchema = z.strictObject({
  trace: z.string().optional(),
  output: z.string().optional(),
  json: z.boolean().default(false),
  csv: z.boolean().default(false),
});

/** `configiq simulate`: exit 3 when the model does not fit. */
export const runSimulate: Run = async (context, options) => {
  const draft = draftOf(options);
  const show = checkRequest(showSchema, partFor(draft, showSchema));
  if (show.json && show.csv) throw usageError('--json and --csv exclude each other: keep one.');
  const question = checkRequest(simulateInputSchema, partFor(draft, simulateInputSchema));
  if (show.output !== undefined) checkWritable(show.output);
  const service = await context.service(ownFiles(options));
  const input = { ...withProfileInUse(service, question, draft), model: await modelIdOf(service, question.model) };
  const document = unwrap(
    show.trace === undefined ? await service.api.simulate(input, null) : await service.simulateFile(input, show.trace),
  );
  if (show.output !== undefined) {
    await writeAtomically(show.output, documentText(document));
    context.terminal.note(`Written: ${show.output}`);
  }
  context.terminal.print(
    show.json ? documentText(document) : show.csv ? timelineCsv(document) : simulateReport(document),
  );
  return document.memory.fits ? EXIT.answered : EXIT.noAnswer;
};

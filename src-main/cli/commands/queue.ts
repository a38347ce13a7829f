import { documentText } from '../../../src-worker/protocol/documents.ts';
import { queueInputSchema } from '../../../src-worker/protocol/requests.ts';
import { refuseOtherServiceCv } from '../conflicts.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { draftOf, partFor } from '../options.ts';
import { queueReport } from '../report/queue-report.ts';
import { checkRequest } from '../validate.ts';

/** `configiq queue`: a queue that never settles is an answer too (`stable: false`). */
export const runQueue: Run = async ({ service, terminal }, options) => {
  const draft = draftOf(options);
  refuseOtherServiceCv(draft);
  const input = checkRequest(queueInputSchema, partFor(draft, queueInputSchema));
  const document = unwrap(await (await service()).api.queue(input));
  terminal.print(options['json'] === true ? documentText(document) : queueReport(document));
  return EXIT.answered;
};

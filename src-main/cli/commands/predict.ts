import { documentText } from '../../../src-worker/protocol/documents.ts';
import { predictInputSchema } from '../../../src-worker/protocol/requests.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { modelIdOf } from '../models.ts';
import { ownFiles } from '../own-files.ts';
import { draftOf, partFor } from '../options.ts';
import { withProfileInUse } from '../profiles.ts';
import { predictReport } from '../report/predict-report.ts';
import { checkRequest } from '../validate.ts';

/** `configiq predict`: exit 3 when the model does not fit. */
export const runPredict: Run = async (context, options) => {
  const draft = draftOf(options);
  const question = checkRequest(predictInputSchema, partFor(draft, predictInputSchema));
  const service = await context.service(ownFiles(options));
  const input = { ...withProfileInUse(service, question, draft), model: await modelIdOf(service, question.model) };
  const document = unwrap(await service.api.predict(input));
  context.terminal.print(options['json'] === true ? documentText(document) : predictReport(document));
  return document.memory.fits ? EXIT.answered : EXIT.noAnswer;
};

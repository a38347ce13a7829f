import { z } from 'zod';
import { documentText } from '../../../src-worker/protocol/documents.ts';
import { sizeInputSchema } from '../../../src-worker/protocol/requests.ts';
import { sensitivitySchema } from '../../../src-worker/protocol/sensitivity.ts';
import { refuseThinkTimeWithRate } from '../conflicts.ts';
import type { Run } from '../context.ts';
import { EXIT, unwrap } from '../errors.ts';
import { modelIdOf } from '../models.ts';
import { draftOf, partFor } from '../options.ts';
import { ownFiles } from '../own-files.ts';
import { checkOwnHardware, readOwnHardware } from '../own-hardware.ts';
import { withProfileInUse } from '../profiles.ts';
import { sensitivityReport } from '../report/sensitivity-report.ts';
import { checkRequest } from '../validate.ts';

const { by, metric, price_factor, question: askedSchema } = sensitivitySchema.shape;
const ownSchema = z.strictObject({ by, metric, price_factor, json: z.boolean().default(false) });

/** `configiq sensitivity`: which inputs move the cheapest answer, and by how much. Exit 3 where there is no answer to move. */
export const runSensitivity: Run = async (context, options) => {
  const draft = draftOf(options);
  const asked = checkRequest(ownSchema, partFor(draft, ownSchema));
  refuseThinkTimeWithRate(draft);
  const own = readOwnHardware(draft);
  const question = checkRequest(askedSchema, {
    ...partFor(draft, sizeInputSchema),
    ...(own && { own_hardware: own.machines }),
  });
  const service = await context.service(ownFiles(options));
  if (own) await checkOwnHardware(service, own);
  const input = { ...withProfileInUse(service, question, draft), model: await modelIdOf(service, question.model) };
  const { json, ...around } = asked;
  const document = unwrap(await service.api.sensitivity({ question: input, ...around }));
  context.terminal.print(json ? documentText(document) : sensitivityReport(document));
  return document.base ? EXIT.answered : EXIT.noAnswer;
};

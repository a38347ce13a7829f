import { z } from 'zod';
import { documentText, type SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { sizeInputSchema, type SizeInput } from '../../../src-worker/protocol/requests.ts';
import type { Result } from '../../../src-worker/protocol/result.ts';
import { checkWritable, writeAtomically } from '../../services/atomic-write.ts';
import type { AppService } from '../../services/app-service.ts';
import { refuseThinkTimeWithRate } from '../conflicts.ts';
import type { CommandContext, Options, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { modelIdOf } from '../models.ts';
import { withProfileInUse } from '../profiles.ts';
import { ownFiles } from '../own-files.ts';
import { draftOf, partFor } from '../options.ts';
import { checkOwnHardware, readOwnHardware } from '../own-hardware.ts';
import { sizeCsv } from '../report/size-csv.ts';
import { sizeReport } from '../report/size-report.ts';
import { sweepProgress } from '../report/sweep-progress.ts';
import { checkRequest } from '../validate.ts';
import { runCatalogZones } from './catalog.ts';

/** What the command line adds to the question: how the answer is shown. */
const showSchema = z.strictObject({
  detail: z.number().int().min(1).default(1),
  output: z.string().optional(),
  list_zones: z.boolean().default(false),
  json: z.boolean().default(false),
  csv: z.boolean().default(false),
  /** True = under the name the history makes. */
  save: z.union([z.string(), z.literal(true)]).optional(),
});
type Show = z.output<typeof showSchema>;

/** `configiq size`: the sizing question of the seed. Exit 3 when nothing meets it. */
export const runSize: Run = async (context, options) => {
  const draft = draftOf(options);
  const show = checkRequest(showSchema, partFor(draft, showSchema));
  if (show.list_zones) return runCatalogZones(context, zoneOptions(options), []);
  if (show.json && show.csv) throw usageError('--json and --csv exclude each other: keep one.');
  refuseThinkTimeWithRate(draft);
  const own = readOwnHardware(draft);
  const question = checkRequest(sizeInputSchema, {
    ...partFor(draft, sizeInputSchema),
    ...(own && { own_hardware: own.machines }),
  });
  if (show.output !== undefined) checkWritable(show.output);

  const service = await context.service(ownFiles(options));
  if (own) await checkOwnHardware(service, own);
  const input = { ...withProfileInUse(service, question, draft), model: await modelIdOf(service, question.model) };
  const document = unwrap(await sized(context, service, input));
  const text = show.json
    ? documentText(document)
    : show.csv
      ? sizeCsv(document)
      : await reportOf(context, service, input, document, show);
  if (show.output !== undefined) {
    await writeAtomically(show.output, documentText(document));
    context.terminal.note(`Written: ${show.output}`);
  }
  context.terminal.print(text);
  if (show.save !== undefined) {
    const run = unwrap(await service.api.saveSizeRun(input, show.save === true ? '' : show.save));
    context.terminal.note(`Saved as run ${run.id}: configiq explain ${run.id} 1 shows where its figures come from.`);
  }
  return document.num_passing > 0 ? EXIT.answered : EXIT.noAnswer;
};

/** The answer; one that is simulated plan by plan says how far it is. */
async function sized(
  { terminal }: CommandContext,
  service: AppService,
  input: SizeInput,
): Promise<Result<SizeDocument>> {
  if (input.method !== 'simulation') return service.api.size(input);
  const stopListening = service.onProgress(sweepProgress(terminal, { unit: 'plans' }));
  try {
    return await service.api.size(input, `cli-${process.pid}`);
  } finally {
    stopListening();
    terminal.endProgress();
  }
}

async function reportOf(
  context: CommandContext,
  service: AppService,
  input: SizeInput,
  document: SizeDocument,
  show: Show,
): Promise<string> {
  const { detail } = show;
  const { num_passing: passing } = document;
  if (passing > 0 && detail > passing) {
    throw usageError(`--detail ${detail} is beyond the ${passing} configurations that pass: give 1 to ${passing}.`);
  }
  const isListed = passing === 0 || detail <= input.top;
  const full = isListed ? document : await withRank(context, service, input, document, detail);
  const model = await service.api.showModel(input.model);
  return sizeReport(full, model.ok ? model.value : null, { top: input.top, detail });
}

/** A rank below the list is not in the document: the question is asked once more with a longer list. */
async function withRank(
  context: CommandContext,
  service: AppService,
  input: SizeInput,
  { recommendations: listed }: SizeDocument,
  rank: number,
): Promise<SizeDocument> {
  const longer = unwrap(await sized(context, service, { ...input, top: rank, simulation_check: false }));
  const recommendations = longer.recommendations.map((row, index) => listed[index] ?? row);
  const asked = recommendations.at(-1);
  if (!asked || !input.simulation_check) return { ...longer, recommendations };
  const check = unwrap(await service.api.checkBySimulation({ question: input, configuration: asked.id }));
  return { ...longer, recommendations: [...recommendations.slice(0, -1), { ...asked, ...check }] };
}

const zoneOptions = ({ provider, json, catalog }: Options): Options => ({ provider, json, catalog });

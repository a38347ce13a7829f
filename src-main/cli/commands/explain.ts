import { z } from 'zod';
import { invalidInput } from '../../../src-worker/engine/errors.ts';
import type { RunDetail } from '../../../src-worker/protocol/app-api.ts';
import { documentText, type ExplainDocument } from '../../../src-worker/protocol/documents.ts';
import { isMetric, METRICS } from '../../../src-worker/protocol/metrics.ts';
import { sizeInputSchema, type SizeInput } from '../../../src-worker/protocol/requests.ts';
import { suggestNames } from '../../../src-worker/protocol/suggest.ts';
import type { AppService } from '../../services/app-service.ts';
import { refuseThinkTimeWithRate } from '../conflicts.ts';
import type { CommandContext, Run } from '../context.ts';
import { EXIT, unwrap, usageError } from '../errors.ts';
import { modelIdOf } from '../models.ts';
import { withProfileInUse } from '../profiles.ts';
import { ownFiles } from '../own-files.ts';
import { draftOf, partFor, type Draft } from '../options.ts';
import { asksOwnHardware, checkOwnHardware, readOwnHardware } from '../own-hardware.ts';
import { explainReport } from '../report/explain-report.ts';
import { checkRequest } from '../validate.ts';

const ownSchema = z.strictObject({
  rank: z.number().int().min(1).optional(),
  json: z.boolean().default(false),
});

/** A question and the rank in its answer that is to be explained. */
interface Asked {
  question: SizeInput;
  rank: number;
  metric: string | undefined;
}

/** `configiq explain`: the figures of one configuration, of a stored answer or of a question asked here. */
export const runExplain: Run = async (context, options, args) => {
  const draft = draftOf(options);
  const own = checkRequest(ownSchema, partFor(draft, ownSchema));
  const asksHere =
    asksOwnHardware(draft) || Object.keys(partFor(draft, sizeInputSchema)).some((key) => key !== 'prefix_cache');
  const service = await context.service(ownFiles(options));
  const asked = asksHere
    ? await questionHere(service, draft, own.rank ?? 1, args)
    : await questionOfRun(context, service, own.rank, args);
  const document = await explanationOf(service, asked);
  context.terminal.print(own.json ? documentText(document) : explainReport(document));
  return EXIT.answered;
};

async function questionHere(service: AppService, draft: Draft, rank: number, args: string[]): Promise<Asked> {
  const [metric, ...more] = args;
  if (more.length > 0) {
    throw usageError('A run and a question exclude each other: leave the run out, or --model and what belongs to it.');
  }
  checkMetric(metric);
  refuseThinkTimeWithRate(draft);
  const own = readOwnHardware(draft);
  const question = checkRequest(sizeInputSchema, {
    ...partFor(draft, sizeInputSchema),
    ...(own && { own_hardware: own.machines }),
  });
  if (own) await checkOwnHardware(service, own);
  const asked = { ...withProfileInUse(service, question, draft), model: await modelIdOf(service, question.model) };
  return { question: asked, rank, metric };
}

async function questionOfRun(
  context: CommandContext,
  service: AppService,
  rankOption: number | undefined,
  [run, rank, metric]: string[],
): Promise<Asked> {
  if (run === undefined) {
    throw usageError(
      'Explain what? Give a question (configiq explain -m meta-llama/Llama-2-7b-hf -u 100), or the number of a stored answer and a rank (configiq explain 3 1).',
    );
  }
  const isMetricInPlaceOfRank = rank !== undefined && !/^\d+$/.test(rank) && metric === undefined;
  const wanted = isMetricInPlaceOfRank ? rank : metric;
  checkMetric(wanted);
  const id = wholeNumber(run, 'is not the number of a run: configiq runs list shows them.');
  const place =
    rank === undefined || isMetricInPlaceOfRank
      ? (rankOption ?? 1)
      : wholeNumber(rank, 'is not a rank: 1 is the cheapest configuration of the answer.');
  const detail = unwrap(await service.api.showRun(id));
  if (detail.entry.kind === 'sweep') {
    throw usageError(
      `Run ${id} is a sweep, which keeps rows and not their explanations: ask for one of its points with configiq explain --model ${detail.entry.model} --users N.`,
    );
  }
  await warnOfOtherVersions(context, service, detail);
  const question = checkRequest(sizeInputSchema, detail.input);
  refuseLostProfile(service, id, question.calibration);
  return { question, rank: place, metric: wanted };
}

/** A run names the profile it was answered with, which may have been removed since. */
function refuseLostProfile(service: AppService, run: number, name: string): void {
  if (service.facts().calibrations.some((profile) => profile.name === name)) return;
  throw invalidInput(
    'run_profile_lost',
    `Run ${run} was answered with calibration profile "${name}", which is not here any more: make it again under that name (configiq calibrate --name ${name}), or ask the question anew with another profile.`,
    { run, calibration: name },
  );
}

function wholeNumber(text: string, otherwise: string): number {
  const number = Number(text);
  if (!/^\d{1,15}$/.test(text) || number < 1) throw usageError(`"${text.slice(0, 60)}" ${otherwise}`);
  return number;
}

function checkMetric(name: string | undefined): void {
  if (name === undefined || isMetric(name)) return;
  const ids = METRICS.map(({ id }) => id);
  const near = suggestNames(name, ids);
  const cure = near.length > 0 ? `did you mean ${near.join(', ')}?` : `there are ${ids.join(', ')}.`;
  throw usageError(`There is no metric "${name.slice(0, 60)}": ${cure}`);
}

/** The figures are worked out anew, so they may differ from those that were stored. */
async function warnOfOtherVersions(
  { terminal }: CommandContext,
  service: AppService,
  { versions }: RunDetail,
): Promise<void> {
  const now = unwrap(await service.api.info()).versions;
  const changed = (['configiq', 'engine', 'catalog'] as const).filter(
    (name) => versions[name] !== undefined && versions[name] !== now[name],
  );
  if (changed.length === 0) return;
  const list = changed.map((name) => `${name} ${versions[name]} is now ${now[name]}`).join(', ');
  terminal.complain(`The answer was stored with other versions (${list}): the figures here are of today.`);
}

async function explanationOf(service: AppService, { question, rank, metric }: Asked): Promise<ExplainDocument> {
  const answer = unwrap(await service.api.size({ ...question, top: rank }));
  const { num_passing: passing } = answer;
  if (passing === 0) {
    throw usageError(
      'Nothing meets this question, so there are no figures to explain: configiq size shows what stands in the way.',
    );
  }
  const row = answer.recommendations.at(rank - 1);
  if (!row) throw usageError(`There is no rank ${rank}: ${passing} configurations pass, give 1 to ${passing}.`);
  const document = unwrap(await service.api.explain({ question, configuration: row.id }));
  if (metric === undefined) return document;
  return { ...document, explanations: document.explanations.filter((entry) => entry.metric === metric) };
}

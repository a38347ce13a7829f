import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { deploy } from '../../src-worker/answers/deployment.ts';
import type { BatchingSubject } from '../../src-worker/engine/batching/subject.ts';
import { MS_PER_S } from '../../src-worker/engine/units.ts';
import { predictInputSchema, type PredictInputDraft } from '../../src-worker/protocol/requests.ts';

const folder = bundledCatalogsFolder();
const facts = loadFacts(folder);

/** The replica behind a question to `predict`, and the rate (per ms) it gets. */
export function subjectOf(draft: PredictInputDraft): { subject: BatchingSubject; ratePerMs: number } {
  const source = readBundledModel(folder, draft.model);
  if (!source) throw new Error(`no bundled config of ${draft.model}`);
  const input = predictInputSchema.parse(draft);
  const { subject, streams } = deploy(input, source, facts);
  if (!subject) throw new Error(`${draft.model} does not fit on ${draft.tp ?? 1} x ${draft.gpu}`);
  return { subject, ratePerMs: Number(input.rate ?? 0) / streams / input.replicas / MS_PER_S };
}

import { invalidInput } from '../../../src-worker/engine/errors.ts';
import type { FactCorrectionDraft, FactSubject } from '../../../src-worker/protocol/catalog-api.ts';
import { didYouMean } from '../../../src-worker/protocol/suggest.ts';
import { correctionProblem, FIELDS_OF, type Correction } from '../../catalogs/corrections.ts';
import { instanceId, offerId } from '../../catalogs/entry-ids.ts';
import type { LayeredCatalog } from '../../catalogs/layers.ts';
import { problemOf } from '../../catalogs/rules/entries.ts';
import type { CatalogIssue } from '../../catalogs/rules/types.ts';
import type { CatalogShelf } from './shelf.ts';

/** Refuses what is no fact, what a fact cannot be, and what contradicts the rest of the catalogs. */
export function checkCorrection(correction: Correction, shelf: CatalogShelf): void {
  const { subject, id, key } = correction;
  const facts = factsIn(shelf.catalog, subject, id);
  refuseOtherKeys(correction);
  const problem = correctionProblem(subject, facts, correction);
  if (problem !== null) throw invalidInput('correction_invalid', `${id}: ${problem}.`, { id, key });
  const [broken] = shelf.errorsOf(correction);
  if (broken)
    throw invalidInput('correction_breaks_rule', brokenText(correction, broken), { id, key, rule: broken.rule });
}

function refuseOtherKeys({ subject, id, key }: FactCorrectionDraft): void {
  const spec = FIELDS_OF[subject].find((field) => field.key === key);
  if (spec?.canBeCorrected) return;
  const keys = FIELDS_OF[subject].filter((field) => field.canBeCorrected).map((field) => field.key);
  const why = spec ? 'names the entry' : `is none of its facts: ${didYouMean(key, keys)}`;
  throw invalidInput('unknown_fact', `${id} has no ${key} to correct: it ${why}`, { id, key });
}

/** The rule may be broken at another entry: a GPU's memory at an instance, a price beside a dearer one. */
function brokenText({ id, key, value }: Correction, issue: CatalogIssue): string {
  const isHere = issue.entry === id && issue.field === key;
  const where = isHere
    ? ''
    : `${issue.entry}: ${issue.field} ${issue.value === null ? 'is missing' : String(issue.value)}: `;
  return `${id}: ${key} cannot be ${String(value)} (rule ${issue.rule}): ${where}${problemOf(issue)}`;
}

const SUBJECT_WORDS: Record<FactSubject, string> = { gpu: 'GPU', instance: 'instance', price: 'price' };

interface Entry {
  id: string;
  facts: object;
}

const ENTRIES: Record<FactSubject, (catalog: LayeredCatalog) => Entry[]> = {
  gpu: ({ gpus }) => gpus.map(({ facts }) => ({ id: facts.id, facts })),
  instance: ({ instances }) =>
    instances.map(({ provider, facts }) => ({ id: instanceId(provider, facts.name), facts })),
  price: ({ instances }) =>
    instances.flatMap(({ provider, facts: { name }, offers }) =>
      offers.map(({ facts }) => ({ id: offerId(provider, name, facts.region), facts })),
    ),
};

/** The facts of an entry as they are in force. Refuses an id that no entry has. */
function factsIn(catalog: LayeredCatalog, subject: FactSubject, id: string): object {
  const entries = ENTRIES[subject](catalog);
  const entry = entries.find((one) => one.id === id);
  if (!entry) {
    const near = didYouMean(
      id,
      entries.map((one) => one.id),
    );
    throw invalidInput('unknown_entry', `There is no ${SUBJECT_WORDS[subject]} "${id.slice(0, 200)}": ${near}`, { id });
  }
  return entry.facts;
}

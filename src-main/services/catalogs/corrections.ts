import { invalidInput } from '../../../src-worker/engine/errors.ts';
import type { FactCorrectionDraft, FactSubject } from '../../../src-worker/protocol/catalog-api.ts';
import { didYouMean } from '../../../src-worker/protocol/suggest.ts';
import { correctionProblem, FIELDS_OF, type Correction } from '../../catalogs/corrections.ts';
import { PRICE_FIELDS } from '../../catalogs/fields.ts';
import { instanceId, offerId } from '../../catalogs/entry-ids.ts';
import type { LayeredCatalog } from '../../catalogs/layers.ts';
import { spotBelowOnDemand } from '../../catalogs/rules/spot-below-on-demand.ts';
import type { CatalogIssue } from '../../catalogs/rules/types.ts';
import { zonePrices } from '../../catalogs/rules/zone-prices.ts';
import type { Store } from '../../store/store.ts';
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
  if (!spec) throw unknownFact(subject, id, key);
  if (spec.canBeCorrected) return;
  const cure = `import a file with an entry of that ${key} (configiq catalog import FILE)`;
  const sentence = `${id}: ${key} says what the entry is and cannot be corrected: ${cure}.`;
  throw invalidInput('unknown_fact', sentence, { id, key });
}

function unknownFact(subject: FactSubject, id: string, key: string): Error {
  const keys = FIELDS_OF[subject].filter((field) => field.canBeCorrected).map((field) => field.key);
  return invalidInput('unknown_fact', `${id} has no fact ${key}: ${didYouMean(key, keys)}`, { id, key });
}

/** The catalog's own values again; `key` null = of all facts of the entry. Refuses where none was corrected. */
export function restoreFacts(
  subject: FactSubject,
  id: string,
  key: string | null,
  { shelf, store }: { shelf: CatalogShelf; store: Store },
): void {
  // What was corrected is taken back, even where its entry is gone.
  if (store.removeCorrections(subject, id, key) > 0) return;
  factsIn(shelf.catalog, subject, id);
  if (key !== null && FIELDS_OF[subject].every((field) => field.key !== key)) throw unknownFact(subject, id, key);
  const sentence =
    key === null
      ? `Nothing of ${id} was corrected: there is nothing to restore.`
      : `${key} of ${id} was not corrected: it is the value of the catalog already.`;
  throw invalidInput('unknown_correction', sentence, { id });
}

/** The rule may be broken at another entry: a GPU's memory at an instance, a price beside a dearer one. */
function brokenText({ id, key, value }: Correction, issue: CatalogIssue): string {
  const isHere = issue.entry === id && issue.field === key;
  const entry = issue.entry === id ? '' : `${issue.entry}: `;
  const where = isHere ? '' : `${entry}${issue.field} ${issue.value === null ? 'is missing' : String(issue.value)}: `;
  const problem = `${where}${issue.problem}${isOfBothPrices(issue) ? otherPriceFirst(key) : ''}`;
  return `${id}: ${key} cannot be ${String(value)} (rule ${issue.rule}): ${problem}`;
}

/** A spot price against an on-demand price, of the region or of a zone of it. */
const isOfBothPrices = ({ rule, sentence }: CatalogIssue): boolean =>
  rule === spotBelowOnDemand.name || (rule === zonePrices.name && sentence.endsWith('?'));

function otherPriceFirst(key: string): string {
  const other = PRICE_FIELDS.find((field) => field.key !== key);
  return other ? ` If both prices changed, correct ${other.key} first.` : '';
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

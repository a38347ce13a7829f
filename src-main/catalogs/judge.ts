import type { Facts } from '../../src-worker/engine/facts.ts';
import type { CatalogProblem } from '../../src-worker/protocol/catalog-api.ts';
import { plural } from '../../src-worker/protocol/numbers.ts';
import { unknownGpuWords } from './formats/checks.ts';
import type { CatalogContent } from './content.ts';
import { instanceId, offerId } from './entry-ids.ts';
import type { FactPlace } from './formats/entry-places.ts';
import type { ReadCatalog } from './formats/reader.ts';
import type { LayeredCatalog } from './layers.ts';
import { plainFacts, type BundledCatalogs } from './load.ts';
import { issuesBrought } from './rules/check.ts';
import { priceSources } from './rules/price-sources.ts';
import type { CatalogIssue, Checked } from './rules/types.ts';

/** A catalog as the rules look at it. */
export const checkedCatalog = (bundled: BundledCatalogs, catalog: LayeredCatalog): Checked => ({
  facts: plainFacts(bundled, catalog, []),
  gpus: catalog.gpus.map(({ facts }) => facts),
});

/** A file with what the rules say of it. */
export interface JudgedCatalog extends ReadCatalog {
  /** What may be right and wants a second look: the first of every rule, and how many there are. */
  doubts: CatalogProblem[];
  doubtCount: number;
}

interface Blamed {
  /** Entry of the file that has to go. */
  unit: string;
  issue: CatalogIssue;
}

/**
 * What a file brings that cannot be right becomes one of its problems, and leaves its content; `laidWith` lays a content
 * over what is in force. What is left is judged again, for an entry may have been right only beside another.
 */
export function judged(
  read: ReadCatalog,
  before: Checked,
  laidWith: (content: CatalogContent) => LayeredCatalog,
  checked: (catalog: LayeredCatalog) => Checked,
): JudgedCatalog {
  let { content } = read;
  const problems = [...read.problems];
  const gone = new Set<string>();
  for (;;) {
    const catalog = laidWith(content);
    const after = checked(catalog);
    const issues = issuesBrought(before, after);
    const blamed = blamedOf(
      issues.filter(({ severity }) => severity === 'error'),
      read,
      after.facts,
    ).filter(({ unit }) => !gone.has(unit));
    const orphans = withoutGpu(content, after.facts);
    if (blamed.length === 0 && orphans.length === 0) {
      return { ...read, content, problems: problems.sort(byLine), ...doubtsOf(issues, read) };
    }
    problems.push(...ruleProblems(blamed, read, correctedIn(catalog)), ...orphanProblems(orphans, read, after.facts));
    const leaving = new Set([...blamed.map(({ unit }) => unit), ...orphans.map(({ id }) => id)]);
    for (const unit of leaving) gone.add(unit);
    content = without(content, leaving);
  }
}

const nowhere = (field: string): FactPlace => ({ line: null, field, given: null });

const byLine = (a: CatalogProblem, b: CatalogProblem): number => (a.line ?? 0) - (b.line ?? 0);

/** What an entry rests on: an offer on its instance, an instance on its GPU. */
function ownersOf({ instances }: Facts): Map<string, string[]> {
  return new Map(
    instances.flatMap(({ provider, name, gpuId, offers }): [string, string[]][] => [
      [instanceId(provider, name), [gpuId]],
      ...offers.map(({ region }): [string, string[]] => [
        offerId(provider, name, region),
        [instanceId(provider, name), gpuId],
      ]),
    ]),
  );
}

/** Errors of which the file brings an entry: the one they are on, or else one that made it so. */
function blamedOf(errors: readonly CatalogIssue[], { places }: ReadCatalog, facts: Facts): Blamed[] {
  if (errors.length === 0) return [];
  const owners = ownersOf(facts);
  const own: Blamed[] = [];
  const others: Blamed[] = [];
  for (const issue of errors) {
    const unit = places.unitOf(issue.entry);
    const causes = [...(issue.beside === undefined ? [] : [issue.beside]), ...(owners.get(issue.entry) ?? [])];
    const cause = causes.map((entry) => places.unitOf(entry)).find((one) => one !== null);
    if (unit !== null) own.push({ unit, issue });
    else if (cause != null) others.push({ unit: cause, issue });
  }
  // What is wrong itself makes others look wrong: it is named, they are not.
  const wrong = new Set(own.map(({ unit }) => unit));
  return [...own, ...others.filter(({ unit }) => !wrong.has(unit))];
}

const factKey = (entry: string, key: string): string => `${entry}\n${key}`;

/** Facts that a person corrected: a file may be right, and the correction old. */
function correctedIn({ gpus, instances }: LayeredCatalog): Set<string> {
  const keys = (entry: string, corrections: object): string[] =>
    Object.keys(corrections).map((key) => factKey(entry, key));
  return new Set([
    ...gpus.flatMap(({ facts, corrections }) => keys(facts.id, corrections)),
    ...instances.flatMap(({ provider, facts: { name }, offers, corrections }) => [
      ...keys(instanceId(provider, name), corrections),
      ...offers.flatMap((offer) => keys(offerId(provider, name, offer.facts.region), offer.corrections)),
    ]),
  ]);
}

/** One problem for each fact that breaks a rule; an entry that stands at one place of the file is named once. */
function ruleProblems(
  blamed: readonly Blamed[],
  { places }: ReadCatalog,
  corrected: ReadonlySet<string>,
): CatalogProblem[] {
  const groups = [...Map.groupBy(blamed, ({ unit, issue }) => [issue.rule, unit, issue.field].join('\n')).values()];
  const firsts = groups.flatMap(([first]) => first ?? []);
  const found = places.of(
    firsts.map(({ unit, issue }) => ({
      entry: places.unitOf(issue.entry) === null ? unit : issue.entry,
      key: issue.field,
    })),
  );
  return firsts.map(({ issue }, index) => {
    const own = found[index] ?? nowhere(issue.field);
    // What stands there is no figure of an entry that the file does not have.
    const place = places.unitOf(issue.entry) === null ? { ...own, given: null } : own;
    const more = (groups[index]?.length ?? 1) - 1;
    const sentence = sentenceOf(place, issue, more);
    const cure = corrected.has(factKey(issue.entry, issue.field))
      ? `; that is your correction: configiq catalog restore ${issue.entry} ${issue.field}`
      : '';
    return { line: place.line, field: place.field, sentence: `${sentence}${cure}`, rule: issue.rule };
  });
}

/** The value as the file has it, and as it is read where that is another. */
function sentenceOf({ field, given }: FactPlace, issue: CatalogIssue, more: number): string {
  const { value } = issue;
  const read = given === null || given === value ? String(value) : `${given}, which is read as ${String(value)}`;
  const others = more > 0 ? `; and ${plural(more, 'entry', 'entries')} more` : '';
  return `${field} of ${issue.entry}: ${value === null ? '' : `${read}: `}${issue.problem} (rule ${issue.rule}${others})`;
}

interface Orphan {
  id: string;
  gpu: string;
}

/** Instances whose GPU was left out with what broke a rule. */
function withoutGpu({ instances }: CatalogContent, { gpus }: Facts): Orphan[] {
  const known = new Set(gpus.map(({ id }) => id));
  return instances
    .filter(({ facts }) => !known.has(facts.gpu))
    .map(({ provider, facts }) => ({ id: instanceId(provider, facts.name), gpu: facts.gpu }));
}

function orphanProblems(orphans: readonly Orphan[], { places }: ReadCatalog, { gpus }: Facts): CatalogProblem[] {
  const known = new Map(gpus.map(({ id }) => [id, null]));
  const found = places.of(orphans.map(({ id }) => ({ entry: id, key: 'gpu' })));
  return orphans.map(({ gpu }, index) => {
    const { line, field } = found[index] ?? nowhere('gpu');
    return { line, field, sentence: `${field} ${unknownGpuWords(gpu, known)}.`, rule: 'references' };
  });
}

/** Of a rule, or a field of the file, as many as anybody reads; their number is told beside. */
const MOST_DOUBTS_PER_RULE = 50;

function doubtsOf(
  issues: readonly CatalogIssue[],
  { places, oddities, unpriced }: ReadCatalog,
): Pick<JudgedCatalog, 'doubts' | 'doubtCount'> {
  const doubted = issues.filter((issue) => !isUndated(issue));
  const shown = [...Map.groupBy(doubted, ({ rule }) => rule).values()].flatMap((own) =>
    own.slice(0, MOST_DOUBTS_PER_RULE),
  );
  const found = places.of(shown.map(({ entry, field }) => ({ entry, key: field })));
  const doubts = shown.map((issue, index) => {
    const place = found[index] ?? nowhere(issue.field);
    return { line: place.line, field: place.field, sentence: sentenceOf(place, issue, 0), rule: issue.rule };
  });
  const odd = [...Map.groupBy(oddities, ({ field }) => field).values()].flatMap((own) =>
    own.slice(0, MOST_DOUBTS_PER_RULE),
  );
  return {
    doubts: [...odd, ...unpriced.slice(0, MOST_DOUBTS_PER_RULE), ...doubts],
    doubtCount: oddities.length + unpriced.length + doubted.length,
  };
}

/** Told once for all prices (`ageNotes`): a sheet without dates would be doubted in every row. */
const isUndated = ({ rule, field }: CatalogIssue): boolean => rule === priceSources.name && field === 'as_of';

/** Providers that are named stay, with zones where any are left. */
function without(content: CatalogContent, leaving: ReadonlySet<string>): CatalogContent {
  const instances = content.instances
    .filter(({ provider, facts }) => !leaving.has(instanceId(provider, facts.name)))
    .map((instance) => ({
      ...instance,
      offers: instance.offers.filter(
        ({ region }) => !leaving.has(offerId(instance.provider, instance.facts.name, region)),
      ),
    }))
    .filter(({ brings, offers }) => brings === 'entry' || offers.length > 0);
  const zoned = new Set(
    instances.filter(({ offers }) => offers.some(({ zones }) => zones.length > 0)).map(({ provider }) => provider),
  );
  return {
    ...content,
    gpus: content.gpus.filter(({ facts }) => !leaving.has(facts.id)),
    providers: content.providers.map((provider) => ({ ...provider, hasZones: zoned.has(provider.id) })),
    instances,
  };
}

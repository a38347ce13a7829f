import { basename } from 'node:path';
import { z } from 'zod';
import { fileError, invalidInput } from '../../src-worker/engine/errors.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import {
  CATALOG_FORMATS,
  MOST_SHOWN_CHANGES,
  type CatalogApi,
  type CatalogCounts,
  type CatalogFileDraft,
  type CatalogFormat,
  type CatalogImportEntry,
  type CatalogPreview,
  type CatalogProblem,
  type FactSubject,
} from '../../src-worker/protocol/catalog-api.ts';
import { describeIssues } from '../../src-worker/protocol/issues.ts';
import { plural } from '../../src-worker/protocol/numbers.ts';
import { attempt, type Result } from '../../src-worker/protocol/result.ts';
import { didYouMean } from '../../src-worker/protocol/suggest.ts';
import { catalogBook } from '../catalogs/book.ts';
import { changesBetween, countsOf } from '../catalogs/changes.ts';
import { contentSchema, type CatalogContent } from '../catalogs/content.ts';
import { corrected, correctionProblem, FIELDS_OF, priceId } from '../catalogs/corrections.ts';
import { readCatalogText } from '../catalogs/formats/registry.ts';
import type { ReadCatalog } from '../catalogs/formats/reader.ts';
import { instanceId, stack, type Corrections, type Layer, type LayeredCatalog } from '../catalogs/layers.ts';
import { factsOf, loadBundled } from '../catalogs/load.ts';
import { issuesBrought } from '../catalogs/rules/check.ts';
import type { CatalogIssue } from '../catalogs/rules/types.ts';
import type { CatalogImport, RemovedImport, Store } from '../store/store.ts';
import { checkRequest } from './check-request.ts';

/** The catalogs of this program: bundled files, imports of the database, files of this start, corrections over all. */
export interface Catalogs {
  /** What holds now. */
  facts: () => Facts;
  inForce: () => LayeredCatalog;
  /** What imports, files of this start and corrections bring into the bundled catalogs that the rules do not like. */
  issues: () => CatalogIssue[];
  api: CatalogApi;
}

interface CatalogParts {
  catalogsFolder: string;
  store: Store;
  /** Files of this start, read already: `--catalog`, `--workloads`. */
  files: CatalogFileDraft[];
  now: () => Date;
  /** Told what could not be read and was survived. */
  report: (problem: string) => void;
  /** Told of the facts whenever they changed. */
  onChange: (facts: Facts) => void;
}

const fileSchema = z.strictObject({
  fileName: z.string().min(1).max(1000),
  text: z.string(),
  format: z.enum(CATALOG_FORMATS).nullable(),
  provider: z.string().min(1).max(100).nullable(),
});
const importIdSchema = z.number().int().min(1);
const subjectSchema = z.enum(['gpu', 'instance', 'price']);
const entryIdSchema = z.string().min(1).max(400);
const keySchema = z.string().min(1).max(100);
const correctionSchema = z.strictObject({
  subject: subjectSchema,
  id: entryIdSchema,
  key: keySchema,
  value: z.union([z.number(), z.string().max(1000), z.boolean(), z.null()]),
  note: z.string().max(1000),
});

/** An import as the database has it, with its content where that can be read. */
interface KeptImport {
  row: CatalogImport;
  content: CatalogContent | null;
  problem: string | null;
}

/** Throws file errors of the bundled catalogs and of the files given. */
export function createCatalogs(parts: CatalogParts): Catalogs {
  const { store, now, report } = parts;
  const bundled = loadBundled(parts.catalogsFolder);
  /** What left the database while the program runs, to be put back. */
  const removed = new Map<number, RemovedImport>();

  const kept = (): KeptImport[] => {
    const { rows, problems } = store.listCatalogImports();
    problems.forEach(report);
    return rows.map(readKept);
  };
  const importLayers = (imports: readonly KeptImport[]): Layer[] =>
    imports.flatMap(({ row, content }) => (content ? [{ layer: 'imported', origin: row.name, content }] : []));
  const laid = (upper: readonly Layer[]): LayeredCatalog => {
    const { rows, problems } = store.listCorrections();
    problems.forEach(report);
    return corrected(stack([...bundled.layers, ...upper]), rows);
  };

  /** What was read last, taken before it was read: what is written meanwhile is then looked for again. */
  let seen = { version: store.dataVersion(), state: store.catalogState() };
  let revision = 0;
  let imports = kept();
  const files: Layer[] = [];
  for (const file of parts.files) {
    const { layer, notes } = fileLayer(file, laid([...importLayers(imports), ...files]));
    files.push(layer);
    shortened(notes).forEach((note) => report(`${layer.origin}: ${note}`));
  }

  let catalog: LayeredCatalog;
  let facts: Facts;
  const settle = (): void => {
    const upper = [...importLayers(imports), ...files];
    const corrections = store.listCorrections().rows;
    catalog = laid(upper);
    for (const { problem } of imports) if (problem !== null) report(problem);
    catalog.problems.forEach(report);
    const words = [...upper.map(({ content }) => content), ...corrections].map((part) => JSON.stringify(part));
    facts = factsOf(bundled, catalog, words);
  };
  const changed = (): void => {
    seen = { version: store.dataVersion(), state: store.catalogState() };
    revision += 1;
    imports = kept();
    settle();
    parts.onChange(facts);
  };
  settle();

  /** Takes in what another program changed; every write to the database is noticed, few are about catalogs. */
  const followOthers = (): void => {
    const version = store.dataVersion();
    if (version === seen.version) return;
    if (store.catalogState() === seen.state) seen = { ...seen, version };
    else changed();
  };

  const read = (draft: unknown): { file: CatalogFileDraft; found: ReadCatalog & { format: CatalogFormat } } => {
    const file = checkRequest(fileSchema, draft, 'Catalog file');
    return { file, found: readCatalogText(file, catalog) };
  };

  const preview = (draft: unknown): CatalogPreview => {
    const { file, found } = read(draft);
    const name = nameOf(file, found);
    const layer: Layer = { layer: 'imported', origin: name, content: found.content };
    const after = laid([...importLayers(imports), layer, ...files]);
    const changes = changesBetween(catalog, after);
    return {
      format: found.format,
      name,
      read: found.read,
      usable: countsOf(found.content),
      changes: changes.slice(0, MOST_SHOWN_CHANGES),
      changeCount: changes.length,
      skipped: found.skipped,
      problems: found.problems.slice(0, MOST_SHOWN_CHANGES),
      problemCount: found.problems.length,
      notes: [...found.notes, ...doubts(issuesBrought(facts, factsOf(bundled, after, [])))],
    };
  };

  const importFile = (draft: unknown, useGoodPart: boolean): CatalogImportEntry => {
    const { file, found } = read(draft);
    if (!useGoodPart) refuseProblems(file.fileName, found.problems);
    refuseNothing(file.fileName, found);
    const row = {
      name: nameOf(file, found),
      format: found.format,
      layer: 'imported',
      source: file.fileName,
      importedAt: now().toISOString(),
      leftOut: found.problems.length,
      content: JSON.stringify(found.content),
    };
    const id = store.importCatalog(row);
    changed();
    return entryOf({ row: { id, ...row }, content: found.content, problem: null });
  };

  const correct = (draft: unknown): null => {
    const correction = checkRequest(correctionSchema, draft, 'Correction');
    const { subject, id, key } = correction;
    const facts = factsIn(catalog, subject, id);
    const spec = FIELDS_OF[subject].find((field) => field.key === key);
    if (!spec?.canBeCorrected) {
      const keys = FIELDS_OF[subject].filter((field) => field.canBeCorrected).map((field) => field.key);
      const why = spec ? 'names the entry' : `is none of its facts: ${didYouMean(key, keys)}`;
      throw invalidInput('unknown_fact', `${id} has no ${key} to correct: it ${why}`, { id, key });
    }
    const problem = correctionProblem(subject, facts, correction);
    if (problem !== null) throw invalidInput('correction_invalid', `${id}: ${problem}.`, { id, key });
    store.saveCorrection({ ...correction, correctedAt: now().toISOString() });
    changed();
    return null;
  };

  const restore = (subject: FactSubject, id: string, key: string | null): null => {
    if (store.removeCorrections(subject, id, key) === 0) {
      const what = key === null ? 'Nothing' : key;
      throw invalidInput('unknown_correction', `${what} of ${id} was corrected: there is nothing to restore.`, { id });
    }
    changed();
    return null;
  };

  const removeImport = (id: number): null => {
    const row = store.removeCatalogImport(id);
    if (!row) throw unknownImport(id, 'configiq catalog imports lists them');
    removed.set(id, row);
    changed();
    return null;
  };

  const restoreImport = (id: number): null => {
    const row = removed.get(id);
    if (!row) throw unknownImport(id, 'nothing of that number was removed since the program started');
    store.restoreCatalogImport(row);
    removed.delete(id);
    changed();
    return null;
  };

  return {
    facts: () => facts,
    inForce: () => catalog,
    issues: () => issuesBrought(factsOf(bundled, stack(bundled.layers), []), facts),
    api: {
      catalogRevision: () =>
        answer(() => {
          followOthers();
          return revision;
        }),
      browseCatalog: () => answer(() => catalogBook(catalog, imports.map(entryOf))),
      previewCatalog: (file) => answer(() => preview(file)),
      importCatalog: (file, useGoodPart) =>
        answer(() => importFile(file, checkRequest(z.boolean(), useGoodPart, 'Use of the good part'))),
      removeCatalogImport: (id) => answer(() => removeImport(checkRequest(importIdSchema, id, 'Import number'))),
      restoreCatalogImport: (id) => answer(() => restoreImport(checkRequest(importIdSchema, id, 'Import number'))),
      correctFact: (draft) => answer(() => correct(draft)),
      restoreFact: (subject, id, key) =>
        answer(() =>
          restore(
            checkRequest(subjectSchema, subject, 'Kind of entry'),
            checkRequest(entryIdSchema, id, 'Entry'),
            checkRequest(keySchema.nullable(), key, 'Fact'),
          ),
        ),
    },
  };
}

const answer = <Value>(work: () => Value): Promise<Result<Value>> => Promise.resolve(attempt(work));

function readKept(row: CatalogImport): KeptImport {
  const refuse = (reason: string): KeptImport => ({
    row,
    content: null,
    problem: `The imported catalog ${row.id}, ${row.name}, cannot be read and is left out: ${reason} Import its file again, and remove it.`,
  });
  let value: unknown;
  try {
    value = JSON.parse(row.content);
  } catch {
    return refuse('what is kept of it is not JSON.');
  }
  const checked = contentSchema.safeParse(value, { reportInput: true });
  if (!checked.success) return refuse(describeIssues(checked.error, 'what is kept of it'));
  return { row, content: checked.data as CatalogContent, problem: null };
}

function entryOf({ row, content, problem }: KeptImport): CatalogImportEntry {
  const none: CatalogCounts = { gpus: 0, instances: 0, prices: 0, workloads: 0 };
  return {
    id: row.id,
    name: row.name,
    format: row.format as CatalogFormat,
    source: row.source,
    importedAt: row.importedAt,
    counts: content ? countsOf(content) : none,
    leftOut: row.leftOut,
    problem,
  };
}

/** `gcp/vms.csv` for prices of a provider whose file is named like every other. */
function nameOf({ fileName }: CatalogFileDraft, { format, content }: ReadCatalog & { format: CatalogFormat }): string {
  const name = basename(fileName.replaceAll('\\', '/')) || fileName;
  const [provider] = content.providers;
  return format === 'skypilot' && provider ? `${provider.id}/${name}` : name;
}

function fileLayer(file: CatalogFileDraft, beneath: LayeredCatalog): { layer: Layer; notes: string[] } {
  const found = readCatalogText(file, beneath);
  refuseProblems(file.fileName, found.problems);
  refuseNothing(file.fileName, found);
  return { layer: { layer: 'file', origin: nameOf(file, found), content: found.content }, notes: found.notes };
}

/** Doubts of a preview about a file's content: the first of every rule, with how many there are. */
function doubts(issues: readonly CatalogIssue[]): string[] {
  return [...Map.groupBy(issues, ({ rule }) => rule)].map(([rule, [first, ...more]]) => {
    const others = more.length > 0 ? ` (and ${more.length} more of ${rule})` : '';
    return `${first?.severity === 'error' ? 'Cannot be right' : 'Doubtful'}: ${first?.sentence ?? rule}${others}`;
  });
}

/** What is said of a file that is not what was asked for. */
const NOTES_SHOWN = 3;

function shortened(notes: readonly string[]): string[] {
  if (notes.length <= NOTES_SHOWN) return [...notes];
  const more = `and ${notes.length - NOTES_SHOWN + 1} more notes: configiq catalog diff FILE shows them.`;
  return [...notes.slice(0, NOTES_SHOWN - 1), more];
}

function refuseProblems(fileName: string, problems: readonly CatalogProblem[]): void {
  const [first] = problems;
  if (!first) return;
  const line = first.line === null ? '' : ` line ${first.line}:`;
  const more = problems.length > 1 ? ` (and ${plural(problems.length - 1, 'more problem')})` : '';
  throw fileError('catalog_invalid', `${fileName}:${line} ${first.sentence}${more}`, {
    file: fileName,
    line: first.line,
    field: first.field,
    problems: problems.length,
  });
}

function refuseNothing(fileName: string, { content, skipped, problems }: ReadCatalog): void {
  const { gpus, instances, workloads } = countsOf(content);
  if (gpus + instances + workloads > 0 || content.headroom) return;
  const [first] = problems;
  const reasons = skipped.map(({ reason, count }) => `${count} × ${reason}`).join(', ');
  const why = first ? `: ${first.sentence}` : reasons === '' ? '.' : ` (${reasons}).`;
  throw fileError('catalog_empty', `${fileName} holds nothing that can be used${why}`, { file: fileName });
}

interface Entry {
  id: string;
  facts: object;
  corrections: Corrections;
}

const SUBJECT_WORDS: Record<FactSubject, string> = { gpu: 'GPU', instance: 'instance', price: 'price' };

const ENTRIES: Record<FactSubject, (catalog: LayeredCatalog) => Entry[]> = {
  gpu: ({ gpus }) => gpus.map((gpu) => ({ id: gpu.facts.id, ...gpu })),
  instance: ({ instances }) =>
    instances.map((instance) => ({ id: instanceId(instance.provider, instance.facts.name), ...instance })),
  price: ({ instances }) =>
    instances.flatMap(({ provider, facts, offers }) =>
      offers.map((offer) => ({ id: priceId(instanceId(provider, facts.name), offer), ...offer })),
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

const unknownImport = (id: number, cure: string): Error =>
  invalidInput('unknown_import', `There is no imported catalog ${id}: ${cure}.`, { id });

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { fileError, invalidInput } from '../../../src-worker/engine/errors.ts';
import {
  MOST_SHOWN_CHANGES,
  type CatalogFileDraft,
  type CatalogFormat,
  type CatalogImportEntry,
  type CatalogLayer,
  type CatalogPreview,
  type CatalogProblem,
} from '../../../src-worker/protocol/catalog-api.ts';
import { firstProblemText } from '../../../src-worker/protocol/issues.ts';
import { changesBetween, countsOf } from '../../catalogs/changes.ts';
import { ageNotes, dated } from '../../catalogs/dates.ts';
import { readCatalogText } from '../../catalogs/formats/registry.ts';
import type { ReadCatalog } from '../../catalogs/formats/reader.ts';
import type { JudgedCatalog } from '../../catalogs/judge.ts';
import type { LayeredCatalog } from '../../catalogs/layers.ts';
import type { Store } from '../../store/store.ts';
import { entryOf } from './kept-imports.ts';
import type { CatalogShelf } from './shelf.ts';

/** A file of this start: `useGoodPart` = what is wrong in it is told and left out. */
export type StartFile = CatalogFileDraft & { useGoodPart?: boolean | undefined };

interface JudgedFile {
  found: JudgedCatalog & { format: CatalogFormat };
  name: string;
  after: LayeredCatalog;
}

/** Reads a file over what holds, and lets the rules look at it. Throws file errors where nothing of it can be used. */
function judgedFile(file: CatalogFileDraft, layer: CatalogLayer, shelf: CatalogShelf): JudgedFile {
  const read = readCatalogText(file, shelf.catalog);
  const withDates = { ...read, content: dated(read.content, file.asOf ?? null) };
  const name = nameOf(file, read);
  const found = { ...shelf.judged(withDates, { layer, origin: name }), format: read.format };
  return { found, name, after: shelf.with({ layer, origin: name, content: found.content }) };
}

export function previewOf(file: CatalogFileDraft, shelf: CatalogShelf): CatalogPreview {
  const { found, name, after } = judgedFile(file, 'imported', shelf);
  const changes = changesBetween(shelf.catalog, after);
  const kept = keptAlready(file, shelf);
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
    doubts: found.doubts,
    doubtCount: found.doubtCount,
    notes: [...(kept ? [kept.sentence] : []), ...ageNotes(found.content, shelf.catalog), ...found.notes],
  };
}

/** Keeps a file in the database. */
export function importFile(
  file: CatalogFileDraft,
  useGoodPart: boolean,
  { shelf, store, now }: { shelf: CatalogShelf; store: Store; now: () => Date },
): CatalogImportEntry {
  const kept = keptAlready(file, shelf);
  if (kept) throw invalidInput('catalog_kept_already', `${file.fileName}: ${kept.sentence}`, { import: kept.id });
  const { found, name } = judgedFile(file, 'imported', shelf);
  if (!useGoodPart) refuseProblems(file.fileName, found.problems);
  refuseNothing(file.fileName, found);
  const row = {
    name,
    format: found.format,
    layer: 'imported',
    source: file.fileName,
    importedAt: now().toISOString(),
    leftOut: found.problems.length,
    skipped: found.skipped.reduce((sum, { count }) => sum + count, 0),
    fingerprint: fingerprintOf(file),
    content: JSON.stringify(found.content),
  };
  const id = store.importCatalog(row);
  shelf.changed();
  return entryOf({ row: { id, ...row }, content: found.content, problem: null });
}

/** Lays a file over all others for this start; answers what is good to know of it. */
export function addStartFile(file: StartFile, shelf: CatalogShelf): string[] {
  const { found, name } = judgedFile(file, 'file', shelf);
  if (!file.useGoodPart) refuseProblems(file.fileName, found.problems, START_CURE);
  refuseNothing(file.fileName, found);
  shelf.add({ layer: 'file', origin: name, content: found.content });
  const [first] = found.problems;
  const leftOut = first ? [`left out: ${firstProblemText(found.problems, found.problems.length)}`] : [];
  return [...leftOut, ...shortened(found.notes)].map((note) => `${name}: ${note}`);
}

/** The same text read in the same way; line ends may have been turned round on the way. */
const fingerprintOf = ({ text, format, provider, asOf = null }: CatalogFileDraft): string =>
  createHash('sha256')
    .update(JSON.stringify([format, provider, asOf]))
    .update(text.replaceAll('\r\n', '\n'))
    .digest('hex');

/** Why a file need not be imported again; null when it is not there yet. */
function keptAlready(file: CatalogFileDraft, { imports }: CatalogShelf): { id: number; sentence: string } | null {
  const fingerprint = fingerprintOf(file);
  const kept = imports.find(({ row, problem }) => row.fingerprint === fingerprint && problem === null);
  if (!kept) return null;
  const { id, name, importedAt } = kept.row;
  const day = importedAt.slice(0, 'YYYY-MM-DD'.length);
  return {
    id,
    sentence: `This very file is there already, as import ${id} (${name}, ${day}): remove that one to import it anew.`,
  };
}

/** `gcp/vms.csv` for prices of a provider whose file is named like every other. */
function nameOf({ fileName }: CatalogFileDraft, { format, content }: ReadCatalog & { format: CatalogFormat }): string {
  const name = basename(fileName.replaceAll('\\', '/')) || fileName;
  const [provider] = content.providers;
  return format === 'skypilot' && provider ? `${provider.id}/${name}` : name;
}

/** What is said of a file that is not what was asked for. */
const NOTES_SHOWN = 3;

function shortened(notes: readonly string[]): string[] {
  if (notes.length <= NOTES_SHOWN) return [...notes];
  const more = `and ${notes.length - NOTES_SHOWN + 1} more notes: configiq catalog diff FILE shows them.`;
  return [...notes.slice(0, NOTES_SHOWN - 1), more];
}

/** Only the command line takes files for one start. */
const START_CURE = '\nMend the file, or take the rest of it with --good-part.';

function refuseProblems(fileName: string, problems: readonly CatalogProblem[], cure = ''): void {
  const [first] = problems;
  if (!first) return;
  throw fileError('catalog_invalid', `${fileName}: ${firstProblemText(problems, problems.length)}${cure}`, {
    file: fileName,
    line: first.line,
    field: first.field,
    rule: first.rule,
    problems: problems.length,
  });
}

function refuseNothing(fileName: string, { content, skipped, problems }: ReadCatalog): void {
  const { gpus, instances, workloads } = countsOf(content);
  if (gpus + instances + workloads > 0 || content.headroom) return;
  const reasons = skipped.map(({ reason, count }) => `${count} × ${reason}`).join(', ');
  const why =
    problems.length > 0 ? `: ${firstProblemText(problems, problems.length)}` : reasons === '' ? '.' : ` (${reasons}).`;
  throw fileError('catalog_empty', `${fileName} holds nothing that can be used${why}`, { file: fileName });
}

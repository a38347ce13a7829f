import { z } from 'zod';
import { invalidInput } from '../../../src-worker/engine/errors.ts';
import type { Facts } from '../../../src-worker/engine/facts.ts';
import {
  CATALOG_FORMATS,
  PRICE_DATE,
  PRICE_DATE_WORDS,
  type CatalogApi,
  type CatalogFileDraft,
} from '../../../src-worker/protocol/catalog-api.ts';
import { attempt, type Result } from '../../../src-worker/protocol/result.ts';
import { catalogBook } from '../../catalogs/book.ts';
import type { LayeredCatalog } from '../../catalogs/layers.ts';
import type { CatalogIssue } from '../../catalogs/rules/types.ts';
import type { RemovedImport, Store } from '../../store/store.ts';
import { checkRequest } from '../check-request.ts';
import { checkCorrection, restoreFacts } from './corrections.ts';
import { addStartFile, importFile, previewOf, type StartFile } from './files.ts';
import { entryOf } from './kept-imports.ts';
import { CatalogShelf, type ShelfParts } from './shelf.ts';

/** The catalogs of this program: bundled files, imports of the database, files of this start, corrections over all. */
export interface Catalogs {
  /** What holds now. */
  facts: () => Facts;
  inForce: () => LayeredCatalog;
  /** Takes in what another program changed; asked before every question. */
  follow: () => void;
  /** Takes in what this program itself wrote beside the catalogs: calibration profiles. */
  changed: () => void;
  /** What imports, files of this start and corrections bring into the bundled catalogs that the rules do not like. */
  issues: () => CatalogIssue[];
  api: CatalogApi;
}

interface CatalogParts extends ShelfParts {
  /** Files of this start, read already: `--catalog`, `--workloads`. */
  files: StartFile[];
  now: () => Date;
}

const fileSchema = z.strictObject({
  fileName: z.string().min(1).max(1000),
  text: z.string(),
  format: z.enum(CATALOG_FORMATS).nullable(),
  provider: z.string().min(1).max(100).nullable(),
  asOf: z.string().regex(PRICE_DATE, PRICE_DATE_WORDS).nullable().default(null),
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

/** Throws file errors of the bundled catalogs and of the files given. */
export function createCatalogs(parts: CatalogParts): Catalogs {
  const { store, now, report } = parts;
  const shelf = new CatalogShelf(parts);
  for (const file of parts.files) addStartFile(file, shelf).forEach(report);
  shelf.reportProblems();
  return {
    facts: () => shelf.facts,
    inForce: () => shelf.catalog,
    follow: () => shelf.followOthers(),
    changed: () => shelf.changed(),
    issues: () => shelf.issues(),
    api: catalogApi(shelf, store, now),
  };
}

const checkedFile = (draft: unknown): CatalogFileDraft => checkRequest(fileSchema, draft, 'Catalog file');
const checkedImportId = (id: unknown): number => checkRequest(importIdSchema, id, 'Import number');

function catalogApi(shelf: CatalogShelf, store: Store, now: () => Date): CatalogApi {
  /** What left the database while the program runs, to be put back. */
  const removed = new Map<number, RemovedImport>();
  const current = <Value>(work: () => Value): Promise<Result<Value>> =>
    answer(() => {
      shelf.followOthers();
      return work();
    });
  return {
    catalogRevision: () => current(() => shelf.revision),
    browseCatalog: () => current(() => catalogBook(shelf.catalog, shelf.imports.map(entryOf))),
    previewCatalog: (file) => current(() => previewOf(checkedFile(file), shelf)),
    importCatalog: (file, useGoodPart) =>
      current(() => {
        const isEnough = checkRequest(z.boolean(), useGoodPart, 'Use of the good part');
        return importFile(checkedFile(file), isEnough, { shelf, store, now });
      }),
    removeCatalogImport: (id) =>
      current(() => {
        const number = checkedImportId(id);
        const row = store.removeCatalogImport(number);
        if (!row) throw unknownImport(number, 'configiq catalog imports lists them');
        removed.set(number, row);
        shelf.changed();
        return null;
      }),
    restoreCatalogImport: (id) =>
      current(() => {
        const number = checkedImportId(id);
        const row = removed.get(number);
        if (!row) throw unknownImport(number, 'nothing of that number was removed since the program started');
        store.restoreCatalogImport(row);
        removed.delete(number);
        shelf.changed();
        return null;
      }),
    correctFact: (draft) =>
      current(() => {
        const correction = { ...checkRequest(correctionSchema, draft, 'Correction'), correctedAt: now().toISOString() };
        checkCorrection(correction, shelf);
        store.saveCorrection(correction);
        shelf.changed();
        return null;
      }),
    restoreFact: (subject, id, key) =>
      current(() => {
        const kind = checkRequest(subjectSchema, subject, 'Kind of entry');
        const fact = checkRequest(keySchema.nullable(), key, 'Fact');
        restoreFacts(kind, checkRequest(entryIdSchema, id, 'Entry'), fact, { shelf, store });
        shelf.changed();
        return null;
      }),
  };
}

const answer = <Value>(work: () => Value): Promise<Result<Value>> => Promise.resolve(attempt(work));

const unknownImport = (id: number, cure: string): Error =>
  invalidInput('unknown_import', `There is no imported catalog ${id}: ${cure}.`, { id });

import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { jsonText, readRows } from './rows.ts';
import type { CatalogImport, RemovedImport, Store, StoredCorrection } from './store.ts';

type CatalogVerbs = Pick<
  Store,
  | 'catalogState'
  | 'importCatalog'
  | 'listCatalogImports'
  | 'removeCatalogImport'
  | 'restoreCatalogImport'
  | 'saveCorrection'
  | 'listCorrections'
  | 'removeCorrections'
>;

const catalogRow = z
  .strictObject({
    id: z.number().int(),
    name: z.string().min(1),
    format: z.string().min(1),
    layer: z.string().min(1),
    source: z.string(),
    imported_at: z.string(),
    left_out: z.number().int().min(0),
    skipped: z.number().int().min(0),
    fingerprint: z.string(),
    content: z.string(),
  })
  .transform(({ imported_at, left_out, ...rest }): CatalogImport => ({
    ...rest,
    importedAt: imported_at,
    leftOut: left_out,
  }));

const factValue = z.union([z.number(), z.string(), z.boolean(), z.null()]);

const correctionRow = z
  .strictObject({
    subject: z.enum(['gpu', 'instance', 'price']),
    id: z.string().min(1),
    key: z.string().min(1),
    value: jsonText(factValue),
    note: z.string(),
    corrected_at: z.string(),
  })
  .transform(({ corrected_at, ...rest }): StoredCorrection => ({ ...rest, correctedAt: corrected_at }));

const idOf = (row: unknown): string =>
  typeof row === 'object' && row !== null && 'id' in row ? String(row.id) : 'without a number';

const IMPORT_COLUMNS = 'id, name, format, layer, source, imported_at, left_out, skipped, fingerprint, content';

/** Catalogs the user brought along, and corrections of single facts. The catalog loader checks what they hold each time. */
export function catalogVerbs(db: Database): CatalogVerbs {
  const insert = db.prepare<[string, string, string, string, string, number, number, string, string]>(
    `INSERT INTO catalog_import (name, format, layer, source, imported_at, left_out, skipped, fingerprint, content)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const all = db.prepare<[], unknown>(`SELECT ${IMPORT_COLUMNS} FROM catalog_import ORDER BY id`);
  const one = db.prepare<[number], RemovedImport>(`SELECT ${IMPORT_COLUMNS} FROM catalog_import WHERE id = ?`);
  // An import is never changed: its number and time tell it, without reading what it holds.
  const state = db
    .prepare<[], string>(
      `SELECT json_array(
         (SELECT json_group_array(json_array(id, imported_at, length(content))) FROM catalog_import),
         (SELECT json_group_array(json_array(subject, id, key, value, note, corrected_at)) FROM catalog_correction),
         (SELECT json_group_array(json_array(name, created_at, in_use)) FROM calibration_profile))`,
    )
    .pluck();
  const remove = db.prepare<[number]>('DELETE FROM catalog_import WHERE id = ?');
  const putBack = db.prepare<[RemovedImport]>(
    `INSERT INTO catalog_import (${IMPORT_COLUMNS})
     VALUES (@id, @name, @format, @layer, @source, @imported_at, @left_out, @skipped, @fingerprint, @content)`,
  );
  const take = db.transaction((id: number): RemovedImport | null => {
    const row = one.get(id);
    if (row) remove.run(id);
    return row ?? null;
  });
  const correct = db.prepare<[string, string, string, string, string, string]>(
    `INSERT INTO catalog_correction (subject, id, key, value, note, corrected_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (subject, id, key) DO UPDATE SET value = excluded.value, note = excluded.note,
       corrected_at = excluded.corrected_at`,
  );
  const corrections = db.prepare<[], unknown>(
    'SELECT subject, id, key, value, note, corrected_at FROM catalog_correction ORDER BY subject, id, key',
  );
  const restoreOne = db.prepare<[string, string, string]>(
    'DELETE FROM catalog_correction WHERE subject = ? AND id = ? AND key = ?',
  );
  const restoreAll = db.prepare<[string, string]>('DELETE FROM catalog_correction WHERE subject = ? AND id = ?');

  return {
    catalogState: () => state.get() ?? '',
    importCatalog: ({ name, format, layer, source, importedAt, leftOut, skipped, fingerprint, content }) =>
      Number(
        insert.run(name, format, layer, source, importedAt, leftOut, skipped, fingerprint, content).lastInsertRowid,
      ),
    listCatalogImports: () => readRows(catalogRow, all.all(), (row) => `imported catalog ${idOf(row)}`),
    removeCatalogImport: (id) => take(id),
    restoreCatalogImport: (row) => {
      putBack.run(row);
    },
    saveCorrection({ subject, id, key, value, note, correctedAt }) {
      correct.run(subject, id, key, JSON.stringify(value), note, correctedAt);
    },
    listCorrections: () => readRows(correctionRow, corrections.all(), (row) => `correction of ${idOf(row)}`),
    removeCorrections: (subject, id, key) =>
      (key === null ? restoreAll.run(subject, id) : restoreOne.run(subject, id, key)).changes,
  };
}

import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { readRows } from './rows.ts';
import type { CatalogImport, Store } from './store.ts';

type CatalogVerbs = Pick<Store, 'importCatalog' | 'listCatalogImports'>;

const catalogRow = z
  .strictObject({
    id: z.number().int(),
    name: z.string().min(1),
    format: z.string().min(1),
    layer: z.string().min(1),
    source: z.string(),
    imported_at: z.string(),
    content: z.string(),
  })
  .transform(({ imported_at, ...rest }): CatalogImport => ({ ...rest, importedAt: imported_at }));

const nameOf = (row: unknown): string =>
  `imported catalog ${typeof row === 'object' && row !== null && 'id' in row ? String(row.id) : 'without a number'}`;

/** Catalog files as the user gave them; the catalog loader parses and checks their content each time. */
export function catalogVerbs(db: Database): CatalogVerbs {
  const insert = db.prepare<[string, string, string, string, string, string]>(
    'INSERT INTO catalog_import (name, format, layer, source, imported_at, content) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const all = db.prepare<[], unknown>(
    'SELECT id, name, format, layer, source, imported_at, content FROM catalog_import ORDER BY id',
  );
  return {
    importCatalog: ({ name, format, layer, source, importedAt, content }) =>
      Number(insert.run(name, format, layer, source, importedAt, content).lastInsertRowid),
    listCatalogImports: () => readRows(catalogRow, all.all(), nameOf),
  };
}

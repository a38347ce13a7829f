import type { CatalogCounts, CatalogFormat, CatalogImportEntry } from '../../../src-worker/protocol/catalog-api.ts';
import { describeIssues } from '../../../src-worker/protocol/issues.ts';
import { countsOf } from '../../catalogs/changes.ts';
import { contentSchema, type CatalogContent } from '../../catalogs/content.ts';
import type { CatalogImport } from '../../store/store.ts';

/** An import as the database has it, with its content where that can be read. */
export interface KeptImport {
  row: CatalogImport;
  content: CatalogContent | null;
  problem: string | null;
}

export function readKept(row: CatalogImport): KeptImport {
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

export function entryOf({ row, content, problem }: KeptImport): CatalogImportEntry {
  const none: CatalogCounts = { gpus: 0, instances: 0, prices: 0, workloads: 0 };
  return {
    id: row.id,
    name: row.name,
    format: row.format as CatalogFormat,
    source: row.source,
    importedAt: row.importedAt,
    counts: content ? countsOf(content) : none,
    leftOut: row.leftOut,
    skipped: row.skipped,
    problem,
  };
}

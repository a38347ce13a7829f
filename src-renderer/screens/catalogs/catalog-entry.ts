import type {
  CatalogFact,
  CatalogImportEntry,
  CatalogLayer,
  FactSubject,
} from '../../../src-worker/protocol/catalog-api.ts';

/** One line of a table, whatever it is about, with all that stands beside the table once it is chosen. */
export interface CatalogEntry {
  id: string;
  name: string;
  /** What the first filter tells entries apart by: vendor, provider or format. */
  group: string;
  layer: CatalogLayer;
  /** Facts with a value of the person's own. */
  corrections: number;
  /** What the columns show, by column. */
  cells: Record<string, number | string | null>;
  facts: CatalogFact[];
  /** What its facts are corrected under; null where they cannot be. */
  subject: FactSubject | null;
  /** A sentence or two under its name. */
  about: string;
  notes: string | null;
  /** The file it is, on the tab of imports. */
  imported: CatalogImportEntry | null;
}

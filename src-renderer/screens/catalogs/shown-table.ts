import type { CatalogEntry } from './entries.ts';

/** What the screen asks of the table it shows. */
export interface ShownTable {
  /** Brings the chosen row into view once it is drawn. */
  reveal: () => Promise<void>;
  /** Ends the filters of the columns. */
  clearFilters: () => void;
  /** The entry that moves up when this one goes. */
  neighborOf: (entry: CatalogEntry) => CatalogEntry | null;
}

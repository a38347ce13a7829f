import type { CatalogFormat, CatalogProblem } from '../../../src-worker/protocol/catalog-api.ts';
import type { CatalogContent } from '../content.ts';
import type { LayeredCatalog } from '../layers.ts';
import type { EntryPlaces } from './entry-places.ts';

/** A file as far as it can be told without knowing whose it is. */
export type FileShape =
  | { kind: 'json'; text: string; data: unknown }
  /** `header`: cells of the first line. */
  | { kind: 'table'; text: string; header: string[] };

export interface ReadContext {
  /** Name or path of the file, as the person knows it. */
  fileName: string;
  /** Whose instances they are; null = as the file says. */
  provider: string | null;
  /** What is in force without the file: its GPUs and instances are looked up there. */
  beneath: LayeredCatalog;
}

/** What a file holds, and what is wrong with it. The same for every format. */
export interface ReadCatalog {
  content: CatalogContent;
  /** Rows or entries the file has. */
  read: number;
  problems: CatalogProblem[];
  skipped: { reason: string; count: number }[];
  notes: string[];
  /** What may be wrong and was taken, or passed over, all the same. */
  oddities: CatalogProblem[];
  /** Instances of which the file has no price: where it could stand. */
  unpriced: CatalogProblem[];
  places: EntryPlaces;
}

/** One format: one file beside this one and its line in `registry.ts`. */
export interface FormatReader {
  format: CatalogFormat;
  /** By content alone, never by the file's name. */
  recognizes(shape: FileShape): boolean;
  /** Throws file errors where nothing of the file can be used. */
  read(shape: FileShape, context: ReadContext): ReadCatalog;
}

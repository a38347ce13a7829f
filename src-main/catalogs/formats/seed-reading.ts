import type { Json, JsonFields } from './json-fields.ts';
import type { JsonEntries } from './entry-places.ts';
import type { JsonPath } from './json-places.ts';
import type { Counted, JsonProblems } from './problems.ts';

/** What the two readers of the seed's files share while they read one. */
export interface SeedReading {
  data: Json;
  problems: JsonProblems;
  fields: JsonFields;
  /** Sentences that are good to know, each said once with how often it holds. */
  notes: Counted;
  /** Name of the file, the source of what it says. */
  source: string;
  /** Where the entries that were taken stand. */
  places: JsonEntries;
  /** Instances without a price. */
  unpriced: JsonProblems;
  /** From 1. */
  lineOf: (path: JsonPath) => number;
}

import type { Result } from './result.ts';

/**
 * What a front asks about catalogs: GPUs, instances, prices, zones and workloads. Three layers lie over each other, the
 * upper one wins: `bundled` files, files that were `imported` and kept, a `file` given for one program (`--catalog`,
 * `--workloads`). Over all of them lie corrections of single facts.
 */
export type CatalogLayer = 'bundled' | 'imported' | 'file';

/** Whose file it is: our own schemas (catalogs/README.md), those of the seed, or SkyPilot's `vms.csv`. */
/** Year, month or day, as price lists date themselves. */
export const PRICE_DATE = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/;
export const PRICE_DATE_WORDS = 'is no date: write YYYY-MM-DD, YYYY-MM or YYYY';

export const CATALOG_FORMATS = ['configiq', 'seed', 'skypilot'] as const;
export type CatalogFormat = (typeof CATALOG_FORMATS)[number];

export type FactValue = number | string | boolean | null;

/** One fact of an entry, under the key it has in a catalog file. */
export interface CatalogFact {
  key: string;
  label: string;
  /** What its value is where it is known: what a correction must be. */
  kind: 'number' | 'text' | 'boolean';
  value: FactValue;
  /** Empty where it has none. */
  unit: string;
  source: string;
  /** Day, month or year; null = not told. */
  asOf: string | null;
  layer: CatalogLayer;
  /** False for what names the entry and for what follows from other facts. */
  canBeCorrected: boolean;
  /** The person's own value, and what stood there before; null = as the catalog has it. */
  correction: FactCorrection | null;
}

export interface FactCorrection {
  before: FactValue;
  /** ISO time. */
  correctedAt: string;
  /** Why, in the person's words; empty = not said. */
  note: string;
}

export interface GpuSheet {
  id: string;
  name: string;
  vendor: string;
  architecture: string;
  layer: CatalogLayer;
  facts: CatalogFact[];
  notes: string | null;
  /** Instances that have it, providers that sell those, and the cheapest of their prices per hour. */
  instances: number;
  providers: string[];
  cheapestUsdPerHour: number | null;
}

export interface InstanceSheet {
  /** `provider/instance`. */
  id: string;
  provider: string;
  instance: string;
  gpu: string;
  /** Less than 1 for a slice of a GPU. */
  gpuCount: number;
  status: string;
  layer: CatalogLayer;
  facts: CatalogFact[];
  notes: string | null;
}

/** One instance in one region. */
export interface PriceSheet {
  /** `provider/instance/region`. */
  id: string;
  provider: string;
  instance: string;
  gpu: string;
  gpuCount: number;
  region: string;
  zones: string[];
  /** The lowest of its zones, as is that of spot. */
  onDemandUsdPerHour: number | null;
  spotUsdPerHour: number | null;
  /** Zones that ask other prices than that. */
  zonePrices: { zone: string; onDemandUsdPerHour: number | null; spotUsdPerHour: number | null }[];
  asOf: string | null;
  source: string | null;
  layer: CatalogLayer;
  /** By key, `on_demand_usd_per_hour` and `spot_usd_per_hour`. */
  corrections: Record<string, FactCorrection>;
}

export interface WorkloadSheet {
  name: string;
  description: string;
  layer: CatalogLayer;
  facts: CatalogFact[];
}

/** Everything the catalogs hold, as it is in force. */
export interface CatalogBook {
  gpus: GpuSheet[];
  instances: InstanceSheet[];
  prices: PriceSheet[];
  workloads: WorkloadSheet[];
  /** Oldest and newest price date of each provider, ISO days; null without a price. */
  providers: { id: string; name: string; hasZones: boolean; oldest: string | null; newest: string | null }[];
  imports: CatalogImportEntry[];
}

/** A hundred thousand rows of prices have less, and it fits into one message to a host. */
export const MAX_CATALOG_BYTES = 25_000_000;

/** A file as it came: dropped, picked, or read by a host that may. */
export interface CatalogFileDraft {
  fileName: string;
  text: string;
  /** null = told by its content. */
  format: CatalogFormat | null;
  /** Whose instances they are; null = as the file says. A `vms.csv` does not say. */
  provider: string | null;
  /** Day, month or year of prices that the file does not date; null = they stay without one. */
  asOf?: string | null;
}

/** A row that cannot be used, contradicts itself, or is doubtful. */
export interface CatalogProblem {
  /** Line of the file, from 1; null where lines mean nothing. */
  line: number | null;
  /** `vm_instances[2].gpus[0].type`, `Price`. */
  field: string;
  /** Field, value and cure. */
  sentence: string;
  /** Rule of the catalogs that it breaks; null = the file itself is not in order there. */
  rule: string | null;
}

export interface CatalogChange {
  kind: 'gpu' | 'instance' | 'price' | 'workload';
  change: 'added' | 'changed' | 'removed';
  /** `aws/p5.48xlarge/us-east-1`. */
  name: string;
  /** What of it changed; null for a whole entry. */
  field: string | null;
  before: FactValue;
  after: FactValue;
}

export interface CatalogCounts {
  gpus: number;
  instances: number;
  prices: number;
  workloads: number;
}

/** Longest lists of a preview; the counts beside them are of all. */
export const MOST_SHOWN_CHANGES = 500;

/** What an import would do. Nothing is changed by looking. */
export interface CatalogPreview {
  format: CatalogFormat;
  /** Name the import would have. */
  name: string;
  /** Rows or entries the file has. */
  read: number;
  /** What of them can be used. */
  usable: CatalogCounts;
  changes: CatalogChange[];
  changeCount: number;
  /** What was left out and needs nobody's decision (machines without a GPU, say): sentence and count. */
  skipped: { reason: string; count: number }[];
  /** What is wrong: the rest is used only when the person says so. */
  problems: CatalogProblem[];
  problemCount: number;
  /** What may be right and wants a second look; an import takes it. The first of every rule, and how many there are. */
  doubts: CatalogProblem[];
  doubtCount: number;
  /** What is good to know: facts of the file that ours win over, keys that are not taken. */
  notes: string[];
}

export interface CatalogImportEntry {
  id: number;
  name: string;
  format: CatalogFormat;
  /** File or path it came from. */
  source: string;
  /** ISO time. */
  importedAt: string;
  counts: CatalogCounts;
  /** Problems it had when it was imported: what could not be used. */
  leftOut: number;
  /** Rows that were passed over because they are of no use here: machines without a GPU, places without an offer. */
  skipped: number;
  /** Why it is not in force at the moment; null = it is. */
  problem: string | null;
}

export type FactSubject = 'gpu' | 'instance' | 'price';

export interface FactCorrectionDraft {
  subject: FactSubject;
  /** Id of the sheet. */
  id: string;
  key: string;
  value: FactValue;
  note: string;
}

/** Part of AppApi. Whatever changes a catalog holds for every question asked from then on. */
export interface CatalogApi {
  /**
   * Counts on with every change of the catalogs, whoever made it: also what another program wrote into the same database
   * is in force from this call on.
   */
  catalogRevision(): Promise<Result<number>>;
  browseCatalog(): Promise<Result<CatalogBook>>;
  previewCatalog(file: CatalogFileDraft): Promise<Result<CatalogPreview>>;
  /** Refused with the first problem while there is one, unless `useGoodPart`. */
  importCatalog(file: CatalogFileDraft, useGoodPart: boolean): Promise<Result<CatalogImportEntry>>;
  removeCatalogImport(id: number): Promise<Result<null>>;
  /** Puts back what this program removed last under that number. */
  restoreCatalogImport(id: number): Promise<Result<null>>;
  correctFact(draft: FactCorrectionDraft): Promise<Result<null>>;
  /** The catalog's own value holds again; `key` null = of every fact of the entry. */
  restoreFact(subject: FactSubject, id: string, key: string | null): Promise<Result<null>>;
}

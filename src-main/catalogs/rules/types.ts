import type { Facts } from '../../../src-worker/engine/facts.ts';
import type { FactValue } from '../../../src-worker/protocol/catalog-api.ts';
import type { CloudFile, GpuFileEntry } from '../../../src-worker/protocol/catalog-files.ts';

/** One fact that contradicts another one, or cannot be. */
export interface CatalogIssue {
  /** Name of the rule. */
  rule: string;
  /** An error is wrong; a warning may be right and wants a second look. */
  severity: 'error' | 'warning';
  /** A GPU's id, a provider's, `provider/instance` or `provider/instance/region`. */
  entry: string;
  /** Key of the fact in a catalog file. */
  field: string;
  /** In the file's unit; null where a fact is missing. */
  value: FactValue;
  /** What is wrong and its cure, for whoever names entry, field and value himself. */
  problem: string;
  /** Entry, field, value, what is wrong and its cure. */
  sentence: string;
  /** The other entry where two contradict each other: either may be the wrong one. */
  beside?: string;
}

/** What a rule says; the registry adds the rule's name. */
export type Finding = Omit<CatalogIssue, 'rule'>;

/** Catalog files as they stand, before they become facts: what the engine needs no word of, and what it could not load. */
export interface CatalogSheets {
  gpus: GpuFileEntry[];
  clouds: CloudFile[];
}

/** What rules look at: facts, and the GPUs' entries they came from, which say more than the engine needs. */
export interface Checked {
  facts: Facts;
  gpus: readonly GpuFileEntry[];
}

/** One thing that holds for every catalog. */
export interface CatalogRule {
  name: string;
  /** What holds. */
  sentence: string;
  /** Over what is in force, whatever layers it came from. */
  check?: (facts: Facts) => Finding[];
  /** Over the GPUs' entries, in force or in files. */
  checkGpus?: (gpus: readonly GpuFileEntry[]) => Finding[];
  /** Over files: for what facts do not carry, and for what keeps files from becoming facts. */
  checkSheets?: (sheets: CatalogSheets) => Finding[];
}

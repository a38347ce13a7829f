import { RULES } from './registry.ts';
import type { CatalogIssue, CatalogSheets, Checked, Finding } from './types.ts';

/** What the rules say about what is in force, whatever layers it came from; in the order of the rules, then of the entries. */
export const checkFacts = ({ facts, gpus }: Checked): CatalogIssue[] =>
  RULES.flatMap(({ name, check, checkGpus }) => [...named(name, check?.(facts)), ...named(name, checkGpus?.(gpus))]);

/** What they say about files, of which no facts need to have become. */
export const checkSheets = (sheets: CatalogSheets): CatalogIssue[] =>
  RULES.flatMap(({ name, checkSheets: check, checkGpus }) => [
    ...named(name, check?.(sheets)),
    ...named(name, checkGpus?.(sheets.gpus)),
  ]);

/** What `after` breaks and `before` did not: what a file, an import or a correction brings. */
export function issuesBrought(before: Checked, after: Checked): CatalogIssue[] {
  const known = new Set(checkFacts(before).map(identity));
  return checkFacts(after).filter((issue) => !known.has(identity(issue)));
}

const identity = ({ rule, entry, field, value }: CatalogIssue): string => JSON.stringify([rule, entry, field, value]);

const named = (rule: string, findings: Finding[] = []): CatalogIssue[] =>
  findings.map((finding) => ({ rule, ...finding }));

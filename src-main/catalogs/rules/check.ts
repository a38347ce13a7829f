import type { Facts } from '../../../src-worker/engine/facts.ts';
import { RULES } from './registry.ts';
import type { CatalogIssue, CatalogSheets, Finding } from './types.ts';

/** What the rules say about facts, whatever layers they came from; in the order of the rules, then of the entries. */
export const checkFacts = (facts: Facts): CatalogIssue[] =>
  RULES.flatMap(({ name, check }) => named(name, check?.(facts)));

/** What they say about files, of which no facts need to have become. */
export const checkSheets = (sheets: CatalogSheets): CatalogIssue[] =>
  RULES.flatMap(({ name, checkSheets: check }) => named(name, check?.(sheets)));

/** What `after` breaks and `before` did not: what a file, an import or a correction brings. */
export function issuesBrought(before: Facts, after: Facts): CatalogIssue[] {
  const known = new Set(checkFacts(before).map(identity));
  return checkFacts(after).filter((issue) => !known.has(identity(issue)));
}

const identity = ({ rule, entry, field, value }: CatalogIssue): string => JSON.stringify([rule, entry, field, value]);

const named = (rule: string, findings: Finding[] = []): CatalogIssue[] =>
  findings.map((finding) => ({ rule, ...finding }));

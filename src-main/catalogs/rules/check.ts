import type { Facts } from '../../../src-worker/engine/facts.ts';
import { RULES } from './registry.ts';
import type { CatalogIssue, CatalogSheets, Finding } from './types.ts';

/** What the rules say about facts, whatever layers they came from; in the order of the rules, then of the entries. */
export const checkFacts = (facts: Facts): CatalogIssue[] =>
  RULES.flatMap(({ name, check }) => named(name, check?.(facts)));

/** What they say about files, of which no facts need to have become. */
export const checkSheets = (sheets: CatalogSheets): CatalogIssue[] =>
  RULES.flatMap(({ name, checkSheets: check }) => named(name, check?.(sheets)));

const named = (rule: string, findings: Finding[] = []): CatalogIssue[] =>
  findings.map((finding) => ({ rule, ...finding }));

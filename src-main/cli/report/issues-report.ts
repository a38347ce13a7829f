import { RULES } from '../../catalogs/rules/registry.ts';
import type { CatalogIssue } from '../../catalogs/rules/types.ts';
import { plural } from './format.ts';
import { textOf, wrap } from './layout.ts';

const SHOWN_PER_RULE = 3;

/** Rule by rule, errors first: what holds, and the first entries where it does not. */
export function issuesReport(issues: readonly CatalogIssue[]): string {
  return textOf(
    (['error', 'warning'] as const).flatMap((severity) =>
      RULES.flatMap(({ name, sentence }) => {
        const own = issues.filter((issue) => issue.rule === name && issue.severity === severity);
        if (own.length === 0) return [];
        const rest = own.length - SHOWN_PER_RULE;
        return [
          ...wrap(`${plural(own.length, severity)} of ${name}: ${sentence}`, { hanging: '  ' }),
          ...own.slice(0, SHOWN_PER_RULE).flatMap((issue) => wrap(issue.sentence, { first: '  • ', hanging: '    ' })),
          ...(rest > 0 ? [`    and ${rest} more (--json lists all)`] : []),
        ];
      }),
    ),
  );
}

import type { Facts } from '../../src-worker/engine/facts.ts';
import type { RegionOffer } from '../../src-worker/engine/hardware/types.ts';
import { checkFacts } from './rules/check.ts';
import { offerEntries } from './rules/entries.ts';
import type { CatalogIssue } from './rules/types.ts';

const PRICES: Record<string, { key: keyof NonNullable<RegionOffer['doubts']>; words: string }> = {
  on_demand_usd_per_hour: { key: 'onDemand', words: 'on-demand' },
  spot_usd_per_hour: { key: 'spot', words: 'spot' },
};

/** What the rules say against prices, beside those prices: an answer that rests on one says so too. */
export function withDoubts(facts: Facts): Facts {
  // Prices are facts: what the GPUs' entries say beyond is not asked.
  const issues = checkFacts({ facts, gpus: [] }).filter(({ field }) => field in PRICES);
  if (issues.length === 0) return facts;
  const byEntry = Map.groupBy(issues, ({ entry }) => entry);
  for (const { entry, offer } of offerEntries(facts.instances)) {
    for (const issue of byEntry.get(entry) ?? []) {
      const price = PRICES[issue.field];
      if (price) (offer.doubts ??= {})[price.key] ??= sentenceOf(issue, price.words);
    }
  }
  return facts;
}

function sentenceOf(issue: CatalogIssue, words: string): string {
  const problem = issue.problem.replace(/^is /, 'it is ');
  return `The ${words} price of ${String(issue.value)} USD per hour is doubtful: ${problem}`;
}

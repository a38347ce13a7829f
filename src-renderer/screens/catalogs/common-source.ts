import type { CatalogFact } from '../../../src-worker/protocol/catalog-api.ts';

export interface FactSource {
  source: string;
  asOf: string | null;
}

/** Source and date that most facts share: said once for all of them. null where none says its source. */
export function commonSource(facts: readonly CatalogFact[]): FactSource | null {
  const counts = new Map<string, { count: number; from: FactSource }>();
  for (const { source, asOf } of facts) {
    if (source === '') continue;
    const key = JSON.stringify([source, asOf]);
    const known = counts.get(key) ?? { count: 0, from: { source, asOf } };
    counts.set(key, { ...known, count: known.count + 1 });
  }
  const [first] = [...counts.values()].sort((a, b) => b.count - a.count);
  return first?.from ?? null;
}

/** True where the fact needs no word about its source of its own. */
export const isFrom = ({ source, asOf }: CatalogFact, common: FactSource | null): boolean =>
  source === '' || (common !== null && source === common.source && asOf === common.asOf);

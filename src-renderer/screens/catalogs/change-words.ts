import type { CatalogChange, FactValue } from '../../../src-worker/protocol/catalog-api.ts';
import { formatFixed, plural } from '../../../src-worker/protocol/numbers.ts';
import { valueText } from './fact-words.ts';

/** `12 added, 1 changed`; only their number where not all of them are listed. */
export function changeCounts(changes: readonly CatalogChange[], count: number): string {
  if (count > changes.length) return plural(count, 'change');
  return (['added', 'changed', 'removed'] as const)
    .flatMap((kind) => {
      const number = changes.filter(({ change }) => change === kind).length;
      return number > 0 ? [`${formatFixed(number)} ${kind}`] : [];
    })
    .join(', ');
}

/** What of an entry changes: `on_demand_usd_per_hour: $1.86 → $1.72`. */
export function changedText({ kind, field, before, after, change }: CatalogChange): string {
  const unit = kind === 'price' ? '$' : '';
  const text = (value: FactValue): string => valueText({ unit }, value);
  const name = field === null ? '' : `${field}: `;
  if (change === 'changed') return `${name}${text(before)} → ${text(after)}`;
  const value = change === 'added' ? after : before;
  return value === null ? '' : `${name}${text(value)}`;
}

import type { CatalogBook, CatalogChange, FactValue } from '../../../src-worker/protocol/catalog-api.ts';
import { formatFixed, plural } from '../../../src-worker/protocol/numbers.ts';
import { gpuLabel, providerLabel } from '../../format/names.ts';
import { shownText } from './fact-words.ts';

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

/** `aws/g6e.xlarge/us-east-1` as g6e.xlarge, us-east-1, AWS; a GPU by its name. */
export function changedName({ kind, name }: CatalogChange): string {
  if (kind === 'gpu') return gpuLabel(name);
  if (kind === 'workload') return name;
  const [provider = '', ...parts] = name.split('/');
  return [...parts, providerLabel(provider)].join(', ');
}

/** The name of a fact by its key in a catalog file. */
export type FactLabels = (key: string) => string;

const PRICE_LABELS: Record<string, string> = {
  on_demand_usd_per_hour: 'On demand',
  spot_usd_per_hour: 'Spot',
  as_of: 'As of',
  zones: 'Zones',
};

/** As the facts that are in force call them. */
export function factLabels(book: CatalogBook | null): FactLabels {
  const labels = new Map(Object.entries(PRICE_LABELS));
  for (const sheet of book === null ? [] : [...book.gpus, ...book.instances, ...book.workloads]) {
    for (const { key, label } of sheet.facts) labels.set(key, label);
  }
  return (key) => labels.get(key) ?? key;
}

/** What of an entry changes: `On demand: $1.86 → $1.72`. */
export function changedText({ kind, field, before, after, change }: CatalogChange, labelOf: FactLabels): string {
  const unit = kind === 'price' ? '$' : '';
  const text = (value: FactValue): string => shownText({ unit, key: field ?? '' }, value);
  const name = field === null ? '' : `${labelOf(field)}: `;
  if (change === 'changed') return `${name}${text(before)} → ${text(after)}`;
  const value = change === 'added' ? after : before;
  return value === null ? '' : `${name}${text(value)}`;
}

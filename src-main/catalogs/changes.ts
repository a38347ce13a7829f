import type { CatalogChange, CatalogCounts, FactValue } from '../../src-worker/protocol/catalog-api.ts';
import { isPriced, type CatalogContent, type ContentOffer } from './content.ts';
import { GPU_FIELDS, INSTANCE_FIELDS, WORKLOAD_FIELDS, type FieldSpec } from './fields.ts';
import { instanceId, offerId } from './entry-ids.ts';
import type { LayeredCatalog } from './layers.ts';

/** One side of a comparison: facts by the name of the entry. */
type Entries = Map<string, object>;

/** What differs between two states of the catalogs, by kind and name. */
export function changesBetween(before: LayeredCatalog, after: LayeredCatalog): CatalogChange[] {
  return [
    ...compared('gpu', gpusOf(before), gpusOf(after), GPU_FIELDS),
    ...compared('instance', instancesOf(before), instancesOf(after), INSTANCE_FIELDS),
    ...compared('price', pricesOf(before), pricesOf(after), PRICE_KEYS),
    ...compared('workload', workloadsOf(before), workloadsOf(after), WORKLOAD_FIELDS),
  ];
}

const PRICE_KEYS: readonly Pick<FieldSpec, 'key'>[] = [
  { key: 'on_demand_usd_per_hour' },
  { key: 'spot_usd_per_hour' },
  { key: 'zones' },
  { key: 'zone_prices' },
  { key: 'as_of' },
];

const gpusOf = ({ gpus }: LayeredCatalog): Entries => new Map(gpus.map(({ facts }) => [facts.id, facts]));
const workloadsOf = ({ workloads }: LayeredCatalog): Entries =>
  new Map(workloads.map(({ facts }) => [facts.name, facts]));
const instancesOf = ({ instances }: LayeredCatalog): Entries =>
  new Map(instances.map(({ provider, facts }) => [instanceId(provider, facts.name), facts]));
const pricesOf = ({ instances }: LayeredCatalog): Entries =>
  new Map(
    instances.flatMap(({ provider, facts: { name }, offers }) =>
      offers.map(({ facts }) => [offerId(provider, name, facts.region), facts] as const),
    ),
  );

function* compared(
  kind: CatalogChange['kind'],
  before: Entries,
  after: Entries,
  fields: readonly Pick<FieldSpec, 'key'>[],
): Generator<CatalogChange> {
  const whole = { field: null, before: null, after: null };
  for (const [name, facts] of after) {
    const old = before.get(name);
    if (!old) {
      // An offer without a price adds none.
      if (kind !== 'price' || isPriced(facts as ContentOffer)) {
        yield { kind, change: 'added', name, ...whole, after: headline(kind, facts) };
      }
      continue;
    }
    if (old === facts) continue;
    for (const { key } of fields) {
      const [was, is] = [valueOf(old, key), valueOf(facts, key)];
      if (was !== is) yield { kind, change: 'changed', name, field: key, before: was, after: is };
    }
  }
  for (const [name, facts] of before) {
    if (!after.has(name)) yield { kind, change: 'removed', name, ...whole, before: headline(kind, facts) };
  }
}

/** Of a price, what it is; of other entries, nothing: their name says enough. */
const headline = (kind: CatalogChange['kind'], facts: object): FactValue =>
  kind === 'price' ? valueOf(facts, 'on_demand_usd_per_hour') : null;

function valueOf(facts: object, path: string): FactValue {
  const value = path.split('.').reduce<unknown>((at, key) => {
    return typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  }, facts);
  // Prices of a zone are told one after the other.
  if (Array.isArray(value)) {
    return value
      .map((one) =>
        typeof one === 'object'
          ? Object.values(one as object)
              .map((part) => (part === null ? '–' : String(part)))
              .join(' ')
          : String(one),
      )
      .join(', ');
  }
  return value === undefined ? null : (value as FactValue);
}

export const countsOf = (content: CatalogContent): CatalogCounts => ({
  gpus: content.gpus.length,
  instances: content.instances.length,
  prices: content.instances.reduce((sum, { offers }) => sum + offers.filter(isPriced).length, 0),
  workloads: content.workloads.length,
});

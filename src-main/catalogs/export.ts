import { stringify } from 'csv-stringify/sync';
import { neutralized } from '../../src-worker/protocol/csv-text.ts';
import { offerId } from './entry-ids.ts';
import type { LayeredCatalog, LayeredInstance, LayeredOffer } from './layers.ts';

export const CATALOG_EXPORT_FORMATS = ['configiq', 'csv'] as const;
export type CatalogExportFormat = (typeof CATALOG_EXPORT_FORMATS)[number];

/** The catalogs in force as one file: what `catalog import` reads again, or a table of prices. No providers = all. */
export function catalogText(
  catalog: LayeredCatalog,
  format: CatalogExportFormat,
  providers: readonly string[],
): string {
  const isAsked = (provider: string): boolean => providers.length === 0 || providers.includes(provider);
  const instances = catalog.instances.filter(({ provider }) => isAsked(provider));
  return format === 'csv' ? priceTable(instances) : bundleText(catalog, instances, isAsked);
}

const TERMS = 'USD per hour for the whole instance, Linux, without tax, disks and egress.';

/** GPUs, providers and workloads in one file; the part of some providers has the GPUs they sell and no workloads. */
function bundleText(
  { gpus, providers, workloads }: LayeredCatalog,
  instances: readonly LayeredInstance[],
  isAsked: (provider: string) => boolean,
): string {
  const isAll = providers.every(({ id }) => isAsked(id));
  const sold = new Set(instances.map(({ facts }) => facts.gpu));
  const byProvider = Map.groupBy(instances, ({ provider }) => provider);
  const bundle = {
    schema_version: 1,
    gpus: gpus.filter(({ facts }) => isAll || sold.has(facts.id)).map(({ facts }) => facts),
    clouds: providers
      .filter(({ id }) => isAsked(id))
      .map(({ id, name, hasZones }) => cloud({ id, name, hasZones }, byProvider.get(id) ?? [])),
    ...(isAll && workloads.length > 0 && { workloads: workloads.map(({ facts }) => facts) }),
  };
  return `${JSON.stringify(bundle, null, 2)}\n`;
}

function cloud(
  { id, name, hasZones }: LayeredCatalog['providers'][number],
  instances: readonly LayeredInstance[],
): object {
  /** Title to key. */
  const keys = new Map<string, string>();
  const keyOf = (title: string | null): string | null => {
    if (title === null) return null;
    const key = keys.get(title) ?? `s${keys.size + 1}`;
    keys.set(title, key);
    return key;
  };
  const listed = instances.map(({ facts, offers }) => ({
    ...facts,
    offers: offers.map(({ facts: offer }) => ({
      ...offer,
      source: keyOf(offer.source),
      zones_source: keyOf(offer.zones_source),
    })),
  }));
  return {
    schema_version: 1,
    provider: id,
    name,
    has_zones: hasZones,
    currency: 'USD',
    terms: TERMS,
    sources: Object.fromEntries([...keys].map(([title, key]) => [key, { title, as_of: null }])),
    instances: listed,
  };
}

type Cell = string | number | null;
const COLUMNS: readonly [name: string, of: (instance: LayeredInstance, offer: LayeredOffer | undefined) => Cell][] = [
  ['id', ({ provider, facts }, offer) => offerId(provider, facts.name, offer?.facts.region ?? '')],
  ['provider', ({ provider }) => provider],
  ['instance', ({ facts }) => facts.name],
  ['gpu', ({ facts }) => facts.gpu],
  ['gpu_count', ({ facts }) => facts.gpu_count],
  ['vcpus', ({ facts }) => facts.vcpus],
  ['host_memory_gib', ({ facts }) => facts.host_memory_gib ?? null],
  ['host_memory_gb', ({ facts }) => facts.host_memory_gb ?? null],
  ['interconnect', ({ facts }) => facts.interconnect],
  ['status', ({ facts }) => facts.status],
  ['region', (_, offer) => offer?.facts.region ?? null],
  ['zones', (_, offer) => offer?.facts.zones.join(' ') ?? null],
  ['on_demand_usd_per_hour', (_, offer) => offer?.facts.on_demand_usd_per_hour ?? null],
  ['spot_usd_per_hour', (_, offer) => offer?.facts.spot_usd_per_hour ?? null],
  ['as_of', (_, offer) => offer?.facts.as_of ?? null],
  ['source', (_, offer) => offer?.facts.source ?? null],
  ['zone_prices', (_, offer) => offer?.facts.zone_prices?.map(zonePriceText).join('; ') ?? null],
  ['layer', (instance, offer) => offer?.layer ?? instance.layer],
];

type ZonePrice = NonNullable<LayeredOffer['facts']['zone_prices']>[number];

/** `us-x1-b 6.5 2.1`: on demand, then spot; a dash where there is none. */
const zonePriceText = ({ zone, on_demand_usd_per_hour: onDemand, spot_usd_per_hour: spot }: ZonePrice): string =>
  [zone, onDemand ?? '-', spot ?? '-'].join(' ');

/** One line per instance and region; an instance without an offer has one line without a price. */
function priceTable(instances: readonly LayeredInstance[]): string {
  const rows = instances.flatMap((instance) => {
    const offers = instance.offers.length > 0 ? instance.offers : [undefined];
    return offers.map((offer) =>
      COLUMNS.map(([, of]) => {
        const cell = of(instance, offer);
        return typeof cell === 'string' ? neutralized(cell) : cell;
      }),
    );
  });
  return stringify([COLUMNS.map(([name]) => name), ...rows]);
}

import { doubtful, offerEntries, wrong } from './entries.ts';
import { offerId } from '../entry-ids.ts';
import type { CatalogRule, Finding } from './types.ts';

export const priceSources: CatalogRule = {
  name: 'price-sources',
  sentence: 'Every price says where and when it was read.',
  check: ({ instances }) =>
    offerEntries(instances).flatMap(({ entry, instance, offer }) =>
      missing(entry, offer.onDemandUsdPerHour ?? offer.spotUsdPerHour, offer.priceSource, offer.priceAsOf).map(
        // What people bring along may not say; an answer then cannot either.
        (finding) => (instance.layer === 'bundled' ? finding : { ...finding, severity: 'warning' as const }),
      ),
    ),
  checkSheets: ({ clouds }) =>
    clouds.flatMap(({ provider, instances, sources }) => [
      ...instances.flatMap(({ name, offers }) =>
        offers.flatMap((offer) =>
          missing(
            offerId(provider, name, offer.region),
            offer.on_demand_usd_per_hour ?? offer.spot_usd_per_hour,
            offer.source,
            offer.as_of,
          ),
        ),
      ),
      ...unused(provider, sources, instances),
    ]),
};

function missing(entry: string, price: number | null, source: string | null, asOf: string | null): Finding[] {
  if (price === null) return [];
  const findings: Finding[] = [];
  if (source === null)
    findings.push(wrong(entry, 'source', null, `the price ${price} needs one: say where it was read.`));
  if (asOf === null)
    findings.push(wrong(entry, 'as_of', null, `the price ${price} needs a date: say when it was read.`));
  return findings;
}

function unused(
  provider: string,
  sources: Record<string, unknown>,
  instances: readonly { offers: readonly { source: string | null; zones_source: string | null }[] }[],
): Finding[] {
  const used = new Set(
    instances.flatMap(({ offers }) => offers.flatMap((offer) => [offer.source, offer.zones_source])),
  );
  return Object.keys(sources)
    .filter((key) => !used.has(key))
    .map((key) => doubtful(provider, 'sources', key, 'is named by no offer: remove it, or name it where it belongs.'));
}

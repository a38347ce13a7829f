import type { CatalogBook, CatalogFact, PriceSheet } from '../../../src-worker/protocol/catalog-api.ts';
import { plural } from '../../../src-worker/protocol/numbers.ts';
import { gpuLabel, placeLabel, providerLabel } from '../../format/names.ts';
import type { CatalogEntry } from './catalog-entry.ts';

/** A zone, or a region whose zones its cloud does not tell, with what is offered there. */
interface Place {
  provider: string;
  region: string;
  /** null = of the region as a whole. */
  zone: string | null;
  offers: PriceSheet[];
}

/** Every place of the prices, clouds first, then regions, then zones. */
function placesOf(prices: readonly PriceSheet[]): Place[] {
  const places = new Map<string, Place>();
  for (const price of prices) {
    const { provider, region, zones } = price;
    for (const zone of zones.length > 0 ? zones : [null]) {
      const key = JSON.stringify([provider, region, zone]);
      const place = places.get(key) ?? { provider, region, zone, offers: [] };
      place.offers.push(price);
      places.set(key, place);
    }
  }
  return [...places.values()].sort(
    (a, b) =>
      a.provider.localeCompare(b.provider) ||
      a.region.localeCompare(b.region) ||
      (a.zone ?? '').localeCompare(b.zone ?? ''),
  );
}

/** Lowest and highest of prices for one GPU an hour; null where none is known. */
function span(prices: readonly (number | null)[]): { from: number | null; to: number | null } {
  const known = prices.filter((price) => price !== null);
  if (known.length === 0) return { from: null, to: null };
  return { from: Math.min(...known), to: Math.max(...known) };
}

const perGpu = (price: number | null, { gpuCount }: PriceSheet): number | null =>
  price === null ? null : Number((price / gpuCount).toPrecision(6));

function placeEntry({ provider, region, zone, offers }: Place): CatalogEntry {
  const instances = [...new Set(offers.map(({ instance }) => instance))].sort();
  const gpus = [...new Set(offers.map(({ gpu }) => gpuLabel(gpu)))].sort();
  const onDemand = span(offers.map((offer) => perGpu(offer.onDemandUsdPerHour, offer)));
  const spot = span(offers.map((offer) => perGpu(offer.spotUsdPerHour, offer)));
  const isOwn = offers.every(({ layer }) => layer !== 'bundled');
  const layer = isOwn ? (offers[0]?.layer ?? 'bundled') : 'bundled';
  const fact = (key: string, label: string, value: number | string | null, unit = ''): CatalogFact => ({
    ...{ key, label, kind: typeof value === 'number' ? 'number' : 'text', value, unit, source: '', asOf: null, layer },
    ...{ canBeCorrected: false, correction: null },
  });
  return {
    id: [provider, region, zone ?? ''].join('/'),
    name: placeLabel({ provider, region, zone }),
    group: provider,
    layer,
    corrections: 0,
    cells: {
      name: zone ?? `${region}, whole region`,
      provider: providerLabel(provider),
      region,
      instances: instances.length,
      gpus: gpus.length,
      from: onDemand.from,
      to: onDemand.to,
      spotFrom: spot.from,
      spotTo: spot.to,
      gpuNames: gpus.join(', '),
    },
    facts: [
      fact('region', 'Region', region),
      fact('zone', 'Zone', zone),
      fact('from', 'On demand, a GPU, from', onDemand.from, '$/h'),
      fact('to', 'On demand, a GPU, to', onDemand.to, '$/h'),
      fact('spot_from', 'Spot, a GPU, from', spot.from, '$/h'),
      fact('spot_to', 'Spot, a GPU, to', spot.to, '$/h'),
      fact('gpus', 'GPUs', gpus.join(', ')),
      fact('instances', 'Instances', instances.join(', ')),
    ],
    subject: null,
    about: `${plural(instances.length, 'instance type')} with ${plural(gpus.length, 'kind of GPU', 'kinds of GPU')}.`,
    notes: zone === null ? 'Its cloud tells no zones here: what is offered can be anywhere in the region.' : null,
    imported: null,
  };
}

export const zoneEntries = ({ prices }: Pick<CatalogBook, 'prices'>): CatalogEntry[] =>
  placesOf(prices).map(placeEntry);

/** `85 zones of 32 regions, 89 regions without zones`: the places that are listed. */
export function zoneCounts(entries: readonly CatalogEntry[]): string {
  const zones = entries.filter(({ notes }) => notes === null);
  const regions = new Set(zones.map(({ group, cells }) => `${group}/${String(cells['region'])}`));
  const whole = entries.length - zones.length;
  const ofZones = `${plural(zones.length, 'zone')} of ${plural(regions.size, 'region')}`;
  return whole === 0 ? ofZones : `${ofZones}, ${plural(whole, 'region')} without zones`;
}

import type { Facts } from '../../src-worker/engine/facts.ts';
import { linksOf } from '../../src-worker/engine/hardware/own.ts';
import { formatNeed, precisionSupport } from '../../src-worker/engine/hardware/precision.ts';
import type { Gpu, Instance } from '../../src-worker/engine/hardware/types.ts';
import { gibFromBytes } from '../../src-worker/engine/units.ts';
import { instanceId } from './entry-ids.ts';
import type { CatalogListing, GpuEntry, InstanceEntry, ZoneEntry } from '../../src-worker/protocol/app-api.ts';
import { PRECISIONS } from '../../src-worker/protocol/requests.ts';

/**
 * The catalogs as lists and forms show them: every GPU, instance, provider, region and zone, each sorted by its ids, so
 * that the same facts always print the same.
 */
export function catalogListing(facts: Facts): CatalogListing {
  return {
    gpus: facts.gpus.map((gpu) => gpuEntry(gpu, facts)).sort(byKey(({ id }) => id)),
    instances: facts.instances
      .map(instanceEntry)
      .sort(byKey(({ provider, instance }) => instanceId(provider, instance))),
    zones: zoneEntries(facts.instances),
    providers: providerEntries(facts),
    regions: regionEntries(facts.instances),
  };
}

const byKey =
  <Entry>(key: (entry: Entry) => string) =>
  (a: Entry, b: Entry): number => {
    const [left, right] = [key(a), key(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };

/** How a 16-bit model is stored: what a GPU can run is asked of formats, not of checkpoints. */
const SIXTEEN_BIT = { precision: 'fp16', method: null } as const;

/** Formats the newest version of the engine runs on a GPU, as weight-only where it lacks their units. */
function precisionsOf(gpu: Gpu, { engines }: Facts): GpuEntry['precisions'] {
  const [engine] = engines;
  return PRECISIONS.filter((precision) => {
    const need = engine && formatNeed(engine, precision, SIXTEEN_BIT);
    return precisionSupport(gpu, precision, need).kind !== 'unsupported';
  });
}

const gpuEntry = (gpu: Gpu, facts: Facts): GpuEntry => ({
  id: gpu.id,
  name: gpu.name,
  // The catalogs give two decimals; the rest is the way to bytes and back.
  memoryGib: Number(gibFromBytes(gpu.usableMemoryBytes).toFixed(2)),
  memoryGb: gpu.marketedMemoryGb ?? null,
  links: linksOf(gpu),
  precisions: precisionsOf(gpu, facts),
  source: gpu.source,
});

function instanceEntry(instance: Instance): InstanceEntry {
  const onDemand = cheapest(instance.offers.map((offer) => offer.onDemandUsdPerHour));
  const dates = instance.offers.flatMap(({ priceAsOf }) => priceAsOf ?? []).sort();
  return {
    provider: instance.provider,
    instance: instance.name,
    gpu: instance.gpuId,
    gpuCount: instance.gpuCount,
    layer: instance.layer,
    regions: instance.offers.length,
    cheapestOnDemandUsdPerHour: onDemand,
    cheapestSpotUsdPerHour: cheapest(instance.offers.map((offer) => offer.spotUsdPerHour)),
    priceAsOf: dates.at(-1) ?? null,
  };
}

function cheapest(prices: (number | null)[]): number | null {
  const known = prices.filter((price) => price !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

function zoneEntries(instances: readonly Instance[]): ZoneEntry[] {
  const zones = new Map<string, ZoneEntry>();
  for (const { provider, name, offers } of instances) {
    for (const { region, zones: names, zonePrices = [] } of offers) {
      for (const zone of names) {
        const key = `${provider}/${region}/${zone}`;
        const entry = zones.get(key) ?? { provider, region, zone, instances: [] };
        entry.instances.push(name);
        const own = zonePrices.find((price) => price.zone === zone);
        if (own) {
          const { onDemandUsdPerHour, spotUsdPerHour } = own;
          (entry.ownPrices ??= []).push({ instance: name, onDemandUsdPerHour, spotUsdPerHour });
        }
        zones.set(key, entry);
      }
    }
  }
  for (const entry of zones.values()) entry.instances.sort();
  return [...zones.values()].sort(byKey(({ provider, zone }) => `${provider}/${zone}`));
}

function providerEntries(facts: Facts): CatalogListing['providers'] {
  const named = new Map((facts.providers ?? []).map((provider) => [provider.id, provider]));
  const ids = [...new Set([...named.keys(), ...facts.instances.map(({ provider }) => provider)])].sort();
  return ids.map((id) => {
    const hasZones = facts.instances.some(
      (row) => row.provider === id && row.offers.some(({ zones }) => zones.length > 0),
    );
    const known = named.get(id);
    return { id, name: known?.name ?? id, hasZones: known?.hasZones ?? hasZones };
  });
}

function regionEntries(instances: readonly Instance[]): CatalogListing['regions'] {
  const regions = new Map<string, { provider: string; region: string }>();
  for (const { provider, offers } of instances) {
    for (const { region } of offers) regions.set(`${provider}/${region}`, { provider, region });
  }
  return [...regions.entries()].sort(byKey(([key]) => key)).map(([, entry]) => entry);
}

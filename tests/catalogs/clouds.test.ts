import { describe, expect, test } from 'vitest';
import { priceDates } from '../../src-main/catalogs/dates.ts';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { listCatalogFiles, readCatalogFile } from '../../src-main/catalogs/files.ts';
import type { Instance, RegionOffer } from '../../src-worker/engine/hardware/types.ts';
import { bytesFromGb, bytesFromGib } from '../../src-worker/engine/units.ts';
import { cloudFileSchema } from '../../src-worker/protocol/catalog-files.ts';

const folder = bundledCatalogsFolder();
const { gpus, instances, providers } = loadFacts(folder);
const files = listCatalogFiles(folder, 'clouds').map((path) => readCatalogFile(folder, path, cloudFileSchema));
const gpuById = new Map(gpus.map((gpu) => [gpu.id, gpu]));

const find = (provider: string, name: string): Instance | undefined =>
  instances.find((row) => row.provider === provider && row.name === name);

const offers: { where: string; instance: Instance; offer: RegionOffer }[] = instances.flatMap((instance) =>
  instance.offers.map((offer) => ({
    where: `${instance.provider}/${instance.name}/${offer.region}`,
    instance,
    offer,
  })),
);

describe('cloud catalogs', () => {
  test('eight providers and 258 instances at least are there, each once', () => {
    const ids = providers?.map(({ id }) => id);
    const collected = ['aws', 'azure', 'coreweave', 'gcp', 'lambda', 'nebius', 'oci', 'runpod'];
    expect(ids).toEqual(expect.arrayContaining(collected));
    expect(instances.length).toBeGreaterThanOrEqual(258);
    expect(new Set(instances.map(({ provider, name }) => `${provider}/${name}`)).size).toBe(instances.length);
    for (const { path, content } of files) expect(path).toBe(`clouds/${content.provider}.json`);
  });

  test('2,356 prices and 1,091 zone entries of the collected data arrived', () => {
    expect(offers.filter(({ offer }) => offer.priceAsOf !== null).length).toBeGreaterThanOrEqual(2356);
    expect(offers.reduce((sum, { offer }) => sum + offer.zones.length, 0)).toBeGreaterThanOrEqual(1091);
  });

  test('a region appears once per instance, a zone once per region', () => {
    for (const { provider, name, offers: own } of instances) {
      const regions = own.map(({ region }) => region);
      expect(new Set(regions).size, `${provider}/${name}`).toBe(regions.length);
      for (const { zones } of own) expect(new Set(zones).size).toBe(zones.length);
    }
  });

  test('every zone lies in its region', () => {
    for (const { where, offer } of offers) {
      for (const zone of offer.zones) expect(zone.startsWith(`${offer.region}-`), `${where}: ${zone}`).toBe(true);
    }
  });

  test('the flag of a provider says whether it has zones', () => {
    for (const { id, hasZones } of providers ?? []) {
      const has = offers.some(({ instance, offer }) => instance.provider === id && offer.zones.length > 0);
      expect(hasZones, id).toBe(has);
    }
  });

  test('every price has a date and a source, and every source is used', () => {
    for (const { where, offer } of offers) {
      const isPriced = offer.onDemandUsdPerHour !== null || offer.spotUsdPerHour !== null;
      expect(offer.priceAsOf !== null, where).toBe(isPriced);
      expect(offer.priceSource !== null, where).toBe(isPriced);
    }
    for (const { path, content } of files) {
      const own = content.instances.flatMap((entry) => entry.offers);
      const used = new Set(own.flatMap(({ source, zones_source: zones }) => [source, zones]));
      for (const key of Object.keys(content.sources)) expect(used.has(key), `${path}: ${key}`).toBe(true);
    }
  });

  test('spot is below on-demand', () => {
    const both = offers.filter(({ offer }) => offer.onDemandUsdPerHour !== null && offer.spotUsdPerHour !== null);
    expect(both.length).toBeGreaterThan(500);
    for (const { where, offer } of both) {
      expect(Number(offer.spotUsdPerHour), where).toBeLessThan(Number(offer.onDemandUsdPerHour));
    }
  });

  test('a GPU-hour costs between 10 cents and 60 dollars', () => {
    for (const { where, instance, offer } of offers) {
      for (const price of [offer.onDemandUsdPerHour, offer.spotUsdPerHour]) {
        if (price === null) continue;
        expect(price / instance.gpuCount, where).toBeGreaterThan(0.1);
        expect(price / instance.gpuCount, where).toBeLessThan(60);
      }
    }
  });

  test('a GPU-hour costs within a factor of eight of the median of its kind: no price per GPU read as one per instance', () => {
    const perGpu = Map.groupBy(
      offers.filter(({ offer }) => offer.onDemandUsdPerHour !== null),
      ({ instance }) => instance.gpuId,
    );
    for (const rows of perGpu.values()) {
      const prices = rows.map(({ instance, offer }) => Number(offer.onDemandUsdPerHour) / instance.gpuCount);
      const median = prices.toSorted((a, b) => a - b)[Math.floor(prices.length / 2)] ?? 0;
      rows.forEach(({ where }, row) => {
        expect(Number(prices[row]) / median, where).toBeGreaterThan(1 / 8);
        expect(Number(prices[row]) / median, where).toBeLessThan(8);
      });
    }
  });

  test('a larger slice of the same family in the same region is not cheaper', () => {
    const a2 = ['1', '2', '4', '8'].map((size) =>
      find('gcp', `a2-highgpu-${size}g`)?.offers.find(({ region }) => region === 'us-central1'),
    );
    const prices = a2.map((offer) => offer?.onDemandUsdPerHour ?? 0);
    expect(prices).toEqual(prices.toSorted((a, b) => a - b));
    expect(prices[0]).toBeGreaterThan(3);
  });

  test('one GPU has no fabric, several have one whose rate is that of the GPU', () => {
    for (const instance of instances) {
      const where = `${instance.provider}/${instance.name}`;
      const gpu = gpuById.get(instance.gpuId);
      expect(instance.interconnect === 'none', where).toBe(instance.gpuCount <= 1);
      if (instance.interconnect === 'none' || !gpu) continue;
      const own =
        instance.interconnect === 'pcie'
          ? gpu.pcieBandwidthPerDirectionBytesPerS
          : gpu.linkBandwidthPerDirectionBytesPerS;
      expect(instance.interconnectBandwidthPerDirectionBytesPerS, where).toBe(own);
    }
  });

  test('fractions of a GPU and retired instances are kept as such', () => {
    const fractions = instances.filter(({ gpuCount }) => gpuCount < 1);
    expect(fractions.length).toBeGreaterThanOrEqual(16);
    expect(instances.filter(({ status }) => status === 'retired').length).toBeGreaterThanOrEqual(5);
  });

  test('instances that nobody prices stay, without an offer', () => {
    const unpriced = instances.filter((row) => row.offers.length === 0).map(({ name }) => name);
    expect(unpriced).toEqual(expect.arrayContaining(['p5e.48xlarge', 'p6e-gb200.36xlarge']));
  });

  test('memory is read in the unit its provider publishes: GiB at Google, GB at Lambda', () => {
    expect(find('gcp', 'g2-standard-4')?.hostMemoryBytes).toBe(bytesFromGib(16));
    const lambda = files.find(({ content }) => content.provider === 'lambda')?.content.instances[0];
    expect(lambda?.host_memory_gib).toBeUndefined();
    expect(find('lambda', lambda?.name ?? '')?.hostMemoryBytes).toBe(bytesFromGb(lambda?.host_memory_gb ?? 0));
  });

  test('the seed’s example instances carry the list price of us-central1, not the seed’s', () => {
    const priceOf = (name: string): number | null | undefined =>
      find('gcp', name)?.offers.find(({ region }) => region === 'us-central1')?.onDemandUsdPerHour;
    expect(priceOf('g2-standard-4')).toBeCloseTo(0.7068, 4);
    expect(priceOf('a2-highgpu-1g')).toBeCloseTo(3.6734, 3);
    expect(priceOf('a3-highgpu-8g')).toBeCloseTo(88.49, 2);
  });

  test('price dates run from 2025 to November 2026 or later', () => {
    expect(priceDates(instances)?.oldest).toBe('2025-01-01');
    expect(Number(priceDates(instances)?.newest.slice(0, 4))).toBeGreaterThanOrEqual(2026);
    expect(priceDates([])).toBeNull();
  });
});

import { describe, expect, test } from 'vitest';
import {
  emptyContent,
  type CatalogContent,
  type ContentInstance,
  type ContentOffer,
} from '../../src-main/catalogs/content.ts';
import { corrected, type Correction } from '../../src-main/catalogs/corrections.ts';
import { stack, type Layer, type LayeredCatalog } from '../../src-main/catalogs/layers.ts';
import { bundledCatalogsFolder, factsOf, loadBundled, loadFacts } from '../../src-main/catalogs/load.ts';

const bundled = loadBundled(bundledCatalogsFolder());

const layer = (content: Partial<CatalogContent>, over: Partial<Layer> = {}): Layer => ({
  layer: 'imported',
  origin: 'a file',
  content: { ...emptyContent(), ...content },
  ...over,
});
const offer = (region: string, onDemand: number | null, changes: Partial<ContentOffer> = {}): ContentOffer => ({
  region,
  on_demand_usd_per_hour: onDemand,
  spot_usd_per_hour: null,
  as_of: null,
  source: 'a file',
  zones: [],
  zones_source: null,
  ...changes,
});
const g2 = (changes: Partial<ContentInstance> = {}): ContentInstance => ({
  provider: 'gcp',
  facts: { name: 'g2-standard-4', gpu: 'nvidia-l4', gpu_count: 1 },
  brings: 'entry',
  offers: [offer('us-central1', 1.05)],
  ...changes,
});
const laid = (...layers: Layer[]): LayeredCatalog => stack([...bundled.layers, ...layers]);
const entry = (catalog: LayeredCatalog, name = 'g2-standard-4') => {
  const found = catalog.instances.find(({ facts }) => facts.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
const below = entry(laid());

describe('an instance over one of the same name', () => {
  test('takes its place with all its regions; what it does not say stays known', () => {
    const { facts, layer: from, offers } = entry(laid(layer({ instances: [g2()] })));
    expect(facts).toEqual(below.facts);
    expect(from).toBe('imported');
    expect(offers.map((one) => [one.facts.region, one.layer])).toEqual([['us-central1', 'imported']]);
  });

  test('without offers it changes facts and leaves the prices beneath', () => {
    const given = g2({ facts: { ...g2().facts, vcpus: 5, host_memory_gb: 20 }, offers: [] });
    const { facts, offers } = entry(laid(layer({ instances: [given] })));
    expect(facts).toMatchObject({ vcpus: 5, host_memory_gb: 20, network_gbit_per_s: below.facts.network_gbit_per_s });
    expect(facts).not.toHaveProperty('host_memory_gib');
    expect(offers).toEqual(below.offers);
  });

  test('with other hardware nothing of the old is taken over', () => {
    const given = g2({ facts: { ...g2().facts, gpu_count: 2 } });
    expect(entry(laid(layer({ instances: [given] }))).facts).toMatchObject({
      gpu_count: 2,
      vcpus: null,
      network_gbit_per_s: null,
      interconnect: 'pcie',
    });
  });

  test('as prices it replaces the regions it names; zones stay where it knows none', () => {
    const prices = g2({ brings: 'prices', offers: [offer('us-central1', 2), offer('moon', 9, { zones: ['moon-a'] })] });
    const { offers, facts } = entry(laid(layer({ instances: [prices] })));
    const old = below.offers.find((one) => one.facts.region === 'us-central1');
    expect(facts).toEqual(below.facts);
    expect(offers).toHaveLength(below.offers.length + 1);
    expect(offers.find((one) => one.facts.region === 'us-central1')?.facts).toMatchObject({
      on_demand_usd_per_hour: 2,
      zones: old?.facts.zones,
    });
    expect(offers.at(-1)?.facts.zones).toEqual(['moon-a']);
  });

  test('later files win, and a file of one start wins over all imports', () => {
    const first = layer({ instances: [g2({ offers: [offer('us-central1', 1)] })] });
    const second = layer({ instances: [g2({ offers: [offer('us-central1', 2)] })] });
    const ofStart = layer({ instances: [g2({ offers: [offer('us-central1', 3)] })] }, { layer: 'file' });
    const priceOf = (...layers: Layer[]) => entry(laid(...layers)).offers[0]?.facts.on_demand_usd_per_hour;
    expect([priceOf(first), priceOf(first, second), priceOf(second, first), priceOf(first, second, ofStart)]).toEqual([
      1, 2, 1, 3,
    ]);
  });

  test('an instance whose GPU went with another file is left out, and said', () => {
    const orphan = g2({ facts: { name: 'orphan', gpu: 'nvidia-gone', gpu_count: 1 } });
    const catalog = laid(layer({ instances: [orphan] }));
    expect(catalog.instances.some(({ facts }) => facts.name === 'orphan')).toBe(false);
    expect(catalog.problems).toEqual([expect.stringMatching(/gcp\/orphan of a file is left out.*"nvidia-gone"/)]);
  });
});

describe('the facts that follow', () => {
  const upper = (...layers: Layer[]) =>
    factsOf(
      bundled,
      laid(...layers),
      layers.map((one) => JSON.stringify(one.content)),
    );

  test('without other layers they are those of the bundled files', () => {
    expect(upper()).toEqual(loadFacts(bundledCatalogsFolder()));
  });

  test('the version of the catalog changes with what lies over it, and only then', () => {
    const one = layer({ instances: [g2()] });
    const other = layer({ instances: [g2({ offers: [offer('us-central1', 1.06)] })] });
    const versions = [upper(), upper(one), upper(one), upper(other)].map((facts) => facts.versions.catalog);
    expect(versions[1]).toBe(versions[2]);
    expect(new Set(versions).size).toBe(3);
  });

  test('a headroom table of a file is told with where it comes from; the uppermost counts', () => {
    const table = (utilizationTarget: number) => [{ percent: 25, utilizationTarget, burstFactor: 1.5 }];
    const facts = upper(layer({ headroom: table(0.5) }), layer({ headroom: table(0.6) }, { origin: 'mine.json' }));
    expect(facts.headroom).toEqual({ points: table(0.6), origin: 'mine.json' });
    expect(upper()).not.toHaveProperty('headroom');
  });
});

describe('corrections of single facts', () => {
  const correction = (changes: Partial<Correction>): Correction => ({
    subject: 'price',
    id: 'gcp/g2-standard-4/us-central1',
    key: 'on_demand_usd_per_hour',
    value: 0.5,
    note: 'our contract',
    correctedAt: '2026-11-28T12:00:00.000Z',
    ...changes,
  });

  test('lie over every layer and keep what stood there', () => {
    const catalog = corrected(laid(layer({ instances: [g2()] })), [correction({})]);
    expect(entry(catalog).offers[0]).toMatchObject({
      facts: { on_demand_usd_per_hour: 0.5, as_of: '2026-11-28', source: 'your correction' },
      corrections: { on_demand_usd_per_hour: { before: 1.05, note: 'our contract' } },
    });
  });

  test('leave the price beside it the date and source it has', () => {
    const spotToo = { ...offer('us-central1', 1.05), spot_usd_per_hour: 0.4 };
    const layers = laid(layer({ instances: [g2({ offers: [spotToo] })] }));
    const { as_of, source } = entry(layers).offers[0]!.facts;
    const [mixed] = entry(corrected(layers, [correction({})])).offers;
    expect(mixed?.facts).toMatchObject({ as_of, spot_usd_per_hour: 0.4 });
    expect(mixed?.facts.source).toBe(`${source}; on_demand_usd_per_hour is your correction of 2026-11-28`);
    const both = [correction({}), correction({ key: 'spot_usd_per_hour', value: 0.2 })];
    expect(entry(corrected(layers, both)).offers[0]?.facts).toMatchObject({
      as_of: '2026-11-28',
      source: 'your correction',
    });
  });

  test('of a GPU: a peak that is unknown is one it lacks', () => {
    const catalog = corrected(laid(), [
      correction({ subject: 'gpu', id: 'nvidia-h100-80gb', key: 'fp8_dense_tflops', value: null }),
      correction({ subject: 'gpu', id: 'nvidia-h100-80gb', key: 'memory_usable_gib', value: 70 }),
    ]);
    const h100 = catalog.gpus.find(({ facts }) => facts.id === 'nvidia-h100-80gb');
    expect(h100?.facts).not.toHaveProperty('fp8_dense_tflops');
    expect(h100?.facts.memory_usable_gib).toBe(70);
    expect(Object.keys(h100?.corrections ?? {}).sort()).toEqual(['fp8_dense_tflops', 'memory_usable_gib']);
  });

  test('one that cannot hold any more is left out and said; so is one of an entry that is gone', () => {
    const catalog = corrected(laid(), [correction({ value: -1 }), correction({ id: 'gcp/gone/us-central1' })]);
    expect(entry(catalog).offers).toEqual(below.offers);
    expect(catalog.problems).toEqual([
      expect.stringMatching(/correction of gcp\/g2-standard-4\/us-central1 is not in force/),
      expect.stringMatching(/correction of gcp\/gone\/us-central1 is not in force: no catalog has that entry now/),
    ]);
  });
});

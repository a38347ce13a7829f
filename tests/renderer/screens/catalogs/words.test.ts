import { describe, expect, test } from 'vitest';
import {
  changeCounts,
  changedName,
  changedText,
  factLabels,
} from '../../../../src-renderer/screens/catalogs/change-words.ts';
import { commonSource, isFrom } from '../../../../src-renderer/screens/catalogs/common-source.ts';
import {
  linkWords,
  readTyped,
  shownText,
  unitText,
  valueText,
} from '../../../../src-renderer/screens/catalogs/fact-words.ts';
import { countNote, entriesOf, firstShown, tabCount } from '../../../../src-renderer/screens/catalogs/entries.ts';
import { linkLabel, shortGpuName } from '../../../../src-renderer/format/names.ts';
import { pastedText } from '../../../../src-renderer/screens/catalogs/pasted-text.ts';
import {
  EVERYTHING,
  filteredEntries,
  groupChoices,
  originChoices,
  readShownCatalogs,
} from '../../../../src-renderer/screens/catalogs/shown-catalogs.ts';
import { ownCount } from '../../../../src-renderer/state/catalog-shelf.svelte.ts';
import { countsText } from '../../../../src-worker/protocol/catalog-words.ts';
import type { CatalogBook } from '../../../../src-worker/protocol/catalog-api.ts';
import { BOOK, fact, PREVIEW } from '../../fixtures/catalogs.ts';

describe('a fact', () => {
  test('reads with its unit; money has its sign before it', () => {
    const price = fact('on_demand_usd_per_hour', 'On demand', 1.861, '$/h');
    expect([valueText(price, 1.861), unitText(price)]).toEqual(['$1.861', '/h']);
    expect(valueText(price, 98.32)).toBe('$98.32');
    expect(valueText(price, 3)).toBe('$3.00');
    expect(unitText({ ...price, unit: 'USD/h' })).toBe('/h');
    expect(valueText(fact('x', 'X', 0, 'GB/s'), 5300.25)).toBe('5,300.25');
    expect(valueText(fact('x', 'X', null, 'W'), null)).toBe('–');
    expect(unitText(fact('x', 'X', null, 'W'))).toBe('');
    expect([true, false].map((value) => valueText(fact('x', 'X', value), value))).toEqual(['yes', 'no']);
  });

  test.each([
    [fact('a', 'Bandwidth', 864, 'GB/s'), '1,555', 1555],
    [fact('a', 'On demand', null, '$/h'), '$1.5', 1.5],
    [fact('a', 'BF16', true), 'No', false],
    [fact('a', 'Status', 'current'), ' legacy ', 'legacy'],
    [fact('a', 'Link', null, '', { kind: 'text' }), '9.0', '9.0'],
    [fact('a', 'vCPUs', null), '8', 8],
  ])('%o is corrected by %s', (known, typed, value) => {
    expect(readTyped(known, typed)).toEqual({ kind: 'value', value });
  });

  test.each([
    [fact('a', 'Bandwidth', 864, 'GB/s'), 'fast', 'Bandwidth takes a number of GB/s, for example 864.'],
    [fact('a', 'Power', null, 'W'), 'much', 'Power takes a number of W, for example 24.'],
    [fact('a', 'BF16', true), 'maybe', 'BF16 takes yes or no.'],
    [fact('a', 'Status', 'current'), ' ', 'Status needs a value. Restore brings back that of the catalog.'],
  ])('%o is not corrected by %s', (known, typed, sentence) => {
    expect(readTyped(known, typed)).toEqual({ kind: 'bad', sentence });
  });

  test('the source that most facts share is said once', () => {
    const facts = [fact('a', 'A', 1), fact('b', 'B', 2), fact('c', 'C', 3, '', { source: 'a log' })];
    const common = commonSource(facts);
    expect(common).toEqual({ source: 'NVIDIA data sheet', asOf: '2026-08' });
    expect(facts.map((known) => isFrom(known, common))).toEqual([true, true, false]);
    expect(commonSource([fact('a', 'A', 1, '', { source: '' })])).toBeNull();
  });

  test('links are called by their names', () => {
    expect(linkWords('nvlink4', 450)).toBe('NVLink 450');
    expect(linkWords('nvlink3-bridge', 56.25)).toBe('Bridge 56.25');
    expect(linkWords('', null)).toBe('PCIe');
    expect(linkWords('new-fabric', null)).toBe('new-fabric');
    expect(['none', 'pcie', 'nvlink-bridge', 'nvswitch', 'xgmi'].map(linkLabel)).toEqual([
      ...['none', 'PCIe', 'NVLink bridge', 'NVSwitch', 'xGMI'],
    ]);
  });

  test('whose value is an id reads by its name', () => {
    expect(shownText({ key: 'vendor', unit: '' }, 'amd')).toBe('AMD');
    expect(shownText({ key: 'gpu', unit: '' }, 'nvidia-t4')).toBe('T4');
    expect(shownText({ key: 'interconnect', unit: '' }, 'pcie')).toBe('PCIe');
    expect(shownText({ key: 'status', unit: '' }, 'legacy')).toBe('legacy');
    expect(shownText({ key: 'vendor', unit: '' }, null)).toBe('–');
  });
});

describe('a preview', () => {
  test('counts its changes, unless it does not list them all', () => {
    expect(changeCounts(PREVIEW.changes, 2)).toBe('1 added, 1 changed');
    expect(changeCounts(PREVIEW.changes, 1200)).toBe('1,200 changes');
  });

  test('tells what of an entry changes', () => {
    const labelOf = factLabels(BOOK);
    expect(PREVIEW.changes.map((change) => changedText(change, labelOf))).toEqual(['', 'On demand: $1.861 → $1.50']);
    expect(PREVIEW.changes.map(changedName)).toEqual(['bench, Lab', 'g6e.xlarge, us-east-1, AWS']);
    const removed = {
      kind: 'gpu',
      change: 'removed',
      name: 'x',
      field: 'tdp_watts',
      before: 300,
      after: null,
    } as const;
    expect(changedText(removed, labelOf)).toBe('Power: 300');
    expect(changedText({ ...removed, field: 'x' }, factLabels(null))).toBe('x: 300');
    const link = { ...removed, change: 'changed', field: 'link_kind', before: 'nvlink4', after: 'xgmi' } as const;
    expect(changedText(link, () => 'Link')).toBe('Link: NVLink → xGMI');
  });

  test('counts in words', () => {
    expect(countsText({ gpus: 1, instances: 14, prices: 60, workloads: 0 })).toBe('1 GPU, 14 instances and 60 prices');
    expect(countsText({ gpus: 0, instances: 0, prices: 0, workloads: 2 })).toBe('2 workloads');
    expect(countsText({ gpus: 0, instances: 0, prices: 0, workloads: 0 })).toBe('nothing');
  });
});

describe('what is of one’s own', () => {
  const correction = { before: 1.861, correctedAt: '2026-11-24T10:00:00Z', note: '' };
  const [first, ...others] = BOOK.prices;
  const [gpu, ...gpus] = BOOK.gpus;
  const mine: CatalogBook = {
    ...BOOK,
    prices: [{ ...first!, corrections: { on_demand_usd_per_hour: correction } }, ...others],
    gpus: [{ ...gpu!, layer: 'imported' }, ...gpus],
  };

  test('is counted: an import and a correction each make one', () => {
    expect(ownCount(BOOK)).toBe(0);
    expect(ownCount(mine)).toBe(2);
  });

  test('is found by its source', () => {
    const prices = entriesOf(mine, 'prices');
    expect(filteredEntries(prices, { ...EVERYTHING, origin: 'corrected' }).map(({ id }) => id)).toEqual([first!.id]);
    expect(filteredEntries(entriesOf(mine, 'gpus'), { ...EVERYTHING, origin: 'imported' })).toHaveLength(1);
    expect(originChoices('prices', prices)).toEqual([
      { value: 'all', label: 'All sources' },
      { value: 'bundled', label: 'Bundled', note: '3' },
      { value: 'imported', label: 'Imported', reason: 'none' },
      { value: 'file', label: 'From a file', reason: 'none' },
      { value: 'corrected', label: 'Corrected', note: '1' },
    ]);
    expect(groupChoices('prices', prices)?.map(({ label }) => label)).toEqual(['All clouds', 'AWS', 'GCP']);
    expect(groupChoices('workloads', entriesOf(mine, 'workloads'))).toBeNull();
  });
});

test('a view that cannot be read shows GPUs', () => {
  const fresh = { tab: 'gpus', tabs: {} };
  expect(readShownCatalogs(undefined)).toEqual(fresh);
  expect(readShownCatalogs({ tab: 'planets', tabs: {} })).toEqual(fresh);
  const kept = { tab: 'prices', tabs: { prices: { ...EVERYTHING, search: 'l4' } } };
  expect(readShownCatalogs(kept)).toEqual(kept);
});

test('a price without zones or price, and an instance without prices, say so', () => {
  const book = { ...BOOK, prices: [{ ...BOOK.prices[2]!, zones: [] }] };
  const [price] = entriesOf(book, 'prices');
  expect(price?.facts.map(({ value }) => value)).toEqual([null, null, null, 'us-central1', null]);
  const [instance] = entriesOf(book, 'instances');
  expect(instance?.about).toBe('AWS, 1 × L40S. No price is known.');
  const [gpu] = entriesOf({ ...book, gpus: [{ ...BOOK.gpus[0]!, instances: 0, providers: [] }] }, 'gpus');
  expect(gpu?.about).toBe('No instance of the catalogs has it.');
});

test('JSON and tables that are pasted are files, words are not', () => {
  const pasted = (text: string) =>
    pastedText({ target: document.body, clipboardData: { files: [], getData: () => text } } as never);
  expect(pasted(' {"a":1}')).toBe(' {"a":1}');
  expect(pasted('InstanceType,Price\na,1\n')).toBe('InstanceType,Price\na,1\n');
  expect(pasted('g2-standard-8')).toBeNull();
  expect(pasted('one, two')).toBeNull();
});

test('GPUs are called by what tells them apart', () => {
  const names = [
    'NVIDIA Tesla V100 PCIe 16GB',
    'NVIDIA GeForce RTX 4090',
    'AMD Instinct MI300X',
    'Google Cloud TPU v5e (per chip)',
    'NVIDIA RTX PRO 6000 Blackwell Server Edition',
    'NVIDIA GB200 (per GPU, NVL72)',
    'Lab board',
  ];
  expect(names.map(shortGpuName)).toEqual([
    ...['V100 PCIe 16GB', 'RTX 4090', 'MI300X', 'TPU v5e', 'RTX PRO 6000 Blackwell'],
    ...['GB200 (per GPU, NVL72)', 'Lab board'],
  ]);
});

describe('what is counted and shown first', () => {
  test('of offers those with a price', () => {
    expect(tabCount(BOOK, 'prices')).toBe(2);
    expect(countNote('prices', entriesOf(BOOK, 'prices'))).toBe(', 2 with a price');
    const priced = { ...BOOK, prices: BOOK.prices.slice(0, 2) };
    expect(countNote('prices', entriesOf(priced, 'prices'))).toBe('');
  });

  test('the first GPU that somebody sells', () => {
    const [first, second] = BOOK.gpus;
    const gpus = [{ ...first!, instances: 0 }, second!];
    expect(firstShown(entriesOf({ ...BOOK, gpus }, 'gpus'))?.id).toBe(second!.id);
    expect(firstShown(entriesOf({ ...BOOK, gpus: [gpus[0]!] }, 'gpus'))?.id).toBe(first!.id);
    expect(firstShown([])).toBeNull();
  });
});

describe('zones', () => {
  const [first, second, third] = BOOK.prices;
  const offers = [
    { ...first!, onDemandUsdPerHour: 2, spotUsdPerHour: 0.5 },
    { ...first!, id: 'aws/g6e.48xlarge/us-east-1', instance: 'g6e.48xlarge', gpuCount: 8, onDemandUsdPerHour: 8 },
    { ...second!, zones: [], onDemandUsdPerHour: null },
    third!,
  ];
  const places = entriesOf({ ...BOOK, prices: offers }, 'zones');
  const named = (name: string) => places.find(({ cells }) => cells['name'] === name);

  test('have what is offered there, and the span of its prices a GPU', () => {
    expect(places.map(({ cells }) => cells['name'])).toEqual([
      ...['eu-west-1, whole region', 'us-east-1-a', 'us-east-1-b', 'us-central1-a', 'us-central1-b'],
    ]);
    expect(named('us-east-1-a')?.cells).toMatchObject({
      ...{ provider: 'AWS', region: 'us-east-1', instances: 2, gpus: 1 },
      ...{ from: 1, to: 2, spotFrom: 0.5, spotTo: 0.5 },
    });
    expect(named('us-central1-a')?.cells).toMatchObject({ provider: 'GCP', instances: 1, from: null, to: null });
  });

  test('that are not told are a region', () => {
    expect(named('eu-west-1, whole region')?.notes).toMatch(/no zones/);
    expect(countNote('zones', places)).toBe(': 4 zones of 2 regions, 1 region without zones');
    expect(tabCount({ ...BOOK, prices: offers }, 'zones')).toBe(4);
  });

  test('are narrowed to a cloud', () => {
    expect(groupChoices('zones', places)?.map(({ label }) => label)).toEqual(['All clouds', 'AWS', 'GCP']);
    expect(filteredEntries(places, { ...EVERYTHING, group: 'gcp' })).toHaveLength(2);
    expect(filteredEntries(places, { ...EVERYTHING, search: 'us-east l40s' })).toHaveLength(2);
  });
});

import type {
  CatalogBook,
  CatalogFact,
  CatalogFormat,
  CatalogImportEntry,
  FactValue,
  GpuSheet,
  InstanceSheet,
  PriceSheet,
  WorkloadSheet,
} from '../../../src-worker/protocol/catalog-api.ts';
import { formatDate, formatFixed, plural } from '../../../src-worker/protocol/numbers.ts';
import { gpuLabel, linkLabel, providerLabel, shortGpuName, vendorLabel } from '../../format/names.ts';
import { countsText } from '../../../src-worker/protocol/catalog-words.ts';
import { isOwn } from '../../state/catalog-shelf.svelte.ts';
import type { CatalogEntry } from './catalog-entry.ts';
import { linkWords, moneyText } from './fact-words.ts';
import { zoneCounts, zoneEntries } from './zones.ts';

export const TABS = ['gpus', 'instances', 'prices', 'zones', 'workloads', 'imports'] as const;
export type TabId = (typeof TABS)[number];

export type { CatalogEntry };

export const isOwnEntry = ({ layer, corrections }: CatalogEntry): boolean => isOwn(layer, corrections);

export const FORMAT_LABELS: Record<CatalogFormat, string> = {
  configiq: 'ConfigIQ',
  seed: 'Seed format (JSON)',
  skypilot: 'SkyPilot',
};

/** A vendor, a provider or a format as it is written. */
export function groupLabel(tab: TabId, group: string): string {
  if (tab === 'gpus') return vendorLabel(group);
  if (tab === 'imports') return FORMAT_LABELS[group as CatalogFormat] ?? group;
  return providerLabel(group);
}

type Sheet = GpuSheet | InstanceSheet | WorkloadSheet;

const entryOf = (
  sheet: Sheet,
  rest: Pick<CatalogEntry, 'id' | 'name' | 'group' | 'cells' | 'about'>,
): CatalogEntry => ({
  ...rest,
  layer: sheet.layer,
  facts: sheet.facts,
  corrections: sheet.facts.filter(({ correction }) => correction !== null).length,
  subject: null,
  notes: 'notes' in sheet ? sheet.notes : null,
  imported: null,
});

/** The value of the first of `keys` that the sheet has a fact for. */
function value({ facts }: { facts: CatalogFact[] }, ...keys: string[]): FactValue {
  return facts.find(({ key }) => keys.includes(key))?.value ?? null;
}

function number(sheet: { facts: CatalogFact[] }, ...keys: string[]): number | null {
  const found = value(sheet, ...keys);
  return typeof found === 'number' ? found : null;
}

const text = (sheet: { facts: CatalogFact[] }, ...keys: string[]): string => {
  const found = value(sheet, ...keys);
  return found === null ? '' : String(found);
};

const sum = (a: number | null, b: number | null): number | null => (a === null ? b : a + (b ?? 0));

/** `AWS, GCP and OCI`. */
function list(names: string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

function gpuAbout({ instances, providers, cheapestUsdPerHour }: GpuSheet): string {
  if (instances === 0) return 'No instance of the catalogs has it.';
  const price = cheapestUsdPerHour === null ? '' : `; from ${moneyText(cheapestUsdPerHour)}/h`;
  return `In ${plural(instances, 'instance')} of ${list(providers.map(providerLabel))}${price}.`;
}

const gpuEntry = (sheet: GpuSheet): CatalogEntry => ({
  ...entryOf(sheet, {
    id: sheet.id,
    name: sheet.name,
    group: sheet.vendor,
    about: gpuAbout(sheet),
    cells: {
      name: shortGpuName(sheet.name),
      vendor: vendorLabel(sheet.vendor),
      architecture: sheet.architecture,
      memory: number(sheet, 'memory_marketed_gb'),
      usable: number(sheet, 'memory_usable_gib'),
      usableBasis: text(sheet, 'memory_usable_basis'),
      bandwidth: number(sheet, 'memory_bandwidth_gb_per_s'),
      fp16: number(sheet, 'fp16_dense_tflops'),
      fp8: number(sheet, 'fp8_dense_tflops'),
      int8: number(sheet, 'int8_dense_tops'),
      fp4: number(sheet, 'fp4_dense_tflops'),
      link: linkWords(text(sheet, 'link_kind'), number(sheet, 'link_gb_per_s_per_direction')),
      power: number(sheet, 'tdp_watts'),
      capability: text(sheet, 'compute_capability'),
      instances: sheet.instances,
      cheapest: sheet.cheapestUsdPerHour,
    },
  }),
  subject: 'gpu',
});

interface PriceSpan {
  regions: number;
  cheapest: number | null;
}

/** Of every instance: regions it is sold in, and its lowest price on demand. */
function priceSpans(prices: PriceSheet[]): Map<string, PriceSpan> {
  const spans = new Map<string, PriceSpan>();
  for (const { provider, instance, onDemandUsdPerHour: price } of prices) {
    const key = `${provider}/${instance}`;
    const { regions, cheapest } = spans.get(key) ?? { regions: 0, cheapest: null };
    spans.set(key, { regions: regions + 1, cheapest: price === null ? cheapest : Math.min(price, cheapest ?? price) });
  }
  return spans;
}

const NO_SPAN: PriceSpan = { regions: 0, cheapest: null };

function instanceEntry(sheet: InstanceSheet, { regions, cheapest }: PriceSpan): CatalogEntry {
  const sold = regions === 0 ? 'No price is known.' : `Sold in ${plural(regions, 'region')}.`;
  const gpus = `${formatFixed(sheet.gpuCount, Number.isInteger(sheet.gpuCount) ? 0 : 3)} × ${gpuLabel(sheet.gpu)}`;
  return {
    ...entryOf(sheet, {
      id: sheet.id,
      name: sheet.instance,
      group: sheet.provider,
      about: `${providerLabel(sheet.provider)}, ${gpus}. ${sold}`,
      cells: {
        name: sheet.instance,
        provider: providerLabel(sheet.provider),
        gpu: gpuLabel(sheet.gpu),
        gpus: sheet.gpuCount,
        vcpus: number(sheet, 'vcpus'),
        memory: number(sheet, 'host_memory_gib', 'host_memory_gb'),
        interconnect: linkLabel(text(sheet, 'interconnect')),
        network: number(sheet, 'network_gbit_per_s'),
        status: sheet.status,
        regions,
        cheapest,
        cheapestPerGpu: cheapest === null ? null : cheapest / sheet.gpuCount,
      },
    }),
    subject: 'instance',
  };
}

function priceFact(sheet: PriceSheet, key: string, label: string, price: number | null): CatalogFact {
  const { source, asOf, layer, corrections } = sheet;
  const correction = corrections[key] ?? null;
  const unit = '$/h';
  return {
    key,
    label,
    kind: 'number',
    value: price,
    unit,
    source: source ?? '',
    asOf,
    layer,
    canBeCorrected: true,
    correction,
  };
}

function plainFact(sheet: PriceSheet, key: string, label: string, shown: FactValue, unit = ''): CatalogFact {
  const { layer } = sheet;
  const kind = typeof shown === 'number' ? 'number' : 'text';
  return {
    key,
    label,
    kind,
    value: shown,
    unit,
    source: '',
    asOf: null,
    layer,
    canBeCorrected: false,
    correction: null,
  };
}

function priceFacts(sheet: PriceSheet, perGpu: number | null): CatalogFact[] {
  const { onDemandUsdPerHour: onDemand, spotUsdPerHour: spot, region, zones } = sheet;
  return [
    priceFact(sheet, 'on_demand_usd_per_hour', 'On demand', onDemand),
    priceFact(sheet, 'spot_usd_per_hour', 'Spot', spot),
    plainFact(sheet, 'per_gpu', 'On demand, a GPU', perGpu, '$/h'),
    plainFact(sheet, 'region', 'Region', region),
    plainFact(sheet, 'zones', 'Zones', zones.length > 0 ? zones.join(', ') : null),
    ...sheet.zonePrices.flatMap((own) => [
      plainFact(sheet, `${own.zone}/on_demand`, `On demand in ${own.zone}`, own.onDemandUsdPerHour, '$/h'),
      plainFact(sheet, `${own.zone}/spot`, `Spot in ${own.zone}`, own.spotUsdPerHour, '$/h'),
    ]),
  ];
}

function priceEntry(sheet: PriceSheet): CatalogEntry {
  const { provider, instance, region, zones, gpuCount, onDemandUsdPerHour: onDemand, spotUsdPerHour: spot } = sheet;
  const perGpu = onDemand === null ? null : Number((onDemand / gpuCount).toPrecision(6));
  return {
    id: sheet.id,
    name: `${instance}, ${region}`,
    group: provider,
    layer: sheet.layer,
    corrections: Object.keys(sheet.corrections).length,
    cells: {
      name: instance,
      provider: providerLabel(provider),
      region,
      gpu: gpuLabel(sheet.gpu),
      gpus: gpuCount,
      onDemand,
      perGpu,
      spot,
      zones: zones.join(', '),
      asOf: sheet.asOf,
    },
    // Made when asked for: there are thousands of prices, and one is looked at.
    get facts() {
      return priceFacts(sheet, perGpu);
    },
    subject: 'price',
    about: `${providerLabel(provider)}, ${formatFixed(gpuCount, Number.isInteger(gpuCount) ? 0 : 3)} × ${gpuLabel(sheet.gpu)}, USD for the whole instance.`,
    notes: null,
    imported: null,
  };
}

const workloadEntry = (sheet: WorkloadSheet): CatalogEntry =>
  entryOf(sheet, {
    id: sheet.name,
    name: sheet.name,
    group: '',
    about: sheet.description,
    cells: {
      name: sheet.name,
      description: sheet.description,
      prompt: sum(number(sheet, 'input_tokens.mean'), number(sheet, 'context_tokens.mean')),
      output: number(sheet, 'output_tokens.mean'),
      ttft: number(sheet, 'targets_ms.ttft_p95'),
      tpot: number(sheet, 'targets_ms.tpot_p95'),
      source: sheet.facts[0]?.source ?? '',
    },
  });

function importEntry(imported: CatalogImportEntry): CatalogEntry {
  const { id, name, format, source, importedAt, counts, leftOut, problem } = imported;
  const leftOutWords = leftOut === 0 ? '' : ` ${plural(leftOut, 'problem')} when it was read.`;
  const fact = (key: string, label: string, shown: FactValue): CatalogFact => ({
    ...{ key, label, kind: 'text', value: shown, unit: '', source: '', asOf: null },
    ...{ layer: 'imported', canBeCorrected: false, correction: null },
  });
  return {
    id: String(id),
    name,
    group: format,
    layer: 'imported',
    corrections: 0,
    cells: {
      name,
      format: FORMAT_LABELS[format],
      ...counts,
      leftOut,
      importedAt,
      state: problem === null ? 'in force' : 'not in force',
    },
    facts: [
      fact('format', 'Format', FORMAT_LABELS[format]),
      fact('source', 'From', source),
      fact('imported_at', 'Imported', formatDate(importedAt)),
      ...(['gpus', 'instances', 'prices', 'workloads'] as const).map((key) => fact(key, TAB_LABELS[key], counts[key])),
      fact('left_out', 'Problems when it was read', leftOut),
    ],
    subject: null,
    about: `Brings ${countsText(counts)}.${leftOutWords}`,
    notes: problem,
    imported,
  };
}

export const TAB_LABELS: Record<TabId, string> = {
  gpus: 'GPUs',
  instances: 'Instances',
  prices: 'Prices',
  zones: 'Zones',
  workloads: 'Workloads',
  imports: 'Imports',
};

/** One and several of a tab, for counts. */
export const TAB_NOUNS: Record<TabId, [one: string, many: string]> = {
  gpus: ['GPU', 'GPUs'],
  instances: ['instance', 'instances'],
  prices: ['offer', 'offers'],
  zones: ['place', 'places'],
  workloads: ['workload', 'workloads'],
  imports: ['import', 'imports'],
};

/** Offers that have a price, on demand or spot; others are known to exist only. */
const isPriced = ({ onDemandUsdPerHour, spotUsdPerHour }: PriceSheet): boolean =>
  onDemandUsdPerHour !== null || spotUsdPerHour !== null;

/** What a tab says beside its name: of offers those with a price, of places the zones. */
export function tabCount(book: CatalogBook, tab: TabId): number {
  if (tab === 'prices') return book.prices.filter(isPriced).length;
  if (tab !== 'zones') return book[tab].length;
  return new Set(
    book.prices.flatMap(({ provider, region, zones }) => zones.map((zone) => [provider, region, zone].join('/'))),
  ).size;
}

/** What the count above a table says of all that it lists, beyond their number. */
export function countNote(tab: TabId, entries: readonly CatalogEntry[]): string {
  if (tab === 'zones') return `: ${zoneCounts(entries)}`;
  if (tab !== 'prices') return '';
  const priced = entries.filter(({ cells }) => cells['onDemand'] !== null || cells['spot'] !== null).length;
  return priced === entries.length ? '' : `, ${formatFixed(priced)} with a price`;
}

const isSold = ({ cells, imported }: CatalogEntry): boolean =>
  imported !== null || (cells['instances'] ?? cells['regions']) !== 0;

/** What is looked at before anything was chosen: the first that somebody sells. */
export const firstShown = (entries: readonly CatalogEntry[]): CatalogEntry | null =>
  entries.find(isSold) ?? entries[0] ?? null;

/** Everything a tab lists, in the order of the book. */
export function entriesOf(book: CatalogBook, tab: TabId): CatalogEntry[] {
  switch (tab) {
    case 'gpus':
      return book.gpus.map(gpuEntry);
    case 'instances': {
      const spans = priceSpans(book.prices);
      return book.instances.map((sheet) => instanceEntry(sheet, spans.get(sheet.id) ?? NO_SPAN));
    }
    case 'prices':
      return book.prices.map(priceEntry);
    case 'zones':
      return zoneEntries(book);
    case 'workloads':
      return book.workloads.map(workloadEntry);
    case 'imports':
      return book.imports.map(importEntry);
  }
}

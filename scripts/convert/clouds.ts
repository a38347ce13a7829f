import type { CloudFile, InstanceFileEntry, OfferFileEntry } from '../../src-worker/protocol/catalog-files.ts';
import { ConversionError, numberOf, numberOrNull, readCsv, textOf, textOrNull, type Row } from './read.ts';

const TERMS = 'USD per hour for the whole instance, Linux, pay as you go, without tax, boot disk and egress.';

interface ProviderMetadata {
  name: string;
  /** Unit of the published RAM and local disk figures, by the data folder's README. */
  memory: 'gib' | 'gb';
  disk: 'gib' | 'gb';
}

const PROVIDERS: Record<string, ProviderMetadata> = {
  aws: { name: 'Amazon Web Services', memory: 'gib', disk: 'gb' },
  azure: { name: 'Microsoft Azure', memory: 'gib', disk: 'gb' },
  coreweave: { name: 'CoreWeave', memory: 'gb', disk: 'gb' },
  gcp: { name: 'Google Cloud', memory: 'gib', disk: 'gib' },
  lambda: { name: 'Lambda', memory: 'gb', disk: 'gb' },
  nebius: { name: 'Nebius', memory: 'gb', disk: 'gb' },
  oci: { name: 'Oracle Cloud', memory: 'gb', disk: 'gb' },
  runpod: { name: 'RunPod', memory: 'gb', disk: 'gb' },
};

/** Spot prices that the data folder's README calls unverified; the answer that uses one carries the remark. */
const UNVERIFIED_SPOT = { provider: 'gcp', instance: /^a3-highgpu-/, region: 'europe-north1' };

/** Short keys in the order of first use: prices `p1`, `p2`, …, zones `z1`, … */
class SourceTable {
  readonly entries: CloudFile['sources'] = {};
  readonly #keys = new Map<string, string>();

  keyOf(prefix: string, title: string, asOf: string | null): string {
    const identity = `${prefix}|${title}|${asOf}`;
    const known = this.#keys.get(identity);
    if (known) return known;
    const key = `${prefix}${[...this.#keys.values()].filter((other) => other.startsWith(prefix)).length + 1}`;
    this.#keys.set(identity, key);
    this.entries[key] = { title, as_of: asOf };
    return key;
  }
}

export function convertClouds(folder: string): { files: Record<string, CloudFile>; notes: string[] } {
  const instances = readCsv(folder, 'hardware/instances.csv');
  const prices = groupRows(readCsv(folder, 'hardware/prices.csv'));
  const zones = groupRows(readCsv(folder, 'hardware/zones.csv'));
  const files: Record<string, CloudFile> = {};
  const notes: string[] = [];
  for (const provider of [...new Set(instances.map((row) => textOf(row, 'provider')))].sort()) {
    const metadata = PROVIDERS[provider];
    if (!metadata) {
      throw new ConversionError(`Provider "${provider}" is new: add its name and units to scripts/convert/clouds.ts.`);
    }
    const sources = new SourceTable();
    const own = instances
      .filter((row) => row['provider'] === provider)
      .map((row) => instance(row, metadata, prices, zones, sources));
    files[provider] = {
      schema_version: 1,
      provider,
      name: metadata.name,
      has_zones: own.some(({ offers }) => offers.some((offer) => offer.zones.length > 0)),
      currency: 'USD',
      terms: TERMS,
      sources: sources.entries,
      instances: own,
    };
    notes.push(describe(files[provider]));
  }
  return { files, notes };
}

function describe(file: CloudFile): string {
  const offers = file.instances.flatMap((entry) => entry.offers);
  const unpriced = file.instances.filter((entry) => entry.offers.length === 0).map((entry) => entry.name);
  const nowhere = unpriced.length > 0 ? `; sold in no known region: ${unpriced.join(', ')}` : '';
  return `clouds/${file.provider}.json: ${file.instances.length} instances, ${offers.length} offers${nowhere}.`;
}

function instance(
  row: Row,
  metadata: ProviderMetadata,
  prices: Map<string, Row[]>,
  zones: Map<string, Row[]>,
  sources: SourceTable,
): InstanceFileEntry {
  const linkBothWays = numberOrNull(row, 'gpu_interconnect_gbps_per_gpu');
  const memory = numberOrNull(row, 'ram_gib');
  const disk = numberOrNull(row, 'local_ssd_gb');
  return {
    name: textOf(row, 'instance'),
    family: textOf(row, 'family'),
    gpu: textOf(row, 'gpu_id'),
    gpu_count: numberOf(row, 'gpu_count'),
    vcpus: numberOrNull(row, 'vcpu'),
    ...(metadata.memory === 'gib' ? { host_memory_gib: memory } : { host_memory_gb: memory }),
    interconnect: textOf(row, 'gpu_interconnect') as InstanceFileEntry['interconnect'],
    link_gb_per_s_per_direction: linkBothWays === null ? null : linkBothWays / 2,
    network_gbit_per_s: numberOrNull(row, 'network_gbps'),
    ...(metadata.disk === 'gib' ? { local_ssd_gib: disk } : { local_ssd_gb: disk }),
    status: textOf(row, 'status') as InstanceFileEntry['status'],
    notes: textOrNull(row, 'notes'),
    offers: offersOf(prices.get(keyOf(row)) ?? [], zones.get(keyOf(row)) ?? [], sources),
  };
}

/** One offer per region that has a price or a zone, by region name. */
function offersOf(prices: Row[], zones: Row[], sources: SourceTable): OfferFileEntry[] {
  const regions = [...new Set([...prices, ...zones].map((row) => textOf(row, 'region')))].sort();
  return regions.map((region) => {
    const price = prices.find((row) => row['region'] === region);
    const named = zones.filter((row) => row['region'] === region && row['zone'] !== '');
    const [zone] = named;
    const asOf = price ? textOf(price, 'as_of') : null;
    return {
      region,
      on_demand_usd_per_hour: price ? numberOrNull(price, 'on_demand_usd_per_hour') : null,
      spot_usd_per_hour: price ? numberOrNull(price, 'spot_usd_per_hour') : null,
      as_of: asOf,
      source: price ? sources.keyOf('p', sourceTitle(price), null) : null,
      zones: named.map((row) => textOf(row, 'zone')).sort(),
      zones_source: zone ? sources.keyOf('z', textOf(zone, 'source'), textOf(zone, 'as_of')) : null,
    };
  });
}

function sourceTitle(price: Row): string {
  const isUnverified =
    price['provider'] === UNVERIFIED_SPOT.provider &&
    UNVERIFIED_SPOT.instance.test(textOf(price, 'instance')) &&
    price['region'] === UNVERIFIED_SPOT.region;
  return `${textOf(price, 'source')}${isUnverified ? '; spot unverified: far below every other region' : ''}`;
}

const keyOf = (row: Row): string => `${textOf(row, 'provider')}/${textOf(row, 'instance')}`;

function groupRows(rows: Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { resolveGpuId } from '../../../src-worker/engine/hardware/resolve.ts';
import type { Gpu } from '../../../src-worker/engine/hardware/types.ts';
import type { GpuFileEntry } from '../../../src-worker/protocol/catalog-files.ts';
import { gbFromGib } from '../../../src-worker/engine/units.ts';
import { isPriced, type CatalogContent, type ContentInstance, type ContentOffer, type GivenFacts } from '../content.ts';
import { gpuFromFile } from '../convert.ts';
import { instanceId, offerId } from '../entry-ids.ts';
import { hostMemoryGib, isSame, knownOf, wrongUnitProblem, type Known } from './checks.ts';
import { isObject, type Bounds, type Json } from './json-fields.ts';
import type { JsonPath } from './json-places.ts';
import { fieldOf, shown, unpricedWords } from './problems.ts';
import { providerOf } from './provider.ts';
import type { ReadContext } from './reader.ts';
import { checkSeedGpu, ownSeedGpu } from './seed-gpus.ts';
import type { SeedReading } from './seed-reading.ts';

const USD: Bounds = { above: 0, most: 100_000, example: 'USD per hour of the whole instance, 1.05' };
const COUNT: Bounds = { above: 0, most: 1024, example: 'GPUs, 8' };
const VCPUS: Bounds = { above: 0, most: 100_000, example: 'vCPUs, 12' };
const HOST_GB: Bounds = { above: 0, most: 1e6, example: 'GB, 85' };
const GBIT: Bounds = { above: 0, most: 1e6, example: 'Gbit/s, 100' };
/** Where a file says no place at all. */
const ANYWHERE = 'any';

const INSTANCE_KEYS = [
  'name',
  'family',
  'vcpus',
  'memory_gb',
  'gpus',
  'ondemand_price_usd',
  'spot_price_usd',
  'network_bw_gbps',
  'available_zones',
];

/** Where our facts stand in an instance of the file, and in a GPU of it. */
const INSTANCE_PATHS: Readonly<Record<string, JsonPath>> = {
  gpu: ['gpus', 0, 'type'],
  gpu_count: ['gpus', 0, 'count'],
  host_memory_gib: ['memory_gb'],
  host_memory_gb: ['memory_gb'],
  network_gbit_per_s: ['network_bw_gbps'],
  on_demand_usd_per_hour: ['ondemand_price_usd'],
  spot_usd_per_hour: ['spot_price_usd'],
  as_of: ['ondemand_price_usd'],
  source: ['ondemand_price_usd'],
  region: ['available_zones'],
  zones: ['available_zones'],
};
const GPU_KEYS: Readonly<Record<string, string>> = {
  memory_marketed_gb: 'vram_gb',
  memory_driver_gib: 'vram_gb',
  memory_usable_gib: 'vram_gb',
  memory_bandwidth_gb_per_s: 'memory_bw_gbps',
  fp16_dense_tflops: 'fp16_tflops',
  fp8_dense_tflops: 'fp8_tflops',
  int8_dense_tops: 'int8_tflops',
  supports_bf16: 'bf16_tflops',
};

interface SeedHardware {
  content: Pick<CatalogContent, 'gpus' | 'providers' | 'instances'>;
  read: number;
}

/** `metadata` and `vm_instances`. */
export function readSeedInstances(reading: SeedReading, context: ReadContext): SeedHardware {
  const entries = reading.data['vm_instances'];
  if (!Array.isArray(entries)) {
    reading.problems.add(['vm_instances'], `must be a list, got ${shown(entries)}`);
    return { content: { gpus: [], providers: [], instances: [] }, read: 0 };
  }
  return new InstanceReading(reading, context).read(entries);
}

interface ReadInstance {
  facts: GivenFacts;
  /** As the file has it: GB by the key's name. */
  memory: number | null;
  offers: ContentOffer[];
  path: JsonPath;
}

class InstanceReading {
  readonly #reading: SeedReading;
  readonly #known: Known;
  readonly #engineGpus: Gpu[];
  readonly #provider: { id: string; name: string | null } | null;
  readonly #asOf: string | null;
  /** Region of each zone that `metadata.zones` lists; null = it lists none. */
  readonly #regions: Map<string, string> | null;
  readonly #availability: Map<string, string[]>;
  readonly #isPriceUsable: boolean;
  readonly #own = new Map<string, GpuFileEntry>();
  /** Our ids of the types met so far. */
  readonly #ids = new Map<string, string>();

  constructor(reading: SeedReading, context: ReadContext) {
    this.#reading = reading;
    this.#known = knownOf(context.beneath);
    this.#engineGpus = context.beneath.gpus.map(({ facts }) => gpuFromFile(facts));
    const { data, fields, problems } = reading;
    const metadata = fields.object(data, 'metadata', []);
    const given =
      context.provider ??
      (metadata['provider'] === undefined
        ? null
        : fields.name(metadata, 'provider', ['metadata'], 'whose instances they are'));
    if (given === null && metadata['provider'] === undefined) {
      problems.add(['metadata', 'provider'], 'is missing: say whose instances they are there, or give --provider');
    }
    this.#provider = given === null ? null : providerOf(given, context.beneath);
    this.#asOf = this.#readDate(metadata);
    this.#regions = this.#readZones(metadata);
    this.#availability = this.#readAvailability(metadata);
    this.#isPriceUsable = this.#checkUnit(metadata);
  }

  read(entries: readonly unknown[]): SeedHardware {
    const provider = this.#provider;
    const names = new Set<string>();
    const read: ReadInstance[] = [];
    entries.forEach((entry, index) => {
      const path = ['vm_instances', index];
      const instance = this.#instance(entry, path);
      if (!instance) return;
      if (names.has(instance.facts.name)) {
        this.#reading.problems.add([...path, 'name'], `${shown(instance.facts.name)} is there twice: remove one`);
      } else read.push(instance);
      names.add(instance.facts.name);
    });
    if (!provider) return { content: { gpus: [], providers: [], instances: [] }, read: entries.length };
    const unit = this.#memoryUnit(provider.id, read);
    const taken = read.filter((instance) => this.#isInUnit(provider.id, instance, unit));
    const instances = taken.map(({ facts, memory, offers }): ContentInstance => {
      const host = memory === null ? {} : unit === 'GiB' ? { host_memory_gib: memory } : { host_memory_gb: memory };
      return { provider: provider.id, facts: { ...facts, ...host }, brings: 'entry', offers };
    });
    for (const instance of taken) this.#place(provider.id, instance);
    const hasZones = taken.some(({ offers }) => offers.some(({ zones }) => zones.length > 0));
    const gpus = [...this.#own.values()].map((facts) => ({ facts, asOf: this.#asOf }));
    return { content: { gpus, providers: [{ ...provider, hasZones }], instances }, read: entries.length };
  }

  #readDate(metadata: Json): string | null {
    const value = metadata['last_updated'];
    if (typeof value === 'string' && /^\d{4}(-\d\d(-\d\d)?)?$/.test(value)) return value;
    if (value !== undefined && value !== null) {
      this.#reading.notes.add(
        `metadata.last_updated is ${shown(value)}, no date such as 2026-11-28: the prices are without one.`,
      );
    }
    return null;
  }

  #checkUnit(metadata: Json): boolean {
    const unit = metadata['pricing_unit'];
    if (unit === undefined || unit === null) return true;
    if (typeof unit === 'string' && /^usd\s*(\/|per )\s*(h|hr|hour)$/i.test(unit.trim())) return true;
    this.#reading.problems.add(
      ['metadata', 'pricing_unit'],
      `is ${shown(unit)}, and prices are read in USD/hour: convert them, for without it they cannot be used`,
    );
    return false;
  }

  #readZones(metadata: Json): Map<string, string> | null {
    const { fields } = this.#reading;
    if (metadata['zones'] === undefined || metadata['zones'] === null) return null;
    const zones = fields.object(metadata, 'zones', ['metadata']);
    const regions = new Map<string, string>();
    for (const region of Object.keys(zones)) {
      if (fields.checkedName(region, ['metadata', 'zones', region]) === null) continue;
      for (const zone of fields.names(zones, region, ['metadata', 'zones']) ?? []) regions.set(zone, region);
    }
    return regions;
  }

  #readAvailability(metadata: Json): Map<string, string[]> {
    const { fields } = this.#reading;
    const table = fields.object(metadata, 'zone_instance_availability', ['metadata']);
    const path = ['metadata', 'zone_instance_availability'];
    return new Map(Object.keys(table).map((family) => [family, fields.names(table, family, path) ?? []]));
  }

  #instance(entry: unknown, path: JsonPath): ReadInstance | null {
    const { problems, fields, notes } = this.#reading;
    const before = problems.count;
    if (!isObject(entry)) {
      problems.add(path, `must be an object with a name and gpus, got ${shown(entry)}`);
      return null;
    }
    const name = fields.name(entry, 'name', path, 'the name of the instance');
    const gpus = this.#gpus(entry, path);
    const vcpus = fields.optionalNumber(entry, 'vcpus', path, VCPUS);
    const memory = fields.optionalNumber(entry, 'memory_gb', path, HOST_GB);
    const network = fields.optionalNumber(entry, 'network_bw_gbps', path, GBIT);
    const onDemand = fields.optionalNumber(entry, 'ondemand_price_usd', path, USD);
    const spot = fields.optionalNumber(entry, 'spot_price_usd', path, USD);
    const zones = fields.names(entry, 'available_zones', path);
    for (const key of Object.keys(entry)) {
      if (!INSTANCE_KEYS.includes(key)) notes.add(`The key "${key.slice(0, 60)}" of an instance is not taken.`);
    }
    if (problems.count > before || name === null || !gpus || zones === null) return null;
    const family = typeof entry['family'] === 'string' && entry['family'] !== '' ? { family: entry['family'] } : {};
    const facts: GivenFacts = {
      name,
      ...family,
      gpu: gpus.id,
      gpu_count: gpus.count,
      ...(vcpus !== null && { vcpus }),
      ...(network !== null && { network_gbit_per_s: network }),
    };
    const prices = this.#isPriceUsable ? { onDemand, spot } : { onDemand: null, spot: null };
    return { facts, memory, offers: this.#offers(name, zones, prices), path };
  }

  #gpus(entry: Json, path: JsonPath): { id: string; count: number } | null {
    const { problems, fields } = this.#reading;
    const list = entry['gpus'];
    if (!Array.isArray(list) || list.length === 0) {
      const got = list === undefined ? 'is missing' : `must be a list with the GPUs, got ${shown(list)}`;
      problems.add([...path, 'gpus'], `${got}: give [{"type": "nvidia-l4", "count": 1}]`);
      return null;
    }
    let found = null as { id: string; count: number } | null;
    for (const [index, gpu] of list.entries()) {
      const place = [...path, 'gpus', index];
      if (!isObject(gpu)) {
        problems.add(place, `must be an object with type and count, got ${shown(gpu)}`);
        return null;
      }
      const id = this.#gpuId(gpu, place);
      const count = fields.number(gpu, 'count', place, COUNT);
      if (count !== null && count > 1 && !Number.isInteger(count)) {
        problems.add([...place, 'count'], `is ${count}: give whole GPUs, or a share below 1`);
        return null;
      }
      if (id === null || count === null) return null;
      if (found && found.id !== id) {
        problems.add(
          [...place, 'type'],
          `is another than ${found.id}: instances with two kinds of GPU cannot be sized`,
        );
        return null;
      }
      found = { id, count: (found?.count ?? 0) + count };
    }
    return found;
  }

  /** The GPU of our catalogs, whose facts win, or one of the file's own. */
  #gpuId(gpu: Json, path: JsonPath): string | null {
    const { problems, fields, notes } = this.#reading;
    const type = fields.name(gpu, 'type', path, 'a GPU, for example nvidia-l4');
    if (type === null) return null;
    try {
      const id = this.#ids.get(type) ?? resolveGpuId({ gpus: this.#engineGpus }, type);
      this.#ids.set(type, id);
      const known = this.#known.gpus.get(id);
      if (known && !checkSeedGpu(gpu, known, path, { problems, notes })) return null;
      return id;
    } catch (thrown) {
      if (!(thrown instanceof ConfigIqError)) throw thrown;
      const own = thrown.code === 'unknown_gpu' ? ownSeedGpu(gpu, type, path, this.#reading) : null;
      if (own === 'not described')
        problems.add(
          [...path, 'type'],
          `${thrown.message.replace(/[.?]$/, '')}; or describe it with vram_gb, memory_bw_gbps and fp16_tflops`,
        );
      else if (own === null && thrown.code !== 'unknown_gpu')
        problems.add([...path, 'type'], thrown.message.replace(/\.$/, ''));
      if (own === null || own === 'not described') return null;
      if (!this.#own.has(own.id)) {
        this.#own.set(own.id, own);
        this.#reading.places.add(own.id, path, { keyPath: (key) => [GPU_KEYS[key] ?? key] });
      }
      return own.id;
    }
  }

  #offers(
    name: string,
    zones: readonly string[],
    { onDemand, spot }: { onDemand: number | null; spot: number | null },
  ): ContentOffer[] {
    const { notes, source } = this.#reading;
    const byRegion = new Map<string, string[]>();
    for (const zone of zones) {
      const listed = this.#regions?.get(zone);
      if (this.#regions && listed === undefined) notes.add(`The zone ${zone} is not in metadata.zones and is kept.`);
      const region = listed ?? regionOf(zone);
      byRegion.set(region, [...(byRegion.get(region) ?? []), zone]);
    }
    for (const [family, regions] of this.#availability) {
      if (!isOfFamily(name, family)) continue;
      for (const region of regions) {
        if (byRegion.has(region)) continue;
        const isListed = [...(this.#regions?.values() ?? [])].includes(region);
        notes.add(
          isListed
            ? `${family} is sold in ${region} by zone_instance_availability, in no zone by name.`
            : `${family} is sold in ${region} by zone_instance_availability, a region metadata.zones does not list: it is kept, its zones are unknown.`,
        );
        byRegion.set(region, []);
      }
    }
    if (byRegion.size === 0) byRegion.set(ANYWHERE, []);
    const prices = { on_demand_usd_per_hour: onDemand, spot_usd_per_hour: spot };
    const hasPrice = isPriced(prices);
    return [...byRegion].map(([region, own]) => ({
      region,
      ...prices,
      as_of: hasPrice ? this.#asOf : null,
      source: hasPrice ? source : null,
      zones: own,
      zones_source: own.length > 0 ? source : null,
    }));
  }

  #place(provider: string, { facts: { name }, offers, path }: ReadInstance): void {
    const { places, unpriced } = this.#reading;
    const id = instanceId(provider, name);
    const keyPath = (key: string): JsonPath => INSTANCE_PATHS[key] ?? [key];
    places.add(id, path, { keyPath });
    // All regions share the prices of the instance.
    for (const { region } of offers) places.add(offerId(provider, name, region), path, { keyPath, unit: id });
    if (!offers.some(isPriced)) unpriced.add([...path, 'ondemand_price_usd'], unpricedWords(id));
  }

  /** `memory_gb` of the original's own file holds GiB: where the instances that are known say so, it holds for all. */
  #memoryUnit(provider: string, read: readonly ReadInstance[]): 'GB' | 'GiB' {
    const votes = { GB: 0, GiB: 0 };
    let first: JsonPath | null = null;
    for (const { facts, memory, path } of read) {
      const gib = this.#knownGib(provider, facts.name);
      if (gib === null || memory === null) continue;
      if (isSame(memory, gib)) {
        votes.GiB += 1;
        first ??= [...path, 'memory_gb'];
      } else if (isSame(memory, gbFromGib(gib))) votes.GB += 1;
    }
    if (votes.GiB <= votes.GB || first === null) return 'GB';
    this.#reading.notes.add(
      `Every memory_gb is read as GiB, which it is for the instances that are known: line ${this.#reading.lineOf(first)}, ${fieldOf(first)}, is the first.`,
    );
    return 'GiB';
  }

  #knownGib(provider: string, name: string): number | null {
    const known = this.#known.instances.get(instanceId(provider, name));
    return known ? hostMemoryGib(known.facts) : null;
  }

  /** False after the memory was named that is ours in another unit than the file's. */
  #isInUnit(provider: string, { facts, memory, path }: ReadInstance, unit: 'GB' | 'GiB'): boolean {
    const gib = this.#knownGib(provider, facts.name);
    const words = gib === null || memory === null ? null : wrongUnitProblem(memory, unit, gib);
    if (words !== null) this.#reading.problems.add([...path, 'memory_gb'], words);
    return words === null;
  }
}

/** `us-central1` of `us-central1-a`, `us-east-1` of `us-east-1a`. */
const regionOf = (zone: string): string => zone.replace(/-[a-z]$/, '').replace(/(\d)[a-z]$/, '$1') || zone;

/** `a2-highgpu` of `a2-highgpu-1g`; `n1-nvidia-t4` of `n1-standard-4-nvidia-t4-1`: the parts in their order. */
function isOfFamily(name: string, family: string): boolean {
  const parts = name.split('-');
  let at = 0;
  for (const part of family.split('-')) {
    const found = parts.indexOf(part, at);
    if (found === -1 || (at === 0 && found !== 0)) return false;
    at = found + 1;
  }
  return true;
}

import type {
  CatalogBook,
  CatalogFact,
  CatalogImportEntry,
  CatalogLayer,
  FactValue,
  GpuSheet,
  InstanceSheet,
  PriceSheet,
  WorkloadSheet,
} from '../../src-worker/protocol/catalog-api.ts';
import { UNBOUNDED_TOKENS } from '../../src-worker/engine/workload/types.ts';
import { firstDay } from './dates.ts';
import { instanceId, offerId } from './entry-ids.ts';
import { GPU_FIELDS, INSTANCE_FIELDS, WORKLOAD_FIELDS, type FieldSpec } from './fields.ts';
import {
  type Corrections,
  type LayeredCatalog,
  type LayeredGpu,
  type LayeredInstance,
  type LayeredOffer,
  type LayeredWorkload,
} from './layers.ts';

/** Everything the catalogs hold, as people read it; sorted by id. */
export function catalogBook(catalog: LayeredCatalog, imports: CatalogImportEntry[]): CatalogBook {
  const instancesByGpu = Map.groupBy(catalog.instances, ({ facts }) => facts.gpu);
  return {
    gpus: sorted(
      catalog.gpus.map((gpu) => gpuSheet(gpu, instancesByGpu.get(gpu.facts.id) ?? [])),
      ({ id }) => id,
    ),
    instances: sorted(catalog.instances.map(instanceSheet), ({ id }) => id),
    prices: sorted(
      catalog.instances.flatMap((instance) => instance.offers.map((offer) => priceSheet(instance, offer))),
      ({ id }) => id,
    ),
    workloads: sorted(catalog.workloads.map(workloadSheet), ({ name }) => name),
    providers: sorted(providerEntries(catalog), ({ id }) => id),
    imports,
  };
}

const sorted = <Entry>(entries: Entry[], key: (entry: Entry) => string): Entry[] =>
  entries.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));

interface Origin {
  layer: CatalogLayer;
  source: string;
  asOf: string | null;
}

function factsOf(
  fields: readonly FieldSpec[],
  valueOf: (key: string) => unknown,
  originOf: (key: string) => Origin,
  corrections: Corrections,
): CatalogFact[] {
  return fields.flatMap(({ key, label, unit, kind, canBeCorrected, isAbsentWhenNull }) => {
    const value = valueOf(key);
    // A GPU that lacks a format shows so; memory in the unit that the file does not use is not there at all.
    if (value === undefined && isAbsentWhenNull === undefined) return [];
    return [
      {
        key,
        label,
        unit,
        kind,
        value: (value ?? null) as FactValue,
        ...originOf(key),
        canBeCorrected,
        correction: corrections[key] ?? null,
      },
    ];
  });
}

function gpuSheet({ facts, asOf, layer, corrections }: LayeredGpu, instances: readonly LayeredInstance[]): GpuSheet {
  const prices = instances.flatMap(({ offers }) => offers.map((offer) => offer.facts.on_demand_usd_per_hour ?? []));
  return {
    id: facts.id,
    name: facts.name,
    vendor: facts.vendor,
    architecture: facts.architecture,
    layer,
    facts: factsOf(
      GPU_FIELDS,
      (key) => member(facts, key),
      () => ({ layer, source: facts.source, asOf }),
      corrections,
    ),
    notes: facts.notes,
    instances: instances.length,
    providers: [...new Set(instances.map(({ provider }) => provider))].sort(),
    cheapestUsdPerHour: least(prices.flat()),
  };
}

function least(values: readonly number[]): number | null {
  let found: number | null = null;
  for (const value of values) if (found === null || value < found) found = value;
  return found;
}

function instanceSheet(instance: LayeredInstance): InstanceSheet {
  const { provider, facts, layer, corrections } = instance;
  const originOf = (key: string): Origin => {
    const { layer: own, origin } = instance.factPlaces[key] ?? instance;
    return { layer: own, source: origin, asOf: null };
  };
  return {
    id: instanceId(provider, facts.name),
    provider,
    instance: facts.name,
    gpu: facts.gpu,
    gpuCount: facts.gpu_count,
    status: facts.status,
    layer,
    facts: factsOf(INSTANCE_FIELDS, (key) => member(facts, key), originOf, corrections),
    notes: facts.notes,
  };
}

function priceSheet({ provider, facts: instance }: LayeredInstance, offer: LayeredOffer): PriceSheet {
  const { facts, layer, corrections } = offer;
  return {
    id: offerId(provider, instance.name, facts.region),
    provider,
    instance: instance.name,
    gpu: instance.gpu,
    gpuCount: instance.gpu_count,
    region: facts.region,
    zones: facts.zones,
    onDemandUsdPerHour: facts.on_demand_usd_per_hour,
    spotUsdPerHour: facts.spot_usd_per_hour,
    zonePrices: (facts.zone_prices ?? []).map((price) => ({
      zone: price.zone,
      onDemandUsdPerHour: price.on_demand_usd_per_hour,
      spotUsdPerHour: price.spot_usd_per_hour,
    })),
    asOf: facts.as_of,
    source: facts.source,
    layer,
    corrections,
  };
}

function workloadSheet({ facts, layer }: LayeredWorkload): WorkloadSheet {
  const origin: Origin = { layer, source: facts.source, asOf: null };
  return {
    name: facts.name,
    description: facts.description,
    layer,
    facts: factsOf(
      WORKLOAD_FIELDS,
      (path) => workloadValue(facts, path),
      () => origin,
      {},
    ),
  };
}

function workloadValue(facts: LayeredWorkload['facts'], path: string): unknown {
  const value = path.split('.').reduce(member, facts as unknown);
  return path.endsWith('.max') && value === UNBOUNDED_TOKENS ? 'context of the model' : value;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function providerEntries({ providers, instances }: LayeredCatalog): CatalogBook['providers'] {
  const dates = new Map<string, string[]>();
  for (const { provider, offers } of instances) {
    const known = dates.get(provider) ?? [];
    for (const { facts } of offers) if (facts.as_of !== null) known.push(firstDay(facts.as_of));
    dates.set(provider, known);
  }
  return providers.map(({ id, name, hasZones }) => {
    const days = (dates.get(id) ?? []).sort();
    return { id, name, hasZones, oldest: days[0] ?? null, newest: days.at(-1) ?? null };
  });
}

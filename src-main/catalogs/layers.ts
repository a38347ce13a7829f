import { instanceId } from './entry-ids.ts';
import type { GpuFileEntry } from '../../src-worker/protocol/catalog-files.ts';
import type { CatalogLayer, FactCorrection } from '../../src-worker/protocol/catalog-api.ts';
import type {
  CatalogContent,
  ContentInstance,
  ContentOffer,
  ContentWorkload,
  GivenFacts,
  HeadroomPoint,
  InstanceFacts,
} from './content.ts';

/** One file over those before it. */
export interface Layer {
  layer: CatalogLayer;
  /** Where it comes from, in words: `catalogs/clouds/aws.json`, the name of an import. */
  origin: string;
  content: CatalogContent;
}

interface Placed {
  layer: CatalogLayer;
  origin: string;
}

/** By key. */
export type Corrections = Record<string, FactCorrection>;

export interface LayeredGpu extends Placed {
  facts: GpuFileEntry;
  asOf: string | null;
  corrections: Corrections;
}
export interface LayeredOffer extends Placed {
  facts: ContentOffer;
  corrections: Corrections;
}
export interface LayeredInstance extends Placed {
  provider: string;
  facts: InstanceFacts;
  offers: LayeredOffer[];
  corrections: Corrections;
  /** Of facts that come from another layer than the instance itself. */
  factPlaces: Readonly<Record<string, Placed>>;
}
export interface LayeredWorkload extends Placed {
  facts: ContentWorkload;
}
export interface LayeredProvider {
  id: string;
  name: string;
  hasZones: boolean;
}

/** The catalogs as they are in force: every entry once, with the layer it comes from. */
export interface LayeredCatalog {
  gpus: LayeredGpu[];
  providers: LayeredProvider[];
  instances: LayeredInstance[];
  workloads: LayeredWorkload[];
  /** Of the uppermost file that has one; null = the table of ConfigIQ itself. */
  headroom: { points: HeadroomPoint[]; origin: string } | null;
  /** Entries that cannot hold at the moment, as sentences: an instance whose GPU went with another import. */
  problems: string[];
}

/** Lays the files over each other (decision 15); the order of entries is that of the layers. */
export function stack(layers: readonly Layer[]): LayeredCatalog {
  const gpus = new Map<string, LayeredGpu>();
  const providers = new Map<string, LayeredProvider>();
  const instances = new Map<string, LayeredInstance>();
  const workloads = new Map<string, LayeredWorkload>();
  let headroom: LayeredCatalog['headroom'] = null;
  for (const { layer, origin, content } of layers) {
    const place: Placed = { layer, origin };
    for (const { facts, asOf } of content.gpus) gpus.set(facts.id, { ...place, facts, asOf, corrections: {} });
    for (const provider of content.providers) {
      const beneath = providers.get(provider.id);
      providers.set(provider.id, {
        id: provider.id,
        name: provider.name ?? beneath?.name ?? provider.id,
        hasZones: provider.hasZones || (beneath?.hasZones ?? false),
      });
    }
    for (const instance of content.instances) {
      const id = instanceId(instance.provider, instance.facts.name);
      const gpu = gpus.get(instance.facts.gpu)?.facts;
      instances.set(id, laidOver(instances.get(id), instance, gpu, place));
    }
    for (const facts of content.workloads) workloads.set(facts.name, { ...place, facts });
    if (content.headroom) headroom = { points: content.headroom, origin };
  }
  const sold = [...instances.values()].filter(({ facts }) => gpus.has(facts.gpu));
  const problems = [...instances.values()]
    .filter(({ facts }) => !gpus.has(facts.gpu))
    .map(
      ({ provider, facts, origin }) =>
        `${instanceId(provider, facts.name)} of ${origin} is left out: its GPU "${facts.gpu}" is in no catalog now.`,
    );
  return {
    gpus: [...gpus.values()],
    providers: [...providers.values()],
    instances: sold,
    workloads: [...workloads.values()],
    headroom,
    problems,
  };
}

function laidOver(
  beneath: LayeredInstance | undefined,
  { provider, facts: given, brings, offers }: ContentInstance,
  gpu: GpuFileEntry | undefined,
  place: Placed,
): LayeredInstance {
  const placed = offers.map((facts): LayeredOffer => ({ ...place, facts, corrections: {} }));
  if (brings === 'prices' && beneath) {
    const factPlaces = placesBeneath(beneath, {});
    return { ...beneath, ...place, offers: mergedOffers(beneath.offers, placed), factPlaces };
  }
  const isSameHardware = beneath?.facts.gpu === given.gpu && beneath.facts.gpu_count === given.gpu_count;
  const known = isSameHardware ? beneath : null;
  return {
    ...place,
    provider,
    facts: completed(given, known?.facts ?? null, gpu),
    offers: placed.length > 0 ? placed : (beneath?.offers ?? []),
    corrections: {},
    factPlaces: known ? placesBeneath(known, given) : {},
  };
}

/** Where the facts come from that a file does not say. */
function placesBeneath(beneath: LayeredInstance, given: Partial<GivenFacts>): Record<string, Placed> {
  const { layer, origin, facts, factPlaces } = beneath;
  return Object.fromEntries(
    Object.keys(facts)
      .filter((key) => given[key as keyof GivenFacts] === undefined)
      .map((key) => [key, factPlaces[key] ?? { layer, origin }]),
  );
}

/** Regions of the upper layer take the place of their like; zones stay where the upper layer knows none. */
function mergedOffers(beneath: readonly LayeredOffer[], above: readonly LayeredOffer[]): LayeredOffer[] {
  const byRegion = new Map(beneath.map((offer) => [offer.facts.region, offer]));
  for (const offer of above) {
    const old = byRegion.get(offer.facts.region)?.facts;
    const keepsZones = old && offer.facts.zones.length === 0;
    const facts = keepsZones ? { ...offer.facts, zones: old.zones, zones_source: old.zones_source } : offer.facts;
    byRegion.set(offer.facts.region, { ...offer, facts });
  }
  return [...byRegion.values()];
}

/** What the file does not say: as the same hardware is known beneath, else unknown. */
function completed(given: GivenFacts, beneath: InstanceFacts | null, gpu: GpuFileEntry | undefined): InstanceFacts {
  const says = (key: keyof GivenFacts): boolean => given[key] !== undefined;
  const facts: InstanceFacts = {
    family: familyOf(given.name),
    vcpus: null,
    ...assumedLink(gpu, given.gpu_count),
    network_gbit_per_s: null,
    status: 'current',
    notes: null,
    ...beneath,
    ...dropUndefined(given),
  };
  // Memory stands under one of two keys: what is given replaces what is known in the other unit.
  if (says('host_memory_gib')) delete facts.host_memory_gb;
  else if (says('host_memory_gb')) delete facts.host_memory_gib;
  else if (facts.host_memory_gb === undefined) facts.host_memory_gib ??= null;
  if (says('local_ssd_gib')) delete facts.local_ssd_gb;
  else if (says('local_ssd_gb')) delete facts.local_ssd_gib;
  else if (facts.local_ssd_gb === undefined) facts.local_ssd_gib ??= null;
  return facts;
}

const dropUndefined = (given: GivenFacts): GivenFacts =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as GivenFacts;

/** `p5` of `p5.48xlarge`, `a2` of `a2-highgpu-8g`. */
const familyOf = (name: string): string => name.split(/[.\-_+]/)[0] || name;

/** Boards whose GPUs are soldered to a link; all others meet over PCIe unless a file says more. */
const LINKED_BOARD = /^(SXM|OAM|Superchip)/;

function assumedLink(
  gpu: GpuFileEntry | undefined,
  count: number,
): Pick<InstanceFacts, 'interconnect' | 'link_gb_per_s_per_direction'> {
  if (count <= 1) return { interconnect: 'none', link_gb_per_s_per_direction: null };
  const link = gpu?.link_gb_per_s_per_direction ?? null;
  if (!gpu || link === null || !LINKED_BOARD.test(gpu.form_factor)) {
    return { interconnect: 'pcie', link_gb_per_s_per_direction: gpu?.pcie_gb_per_s_per_direction ?? null };
  }
  return { interconnect: gpu.vendor === 'amd' ? 'xgmi' : 'nvswitch', link_gb_per_s_per_direction: link };
}

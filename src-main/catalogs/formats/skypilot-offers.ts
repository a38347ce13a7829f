import type { ContentInstance, ContentOffer, GivenFacts } from '../content.ts';
import { instanceId, offerId } from '../entry-ids.ts';
import { TableEntries } from './entry-places.ts';
import type { Counted } from './problems.ts';
import type { SkyDoubts } from './skypilot-doubts.ts';

export interface Place {
  region: string;
  zone: string | null;
}
/** USD per hour of the whole instance, and the row that says so. */
export interface Prices {
  onDemand: number;
  spot: number | null;
  line: number;
}

/** What the rows of one region say: by zone, and without one. */
interface Region {
  ofRegion: Prices | null;
  byZone: Map<string, Prices>;
}

/** Where our facts stand in a row. */
const COLUMNS_OF_FACTS = {
  gpu: 'AcceleratorName',
  gpu_count: 'AcceleratorCount',
  vcpus: 'vCPUs',
  host_memory_gib: 'MemoryGiB',
  on_demand_usd_per_hour: 'Price',
  spot_usd_per_hour: 'SpotPrice',
  zone_prices: 'Price',
  as_of: 'Price',
  region: 'Region',
  zones: 'AvailabilityZone',
};

/** Rows by instance, region and zone. */
export class SkyOffers {
  /** Of the price that counts. */
  readonly places = new TableEntries(COLUMNS_OF_FACTS);
  readonly #provider: string;
  readonly #source: string;
  readonly #notes: Counted;
  readonly #doubts: SkyDoubts;
  /** The row that is the first of its place. */
  readonly #firsts = new Map<string, Prices>();
  readonly #byInstance = new Map<string, { facts: GivenFacts; regions: Map<string, Region> }>();

  constructor(provider: string, notes: Counted, doubts: SkyDoubts) {
    this.#provider = provider;
    this.#source = `${provider}/vms.csv of SkyPilot`;
    this.#notes = notes;
    this.#doubts = doubts;
  }

  add(facts: GivenFacts, { region: name, zone }: Place, prices: Prices): void {
    const id = offerId(this.#provider, facts.name, name);
    let instance = this.#byInstance.get(facts.name);
    if (!instance) {
      this.#byInstance.set(facts.name, (instance = { facts, regions: new Map() }));
      this.places.set(instanceId(this.#provider, facts.name), prices.line);
    }
    let region = instance.regions.get(name);
    if (!region) instance.regions.set(name, (region = { ofRegion: null, byZone: new Map() }));
    const known = zone === null ? region.ofRegion : (region.byZone.get(zone) ?? null);
    const taken = known ? lowest(known, prices) : prices;
    this.#compareWithFirst(instanceId(this.#provider, facts.name), { region: name, zone }, prices);
    if (zone === null) region.ofRegion = taken;
    else {
      region.byZone.set(zone, taken);
      this.places.set(`${id}/${zone}`, taken.line);
    }
  }

  #compareWithFirst(id: string, { region, zone }: Place, prices: Prices): void {
    const place = `${id} in ${zone === null ? region : `${zone} of ${region}`}`;
    const first = this.#firsts.get(place);
    if (!first) this.#firsts.set(place, prices);
    else if (!this.#doubts.contradict(place, first, prices, 'lowest'))
      this.#notes.add('Rows that repeat another of their place: each counts once');
  }

  instances(): ContentInstance[] {
    return [...this.#byInstance.values()].map(({ facts, regions }) => ({
      provider: this.#provider,
      facts,
      brings: 'prices',
      offers: [...regions].map(([name, region]) => this.#offer(facts.name, name, region)),
    }));
  }

  #offer(instance: string, region: string, { ofRegion, byZone }: Region): ContentOffer {
    const zones = [...byZone.keys()];
    if (ofRegion && byZone.size > 0)
      this.#notes.add('A price without a zone where zones of the region have theirs: theirs count.');
    const priced = byZone.size > 0 ? [...byZone.values()] : ofRegion ? [ofRegion] : [];
    const lowest = {
      on_demand_usd_per_hour: priced.reduce<number | null>((least, { onDemand }) => lower(least, onDemand), null),
      spot_usd_per_hour: priced.reduce<number | null>((least, { spot }) => lower(least, spot), null),
    };
    const cheapest = priced.find(({ onDemand }) => onDemand === lowest.on_demand_usd_per_hour);
    if (cheapest) this.places.set(offerId(this.#provider, instance, region), cheapest.line);
    const dearer = [...byZone].flatMap(([zone, { onDemand, spot }]) =>
      onDemand === lowest.on_demand_usd_per_hour && spot === lowest.spot_usd_per_hour
        ? []
        : [{ zone, on_demand_usd_per_hour: onDemand, spot_usd_per_hour: spot }],
    );
    if (dearer.length > 0) this.#notes.add('Zones of a region ask different prices: each keeps its own.');
    return {
      region,
      ...lowest,
      as_of: null,
      source: this.#source,
      zones,
      zones_source: zones.length > 0 ? this.#source : null,
      ...(dearer.length > 0 && { zone_prices: dearer }),
    };
  }
}

/** Two rows of one place. */
function lowest(one: Prices, other: Prices): Prices {
  const { line } = other.onDemand < one.onDemand ? other : one;
  return { onDemand: Math.min(one.onDemand, other.onDemand), spot: lower(one.spot, other.spot), line };
}

const lower = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.min(one, other);

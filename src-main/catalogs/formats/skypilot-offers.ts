import type { ContentInstance, ContentOffer, GivenFacts } from '../content.ts';
import type { Counted } from './problems.ts';

export interface Place {
  region: string;
  zone: string | null;
}
/** USD per hour of the whole instance. */
export interface Prices {
  onDemand: number;
  spot: number | null;
}

/** What the rows of one region say: by zone, and without one. */
interface Region {
  ofRegion: Prices | null;
  byZone: Map<string, Prices>;
}

/** Rows by instance, region and zone. */
export class SkyOffers {
  readonly #source: string;
  readonly #notes: Counted;
  readonly #byInstance = new Map<string, { facts: GivenFacts; regions: Map<string, Region> }>();

  constructor(source: string, notes: Counted) {
    this.#source = source;
    this.#notes = notes;
  }

  add(facts: GivenFacts, { region: name, zone }: Place, prices: Prices): void {
    let instance = this.#byInstance.get(facts.name);
    if (!instance) this.#byInstance.set(facts.name, (instance = { facts, regions: new Map() }));
    let region = instance.regions.get(name);
    if (!region) instance.regions.set(name, (region = { ofRegion: null, byZone: new Map() }));
    const known = zone === null ? region.ofRegion : (region.byZone.get(zone) ?? null);
    const taken = known ? this.#lowest(known, prices) : prices;
    if (zone === null) region.ofRegion = taken;
    else region.byZone.set(zone, taken);
  }

  /** Two rows of one place. */
  #lowest(one: Prices, other: Prices): Prices {
    if (one.onDemand !== other.onDemand || one.spot !== other.spot) {
      this.#notes.add('Rows that give one place different prices: the lowest counts.');
    }
    return { onDemand: Math.min(one.onDemand, other.onDemand), spot: lower(one.spot, other.spot) };
  }

  instances(provider: string): ContentInstance[] {
    return [...this.#byInstance.values()].map(({ facts, regions }) => ({
      provider,
      facts,
      brings: 'prices',
      offers: [...regions].map(([name, region]) => this.#offer(name, region)),
    }));
  }

  #offer(region: string, { ofRegion, byZone }: Region): ContentOffer {
    const zones = [...byZone.keys()];
    if (ofRegion && byZone.size > 0)
      this.#notes.add('A price without a zone where zones of the region have theirs: theirs count.');
    const priced = byZone.size > 0 ? [...byZone.values()] : ofRegion ? [ofRegion] : [];
    const lowest = {
      on_demand_usd_per_hour: priced.reduce<number | null>((least, { onDemand }) => lower(least, onDemand), null),
      spot_usd_per_hour: priced.reduce<number | null>((least, { spot }) => lower(least, spot), null),
    };
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

const lower = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.min(one, other);

import type { ContentInstance, ContentOffer, GivenFacts } from '../content.ts';
import { instanceId, offerId } from '../entry-ids.ts';
import { TableEntries } from './entry-places.ts';
import type { Counted } from './problems.ts';

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

/** Where our facts stand in a row. */
const COLUMNS_OF_FACTS = {
  gpu: 'AcceleratorName',
  gpu_count: 'AcceleratorCount',
  vcpus: 'vCPUs',
  host_memory_gib: 'MemoryGiB',
  on_demand_usd_per_hour: 'Price',
  spot_usd_per_hour: 'SpotPrice',
  as_of: 'Price',
  region: 'Region',
  zones: 'AvailabilityZone',
};

/** Rows by instance and region; zones of a region share one price, the lowest. */
export class SkyOffers {
  /** Of the price that counts. */
  readonly places = new TableEntries(COLUMNS_OF_FACTS);
  readonly #provider: string;
  readonly #source: string;
  readonly #notes: Counted;
  readonly #byInstance = new Map<string, { facts: GivenFacts; offers: Map<string, ContentOffer> }>();

  constructor(provider: string, notes: Counted) {
    this.#provider = provider;
    this.#source = `${provider}/vms.csv of SkyPilot`;
    this.#notes = notes;
  }

  add(facts: GivenFacts, { region, zone }: Place, { onDemand, spot, line }: Prices): void {
    const id = offerId(this.#provider, facts.name, region);
    let instance = this.#byInstance.get(facts.name);
    if (!instance) {
      this.#byInstance.set(facts.name, (instance = { facts, offers: new Map() }));
      this.places.set(instanceId(this.#provider, facts.name), line);
    }
    const offer = instance.offers.get(region);
    if (!offer) {
      this.places.set(id, line);
      instance.offers.set(region, {
        region,
        on_demand_usd_per_hour: onDemand,
        spot_usd_per_hour: spot,
        as_of: null,
        source: this.#source,
        zones: zone === null ? [] : [zone],
        zones_source: zone === null ? null : this.#source,
      });
      return;
    }
    if (zone !== null && !offer.zones.includes(zone)) offer.zones.push(zone);
    if (offer.on_demand_usd_per_hour !== onDemand)
      this.#notes.add('On-demand prices that differ between the zones of a region: the lowest counts.');
    if (offer.spot_usd_per_hour !== spot)
      this.#notes.add('Spot prices that differ between the zones of a region: the lowest counts.');
    if (onDemand < (offer.on_demand_usd_per_hour ?? Number.POSITIVE_INFINITY)) this.places.set(id, line);
    offer.on_demand_usd_per_hour = lower(offer.on_demand_usd_per_hour, onDemand);
    offer.spot_usd_per_hour = lower(offer.spot_usd_per_hour, spot);
  }

  instances(): ContentInstance[] {
    return [...this.#byInstance.values()].map(({ facts, offers }) => ({
      provider: this.#provider,
      facts,
      brings: 'prices',
      offers: [...offers.values()],
    }));
  }
}

const lower = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.min(one, other);

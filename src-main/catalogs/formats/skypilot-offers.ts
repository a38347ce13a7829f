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

/** Rows by instance and region; zones of a region share one price, the lowest. */
export class SkyOffers {
  readonly #source: string;
  readonly #notes: Counted;
  readonly #byInstance = new Map<string, { facts: GivenFacts; offers: Map<string, ContentOffer> }>();

  constructor(source: string, notes: Counted) {
    this.#source = source;
    this.#notes = notes;
  }

  add(facts: GivenFacts, { region, zone }: Place, { onDemand, spot }: Prices): void {
    let instance = this.#byInstance.get(facts.name);
    if (!instance) this.#byInstance.set(facts.name, (instance = { facts, offers: new Map() }));
    const offer = instance.offers.get(region);
    if (!offer) {
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
    offer.on_demand_usd_per_hour = lower(offer.on_demand_usd_per_hour, onDemand);
    offer.spot_usd_per_hour = lower(offer.spot_usd_per_hour, spot);
  }

  instances(provider: string): ContentInstance[] {
    return [...this.#byInstance.values()].map(({ facts, offers }) => ({
      provider,
      facts,
      brings: 'prices',
      offers: [...offers.values()],
    }));
  }
}

const lower = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.min(one, other);

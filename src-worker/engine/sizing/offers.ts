import type { Instance, RegionOffer } from '../hardware/types.ts';
import type { Refusal, SizingDemand } from './types.ts';

/** The cheapest region of an instance within the filters, or why there is none. */
export type OfferChoice =
  | {
      kind: 'offer';
      offer: RegionOffer;
      /** null = hardware of one's own that nobody gave a price for. */
      usdPerHour: number | null;
      otherRegions: number;
    }
  | { kind: 'refused'; refusal: Refusal };

type Pricing = SizingDemand['pricing'];
/** What of a demand decides where an instance stands and what it costs. */
type PlaceDemand = Pick<SizingDemand, 'pricing' | 'zone' | 'region'>;

/** USD per hour in a zone; without one, of the zone of the region that asks least. */
export function priceOf(offer: RegionOffer, pricing: Pricing, zone: string | null): number | null {
  const prices = offer.zonePrices?.find((price) => price.zone === zone) ?? offer;
  return pricing === 'spot' ? prices.spotUsdPerHour : prices.onDemandUsdPerHour;
}

/** Zones that ask the region's price, where others of it ask more; null = all of them do. */
export function zonesOfPrice(offer: RegionOffer, pricing: Pricing): string[] | null {
  if (!offer.zonePrices) return null;
  const lowest = priceOf(offer, pricing, null);
  const zones = offer.zones.filter((zone) => priceOf(offer, pricing, zone) === lowest);
  return zones.length < offer.zones.length ? zones : null;
}

/** Day, month or year that a price is of: the person's own is of the day they gave it. */
export const priceDate = (offer: RegionOffer, pricing: Pricing): string | null =>
  (pricing === 'spot' ? offer.correctedOn?.spot : offer.correctedOn?.onDemand) ?? offer.priceAsOf;

/** Why the price asked in a zone, or in the region, wants a second look; null = nothing is known against it. */
export function priceDoubt(offer: RegionOffer, pricing: Pricing, zone: string | null): string | null {
  if (priceOf(offer, pricing, zone) !== priceOf(offer, pricing, null)) return null;
  return (pricing === 'spot' ? offer.doubts?.spot : offer.doubts?.onDemand) ?? null;
}

const refused = (reason: Refusal['reason'], detail: string): OfferChoice => ({
  kind: 'refused',
  refusal: { reason, detail, margin: null },
});

function placeFilter(instance: Instance, demand: PlaceDemand): RegionOffer[] | OfferChoice {
  const { zone, region } = demand;
  const name = `${instance.provider} ${instance.name}`;
  if (zone !== null) {
    const there = instance.offers.filter((offer) => offer.zones.includes(zone));
    if (there.length > 0) return there;
    const knowsZones = instance.offers.some((offer) => offer.zones.length > 0);
    return knowsZones
      ? refused('not_in_zone', `${name} is not sold in ${zone}.`)
      : refused('zone_unknown', `${name} is sold per region; in which zones it stands is not known.`);
  }
  if (region !== null) {
    const there = instance.offers.filter((offer) => offer.region === region);
    return there.length > 0 ? there : refused('region_filtered', `${name} is not sold in ${region}.`);
  }
  return instance.offers;
}

/** Cheapest first; equal prices by the region's name, so that the choice is the same everywhere. */
export function chooseOffer(instance: Instance, demand: PlaceDemand): OfferChoice {
  const offers = placeFilter(instance, demand);
  if (!Array.isArray(offers)) return offers;
  let best: { offer: RegionOffer; usdPerHour: number } | null = null;
  let priced = 0;
  for (const offer of offers) {
    const usdPerHour = priceOf(offer, demand.pricing, demand.zone);
    if (usdPerHour === null) continue;
    priced += 1;
    const isBetter =
      best === null ||
      usdPerHour < best.usdPerHour ||
      (usdPerHour === best.usdPerHour && offer.region < best.offer.region);
    if (isBetter) best = { offer, usdPerHour };
  }
  if (best) return { kind: 'offer', ...best, otherRegions: priced - 1 };
  const [own] = offers;
  if (instance.own && own) return { kind: 'offer', offer: own, usdPerHour: null, otherRegions: 0 };
  const where = demand.zone ?? demand.region ?? 'any region';
  return demand.pricing === 'spot'
    ? refused('spot_unknown', `No spot price of ${instance.provider} ${instance.name} is known for ${where}.`)
    : refused('price_unknown', `No on-demand price of ${instance.provider} ${instance.name} is known for ${where}.`);
}

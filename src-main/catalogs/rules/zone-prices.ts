import type { RegionOffer, ZonePrice } from '../../../src-worker/engine/hardware/types.ts';
import { offerEntries, wrong } from './entries.ts';
import { spotProblem } from './spot-below-on-demand.ts';
import type { CatalogRule } from './types.ts';

export const zonePrices: CatalogRule = {
  name: 'zone-prices',
  sentence: 'Prices of zones are of zones that sell the instance, and the region has the lowest of them.',
  check: ({ instances }) =>
    offerEntries(instances).flatMap(({ entry, offer }) => {
      const found = zonePriceProblem(offer);
      return found ? [wrong(entry, 'zone_prices', found.zone, asSentence(found.words))] : [];
    }),
};

const asSentence = (words: string): string => (words.endsWith('?') ? words : `${words}.`);

const PRICES = [
  ['on-demand', ({ onDemandUsdPerHour }: Prices) => onDemandUsdPerHour],
  ['spot', ({ spotUsdPerHour }: Prices) => spotUsdPerHour],
] as const;
type Prices = Omit<ZonePrice, 'zone'>;

/** What is wrong with the prices of an offer's zones: the zone and its cure; null when nothing is. */
function zonePriceProblem(offer: RegionOffer): { zone: string; words: string } | null {
  const own = offer.zonePrices ?? [];
  const seen = new Set<string>();
  for (const price of own) {
    const { zone, onDemandUsdPerHour: onDemand, spotUsdPerHour: spot } = price;
    const say = (words: string): { zone: string; words: string } => ({ zone, words });
    if (seen.has(zone)) return say('is there twice: remove one');
    seen.add(zone);
    if (!offer.zones.includes(zone))
      return say('is not among the zones that sell it: add it there, or remove its price');
    const spotWords = spotProblem(onDemand, spot);
    if (spotWords !== null) return say(`asks ${spot} for spot, which ${spotWords}`);
    for (const [kind, of] of PRICES) {
      const [lowest, asked] = [of(offer), of(price)];
      if (asked !== null && (lowest === null || asked < lowest)) {
        return say(
          `asks ${asked} (${kind}), below the ${lowest ?? 'unknown price'} of the region: give the region the lowest of its zones`,
        );
      }
    }
  }
  const [first] = own;
  if (!first || offer.zones.some((zone) => !seen.has(zone))) return null;
  for (const [kind, of] of PRICES) {
    const lowest = of(offer);
    if (lowest !== null && own.every((price) => of(price) !== lowest)) {
      return {
        zone: first.zone,
        words: `no zone asks the ${lowest} (${kind}) of the region: give the region the lowest of its zones`,
      };
    }
  }
  return null;
}

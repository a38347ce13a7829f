import type { Instance } from '../../src-worker/engine/hardware/types.ts';
import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';
import { isPriced, type CatalogContent, type ContentOffer } from './content.ts';
import { offerId } from './entry-ids.ts';
import type { LayeredCatalog } from './layers.ts';

/** Prices that the file does not date are of that day; null = they stay without one. */
export function dated(content: CatalogContent, asOf: string | null): CatalogContent {
  if (asOf === null) return content;
  const instances = content.instances.map((instance) => ({
    ...instance,
    offers: instance.offers.map((offer) =>
      isPriced(offer) && offer.as_of === null ? { ...offer, as_of: asOf } : offer,
    ),
  }));
  return { ...content, instances };
}

/** What is good to know about the age of prices: of those without a date, and of those that take the place of newer ones. */
export function ageNotes(content: CatalogContent, beneath: LayeredCatalog): string[] {
  const replaced = replacedPrices(content, beneath);
  const undated = content.instances.flatMap(({ offers }) =>
    offers.filter((offer) => isPriced(offer) && offer.as_of === null),
  );
  const undating = replaced.filter(({ offer }) => offer.as_of === null);
  const older = replaced.filter(({ offer, day }) => offer.as_of !== null && firstDay(offer.as_of) < day);
  return [
    ...(undated.length > 0
      ? [
          `${plural(undated.length, 'price')} without a date${undating.length > 0 ? `: ${formatFixed(undating.length)} would take the place of dated ones, the newest of ${newestOf(undating)}` : ''}. Say of which day they are with --as-of.`,
        ]
      : []),
    ...(older.length > 0
      ? [
          `${plural(older.length, 'price')} would take the place of newer ones, the newest of ${newestOf(older)}: make sure that the older ones are meant.`,
        ]
      : []),
  ];
}

interface Replaced {
  offer: ContentOffer;
  /** Of the price that it replaces. */
  day: string;
}

function replacedPrices(content: CatalogContent, { instances }: LayeredCatalog): Replaced[] {
  const days = new Map(
    instances.flatMap(({ provider, facts: { name }, offers }) =>
      offers.flatMap(({ facts }) =>
        facts.as_of === null ? [] : [[offerId(provider, name, facts.region), firstDay(facts.as_of)] as const],
      ),
    ),
  );
  return content.instances.flatMap(({ provider, facts: { name }, offers }) =>
    offers.flatMap((offer) => {
      const day = days.get(offerId(provider, name, offer.region));
      return day !== undefined && isPriced(offer) ? [{ offer, day }] : [];
    }),
  );
}

const newestOf = (replaced: readonly Replaced[]): string =>
  replaced.reduce((newest, { day }) => (day > newest ? day : newest), '');

/** Oldest and newest date of a price, as the catalogs write it; null without any price. */
export function priceDates(instances: readonly Instance[]): { oldest: string; newest: string } | null {
  let oldest: string | null = null;
  let newest: string | null = null;
  for (const { offers } of instances) {
    for (const { priceAsOf } of offers) {
      if (priceAsOf === null) continue;
      if (oldest === null || firstDay(priceAsOf) < firstDay(oldest)) oldest = priceAsOf;
      if (newest === null || firstDay(priceAsOf) > firstDay(newest)) newest = priceAsOf;
    }
  }
  return oldest === null || newest === null ? null : { oldest: firstDay(oldest), newest: firstDay(newest) };
}

/** A year or a month counts as its first day. */
export const firstDay = (date: string): string => `${date}-01-01`.slice(0, 'YYYY-MM-DD'.length);

import { offerEntries, wrong, type OfferEntry } from './entries.ts';
import type { CatalogRule } from './types.ts';

/** Sizes of a family in a region; the largest collected has 15 (Azure NC RTX PRO 6000). A file that has more of one name has no families. */
const MOST_SIZES = 100;

export const priceGrowsWithGpus: CatalogRule = {
  name: 'price-grows-with-gpus',
  sentence: 'In one family and region more GPUs in no smaller a host cost more.',
  check: ({ instances }) => {
    const groups = Map.groupBy(offerEntries(instances), ({ instance, offer }) =>
      [instance.provider, instance.family, instance.gpuId, offer.region].join(' '),
    );
    return [...groups.values()].flatMap((rows) =>
      (rows.length > MOST_SIZES ? [] : rows).flatMap((row) => {
        const price = row.offer.onDemandUsdPerHour;
        const dearer = rows.find((other) => isMoreForLess(row, other));
        if (price === null || !dearer) return [];
        const text = `${row.instance.gpuCount} GPUs cost no more than the ${dearer.instance.gpuCount} of ${dearer.instance.name} (${dearer.offer.onDemandUsdPerHour}): is it a price per GPU?`;
        return [{ ...wrong(row.entry, 'on_demand_usd_per_hour', price, text), beside: dearer.entry }];
      }),
    );
  },
};

/** Has more GPUs than the other, as much of everything else, and costs no more. */
function isMoreForLess(row: OfferEntry, other: OfferEntry): boolean {
  const [price, otherPrice] = [row.offer.onDemandUsdPerHour, other.offer.onDemandUsdPerHour];
  return (
    price !== null &&
    otherPrice !== null &&
    row.instance.gpuCount > other.instance.gpuCount &&
    (row.instance.vcpus ?? 0) >= (other.instance.vcpus ?? 0) &&
    (row.instance.hostMemoryBytes ?? 0) >= (other.instance.hostMemoryBytes ?? 0) &&
    price <= otherPrice
  );
}

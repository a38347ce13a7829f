import { doubtful, median, offerEntries, type OfferEntry } from './entries.ts';
import type { CatalogRule } from './types.ts';

/** Google: spot is up to 91 % below on-demand ("Spot VMs pricing"); Amazon and Microsoft say up to 90 %. */
export const LOWEST_SPOT_SHARE = 0.09;

/**
 * A region below a third of what is usual for the GPU at its provider stands apart: of the 567 pairs of Google's price list
 * only A3 High in europe-north1 does (0.27), the next is at 0.46.
 */
const LOWEST_SHARE_OF_USUAL = 1 / 3;

/** Fewer prices have no usual. */
const USUAL_NEEDS = 5;

export const spotPlausible: CatalogRule = {
  name: 'spot-plausible',
  sentence: 'Spot is not far below what is usual.',
  check: ({ instances }) => {
    const pairs = offerEntries(instances).flatMap((row) => {
      const { onDemandUsdPerHour: onDemand, spotUsdPerHour: spot } = row.offer;
      return onDemand === null || spot === null ? [] : [{ ...row, spot, share: spot / onDemand }];
    });
    const groups = Map.groupBy(pairs, groupOf);
    const usual = new Map([...groups].map(([group, rows]) => [group, median(rows.map(({ share }) => share))]));
    return pairs.flatMap((row) => {
      const group = groupOf(row);
      const usualShare = usual.get(group) ?? row.share;
      const isApart = (groups.get(group)?.length ?? 0) >= USUAL_NEEDS && row.share < LOWEST_SHARE_OF_USUAL * usualShare;
      if (!isApart && row.share >= LOWEST_SPOT_SHARE) return [];
      const beside = isApart
        ? `${percent(usualShare)} is usual for ${row.instance.gpuId} at ${row.instance.provider}`
        : `providers promise ${percent(LOWEST_SPOT_SHARE)} at best`;
      const text = `is ${percent(row.share)} of on-demand, and ${beside}: treat it as unverified or read it again.`;
      return [doubtful(row.entry, 'spot_usd_per_hour', row.spot, text)];
    });
  },
};

const groupOf = ({ instance }: OfferEntry): string => `${instance.provider} ${instance.gpuId}`;
const percent = (share: number): string => `${Math.round(share * 100)} %`;

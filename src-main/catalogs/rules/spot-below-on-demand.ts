import { offerEntries, wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

export const spotBelowOnDemand: CatalogRule = {
  name: 'spot-below-on-demand',
  sentence: 'Spot costs less than on-demand.',
  check: ({ instances }) =>
    offerEntries(instances).flatMap(({ entry, offer: { onDemandUsdPerHour: onDemand, spotUsdPerHour: spot } }) =>
      onDemand === null || spot === null || spot < onDemand
        ? []
        : [wrong(entry, 'spot_usd_per_hour', spot, `is not below on-demand (${onDemand}): have they changed places?`)],
    ),
};

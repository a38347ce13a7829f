import { offerEntries, wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

/** Why a spot price cannot stand beside an on-demand price; null where it can, or one of them is unknown. */
export const spotProblem = (onDemand: number | null, spot: number | null): string | null =>
  onDemand === null || spot === null || spot < onDemand
    ? null
    : `is not below on-demand (${onDemand}): have they changed places?`;

export const spotBelowOnDemand: CatalogRule = {
  name: 'spot-below-on-demand',
  sentence: 'Spot costs less than on-demand.',
  check: ({ instances }) =>
    offerEntries(instances).flatMap(({ entry, offer: { onDemandUsdPerHour: onDemand, spotUsdPerHour: spot } }) => {
      const problem = spotProblem(onDemand, spot);
      return problem === null ? [] : [wrong(entry, 'spot_usd_per_hour', spot, problem)];
    }),
};

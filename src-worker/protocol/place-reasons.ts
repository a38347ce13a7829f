/** Reason codes of what is not on offer where somebody looks, or not sold any more. */
export const PLACE_REASONS: readonly string[] = ['not_in_zone', 'zone_unknown', 'region_filtered', 'retired'];

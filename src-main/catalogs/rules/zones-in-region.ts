import { offerEntries, wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

export const zonesInRegion: CatalogRule = {
  name: 'zones-in-region',
  sentence: 'A zone belongs to one region, the one that lists it.',
  check: ({ instances }) => {
    const regionOf = new Map<string, string>();
    return offerEntries(instances).flatMap(({ entry, instance: { provider }, offer: { region, zones } }) =>
      zones.flatMap((zone) => {
        const key = `${provider} ${zone}`;
        const owner = regionOf.get(key) ?? region;
        if (!regionOf.has(key)) regionOf.set(key, region);
        const named = ZONE_NAMES[provider]?.(zone) ?? region;
        if (named !== region) {
          return [wrong(entry, 'zones', zone, `is named after ${named}, not ${region}: list it there.`)];
        }
        if (owner === region) return [];
        return [wrong(entry, 'zones', zone, `is a zone of ${owner} elsewhere: list it under one region only.`)];
      }),
    );
  },
};

/** The region a zone's name says: Google adds `-a` to it (us-central1-a), Amazon `a` (us-east-1a). Ids of zones (use1-az2) say none. */
const ZONE_NAMES: Record<string, (zone: string) => string | null> = {
  gcp: (zone) => zone.replace(/-[a-z]$/, ''),
  aws: (zone) => (/-az\d+$/.test(zone) ? null : zone.replace(/[a-z]$/, '')),
};

import { offerEntries, wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

export const zonesInRegion: CatalogRule = {
  name: 'zones-in-region',
  sentence: 'A zone belongs to one region, the one that lists it.',
  check: ({ instances }) => {
    const firstOf = new Map<string, { region: string; entry: string }>();
    return offerEntries(instances).flatMap(({ entry, instance: { provider }, offer: { region, zones } }) =>
      zones.flatMap((zone) => {
        const key = `${provider} ${zone}`;
        const owner = firstOf.get(key) ?? { region, entry };
        if (!firstOf.has(key)) firstOf.set(key, owner);
        const named = ZONE_NAMES[provider]?.(zone) ?? region;
        if (named !== region) {
          return [wrong(entry, 'zones', zone, `is named after ${named}, not ${region}: list it there.`)];
        }
        if (owner.region === region) return [];
        const text = `is a zone of ${owner.region} elsewhere: list it under one region only.`;
        return [{ ...wrong(entry, 'zones', zone, text), beside: owner.entry }];
      }),
    );
  },
};

/** The region a zone's name says: Google adds `-a` to it (us-central1-a), Amazon `a` (us-east-1a). Ids of zones (use1-az2) say none. */
const ZONE_NAMES: Record<string, (zone: string) => string | null> = {
  gcp: (zone) => zone.replace(/-[a-z]$/, ''),
  aws: (zone) => (/-az\d+$/.test(zone) ? null : zone.replace(/[a-z]$/, '')),
};

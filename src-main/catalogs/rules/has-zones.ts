import { wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

export const hasZonesFlag: CatalogRule = {
  name: 'has-zones',
  sentence: 'A provider says that it has zones exactly where zones are listed.',
  check: ({ providers = [], instances }) => {
    const zoned = new Set(
      instances.filter(({ offers }) => offers.some(({ zones }) => zones.length > 0)).map(({ provider }) => provider),
    );
    return providers
      .filter(({ id, hasZones }) => hasZones !== zoned.has(id))
      .map(({ id, hasZones }) =>
        hasZones
          ? wrong(id, 'has_zones', true, 'and no zone is listed: a zone filter would find nothing; make it false.')
          : wrong(id, 'has_zones', false, 'and zones are listed: a zone filter would pass them over; make it true.'),
      );
  },
};

import type { CatalogListing, ZoneEntry } from '../../../src-worker/protocol/app-api.ts';
import { count, decimal, NONE, plural, usd } from './format.ts';
import { table, textOf, wrap } from './layout.ts';

/** GPUs, then instances by provider. */
export function catalogReport({ gpus, instances, zones, providers }: CatalogListing): string {
  const isOwn = instances.some(({ layer }) => layer !== 'bundled');
  return textOf([
    ...table(
      [{ title: 'GPU' }, { title: 'Name' }, { title: 'GiB', align: 'right' }],
      gpus.map(({ id, name, memoryGib }) => [id, name, decimal(memoryGib)]),
    ),
    '',
    ...table(
      [
        { title: 'Provider' },
        { title: 'Instance' },
        { title: 'GPUs' },
        { title: 'On demand', align: 'right' },
        { title: 'Spot', align: 'right' },
        { title: 'Regions', align: 'right' },
        ...(isOwn ? [{ title: 'From' }] : []),
      ],
      instances.map((row) => [
        row.provider,
        row.instance,
        `${decimalCount(row.gpuCount)} × ${row.gpu}`,
        priceText(row.cheapestOnDemandUsdPerHour),
        priceText(row.cheapestSpotUsdPerHour),
        count(row.regions),
        ...(isOwn ? [row.layer] : []),
      ]),
    ),
    '',
    `${plural(gpus.length, 'GPU')}, ${plural(instances.length, 'instance')} of ${plural(providers.length, 'provider')}, ${plural(zones.length, 'zone')}.`,
  ]);
}

const decimalCount = (number: number): string => (Number.isInteger(number) ? String(number) : decimal(number));
const priceText = (price: number | null): string => (price === null ? NONE : `${usd(price)}/h`);

const INSTANCES_SHOWN = 3;

/** Zones by provider and region, each with the first of its instances. */
export function zonesReport(zones: readonly ZoneEntry[], providers: CatalogListing['providers']): string {
  const lines: string[] = [];
  for (const { id, name, hasZones } of providers) {
    const own = zones.filter(({ provider }) => provider === id);
    lines.push(`${name} (${id})`);
    if (own.length === 0) lines.push(hasZones ? '  no zone sells anything' : '  gives no zones: use --region', '');
    const regions = new Map<string, ZoneEntry[]>();
    for (const zone of own) regions.set(zone.region, [...(regions.get(zone.region) ?? []), zone]);
    for (const [region, entries] of regions) {
      lines.push(`  ${region}`, ...entries.flatMap(zoneLines));
    }
    if (own.length > 0) lines.push('');
  }
  const regionCount = new Set(zones.map(({ provider, region }) => `${provider} ${region}`)).size;
  lines.push(`${plural(zones.length, 'zone')} in ${plural(regionCount, 'region')}.`);
  return textOf(lines);
}

function zoneLines({ zone, instances, ownPrices = [] }: ZoneEntry): string[] {
  const shown = instances.slice(0, INSTANCES_SHOWN).join(', ');
  const more = instances.length > INSTANCES_SHOWN ? ` and ${instances.length - INSTANCES_SHOWN} more` : '';
  const shape = { first: '    ', hanging: '      ' };
  const priced = ownPrices.slice(0, INSTANCES_SHOWN).map((own) => {
    return `${own.instance} ${priceText(own.onDemandUsdPerHour)} on demand, ${priceText(own.spotUsdPerHour)} spot`;
  });
  const others = ownPrices.length > INSTANCES_SHOWN ? `; and ${ownPrices.length - INSTANCES_SHOWN} more` : '';
  return [
    ...wrap(`${zone}: ${shown}${more}`, shape),
    ...(priced.length > 0
      ? wrap(`prices of its own: ${priced.join('; ')}${others}`, { ...shape, first: '      ' })
      : []),
  ];
}

import { invalidInput } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { instanceId, resolveGpuId, resolveInstanceId, resolveProviderId } from '../hardware/resolve.ts';
import type { Instance } from '../hardware/types.ts';
import { didYouMean, suggestNames } from '../suggest.ts';

/** What planning looks up in the catalogs. */
export type CatalogFacts = Pick<Facts, 'gpus' | 'instances' | 'providers'>;

/** Filters that decide which instances a sweep looks at; empty lists = all. */
export interface ZoneScope {
  provider: string[];
  gpu: string[];
  instance: string[];
  include_retired: boolean;
}

/** Instances of a scope that are sold, in the order of the catalog. */
export function offeredIn(facts: CatalogFacts, scope: ZoneScope): Instance[] {
  const providers = new Set(scope.provider.map((name) => resolveProviderId(facts, name)));
  const gpus = new Set(scope.gpu.map((name) => resolveGpuId(facts, name)));
  const ids = new Set(scope.instance.map((name) => resolveInstanceId(facts, name, [...providers])));
  return facts.instances.filter(
    (instance) =>
      (providers.size === 0 || providers.has(instance.provider)) &&
      (gpus.size === 0 || gpus.has(instance.gpuId)) &&
      (ids.size === 0 || ids.has(instanceId(instance))) &&
      (instance.status !== 'retired' || scope.include_retired),
  );
}

/** Everything that was ever sold. */
const ANY: ZoneScope = { provider: [], gpu: [], instance: [], include_retired: true };

/** How many rows a point has: one for each instance, those no longer sold included. */
export const instancesInScope = (facts: CatalogFacts, scope: ZoneScope): number =>
  offeredIn(facts, { ...scope, include_retired: true }).length;

/** Sorted by code unit so that every machine numbers them alike. */
const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

/** Zones that sell at least one instance in scope. */
export const zonesInScope = (facts: CatalogFacts, scope: ZoneScope): string[] =>
  sorted(offeredIn(facts, scope).flatMap(({ offers }) => offers.flatMap(({ zones }) => zones)));

/** Regions that sell at least one instance in scope. */
export const regionsInScope = (facts: CatalogFacts, scope: ZoneScope): string[] =>
  sorted(offeredIn(facts, scope).flatMap(({ offers }) => offers.map(({ region }) => region)));

/** Throws `unknown_zone` with the nearest names for a zone in which these providers (none = all) sell nothing. */
export const checkZones = (names: string[], facts: CatalogFacts, provider: string[]): void =>
  checkPlaces('zone', names, zonesInScope(facts, { ...ANY, provider }), provider);

/** Throws `unknown_region`, as `checkZones` does for zones. */
export const checkRegions = (names: string[], facts: CatalogFacts, provider: string[]): void =>
  checkPlaces('region', names, regionsInScope(facts, { ...ANY, provider }), provider);

function checkPlaces(kind: 'zone' | 'region', names: string[], known: string[], provider: string[]): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    const among = provider.length > 0 ? ` at ${provider.join(', ')}` : '';
    throw invalidInput(`unknown_${kind}`, `unknown ${kind} "${name}"${among}: ${didYouMean(name, known)}`, {
      [kind]: name,
      suggestions: suggestNames(name, known),
    });
  }
}

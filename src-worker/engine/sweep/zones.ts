import { invalidInput } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { resolveGpuId, resolveProviderId } from '../hardware/resolve.ts';
import { didYouMean, suggestNames } from '../suggest.ts';

/** What planning looks up in the catalogs. */
export type CatalogFacts = Pick<Facts, 'gpus' | 'instances' | 'providers'>;

/** Filters that decide which instances a sweep looks at; empty lists = all. */
export interface ZoneScope {
  provider: string[];
  gpu: string[];
  include_retired: boolean;
}

/** Zones that sell at least one instance in scope, sorted by code unit so that every machine numbers them alike. */
export function zonesInScope(facts: CatalogFacts, scope: ZoneScope): string[] {
  const providers = new Set(scope.provider.map((name) => resolveProviderId(facts, name)));
  const gpus = new Set(scope.gpu.map((name) => resolveGpuId(facts, name)));
  const zones = new Set<string>();
  for (const instance of facts.instances) {
    if (providers.size > 0 && !providers.has(instance.provider)) continue;
    if (gpus.size > 0 && !gpus.has(instance.gpuId)) continue;
    if (instance.status === 'retired' && !scope.include_retired) continue;
    for (const offer of instance.offers) for (const zone of offer.zones) zones.add(zone);
  }
  return [...zones].sort();
}

/** Throws `unknown_zone` with the nearest names for a zone in which these providers (none = all) sell nothing. */
export function checkZones(names: string[], facts: CatalogFacts, provider: string[]): void {
  const known = zonesInScope(facts, { provider, gpu: [], include_retired: true });
  for (const name of names) {
    if (known.includes(name)) continue;
    const among = provider.length > 0 ? ` at ${provider.join(', ')}` : '';
    throw invalidInput('unknown_zone', `unknown zone "${name}"${among}: ${didYouMean(name, known)}`, {
      zone: name,
      suggestions: suggestNames(name, known),
    });
  }
}

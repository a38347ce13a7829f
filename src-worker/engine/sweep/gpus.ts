import { invalidInput } from '../errors.ts';
import { resolveGpuId, resolveProviderId } from '../hardware/resolve.ts';
import { EVERY } from './axis-text.ts';
import type { CatalogFacts, ZoneScope } from './zones.ts';

/** Filters that decide which instances are looked at, but for the GPU. */
export type GpuScope = Omit<ZoneScope, 'gpu'>;

/** Ids of the GPUs that some instance in scope has, sorted by code unit so that every machine numbers them alike. */
export function gpusInScope(facts: CatalogFacts, scope: GpuScope): string[] {
  const providers = new Set(scope.provider.map((name) => resolveProviderId(facts, name)));
  const gpus = new Set<string>();
  for (const instance of facts.instances) {
    if (providers.size > 0 && !providers.has(instance.provider)) continue;
    if (instance.status === 'retired' && !scope.include_retired) continue;
    gpus.add(instance.gpuId);
  }
  return [...gpus].sort();
}

/**
 * The ids that the names of a GPU axis mean, without repeats; `*` among them = every GPU in scope. Throws what
 * `resolveGpuId` throws, and `gpu_not_offered` for a GPU that no instance of the providers has: its points would have no
 * rows at all.
 */
export function gpuAxisIds(names: string[], facts: CatalogFacts, scope: GpuScope): string[] {
  const named = [...new Set(names.filter((name) => name !== EVERY).map((name) => resolveGpuId(facts, name)))];
  // Instances that are no longer sold give rows as well: they say so.
  const offered = gpusInScope(facts, { ...scope, include_retired: true });
  const among = scope.provider.length > 0 ? ` of ${scope.provider.join(', ')}` : '';
  for (const id of named) {
    if (offered.includes(id)) continue;
    throw invalidInput('gpu_not_offered', `gpu: no instance${among} has the GPU ${id}: leave it out.`, { gpu: id });
  }
  if (!names.includes(EVERY)) return named;
  const all = gpusInScope(facts, scope);
  if (all.length > 0) return all;
  throw invalidInput('gpu_not_offered', `gpu: no instance${among} is sold: widen the provider filter.`, {
    provider: scope.provider,
  });
}

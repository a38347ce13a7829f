import { invalidInput } from '../errors.ts';
import { resolveGpuId } from '../hardware/resolve.ts';
import { EVERY } from './axis-text.ts';
import { offeredIn, type CatalogFacts, type ZoneScope } from './zones.ts';

/** Filters that decide which instances are looked at, but for the GPU. */
export type GpuScope = Omit<ZoneScope, 'gpu'>;

/** Ids of the GPUs that some instance in scope has, sorted by code unit so that every machine numbers them alike. */
export const gpusInScope = (facts: CatalogFacts, scope: GpuScope): string[] =>
  [...new Set(offeredIn(facts, { ...scope, gpu: [] }).map(({ gpuId }) => gpuId))].sort();

/** Of whom, where not every instance counts. */
function amongWords({ instance, provider }: GpuScope): string {
  if (instance.length > 0) return ` among ${instance.join(', ')}`;
  return provider.length > 0 ? ` of ${provider.join(', ')}` : '';
}

/**
 * The ids that the names of a GPU axis mean, without repeats; `*` among them = every GPU in scope. Throws what
 * `resolveGpuId` throws, and `gpu_not_offered` for a GPU that no instance in scope has: its points would have no
 * rows at all.
 */
export function gpuAxisIds(names: string[], facts: CatalogFacts, scope: GpuScope): string[] {
  const named = [...new Set(names.filter((name) => name !== EVERY).map((name) => resolveGpuId(facts, name)))];
  // Instances that are no longer sold give rows as well: they say so.
  const offered = gpusInScope(facts, { ...scope, include_retired: true });
  const among = amongWords(scope);
  for (const id of named) {
    if (offered.includes(id)) continue;
    throw invalidInput('gpu_not_offered', `gpu: no instance${among} has the GPU ${id}: leave it out.`, { gpu: id });
  }
  if (!names.includes(EVERY)) return named;
  const all = gpusInScope(facts, scope);
  if (all.length > 0) return all;
  throw invalidInput('gpu_not_offered', `gpu: no instance${among} is sold: widen the filters.`, {
    provider: scope.provider,
  });
}

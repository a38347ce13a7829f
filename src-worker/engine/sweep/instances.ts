import { invalidInput } from '../errors.ts';
import { instanceId, resolveInstanceId, resolveProviderId } from '../hardware/resolve.ts';
import { EVERY } from './axis-text.ts';
import { offeredIn, type CatalogFacts, type ZoneScope } from './zones.ts';

/** Filters beside that on instances, those of other axes included. */
export type InstanceScope = Omit<ZoneScope, 'instance'>;

/**
 * The ids (`provider/name`) that the names of an instance axis mean, without repeats; `*` among them = every instance in scope
 * that is sold, sorted by code unit so that every machine numbers them alike. Throws what `resolveInstanceId` throws, and
 * `instance_not_offered` for an instance that the filters leave out: its points would have no rows at all.
 */
export function instanceAxisIds(names: string[], facts: CatalogFacts, scope: InstanceScope): string[] {
  const providers = scope.provider.map((name) => resolveProviderId(facts, name));
  const given = names.filter((name) => name !== EVERY);
  const named = [...new Set(given.map((name) => resolveInstanceId(facts, name, providers)))];
  const idsOf = (include_retired: boolean): string[] =>
    offeredIn(facts, { ...scope, instance: [], include_retired }).map(instanceId);
  // Instances that are no longer sold give rows as well: they say so.
  const known = new Set(idsOf(true));
  const left = named.find((id) => !known.has(id));
  if (left !== undefined) {
    throw invalidInput(
      'instance_not_offered',
      `instance: the filters leave ${left} out: leave it out, or widen them.`,
      {
        instance: left,
      },
    );
  }
  if (!names.includes(EVERY)) return named;
  const all = [...new Set(idsOf(scope.include_retired))].sort();
  if (all.length > 0) return all;
  throw invalidInput(
    'instance_not_offered',
    'instance: none within the provider and GPU filters is sold: widen them.',
    {
      provider: scope.provider,
      gpu: scope.gpu,
    },
  );
}

import { didYouMean } from '../../../src-worker/protocol/suggest.ts';
import type { Facts } from '../../../src-worker/engine/facts.ts';
import { instanceId, offerId } from '../entry-ids.ts';
import { wrong } from './entries.ts';
import type { CatalogRule, CatalogSheets, Finding } from './types.ts';

export const references: CatalogRule = {
  name: 'references',
  sentence: 'Every GPU, provider and source that is named is there.',
  check: (facts) => [...unknownGpus(facts.gpus, facts.instances.map(gpuOf)), ...unknownProviders(facts)],
  checkSheets: (sheets) => [
    ...unknownGpus(
      sheets.gpus,
      sheets.clouds.flatMap(({ provider, instances }) =>
        instances.map(({ name, gpu }) => ({ entry: instanceId(provider, name), gpu })),
      ),
    ),
    ...unknownSources(sheets),
  ],
};

const gpuOf = (instance: Facts['instances'][number]): { entry: string; gpu: string } => ({
  entry: instanceId(instance.provider, instance.name),
  gpu: instance.gpuId,
});

function unknownGpus(gpus: readonly { id: string }[], named: readonly { entry: string; gpu: string }[]): Finding[] {
  const ids = gpus.map(({ id }) => id);
  const known = new Set(ids);
  return named
    .filter(({ gpu }) => !known.has(gpu))
    .map(({ entry, gpu }) => wrong(entry, 'gpu', gpu, `is no GPU of gpus.json; ${didYouMean(gpu, ids)}`));
}

/** Facts of one layer may come without a list of providers; then ids stand for names. */
function unknownProviders({ instances, providers }: Facts): Finding[] {
  if (!providers) return [];
  const ids = providers.map(({ id }) => id);
  const known = new Set(ids);
  const unknown = [...new Set(instances.map(({ provider }) => provider))].filter((id) => !known.has(id));
  return unknown.map((id) => wrong(id, 'provider', id, `sells instances and is not listed; ${didYouMean(id, ids)}`));
}

function unknownSources({ clouds }: CatalogSheets): Finding[] {
  return clouds.flatMap(({ provider, sources, instances }) => {
    const known = Object.keys(sources);
    return instances.flatMap(({ name, offers }) =>
      offers.flatMap((offer) =>
        (['source', 'zones_source'] as const).flatMap((field) => {
          const key = offer[field];
          if (key === null || Object.hasOwn(sources, key)) return [];
          const entry = offerId(provider, name, offer.region);
          return [wrong(entry, field, key, `is not in the file's "sources" (${known.join(', ')}): add it there.`)];
        }),
      ),
    );
  });
}

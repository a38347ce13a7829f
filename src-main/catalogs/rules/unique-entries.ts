import { instanceId, offerId } from '../entry-ids.ts';
import { wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

export const uniqueEntries: CatalogRule = {
  name: 'unique-entries',
  sentence: 'A GPU name, an instance, a region of an instance and a zone of a region are there once.',
  check: ({ gpus, instances }) => [...repeatedGpus(gpus), ...repeatedInstances(instances)],
  checkSheets: ({ gpus, clouds }) => [
    ...repeatedGpus(gpus),
    ...repeatedInstances(
      clouds.flatMap(({ provider, instances }) => instances.map((entry) => ({ provider, ...entry }))),
    ),
  ],
};

interface NamedInstance {
  provider: string;
  name: string;
  offers: readonly { region: string; zones: readonly string[] }[];
}

function repeatedGpus(gpus: readonly { id: string; aliases?: readonly string[] }[]): Finding[] {
  const owners = new Map<string, string>();
  return gpus.flatMap(({ id, aliases = [] }) =>
    [id, ...aliases].flatMap((name, index) => {
      const owner = owners.get(name);
      if (owner === undefined) owners.set(name, id);
      if (owner === undefined) return [];
      return [wrong(id, index === 0 ? 'id' : 'aliases', name, `already means ${owner}: a name belongs to one GPU.`)];
    }),
  );
}

function repeatedInstances(instances: readonly NamedInstance[]): Finding[] {
  const entries = instances.map(({ provider, name }) => instanceId(provider, name));
  return [
    ...repeated(entries).map((entry) => wrong(entry, 'name', entry, 'is there twice: remove one.')),
    ...instances.flatMap(({ provider, name, offers }) => [
      ...repeated(offers.map(({ region }) => region)).map((region) =>
        wrong(offerId(provider, name, region), 'region', region, 'is there twice: join the two offers.'),
      ),
      ...offers.flatMap(({ region, zones }) =>
        repeated(zones).map((zone) =>
          wrong(offerId(provider, name, region), 'zones', zone, 'is there twice: remove one.'),
        ),
      ),
    ]),
  ];
}

/** What comes again, once each. */
function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(names.filter((name) => seen.has(name) || !seen.add(name)))];
}

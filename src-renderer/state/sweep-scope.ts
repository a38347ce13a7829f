import type { CatalogListing, WorkloadEntry } from '../../src-worker/protocol/app-api.ts';
import type { ModelListEntry } from '../../src-worker/protocol/documents.ts';
import type { FormValues } from './form-reading.ts';
import { instanceName, instanceNames, scopeOf } from './scope.ts';
import type { NamesAxisId } from './sweep-axis-kinds.ts';

/** What the form and the catalogs leave to choose from, by axis. */
export type SweepScope = Readonly<Record<NamesAxisId, readonly string[]>>;

export const NOTHING_IN_SCOPE: SweepScope = {
  model: [],
  workload: [],
  calibration: [],
  gpu: [],
  instance: [],
  provider: [],
  region: [],
  zone: [],
};

/** What a host has told of its catalogs. */
export interface ScopeLists {
  catalog: CatalogListing | null;
  models: readonly ModelListEntry[];
  workloads: readonly WorkloadEntry[];
  /** Names of calibration profiles. */
  profiles: readonly string[];
}

/** Places that sell something, and GPUs and instances that are sold, within the filters on them and on clouds (empty = all), sorted. */
export function sweepScope(
  { catalog, models, workloads, profiles }: ScopeLists,
  form: Pick<FormValues, 'hardware' | 'machines' | 'providers' | 'gpus' | 'instances'>,
): SweepScope {
  const scope = {
    ...NOTHING_IN_SCOPE,
    model: models.filter(({ supported }) => supported).map(({ id }) => id),
    workload: workloads.map(({ name }) => name),
    calibration: profiles,
  };
  const anywhere = { ...form, place: 'anywhere', placeName: '' } as const;
  const instance = instanceNames(catalog, anywhere);
  if (form.hardware === 'own') {
    return { ...scope, instance, gpu: scopeOf(catalog, anywhere).gpus.map(({ id }) => id) };
  }
  if (!catalog) return scope;
  const { providers } = form;
  const isOffered = (provider: string): boolean => providers.length === 0 || providers.includes(provider);
  const inScope = new Set(scopeOf(catalog, anywhere).instances.map(instanceName));
  const sells = ({ provider, instances }: CatalogListing['zones'][number]): boolean =>
    instances.some((name) => inScope.has(instanceName({ provider, instance: name })));
  return {
    ...scope,
    gpu: distinct(scopeOf(catalog, { ...anywhere, gpus: [] }).instances.map(({ gpu }) => gpu)),
    instance,
    provider: distinct(catalog.instances.map(({ provider }) => provider)),
    // The listing does not say which instances a region has.
    region: distinct(catalog.regions.filter(({ provider }) => isOffered(provider)).map(({ region }) => region)),
    zone: distinct(catalog.zones.filter(sells).map(({ zone }) => zone)),
  };
}

const distinct = (names: string[]): string[] => [...new Set(names)].sort();

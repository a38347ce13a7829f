import type { CatalogListing, WorkloadEntry } from '../../src-worker/protocol/app-api.ts';
import type { ModelListEntry } from '../../src-worker/protocol/documents.ts';
import type { FormValues } from './form-reading.ts';
import { scopeOf } from './scope.ts';
import type { NamesAxisId } from './sweep-axis-kinds.ts';

/** What the form and the catalogs leave to choose from, by axis. */
export type SweepScope = Readonly<Record<NamesAxisId, readonly string[]>>;

export const NOTHING_IN_SCOPE: SweepScope = {
  model: [],
  workload: [],
  calibration: [],
  gpu: [],
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

/** Places that sell something and GPUs that are sold, within the filters on clouds and GPUs (empty = all), sorted. */
export function sweepScope(
  { catalog, models, workloads, profiles }: ScopeLists,
  form: Pick<FormValues, 'hardware' | 'machines' | 'providers' | 'gpus'>,
): SweepScope {
  const scope = {
    ...NOTHING_IN_SCOPE,
    model: models.filter(({ supported }) => supported).map(({ id }) => id),
    workload: workloads.map(({ name }) => name),
    calibration: profiles,
  };
  if (form.hardware === 'own') {
    const own = scopeOf(catalog, { ...form, place: 'anywhere', placeName: '' });
    return { ...scope, gpu: own.gpus.map(({ id }) => id) };
  }
  if (!catalog) return scope;
  const { providers, gpus } = form;
  const isOffered = (provider: string): boolean => providers.length === 0 || providers.includes(provider);
  const gpuOf = new Map(catalog.instances.map((entry) => [`${entry.provider}/${entry.instance}`, entry.gpu]));
  const sells = ({ provider, instances }: CatalogListing['zones'][number]): boolean =>
    isOffered(provider) &&
    instances.some((instance) => gpus.length === 0 || gpus.includes(gpuOf.get(`${provider}/${instance}`) ?? ''));
  return {
    ...scope,
    gpu: distinct(catalog.instances.filter(({ provider }) => isOffered(provider)).map((entry) => entry.gpu)),
    provider: distinct(catalog.instances.map(({ provider }) => provider)),
    // The listing does not say which instances a region has.
    region: distinct(catalog.regions.filter(({ provider }) => isOffered(provider)).map(({ region }) => region)),
    zone: distinct(catalog.zones.filter(sells).map(({ zone }) => zone)),
  };
}

const distinct = (names: string[]): string[] => [...new Set(names)].sort();

import type { CatalogListing, GpuEntry, InstanceEntry } from '../../src-worker/protocol/app-api.ts';
import { plural } from '../../src-worker/protocol/numbers.ts';
import { precisionLabel, pricingLabel, type Precision } from '../format/names.ts';
import type { FormValues } from './form-reading.ts';
import { machineEntries } from './own-machines.ts';

/** What the form leaves to choose from. Where nothing is left, other fields say so, and no option gives a reason. */
export interface Scope {
  instances: InstanceEntry[];
  gpus: GpuEntry[];
  /** `the catalog`, or what narrowed it: `the chosen clouds and GPUs`. */
  words: string;
}

type Narrowing = Pick<FormValues, 'hardware' | 'machines' | 'providers' | 'gpus' | 'instances' | 'place' | 'placeName'>;

/** The chosen instances of the chosen clouds and GPUs, and of the zone, where it is known. The listing does not say which instances a region has. */
export function scopeOf(catalog: CatalogListing | null, form: Narrowing): Scope {
  if (form.hardware === 'own') {
    const instances = machineEntries(form.machines, catalog);
    return { instances, gpus: gpusOf(instances, catalog), words: 'the own hardware' };
  }
  const zoneName = form.place === 'zone' ? form.placeName.trim() : '';
  const inZone = new Set(
    (catalog?.zones ?? [])
      .filter(({ zone }) => zone === zoneName)
      .flatMap(({ provider, instances }) => instances.map((name) => `${provider}/${name}`)),
  );
  const holds = (chosen: string[], name: string): boolean => chosen.length === 0 || chosen.includes(name);
  const instances = (catalog?.instances ?? []).filter(
    ({ provider, gpu, instance }) =>
      holds(form.providers, provider) &&
      holds(form.gpus, gpu) &&
      (holds(form.instances, instanceName({ provider, instance })) || form.instances.includes(instance)) &&
      (inZone.size === 0 || inZone.has(instanceName({ provider, instance }))),
  );
  return { instances, gpus: gpusOf(instances, catalog), words: scopeWords(form, inZone.size > 0) };
}

/** As questions name it: `gcp/g2-standard-4`. */
export const instanceName = ({ provider, instance }: Pick<InstanceEntry, 'provider' | 'instance'>): string =>
  `${provider}/${instance}`;

/** Instances to choose from: what every other field leaves, sorted. */
export const instanceNames = (catalog: CatalogListing | null, form: Narrowing): string[] =>
  scopeOf(catalog, { ...form, instances: [] })
    .instances.map(instanceName)
    .sort();

function gpusOf(instances: readonly InstanceEntry[], catalog: CatalogListing | null): GpuEntry[] {
  const ids = new Set(instances.map(({ gpu }) => gpu));
  return (catalog?.gpus ?? []).filter(({ id }) => ids.has(id));
}

function scopeWords(form: Narrowing, isZoneKnown: boolean): string {
  const narrowed = [
    form.providers.length > 0 ? 'clouds' : '',
    form.gpus.length > 0 ? 'GPUs' : '',
    form.instances.length > 0 ? 'instances' : '',
    isZoneKnown ? 'zone' : '',
  ].filter(Boolean);
  return narrowed.length === 0 ? 'the catalog' : `the chosen ${narrowed.join(' and ')}`;
}

/** Why an option leads nowhere within the scope; null where it may lead to an answer. */
export function pricingReason({ instances, words }: Scope, pricing: FormValues['pricing']): string | null {
  const isPriced = (entry: InstanceEntry): boolean =>
    (pricing === 'spot' ? entry.cheapestSpotUsdPerHour : entry.cheapestOnDemandUsdPerHour) !== null;
  if (instances.length === 0 || instances.some(isPriced)) return null;
  return `No instance of ${words} has a known price ${pricing === 'spot' ? 'as spot' : pricingLabel(pricing)}.`;
}

export function tensorParallelReason({ instances, words }: Scope, degree: number): string | null {
  const most = Math.max(0, ...instances.map(({ gpuCount }) => gpuCount));
  if (most === 0 || degree <= most) return null;
  return `The largest instance of ${words} has ${plural(most, 'GPU')}.`;
}

/** Why no instance holds a replica of so many GPUs in so many stages. */
export const replicaReason = (scope: Scope, degree: number, stages: number): string | null =>
  tensorParallelReason(scope, degree * stages);

export function precisionReason({ gpus, words }: Scope, precision: Precision): string | null {
  // What a checkpoint holds depends on the model.
  if (precision === 'checkpoint' || gpus.length === 0) return null;
  if (gpus.some(({ precisions }) => precisions.includes(precision))) return null;
  return `No GPU of ${words} runs ${precisionLabel(precision)}.`;
}

/** Names of the regions or zones of the chosen clouds, or of all. */
export function placeNames(
  catalog: CatalogListing | null,
  place: FormValues['place'],
  providers: readonly string[],
): string[] {
  if (!catalog || place === 'anywhere') return [];
  const inScope = ({ provider }: { provider: string }): boolean =>
    providers.length === 0 || providers.includes(provider);
  const names =
    place === 'zone'
      ? catalog.zones.filter(inScope).map(({ zone }) => zone)
      : catalog.regions.filter(inScope).map(({ region }) => region);
  return [...new Set(names)].sort();
}

export function placeReason(
  catalog: CatalogListing | null,
  place: FormValues['place'],
  providers: readonly string[],
): string | null {
  if (!catalog || place === 'anywhere' || placeNames(catalog, place, providers).length > 0) return null;
  return `The catalog knows no ${place} of ${providers.length === 0 ? 'any cloud' : 'the chosen clouds'}.`;
}

/** An option with the reason why it cannot be had, if there is one. */
export const withReason = <Option extends object>(
  option: Option,
  reason: string | null,
): Option & { reason?: string } => (reason === null ? option : { ...option, reason });

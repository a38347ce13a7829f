import { invalidInput } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { chooseFrom, didYouMean, suggestNames } from '../suggest.ts';
import type { Gpu, Instance } from './types.ts';

/**
 * The id of the GPU a person means: an id, its short form (`h100`, `l4`, `a100-80gb`) or its full name, in upper or lower
 * case, with spaces or dashes. Throws invalidInput when nothing fits, naming the nearest, and when several fit (`a100`),
 * naming them all.
 */
export function resolveGpuId(facts: Pick<Facts, 'gpus'>, name: string): string {
  const wanted = normalized(name);
  const exact = facts.gpus.find((gpu) => namesOf(gpu).includes(wanted));
  if (exact) return exact.id;

  const candidates =
    wanted === '' ? [] : facts.gpus.filter((gpu) => shortIdOf(gpu).startsWith(`${unprefixed(wanted)}-`));
  const [first, second] = candidates;
  if (first && !second) return first.id;
  if (first) {
    const ids = candidates.map(({ id }) => id);
    throw invalidInput('ambiguous_gpu', `GPU "${shortened(name)}" can mean ${ids.join(', ')}: give one of these ids.`, {
      gpu: shortened(name),
      candidates: ids,
    });
  }
  throw unknownGpu(facts, name);
}

/** The provider id a person means; case does not count. Throws invalidInput naming the nearest. */
export function resolveProviderId(facts: Pick<Facts, 'instances' | 'providers'>, name: string): string {
  const ids = [
    ...new Set([...(facts.providers ?? []).map(({ id }) => id), ...facts.instances.map((row) => row.provider)]),
  ];
  const wanted = name.trim().toLowerCase();
  const byName = facts.providers?.find((provider) => provider.name.toLowerCase() === wanted)?.id;
  const found = ids.find((id) => id.toLowerCase() === wanted) ?? byName;
  if (found !== undefined) return found;
  throw invalidInput('unknown_provider', `unknown provider "${shortened(name)}": ${didYouMean(name, ids.sort())}`, {
    provider: shortened(name),
    suggestions: suggestNames(name, ids),
  });
}

/** `provider/name`: what tells an instance from every other of the catalogs. */
export const instanceId = ({ provider, name }: Pick<Instance, 'provider' | 'name'>): string => `${provider}/${name}`;

interface InstanceNames {
  ids: ReadonlySet<string>;
  /** By lower case: of an id, and of a name alone. */
  byName: ReadonlyMap<string, Pick<Instance, 'provider' | 'name'>[]>;
}
const namesOfCatalog = new WeakMap<readonly Instance[], InstanceNames>();

function instanceNames(instances: readonly Instance[]): InstanceNames {
  const known = namesOfCatalog.get(instances);
  if (known) return known;
  const byName = new Map<string, Instance[]>();
  for (const instance of instances) {
    for (const name of [instanceId(instance), instance.name]) {
      const key = name.toLowerCase();
      const named = byName.get(key);
      if (named) named.push(instance);
      else byName.set(key, [instance]);
    }
  }
  const names = { ids: new Set(instances.map(instanceId)), byName };
  namesOfCatalog.set(instances, names);
  return names;
}

/**
 * The id (`provider/name`) of the instance a person means, by its id or its name; case does not count. A name that several
 * providers have is that of one of `providers` (empty = all). Throws invalidInput naming the nearest, or all that it can mean.
 */
export function resolveInstanceId(
  { instances }: Pick<Facts, 'instances'>,
  name: string,
  providers: readonly string[] = [],
): string {
  const wanted = name.trim();
  const { ids, byName } = instanceNames(instances);
  if (ids.has(wanted)) return wanted;
  const named = byName.get(wanted.toLowerCase()) ?? [];
  const within = named.filter(({ provider }) => providers.includes(provider));
  const candidates = (within.length > 0 ? within : named).map(instanceId);
  const [first, second] = candidates;
  if (first !== undefined && second === undefined) return first;
  const instance = shortened(name);
  if (first !== undefined) {
    throw invalidInput(
      'ambiguous_instance',
      `instance "${instance}" can mean ${candidates.join(', ')}: give one of these names.`,
      { instance, candidates },
    );
  }
  const known = wanted.includes('/') ? [...ids] : instances.map((entry) => entry.name);
  throw invalidInput('unknown_instance', `unknown instance "${instance}": ${didYouMean(name, known)}`, {
    instance,
    suggestions: suggestNames(name, known),
  });
}

const LONGEST_SHOWN = 60;

const shortened = (name: string): string => (name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name);

const normalized = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_/]+/g, '-');

const shortIdOf = (gpu: Gpu): string =>
  gpu.id.startsWith(`${gpu.vendor}-`) ? gpu.id.slice(gpu.vendor.length + 1) : gpu.id;

/** `nvidia-h100` and `h100` ask for the same. */
const unprefixed = (name: string): string =>
  name.replace(/^(nvidia|amd|intel|google)-/, '').replace(/^(tesla|geforce|instinct)-/, '');

function namesOf(gpu: Gpu): string[] {
  const short = [shortIdOf(gpu), ...(gpu.aliases ?? [])];
  return [gpu.id, normalized(gpu.name), ...short, ...short.map((alias) => `${gpu.vendor}-${alias}`)];
}

function unknownGpu(facts: Pick<Facts, 'gpus'>, name: string): Error {
  const idByName = new Map<string, string>();
  for (const gpu of facts.gpus) for (const known of namesOf(gpu)) idByName.set(known, gpu.id);
  const near = suggestNames(normalized(name), [...idByName.keys()], 8).map((known) => idByName.get(known) ?? known);
  const suggestions = [...new Set(near)].slice(0, 3);
  const known = facts.gpus.map(({ id }) => id);
  return invalidInput('unknown_gpu', `unknown GPU "${shortened(name)}": ${chooseFrom(suggestions, known)}`, {
    gpu: shortened(name),
    suggestions,
  });
}

import { bytesFromGib, gbFromGib, gibFromGb, mibFromBytes } from '../../../src-worker/engine/units.ts';
import { suggestNames } from '../../../src-worker/protocol/suggest.ts';
import type { GpuFileEntry } from '../../../src-worker/protocol/catalog-files.ts';
import type { InstanceFacts } from '../content.ts';
import { instanceId } from '../entry-ids.ts';
import type { LayeredCatalog, LayeredInstance } from '../layers.ts';

/** Checks that need more than one field, the same for every format. Each answers what is wrong and its cure, or null. */

/** Figures of one machine agree to this where they are in the same unit; the units lie 7.4 % apart. */
const SAME = 0.01;

export const isSame = (one: number, other: number): boolean => Math.abs(one - other) <= SAME * Math.abs(other);

/** A figure that agrees with ours only when it is read in another unit. */
export function wrongUnitProblem(given: number, unit: 'GB' | 'GiB', knownGib: number): string | null {
  const inUnits = { GB: gbFromGib(knownGib), GiB: knownGib, MiB: mibFromBytes(bytesFromGib(knownGib)) };
  const right = inUnits[unit];
  if (isSame(given, right)) return null;
  const other = (['GB', 'GiB', 'MiB'] as const).find((one) => one !== unit && isSame(given, inUnits[one]));
  if (other === undefined) return null;
  return `is ${round(given)} ${unit}, which is our ${round(inUnits[other])} ${other} (${round(right)} ${unit}): give the figure in ${unit}`;
}

const round = (value: number): string => String(Number(value.toPrecision(5)));

/** Memory of the host in GiB, whichever unit it is given in; null = unknown. */
export function hostMemoryGib(facts: Pick<InstanceFacts, 'host_memory_gb' | 'host_memory_gib'>): number | null {
  if (typeof facts.host_memory_gib === 'number') return facts.host_memory_gib;
  return typeof facts.host_memory_gb === 'number' ? gibFromGb(facts.host_memory_gb) : null;
}

/** Memory of a GPU that we know, given in another unit: field and words. What contradicts itself is for the rules. */
export function gpuUnitProblem(
  gpu: GpuFileEntry,
  known: GpuFileEntry | undefined,
): { key: string; words: string } | null {
  for (const key of ['memory_usable_gib', 'memory_driver_gib'] as const) {
    const words = known ? wrongUnitProblem(gpu[key], 'GiB', known[key]) : null;
    if (words !== null) return { key, words };
  }
  return null;
}

/** GPUs and instances of the layers beneath, by id. */
export interface Known {
  gpus: Map<string, GpuFileEntry>;
  /** By `provider/instance`. */
  instances: Map<string, LayeredInstance>;
}

export const knownOf = ({ gpus, instances }: LayeredCatalog): Known => ({
  gpus: new Map(gpus.map(({ facts }) => [facts.id, facts])),
  instances: new Map(instances.map((instance) => [instanceId(instance.provider, instance.facts.name), instance])),
});

export function unknownGpuWords(name: string, gpus: ReadonlyMap<string, unknown>): string {
  const ids = [...gpus.keys()];
  // People leave the vendor out: L40S for nvidia-l40s.
  const byModel = new Map(ids.map((id) => [id.slice(id.indexOf('-') + 1), id]));
  const inFull = suggestNames(name, ids);
  const near = inFull.length > 0 ? inFull : suggestNames(name, [...byModel.keys()]).map((model) => byModel.get(model));
  const meant = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'configiq catalog list names those there are.';
  return `names the GPU ${JSON.stringify(name.slice(0, 60))}, which is in no catalog: ${meant.replace(/\.$/, '')}`;
}

import { BF16_CAPABILITY, FP8_CAPABILITY } from '../../../src-worker/engine/hardware/capabilities.ts';
import { suggestNames } from '../../../src-worker/protocol/suggest.ts';
import type { GpuFileEntry } from '../../../src-worker/protocol/catalog-files.ts';
import type { InstanceFacts } from '../content.ts';
import { instanceId, type LayeredCatalog, type LayeredInstance } from '../layers.ts';

/** Checks that need more than one field, the same for every format. Each answers what is wrong and its cure, or null. */

/** 1 GiB in GB. */
const GB_PER_GIB = 2 ** 30 / 1e9;
/** Figures of one machine agree to this where they are in the same unit; the units lie 7.4 % apart. */
const SAME = 0.01;

export const isSame = (one: number, other: number): boolean => Math.abs(one - other) <= SAME * Math.abs(other);

/** A figure that agrees with ours only when it is read in the other unit. */
export function wrongUnitProblem(given: number, unit: 'GB' | 'GiB', knownGib: number): string | null {
  const knownGb = knownGib * GB_PER_GIB;
  const [right, other] = unit === 'GiB' ? [knownGib, knownGb] : [knownGb, knownGib];
  if (isSame(given, right) || !isSame(given, other)) return null;
  const otherUnit = unit === 'GiB' ? 'GB' : 'GiB';
  return `is ${round(given)} ${unit}, which is our ${round(other)} ${otherUnit} (${round(right)} ${unit}): give the figure in ${unit}`;
}

const round = (value: number): string => String(Number(value.toPrecision(5)));

/** Memory of the host in GiB, whichever unit it is given in; null = unknown. */
export function hostMemoryGib(facts: Pick<InstanceFacts, 'host_memory_gb' | 'host_memory_gib'>): number | null {
  if (typeof facts.host_memory_gib === 'number') return facts.host_memory_gib;
  return typeof facts.host_memory_gb === 'number' ? facts.host_memory_gb / GB_PER_GIB : null;
}

export function spotProblem(onDemand: number | null, spot: number | null): string | null {
  if (onDemand === null || spot === null || spot <= onDemand) return null;
  return `is ${spot}, above the on-demand price of ${onDemand}: check both, or leave the wrong one out`;
}

/** What of a GPU contradicts itself, or what is known of it: field and words. */
export function gpuProblem(gpu: GpuFileEntry, known: GpuFileEntry | undefined): { key: string; words: string } | null {
  for (const key of ['memory_usable_gib', 'memory_driver_gib'] as const) {
    const words = known ? wrongUnitProblem(gpu[key], 'GiB', known[key]) : null;
    if (words !== null) return { key, words };
  }
  if (gpu.memory_usable_gib > gpu.memory_driver_gib) {
    const words = `is ${gpu.memory_usable_gib}, more than the ${gpu.memory_driver_gib} GiB the driver reports: GB was given for GiB, or one of them is wrong`;
    return { key: 'memory_usable_gib', words };
  }
  if (gpu.memory_driver_gib > gpu.memory_marketed_gb) {
    const words = `is ${gpu.memory_driver_gib}, more than the ${gpu.memory_marketed_gb} GB it is sold with: GB was given for GiB, or one of them is wrong`;
    return { key: 'memory_driver_gib', words };
  }
  const capability = gpu.vendor === 'nvidia' ? Number(gpu.compute_capability ?? Number.NaN) : Number.NaN;
  if (gpu.fp8_dense_tflops !== undefined && capability < FP8_CAPABILITY) {
    const words = `stands there, and compute capability ${gpu.compute_capability} has no FP8 units: remove it`;
    return { key: 'fp8_dense_tflops', words };
  }
  if (gpu.supports_bf16 && capability < BF16_CAPABILITY) {
    return {
      key: 'supports_bf16',
      words: `is true, and compute capability ${gpu.compute_capability} has no BF16: set it to false`,
    };
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
  const near = suggestNames(name.toLowerCase(), [...gpus.keys()]);
  const meant = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'configiq catalog list names those there are.';
  return `names the GPU ${JSON.stringify(name.slice(0, 60))}, which is in no catalog: ${meant.replace(/\.$/, '')}`;
}

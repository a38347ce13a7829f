import { invalidInput } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import { ownInstances, type OwnMachine } from '../engine/hardware/own.ts';
import type { Gpu, Instance } from '../engine/hardware/types.ts';
import type { OwnMachineInput, SizeInput, SweepSpec } from '../protocol/requests.ts';

/** What a question says of hardware of one's own. */
export type OwnQuestion = Pick<SizeInput, 'own_hardware' | 'pricing' | 'zone' | 'region' | 'provider'>;

const machineOf = (entry: OwnMachineInput): OwnMachine => ({
  name: entry.name,
  gpu: entry.gpu,
  gpuCount: entry.gpu_count,
  gpuMemoryGb: entry.gpu_vram_gb,
  vcpus: entry.vcpus,
  // Memory modules are sold in GB of 2^30 bytes, as clouds count theirs.
  hostMemoryGib: entry.memory_gb,
  interconnect: entry.interconnect,
  usdPerHour: entry.usd_per_hour,
});

/** Filters that only say something of what is rented. */
function refuseRentedFilters({ pricing, zone, region, provider }: OwnQuestion): void {
  const given = [
    ...(pricing === 'spot' ? ['pricing spot'] : []),
    ...(zone === null ? [] : [`zone "${zone}"`]),
    ...(region === null ? [] : [`region "${region}"`]),
    ...(provider.length === 0 ? [] : [`provider ${provider.join(', ')}`]),
  ];
  if (given.length === 0) return;
  throw invalidInput(
    'own_hardware_filtered',
    `Own hardware is not rented, and ${given.join(' and ')} ${given.length === 1 ? 'says' : 'say'} nothing of it: leave that out, or the own hardware.`,
    { given },
  );
}

/** Machines as instances, remembered: an instance is told from others by itself. */
const remembered = new WeakMap<readonly Gpu[], Map<string, Instance[]>>();
/** Sets of machines kept for one catalog; an edit makes a new one. */
const KEPT_SETS = 32;

function rememberedInstances(machines: readonly OwnMachineInput[], facts: Facts): Instance[] {
  const sets = remembered.get(facts.gpus) ?? new Map<string, Instance[]>();
  remembered.set(facts.gpus, sets);
  const key = JSON.stringify(machines);
  const instances = sets.get(key) ?? ownInstances(machines.map(machineOf), facts);
  sets.delete(key);
  sets.set(key, instances);
  const [oldest] = sets.keys();
  if (sets.size > KEPT_SETS && oldest !== undefined) sets.delete(oldest);
  return instances;
}

/** Throws invalid input (see `ownInstances`) for machines that cannot be sized. */
export const checkMachines = (machines: readonly OwnMachineInput[], facts: Facts): void =>
  void rememberedInstances(machines, facts);

/**
 * The catalogs as a question sees them: with own hardware that is all there is. Throws invalid input `own_hardware_filtered`,
 * `own_gpu_filtered`, and what `ownInstances` throws.
 */
export function factsFor(question: OwnQuestion, facts: Facts): Facts {
  if (question.own_hardware.length === 0) return facts;
  refuseRentedFilters(question);
  return { ...facts, instances: rememberedInstances(question.own_hardware, facts) };
}

/** A GPU filter beside own hardware narrows it; one that leaves none of it is a mistake. */
export function checkGpuFilter(
  { own_hardware, gpu }: Pick<SizeInput, 'own_hardware' | 'gpu'>,
  gpuIds: string[],
  facts: Facts,
): void {
  if (own_hardware.length === 0 || gpuIds.length === 0) return;
  const has = [...new Set(facts.instances.map(({ gpuId }) => gpuId))];
  if (has.some((id) => gpuIds.includes(id))) return;
  throw invalidInput(
    'own_gpu_filtered',
    `The GPU filter ${gpu.join(', ')} leaves none of the own hardware, which has ${has.join(', ')}: leave the filter out.`,
    { gpu },
  );
}

/** The same for a sweep, whose axes must not ask for a place either. */
export function sweepFacts({ base, axes }: Pick<SweepSpec, 'base' | 'axes'>, facts: Facts): Facts {
  const rented = [
    ...(['provider', 'region', 'zone'] as const).filter((axis) => axes[axis] !== undefined),
    ...(axes.pricing?.includes('spot') ? ['pricing'] : []),
  ];
  const [axis] = rented;
  if (base.own_hardware.length > 0 && axis !== undefined) {
    throw invalidInput(
      'own_hardware_filtered',
      `Own hardware is not rented: it has no ${axis} to compare. Leave the ${axis} axis out, or the own hardware.`,
      { axes: rented },
    );
  }
  return factsFor(base, facts);
}

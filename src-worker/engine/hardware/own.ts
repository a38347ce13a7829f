import { ConfigIqError, invalidInput } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { bytesFromGib, bytesFromMib, BYTES_PER_GB, gibFromBytes } from '../units.ts';
import { resolveGpuId } from './resolve.ts';
import type { Gpu, Instance, Interconnect, OwnHardware } from './types.ts';

/** Provider and region of hardware of one's own: nobody sells it, and it stands in no zone. */
export const OWN = 'own';

/** Hardware of one's own, as people give it. */
export interface OwnMachine {
  name: string;
  /** Name of a GPU of the catalog. */
  gpu: string;
  /** A whole number, or a share below 1: a MIG slice. */
  gpuCount: number;
  /** GB of one GPU, or of the slice; null = the catalog's. */
  gpuMemoryGb: number | null;
  vcpus: number | null;
  hostMemoryGib: number | null;
  /** null = PCIe where there are several GPUs. */
  interconnect: Exclude<Interconnect, 'none'> | null;
  /** null = judged without a price. */
  usdPerHour: number | null;
}

/** Figures of memory this near to each other mean the same: data sheets, drivers and people round differently. */
const SAME_MEMORY_SHARE = 0.01;
/** More GB than any one GPU has: the catalog's largest have 288 (2026). Beyond it the figure is in another unit. */
const MOST_GPU_MEMORY_GB = 1024;

/**
 * The machines as instances of the provider `own`, so that everything that sizes instances sizes them. A machine equal to
 * an instance of a cloud has the same capacity, replicas and latency.
 *
 * Throws invalid input: `own_name_taken`, `unknown_gpu`, `ambiguous_gpu`, `own_gpu_count`, `own_gpu_memory`, `own_link`; its
 * details name the `machine` by its place in the list and the `field`.
 */
export function ownInstances(machines: readonly OwnMachine[], facts: Pick<Facts, 'gpus'>): Instance[] {
  const names = new Set<string>();
  return machines.map((machine, place) => {
    const where = { machine: place, prefix: machines.length > 1 ? `${machine.name}: ` : '' };
    if (names.has(machine.name.toLowerCase())) {
      throw refused(where, 'name', 'own_name_taken', `"${machine.name}" names two machines: give each its own name.`);
    }
    names.add(machine.name.toLowerCase());
    return instanceOf(machine, facts, where);
  });
}

/** Which machine a refusal is about, and what to put before it where there are several. */
interface Where {
  machine: number;
  prefix: string;
}

type MachineField = 'name' | 'gpu' | 'gpu_count' | 'gpu_vram_gb' | 'interconnect';

const refused = ({ machine, prefix }: Where, field: MachineField, code: string, sentence: string): ConfigIqError =>
  invalidInput(code, `${prefix}${sentence}`, { machine, field });

function instanceOf(machine: OwnMachine, facts: Pick<Facts, 'gpus'>, where: Where): Instance {
  const { name, gpuCount, hostMemoryGib, usdPerHour } = machine;
  if (gpuCount > 1 && !Number.isInteger(gpuCount)) {
    const sentence = `${gpuCount} GPUs cannot be told apart: give a whole number, or a share below 1 for a slice of one GPU.`;
    throw refused(where, 'gpu_count', 'own_gpu_count', sentence);
  }
  const gpu = gpuOfMachine(machine, facts, where);
  const memory = memoryOf(machine, gpu, where);
  const link = linkOf(machine, gpu, where);
  return {
    provider: OWN,
    name,
    family: 'own hardware',
    gpuId: gpu.id,
    gpuCount,
    vcpus: machine.vcpus,
    hostMemoryBytes: hostMemoryGib === null ? null : bytesFromGib(hostMemoryGib),
    interconnect: link.interconnect,
    interconnectBandwidthPerDirectionBytesPerS: null,
    localSsdBytes: null,
    status: 'current',
    notes: null,
    layer: 'file',
    offers: [
      {
        region: OWN,
        onDemandUsdPerHour: usdPerHour,
        spotUsdPerHour: null,
        priceAsOf: null,
        priceSource: usdPerHour === null ? null : 'given with the question',
        zones: [],
      },
    ],
    own: { gpu: memory.gpu, remarks: [...memory.remarks, ...link.remarks] },
  };
}

function gpuOfMachine({ gpu: name }: OwnMachine, facts: Pick<Facts, 'gpus'>, where: Where): Gpu {
  try {
    const id = resolveGpuId(facts, name);
    const gpu = facts.gpus.find((entry) => entry.id === id);
    if (!gpu) throw new Error(`resolved GPU ${id} is not in the catalog`);
    return gpu;
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError)) throw thrown;
    const details = { ...thrown.details, machine: where.machine, field: 'gpu' };
    throw invalidInput(thrown.code, `${where.prefix}${thrown.message}`, details);
  }
}

const figure = (value: number): string =>
  value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));

/**
 * The GPU with the memory that was given. A figure between what the driver reports and what the data sheet says (in GB as in
 * GiB) is the GPU's own. Any other is read as data sheets count, and what of it is usable follows in the catalog's
 * proportion: an A100 40GB has 39.39 GiB of its 40 GB, so 48 GB leave 47.27 GiB. The figure of a slice is the slice's own.
 */
function memoryOf(machine: OwnMachine, gpu: Gpu, where: Where): OwnHardware {
  const { gpuMemoryGb: given, gpuCount, name } = machine;
  if (given === null) return { gpu: null, remarks: [] };
  const usableGib = gibFromBytes(gpu.usableMemoryBytes);
  const marketedGb = gpu.marketedMemoryGb ?? usableGib;
  const share = Math.min(1, gpuCount);
  checkUnit(given, marketedGb, where);
  const isOwnOf = (part: number): boolean =>
    given >= part * Math.min(usableGib, marketedGb) * (1 - SAME_MEMORY_SHARE) &&
    given <= part * Math.max(marketedGb, gpu.usableMemoryBytes / BYTES_PER_GB) * (1 + SAME_MEMORY_SHARE);
  // The memory of the whole GPU beside a share of it names the GPU, not the slice.
  if (isOwnOf(share) || isOwnOf(1)) return { gpu: null, remarks: [] };
  if (share < 1 && given > marketedGb) {
    const sentence = `a slice of ${gpu.name} cannot have ${figure(given)} GB: the whole GPU has ${figure(marketedGb)}.`;
    throw refused(where, 'gpu_vram_gb', 'own_gpu_memory', sentence);
  }
  const usable = given * (usableGib / marketedGb);
  const variant = {
    ...gpu,
    name: `${gpu.name} with ${figure(given)} GB`,
    usableMemoryBytes: bytesFromGib(usable / share),
  };
  const whose = share < 1 ? 'its slice' : gpuCount > 1 ? 'each of its GPUs' : 'its GPU';
  const sentence =
    `${name} was given ${figure(given)} GB for ${whose} in place of the ${figure(marketedGb * share)} of ${gpu.name}; ` +
    `${figure(usable)} GiB of them count as usable, in the proportion of the catalog (${figure(usableGib)} GiB of ${figure(marketedGb)} GB). ` +
    'Bandwidth and compute stay as they are.';
  return { gpu: variant, remarks: [{ code: 'own_gpu_memory', sentence }] };
}

function checkUnit(given: number, marketedGb: number, where: Where): void {
  if (given >= 1 && given <= MOST_GPU_MEMORY_GB) return;
  const asMib = gibFromBytes(bytesFromMib(given));
  const reading = asMib >= 1 && asMib <= MOST_GPU_MEMORY_GB ? `; read as MiB it would be ${figure(asMib)} GiB` : '';
  const sentence = `${figure(given)} GB is no memory of one GPU${reading}: give GB of one GPU, for example ${figure(marketedGb)}.`;
  throw refused(where, 'gpu_vram_gb', 'own_gpu_memory', sentence);
}

/** Links a GPU can have, PCIe first. */
export function linksOf({ linkKind }: Pick<Gpu, 'linkKind'>): Exclude<Interconnect, 'none'>[] {
  if (linkKind === null) return ['pcie'];
  if (linkKind.endsWith('-bridge')) return ['pcie', 'nvlink-bridge'];
  if (linkKind.startsWith('nvlink')) return ['pcie', 'nvlink', 'nvswitch'];
  return linkKind === 'xgmi' ? ['pcie', 'xgmi'] : ['pcie'];
}

const LINK_NAMES: Record<Exclude<Interconnect, 'none'>, string> = {
  pcie: 'PCIe',
  nvlink: 'NVLink',
  'nvlink-bridge': 'an NVLink bridge',
  nvswitch: 'NVSwitch',
  xgmi: 'xGMI',
};

function linkOf(
  { interconnect: given, gpuCount, name }: OwnMachine,
  gpu: Gpu,
  where: Where,
): { interconnect: Interconnect; remarks: OwnHardware['remarks'] } {
  const links = linksOf(gpu);
  if (given !== null && !links.includes(given)) {
    const cure = links.length > 1 ? `it has ${links.join(' or ')}` : 'leave it out, or say pcie';
    throw refused(where, 'interconnect', 'own_link', `${gpu.name} does not have the link "${given}": ${cure}.`);
  }
  if (gpuCount <= 1) return { interconnect: 'none', remarks: [] };
  if (given !== null) return { interconnect: given, remarks: [] };
  const faster = links.slice(1).map((link) => LINK_NAMES[link]);
  const sentence = `How the ${gpuCount} GPUs of ${name} are linked was not stated: they count as PCIe; ${gpu.name} can have ${faster.join(' or ')}.`;
  return { interconnect: 'pcie', remarks: faster.length > 0 ? [{ code: 'link_assumed', sentence }] : [] };
}

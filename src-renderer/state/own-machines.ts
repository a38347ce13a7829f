import type { CatalogListing, InstanceEntry } from '../../src-worker/protocol/app-api.ts';
import type { LINKS, OwnMachineDraft, OwnMachineInput } from '../../src-worker/protocol/requests.ts';
import { parseAmount, type AmountRules } from '../format/parse.ts';

/** Machines of one's own as the form holds them: text stays as it was typed. */

export type OwnLink = (typeof LINKS)[number];

export interface MachineTexts {
  name: string;
  /** Id of a GPU of the catalog. */
  gpu: string;
  gpuCount: string;
  /** Empty = as in the catalog. */
  gpuMemory: string;
  hostMemory: string;
  vcpus: string;
  /** Empty = not stated. */
  link: OwnLink | '';
  /** Empty = no price. */
  price: string;
}

export type MachineAmount = 'gpuCount' | 'gpuMemory' | 'hostMemory' | 'vcpus' | 'price';

export const MACHINE_RULES: Record<MachineAmount, AmountRules> = {
  gpuCount: { label: 'GPUs', unit: 'GPUs', min: 0.01, max: 1024, isWhole: false, example: '8, or 0.5 for a slice' },
  gpuMemory: { label: 'Memory of a GPU', unit: 'GB', min: 1, max: 1024, isWhole: false, example: '80' },
  hostMemory: { label: 'Host memory', unit: 'GB', min: 0.1, max: 1e6, isWhole: false, example: '512' },
  vcpus: { label: 'vCPUs', unit: 'vCPUs', min: 1, max: 100_000, isWhole: true, example: '64' },
  price: { label: 'Price', unit: 'US$/h', min: 0.0001, max: 1e6, isWhole: false, example: '2.50' },
};

const AMOUNTS = Object.keys(MACHINE_RULES) as MachineAmount[];

/** A machine nobody has described yet, under a name that none of `others` has. */
export function newMachine(others: readonly MachineTexts[]): MachineTexts {
  const taken = new Set(others.map(({ name }) => name.trim().toLowerCase()));
  let number = others.length + 1;
  while (taken.has(`machine ${number}`)) number += 1;
  const [last] = others.slice(-1);
  const texts = { gpuCount: '1', gpuMemory: '', hostMemory: '', vcpus: '', link: '', price: '' } as const;
  return { name: `machine ${number}`, gpu: last?.gpu ?? '', ...texts };
}

const numberText = (value: number | null | undefined): string =>
  value === null || value === undefined ? '' : String(Number(value.toPrecision(12)));

/** A machine of a question as somebody would have typed it. */
export const machineTexts = (machine: OwnMachineDraft): MachineTexts => ({
  name: machine.name,
  gpu: machine.gpu,
  gpuCount: numberText(machine.gpu_count ?? 1),
  gpuMemory: numberText(machine.gpu_vram_gb),
  hostMemory: numberText(machine.memory_gb),
  vcpus: numberText(machine.vcpus),
  link: machine.interconnect ?? '',
  price: numberText(machine.usd_per_hour),
});

/** The machines as a question names them, or the sentence about the first that cannot be asked about. */
export function readMachines(machines: readonly MachineTexts[]): OwnMachineInput[] | string {
  if (machines.length === 0) return 'Add a machine of your own, or go back to clouds.';
  const names = new Set<string>();
  const read: OwnMachineInput[] = [];
  for (const [index, machine] of machines.entries()) {
    const name = machine.name.trim();
    const problem = machineProblem(machine, index);
    if (problem !== null) return problem;
    if (names.has(name.toLowerCase())) return `Two machines are called ${name}: give each its own name.`;
    names.add(name.toLowerCase());
    read.push(machineInput(machine));
  }
  return read;
}

/** What keeps a machine from being asked about; null where nothing does. */
export function machineProblem(machine: MachineTexts, index: number): string | null {
  const name = machine.name.trim();
  if (name === '') return `Give machine ${index + 1} a name.`;
  if (/[/\p{Cc}]/u.test(name)) return `The name of machine ${index + 1} takes no slashes.`;
  if (machine.gpu.trim() === '') return `Choose the GPU of ${name}.`;
  for (const field of AMOUNTS) {
    const amount = parseAmount(machine[field], MACHINE_RULES[field]);
    if (amount.kind === 'bad') return amount.sentence;
  }
  if (machine.gpuCount.trim() === '') return `Say how many GPUs ${name} has.`;
  return null;
}

/** A machine without a problem, as a question names it. */
function machineInput(machine: MachineTexts): OwnMachineInput {
  const value = (field: MachineAmount): number | null => {
    const amount = parseAmount(machine[field], MACHINE_RULES[field]);
    return amount.kind === 'value' ? amount.value : null;
  };
  return {
    name: machine.name.trim(),
    gpu: machine.gpu.trim(),
    gpu_count: value('gpuCount') ?? 1,
    gpu_vram_gb: value('gpuMemory'),
    vcpus: value('vcpus'),
    memory_gb: value('hostMemory'),
    interconnect: machine.link === '' ? null : machine.link,
    usd_per_hour: value('price'),
  };
}

const OWN = 'own';
/** As an instance: `own/box`. */
export const ownMachineId = (name: string): string => `${OWN}/${name.trim()}`;
export const isOwnMachine = (instance: string): boolean => instance.startsWith(`${OWN}/`);

/** The machines that can be read, as a listing of the catalog names instances: for what the form leaves to choose from. */
export function machineEntries(machines: readonly MachineTexts[], catalog: CatalogListing | null): InstanceEntry[] {
  return machines.flatMap((machine, index) => {
    if (machineProblem(machine, index) !== null) return [];
    const { name, gpu, gpu_count: gpuCount, usd_per_hour: price } = machineInput(machine);
    if (!catalog?.gpus.some(({ id }) => id === gpu)) return [];
    return [
      {
        provider: OWN,
        instance: name,
        gpu,
        gpuCount,
        layer: 'file',
        regions: 0,
        cheapestOnDemandUsdPerHour: price,
        cheapestSpotUsdPerHour: null,
        priceAsOf: null,
      },
    ];
  });
}

const LABELS: Record<keyof MachineTexts, string> = {
  name: 'name',
  gpu: 'GPU',
  gpuCount: 'GPUs',
  gpuMemory: 'memory of a GPU',
  hostMemory: 'host memory',
  vcpus: 'vCPUs',
  link: 'link',
  price: 'price',
};

/** An edit of the machines in a few words: `box: GPUs 2 → 4`, `3 machines`. */
export function machineEditWords(before: readonly MachineTexts[], after: readonly MachineTexts[]): string {
  if (before.length !== after.length) return after.length === 1 ? '1 machine' : `${after.length} machines`;
  const changes = after.flatMap((machine, index) =>
    (Object.keys(LABELS) as (keyof MachineTexts)[])
      .filter((key) => machine[key] !== before[index]?.[key])
      .map((key) => ({ key, machine, was: before[index]?.[key] ?? '' })),
  );
  const [first] = changes;
  if (!first || changes.length > 1) return 'own machines';
  const { key, machine, was } = first;
  return `${before.length > 1 ? `${machine.name}: ` : ''}${LABELS[key]} ${was || 'none'} → ${machine[key] || 'none'}`;
}

import { ownMachineSchema, type OwnMachineInput } from '../../src-worker/protocol/requests.ts';
import type { AppService } from '../services/app-service.ts';
import { configsError, machineName, placeInFile, readConfigs, type MachineEntry } from './configs-file.ts';
import { unwrap, usageError } from './errors.ts';
import type { Draft } from './options.ts';
import { checkRequest, flagOf } from './validate.ts';

/** Own hardware on the command line: one machine by options, or several by a file. */

/** Keys of a machine by the options that give them. */
const KEYS: Record<string, keyof OwnMachineInput> = {
  gpu_type: 'gpu',
  gpu_count: 'gpu_count',
  gpu_vram_gb: 'gpu_vram_gb',
  vcpus: 'vcpus',
  memory_gb: 'memory_gb',
  interconnect: 'interconnect',
  price_per_hour: 'usd_per_hour',
  config_name: 'name',
};

const flagOfKey = (key: string): string =>
  flagOf(Object.entries(KEYS).find(([, machineKey]) => machineKey === key)?.[0] ?? key);

export interface OwnHardware {
  machines: OwnMachineInput[];
  /** Where they come from; null = the options. */
  file: { path: string; entries: MachineEntry[] } | null;
}

/** True where a draft speaks of own hardware at all. */
export const asksOwnHardware = (draft: Draft): boolean =>
  draft['configs_file'] !== undefined || Object.keys(draft).some((key) => key in KEYS);

/** The machines of the options or of the file; null where nothing asks for any. Throws usage errors, and file errors for a file. */
export function readOwnHardware(draft: Draft): OwnHardware | null {
  const given = Object.keys(KEYS).filter((key) => draft[key] !== undefined);
  const flags = given.map(flagOf).join(' and ');
  const path = draft['configs_file'];
  if (typeof path === 'string') {
    if (given.length > 0) {
      throw usageError(`--configs-file names the machines already: leave ${flags} out, or the file.`);
    }
    const entries = readConfigs(path);
    return { machines: entries.map(({ machine }) => machine), file: { path, entries } };
  }
  if (given.length === 0) return null;
  if (!given.includes('gpu_type')) {
    const belongs = given.length === 1 ? 'belongs' : 'belong';
    throw usageError(`${flags} ${belongs} to own hardware: say which GPU it has with --gpu-type.`);
  }
  const machine = Object.fromEntries(given.map((key): [string, unknown] => [KEYS[key] ?? key, draft[key]]));
  const name: unknown = draft['config_name'] ?? machineName(draft['gpu_type'], draft['gpu_count']);
  return { machines: [checkRequest(ownMachineSchema, { ...machine, name }, flagOfKey)], file: null };
}

/** Throws for machines that the engine does not take; for those of a file with the file, the entry and the field. */
export async function checkOwnHardware(service: AppService, { machines, file }: OwnHardware): Promise<void> {
  const result = await service.checkMachines(machines);
  if (result.ok) return;
  const { message, details } = result.error;
  const { machine: index, field } = details;
  if (file === null || typeof index !== 'number') {
    unwrap(result);
    return;
  }
  const entry = file.entries[index];
  const key = String(field);
  const name = entry?.machine.name ?? '';
  // The place in the file says which machine it is.
  const sentence = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
  throw configsError(file.path, `${placeInFile(index, name, entry?.spelling[key] ?? key)}: ${sentence}`);
}

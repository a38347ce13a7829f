import { z } from 'zod';
import { fileError, type ConfigIqError } from '../../src-worker/engine/errors.ts';
import { issueWords } from '../../src-worker/protocol/issues.ts';
import { MOST_MACHINES, ownMachineSchema, type OwnMachineInput } from '../../src-worker/protocol/requests.ts';
import { didYouMean } from '../../src-worker/protocol/suggest.ts';
import { parseJsonText } from '../services/json-text.ts';
import { readTextFile } from './files.ts';

/**
 * Own machines in a file: `{"configs": [{"name", "gpu_type", "gpu_count", "gpu_vram_gb", "vcpus", "memory_gb"}]}`, as the
 * original reads it, with our keys beside its.
 */

/** Keys of a machine by the keys an entry may use for them. */
const KEYS: Record<string, keyof OwnMachineInput> = {
  name: 'name',
  config_name: 'name',
  gpu_type: 'gpu',
  gpu: 'gpu',
  gpu_count: 'gpu_count',
  gpu_vram_gb: 'gpu_vram_gb',
  vcpus: 'vcpus',
  memory_gb: 'memory_gb',
  interconnect: 'interconnect',
  price_per_hour: 'usd_per_hour',
  usd_per_hour: 'usd_per_hour',
};

/** A machine of a file, and how its entry spells each key. */
export interface MachineEntry {
  machine: OwnMachineInput;
  spelling: Partial<Record<string, string>>;
}

/** A machine nobody named: `nvidia-l4-2x`. */
export const machineName = (gpu: unknown, count: unknown = 1): string =>
  `${String(gpu).replaceAll('/', '-')}-${String(count)}x`.slice(0, 100);

export const configsError = (file: string, sentence: string): ConfigIqError =>
  fileError('configs_invalid', `${file}: ${sentence}`, { file });

/** `configs[1] ("box"), gpu_count`: where in the file something stands. */
export const placeInFile = (index: number, name: unknown, field = ''): string =>
  [`configs[${index}]${typeof name === 'string' && name !== '' ? ` ("${name.slice(0, 60)}")` : ''}`, field]
    .filter(Boolean)
    .join(', ');

const MAX_BYTES = 1_000_000;

/** Throws file errors that name the file, the entry and the field. Whether its GPUs exist is the engine's business. */
export function readConfigs(file: string): MachineEntry[] {
  const content = parseJsonText(readTextFile(file, MAX_BYTES), file);
  const parsed = z.object({ configs: z.array(z.unknown()) }).safeParse(content);
  if (!parsed.success) {
    const example = '{"configs": [{"gpu_type": "nvidia-l4", "gpu_count": 2}]}';
    throw configsError(file, `there is no list "configs": write ${example}.`);
  }
  const { configs } = parsed.data;
  if (configs.length === 0) throw configsError(file, 'the list "configs" is empty: add a machine.');
  if (configs.length > MOST_MACHINES) {
    throw configsError(file, `"configs" has ${configs.length} machines and may have ${MOST_MACHINES}: split the file.`);
  }
  return configs.map((entry, index) => {
    const name = isRecord(entry) ? (entry['name'] ?? entry['config_name']) : null;
    return machineOf(entry, (field, words) => configsError(file, `${placeInFile(index, name, field)}: ${words}.`));
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function machineOf(entry: unknown, refused: (field: string, words: string) => ConfigIqError): MachineEntry {
  if (!isRecord(entry)) throw refused('', 'must be an object with at least "gpu_type"');
  const given: Record<string, unknown> = {};
  const spelling: MachineEntry['spelling'] = {};
  for (const [written, value] of Object.entries(entry)) {
    const key = Object.hasOwn(KEYS, written) ? KEYS[written] : undefined;
    if (key === undefined) {
      const near = didYouMean(written, Object.keys(KEYS)).replace(/[.?]$/, '');
      throw refused(written.slice(0, 60), `is no field of a machine: ${near}`);
    }
    const before = spelling[key];
    if (before !== undefined) throw refused(written, `says the same as "${before}": keep one of them`);
    given[key] = value;
    spelling[key] = written;
  }
  if (given['gpu'] === undefined) throw refused('gpu_type', 'is missing: give the GPU, for example "nvidia-l4"');
  const machine = { ...given, name: given['name'] ?? machineName(given['gpu'], given['gpu_count']) };
  const parsed = ownMachineSchema.safeParse(machine, { reportInput: true });
  if (parsed.success) return { machine: parsed.data, spelling };
  const [issue] = parsed.error.issues;
  const key = String(issue?.path[0] ?? '');
  throw refused(spelling[key] ?? key, issue ? issueWords(issue, { value: given[key] }) : 'is not valid');
}

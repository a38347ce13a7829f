import { latencyLabel, precisionLabel } from '../format/names.ts';
import type { Change } from './changes.ts';
import { AMOUNT_RULES } from './form-reading.ts';
import { SIMULATE_RULES } from './simulate-form.ts';
import { machineEditWords, type MachineTexts } from './own-machines.ts';

/** Fields of the question by their path, as people know them. */
const LABELS: Record<string, string> = {
  ...Object.fromEntries(Object.entries(AMOUNT_RULES).map(([field, { label }]) => [`form.texts.${field}`, label])),
  'form.model': 'Model',
  'form.workload': 'Workload',
  'form.loadKind': 'Load given as',
  'form.hardware': 'Runs on',
  'form.providers': 'Clouds',
  'form.place': 'Where',
  'form.placeName': 'Where',
  'form.pricing': 'Price',
  'form.quantization': 'Precision',
  'form.headroom': 'Headroom',
  'form.kvCacheDtype': 'KV cache',
  'form.tensorParallel': 'TP',
  'form.pipelineParallel': 'PP',
  'form.gpus': 'GPUs',
  'form.instances': 'Instances',
  'form.method': 'Method',
  'form.router': 'Router',
  'form.usesPrefixCache': 'Prefix caching',
  'form.includesRetired': 'Retired instances',
  'form.isContextStrict': 'Strict context',
};
const SIMULATE_LABELS: Record<string, string> = {
  ...Object.fromEntries(
    Object.entries(SIMULATE_RULES).map(([field, { label }]) => [`simulation.texts.${field}`, label]),
  ),
  'simulation.model': 'Model',
  'simulation.gpu': 'GPU',
  'simulation.tensorParallel': 'TP',
  'simulation.pipelineParallel': 'PP',
  'simulation.loadKind': 'Load given as',
  'simulation.traceName': 'Trace',
  'simulation.quantization': 'Precision',
  'simulation.kvCacheDtype': 'KV cache',
  'simulation.arrival': 'Arrivals',
  'simulation.policy': 'Order',
  'simulation.router': 'Router',
  'simulation.prefixKind': 'Shared prefix given as',
  'simulation.engine': 'Engine',
  'simulation.engineVersion': 'Engine version',
  'simulation.calibration': 'Profile',
};
const LONGEST_VALUE = 40;

/** An edit in a few words: `Users 100 → 250`, `4 fields of the question`, `axes of the sweep`. */
export function editWords(changes: Change[]): string {
  const [first] = changes;
  if (!first) return 'nothing';
  if (changes.every(({ path }) => path.startsWith('axes.'))) return 'axes of the sweep';
  if (changes.length > 1 && changes.every(({ path }) => path.startsWith('simulation.')))
    return `${changes.length} fields of the simulation`;
  if (changes.length === 1 && first.path === 'form.machines') {
    // The path names machines on both sides.
    return machineEditWords(first.before as MachineTexts[], first.after as MachineTexts[]);
  }
  if (changes.length > 1) return `${changes.length} fields of the question`;
  return `${labelOf(first.path)} ${valueWords(first.before)} → ${valueWords(first.after)}`;
}

function labelOf(path: string): string {
  const target = /^form\.targets\.(.+)$/.exec(path);
  return target?.[1]
    ? `${latencyLabel(target[1])} target`
    : (LABELS[path] ?? SIMULATE_LABELS[path] ?? 'A field of the question');
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none named' : short(value.map(nameOf).join(', '));
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (value === '' || value === null || value === undefined) return 'default';
  return short(nameOf(value));
}

const nameOf = (value: unknown): string => {
  const text = String(value);
  return precisionLabel(text);
};

const short = (text: string): string => (text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text);

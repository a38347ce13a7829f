import type { NumberAxis } from '../../src-worker/engine/sweep/axis.ts';
import type { OwnMachineDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import type { NamedAxis } from '../../src-worker/protocol/sweep-axis-roles.ts';
import { targetAxis, type AxisId } from './sweep-axis-kinds.ts';
import type { TargetMetric } from './form-reading.ts';

/** An axis, or a value that is held. */
type Value = NumberAxis | string[] | string | number | null | undefined;

/** Flags with the value or the values of a key, in the order of the line; prices that are multiplied are no key of a question. */
const VALUE_FLAGS: Record<Exclude<NamedAxis, 'price_factor'>, string> = {
  model: '--model',
  workload: '--workload',
  users: '--users',
  rate: '--rate',
  think_time: '--think-time',
  headroom: '--headroom',
  input_tokens: '--input-tokens',
  output_tokens: '--output-tokens',
  prefix_hit_rate: '--prefix-hit-rate',
  cacheable_ratio: '--cacheable-ratio',
  quantization: '--quantization',
  kv_cache_dtype: '--kv-cache-dtype',
  calibration: '--calibration',
  gpu: '--gpu',
  instance: '--instance',
  tp: '--tp',
  pp: '--pp',
  max_gpus: '--max-gpus',
  provider: '--provider',
  pricing: '--pricing',
  region: '--region',
  zone: '--zone',
};
/** What need not be said. */
const UNSAID: Partial<Record<NamedAxis, Value>> = { think_time: 0, pp: 1 };

/**
 * The line that runs the same sweep in a terminal, `words` being axes as they were typed where that is shorter; null where flags
 * cannot say it: on the command line several GPUs, instances or precisions are always compared, not looked at together, and clouds never are.
 */
export function sweepCommand(
  { base, axes }: SweepSpecDraft,
  words: Partial<Record<AxisId, string>> = {},
): string | null {
  const [machine, ...others] = base.own_hardware ?? [];
  // Several machines need a file.
  if (others.length > 0 || axes.provider !== undefined) return null;
  const compared = [base.gpu, base.instance, base.quantization];
  if (compared.some((values) => (values?.length ?? 0) > 1)) return null;
  // A machine may be called so; the commas of a flag stand between names.
  if ([...(base.instance ?? []), ...(axes.instance ?? [])].some((name) => name.includes(','))) return null;
  const flags: string[] = [];
  const say = (flag: string, axis: Value, held: Value, id: AxisId): void => {
    const text = axis === undefined ? wordsOf(held) : (words[id] ?? wordsOf(axis));
    if (text !== '') flags.push(flag, text);
  };
  for (const [axis, flag] of Object.entries(VALUE_FLAGS)) {
    const key = axis as keyof typeof VALUE_FLAGS;
    const held = base[key];
    say(flag, axes[key], held === UNSAID[key] ? null : held, key);
  }
  say('--price-factor', axes.price_factor, null, 'price_factor');
  if (base.method !== undefined) flags.push('--method', base.method);
  if (machine) flags.push(...machineFlags(machine));
  for (const [metric, target] of Object.entries({ ...base.sla, ...axes.sla })) {
    const text = words[targetAxis(metric as TargetMetric)] ?? wordsOf(target);
    flags.push('--sla', `${metric.replaceAll('_', '-')}=${text}`);
  }
  if (base.prefix_cache === false) flags.push('--no-prefix-cache');
  if (base.strict_context) flags.push('--strict-context');
  if (base.include_retired) flags.push('--include-retired');
  return ['configiq sweep', ...flags.map(shellWord)].join(' ');
}

/** A value or an axis as an option has it: `10,50`, `10..100:10`, `all`; empty where nothing is said. */
function wordsOf(value: Value): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map((part) => (part === '*' ? 'all' : String(part))).join(',');
  if (typeof value !== 'object') return String(value);
  return 'step' in value ? `${value.from}..${value.to}:${value.step}` : `${value.from}..${value.to}*${value.factor}`;
}

/** Keys of a machine and the flags that give them. */
const MACHINE_FLAGS: Record<keyof OwnMachineDraft, string> = {
  gpu: '--gpu-type',
  gpu_count: '--gpu-count',
  gpu_vram_gb: '--gpu-vram-gb',
  vcpus: '--vcpus',
  memory_gb: '--memory-gb',
  interconnect: '--interconnect',
  usd_per_hour: '--price-per-hour',
  name: '--config-name',
};

const machineFlags = (machine: OwnMachineDraft): string[] =>
  Object.entries(MACHINE_FLAGS).flatMap(([key, flag]) => {
    const value = machine[key as keyof OwnMachineDraft];
    return value === null || value === undefined ? [] : [flag, String(value)];
  });

/** As a shell takes it for one word. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

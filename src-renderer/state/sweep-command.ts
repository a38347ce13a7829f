import type { OwnMachineDraft, SweepSpecDraft } from '../../src-worker/protocol/requests.ts';

type Base = SweepSpecDraft['base'];

/** Keys of the base that are one flag with their value; others follow below. */
const VALUE_FLAGS: Partial<Record<keyof Base, string>> = {
  workload: '--workload',
  think_time: '--think-time',
  headroom: '--headroom',
  pricing: '--pricing',
  region: '--region',
  max_gpus: '--max-gpus',
  input_tokens: '--input-tokens',
  output_tokens: '--output-tokens',
  prefix_hit_rate: '--prefix-hit-rate',
  cacheable_ratio: '--cacheable-ratio',
  kv_cache_dtype: '--kv-cache-dtype',
  method: '--method',
  calibration: '--calibration',
};

/**
 * The line that runs the same sweep in a terminal, `users` being the words of that axis; null where flags cannot say it: on
 * the command line several GPUs or precisions are always compared, not looked at together.
 */
export function sweepCommand({ base, axes }: SweepSpecDraft, users: string[]): string | null {
  const [machine, ...others] = base.own_hardware ?? [];
  // Several machines need a file.
  if (others.length > 0) return null;
  if ((base.gpu?.length ?? 0) > 1 || (base.quantization?.length ?? 0) > 1) return null;
  const models = axes.model ?? (base.model === undefined ? [] : [base.model]);
  const flags: string[] = ['--model', models.join(','), '--users', users.join(',')];
  for (const [key, flag] of Object.entries(VALUE_FLAGS)) {
    const value = base[key as keyof Base];
    if (typeof value === 'string' || typeof value === 'number') flags.push(flag, String(value));
  }
  if (machine) flags.push(...machineFlags(machine));
  if (base.provider && base.provider.length > 0) flags.push('--provider', base.provider.join(','));
  for (const [metric, ms] of Object.entries(base.sla ?? {}))
    flags.push('--sla', `${metric.replaceAll('_', '-')}=${ms}`);
  if ((base.pp ?? 1) > 1) flags.push('--pp', String(base.pp));
  if (base.prefix_cache === false) flags.push('--no-prefix-cache');
  if (base.strict_context) flags.push('--strict-context');
  if (base.include_retired) flags.push('--include-retired');
  const names = (flag: string, varied: string[] | undefined, held: string[]): void => {
    const list = varied ?? held;
    if (list.length > 0) flags.push(flag, list.map((name) => (name === '*' ? 'all' : name)).join(','));
  };
  names('--quantization', axes.quantization, base.quantization ?? []);
  names('--zone', axes.zone, base.zone ? [base.zone] : []);
  names('--gpu', axes.gpu, base.gpu ?? []);
  names('--tp', axes.tp?.map(String), base.tp ? [String(base.tp)] : []);
  return ['configiq sweep', ...flags.map(shellWord)].join(' ');
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

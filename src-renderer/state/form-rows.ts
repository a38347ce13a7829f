import type { Origin } from '../components/origin.ts';
import { defaultFormValues, type AmountField, type FormValues, type TargetMetric } from './form-reading.ts';

interface FormRow {
  label: string;
  /** Where the value of the row comes from until somebody sets another. */
  base: Origin;
  values?: readonly Exclude<keyof FormValues, 'texts' | 'targets'>[];
  texts?: readonly AmountField[];
  targets?: 'ttft' | 'tpot' | 'e2e';
}

/** Rows of the form, and the values each of them holds. */
export const FORM_ROWS = {
  preset: { label: 'Preset', base: 'default', values: ['workload'] },
  load: { label: 'Load', base: 'default', values: ['loadKind'], texts: ['users', 'thinkTime', 'rate'] },
  tokens: { label: 'Tokens', base: 'preset', texts: ['inputTokens', 'outputTokens'] },
  prefix: { label: 'Shared prefix', base: 'preset', texts: ['cacheablePercent', 'hitPercent'] },
  hardware: { label: 'Runs on', base: 'default', values: ['hardware', 'machines'] },
  clouds: { label: 'Clouds', base: 'default', values: ['providers'] },
  place: { label: 'Where', base: 'default', values: ['place', 'placeName'] },
  pricing: { label: 'Price', base: 'default', values: ['pricing'] },
  precision: { label: 'Precision', base: 'default', values: ['quantization'] },
  headroom: { label: 'Headroom', base: 'default', values: ['headroom'] },
  ttft: { label: 'TTFT targets', base: 'preset', targets: 'ttft' },
  tpot: { label: 'TPOT targets', base: 'preset', targets: 'tpot' },
  e2e: { label: 'E2E targets', base: 'preset', targets: 'e2e' },
  kvCache: { label: 'KV cache', base: 'default', values: ['kvCacheDtype'] },
  tensorParallel: { label: 'Tensor parallel', base: 'default', values: ['tensorParallel'] },
  pipelineParallel: { label: 'Pipeline stages', base: 'default', values: ['pipelineParallel'] },
  maxGpus: { label: 'Most GPUs', base: 'default', texts: ['maxGpus'] },
  gpus: { label: 'GPUs', base: 'default', values: ['gpus'] },
  instances: { label: 'Instances', base: 'default', values: ['instances'] },
  method: { label: 'Method', base: 'default', values: ['method'] },
  router: { label: 'Router', base: 'default', values: ['router'] },
  options: {
    label: 'Options',
    base: 'default',
    values: ['usesPrefixCache', 'isContextStrict', 'includesRetired'],
  },
} as const satisfies Record<string, FormRow>;

export type FormRowName = keyof typeof FORM_ROWS;

const rowOf = (name: FormRowName): FormRow => FORM_ROWS[name];

const targetsOf = ({ targets }: FormValues, prefix: string): TargetMetric[] =>
  (Object.keys(targets) as TargetMetric[]).filter((metric) => metric.startsWith(`${prefix}_`));

/** How many fields of a row hold what somebody set. */
function countSet(form: FormValues, name: FormRowName): number {
  const { values = [], texts = [], targets } = rowOf(name);
  const defaults = defaultFormValues();
  return (
    values.filter((key) => JSON.stringify(form[key]) !== JSON.stringify(defaults[key])).length +
    texts.filter((field) => form.texts[field].trim() !== defaults.texts[field]).length +
    (targets === undefined
      ? 0
      : targetsOf(form, targets).filter((metric) => form.targets[metric]?.trim() !== '').length)
  );
}

/** Where the value in force of a row comes from. */
export const rowOrigin = (form: FormValues, name: FormRowName): Origin =>
  countSet(form, name) > 0 ? 'yours' : rowOf(name).base;

/** Puts a row back to what it holds before anybody sets it. */
export function resetRow(form: FormValues, name: FormRowName): void {
  const { values = [], texts = [], targets } = rowOf(name);
  const defaults = defaultFormValues();
  Object.assign(form, Object.fromEntries(values.map((key) => [key, defaults[key]])));
  for (const field of texts) form.texts[field] = defaults.texts[field];
  if (targets !== undefined) for (const metric of targetsOf(form, targets)) delete form.targets[metric];
}

/** Rows that most questions leave alone. */
const ADVANCED_ROWS: readonly FormRowName[] = [
  'ttft',
  'tpot',
  'e2e',
  'kvCache',
  'tensorParallel',
  'pipelineParallel',
  'maxGpus',
  'gpus',
  'instances',
  'method',
  'router',
  'options',
];

/** How many fields under Advanced differ from their defaults. */
export const countAdvanced = (form: FormValues): number =>
  ADVANCED_ROWS.reduce((sum, name) => sum + countSet(form, name), 0);

/** Puts everything under Advanced back. */
export function resetAdvanced(form: FormValues): void {
  for (const name of ADVANCED_ROWS) resetRow(form, name);
}

/** How many of these rows hold what somebody set. */
export const countYours = (form: FormValues, names: readonly FormRowName[]): number =>
  names.filter((name) => rowOrigin(form, name) === 'yours').length;

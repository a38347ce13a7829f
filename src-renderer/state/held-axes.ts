import type { NamedAxis } from '../../src-worker/protocol/sweep-axis-roles.ts';
import { precisionLabel, pricingLabel, providerLabel } from '../format/names.ts';
import type { AmountField, FormValues, TargetMetric } from './form-reading.ts';
import { targetOf, type AxisId } from './sweep-axis-kinds.ts';

const AMOUNTS = {
  users: ['users', ''],
  rate: ['rate', ''],
  think_time: ['thinkTime', ' s'],
  input_tokens: ['inputTokens', ' tokens'],
  output_tokens: ['outputTokens', ' tokens'],
  prefix_hit_rate: ['hitPercent', ' %'],
  cacheable_ratio: ['cacheablePercent', ' %'],
  max_gpus: ['maxGpus', ''],
} as const satisfies Partial<Record<NamedAxis, readonly [field: AmountField, unit: string]>>;
type AmountAxis = keyof typeof AMOUNTS;
const isAmount = (id: AxisId): id is AmountAxis => id in AMOUNTS;

/** What an axis is held at while it is none; what is not said follows from the workload or from what is cheapest. */
export function heldAt(id: AxisId, form: FormValues): string {
  if (isAmount(id)) {
    const [field, unit] = AMOUNTS[id];
    const text = form.texts[field].trim();
    return text === '' ? (UNSAID[id] ?? 'as the workload') : `${text}${unit}`;
  }
  const metric = targetOf(id);
  // What is neither an amount nor a target is an axis by name.
  return metric === null ? HELD[id as Exclude<NamedAxis, AmountAxis>](form) : targetText(form, metric);
}

const targetText = ({ targets }: FormValues, metric: TargetMetric): string => {
  const text = (targets[metric] ?? '').trim();
  return text === '' ? 'as the workload' : `${text} ms`;
};

const UNSAID: Partial<Record<AxisId, string>> = { users: '', rate: '', think_time: '0 s', max_gpus: 'no limit' };

const HELD: Record<Exclude<NamedAxis, AmountAxis>, (form: FormValues) => string> = {
  headroom: ({ headroom }) => `${headroom} %`,
  workload: ({ workload }) => workload,
  model: ({ model }) => model,
  quantization: ({ quantization }) => quantization.map(precisionLabel).join(', ') || '16-bit or as stored',
  kv_cache_dtype: ({ kvCacheDtype }) => (kvCacheDtype === 'fp8' ? 'FP8' : 'as the model'),
  calibration: () => 'the one in use',
  gpu: ({ gpus }) => (gpus.length > 0 ? 'those chosen' : 'all together'),
  instance: ({ instances }) => (instances.length > 0 ? 'those chosen' : 'all together'),
  tp: ({ tensorParallel }) => (tensorParallel > 0 ? String(tensorParallel) : 'whatever is cheapest'),
  pp: ({ pipelineParallel }) => String(pipelineParallel),
  provider: ({ providers }) => providers.map(providerLabel).join(', ') || 'all together',
  region: ({ place, placeName }) => (place === 'region' ? placeName : 'anywhere'),
  zone: ({ place, placeName }) => (place === 'anywhere' ? 'anywhere' : placeName),
  pricing: ({ pricing }) => pricingLabel(pricing),
  price_factor: () => 'as listed',
};

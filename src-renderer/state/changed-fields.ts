import { gpuLabel, latencyLabel } from '../format/names.ts';
import type { AmountField, FormValues, TargetMetric } from './form-reading.ts';
import { targetAxis, type AxisId } from './sweep-axis-kinds.ts';

/** A field of the form in words; `axis` = the axis that would take its place in a sweep. */
export interface ChangedField {
  axis: AxisId | null;
  words: string;
}

/** Amounts that a sweep holds. */
const HELD_AMOUNTS: Record<AmountField, [axis: AxisId, words: (text: string) => string]> = {
  users: ['users', (text) => `${text} users`],
  rate: ['rate', (text) => `${text} requests/s`],
  thinkTime: ['think_time', (text) => `${text} s to think`],
  inputTokens: ['input_tokens', (text) => `prompt ${text} tokens`],
  outputTokens: ['output_tokens', (text) => `answer ${text} tokens`],
  hitPercent: ['prefix_hit_rate', (text) => `${text} % prefix hits`],
  cacheablePercent: ['cacheable_ratio', (text) => `${text} % of the prompt shared`],
  maxGpus: ['max_gpus', (text) => `at most ${text} GPUs`],
};
/** Amounts of one kind of load. */
const LOAD_OF: Partial<Record<AmountField, FormValues['loadKind']>> = {
  users: 'users',
  rate: 'rate',
  thinkTime: 'users',
};

/** What stands under Size beside model, workload, headroom, price and clouds, in words; defaults are left out. */
export function changedFields(form: FormValues): ChangedField[] {
  const amounts = (Object.entries(HELD_AMOUNTS) as [AmountField, (typeof HELD_AMOUNTS)[AmountField]][]).flatMap(
    ([field, [axis, words]]) => {
      const text = form.texts[field].trim();
      const isHeld = text !== '' && (LOAD_OF[field] ?? form.loadKind) === form.loadKind;
      return isHeld ? [{ axis, words: words(text) }] : [];
    },
  );
  const targets = (Object.entries(form.targets) as [TargetMetric, string][]).flatMap(([metric, text]) =>
    text.trim() === '' ? [] : [{ axis: targetAxis(metric), words: `${latencyLabel(metric)} ${text.trim()} ms` }],
  );
  const others: [isChanged: boolean, words: string, axis?: AxisId][] = [
    [form.kvCacheDtype === 'fp8', 'KV cache FP8', 'kv_cache_dtype'],
    [form.tensorParallel > 0, `TP ${form.tensorParallel}`, 'tp'],
    [form.pipelineParallel > 1, `PP ${form.pipelineParallel}`, 'pp'],
    [form.gpus.length > 0, form.gpus.map(gpuLabel).join(', '), 'gpu'],
    [form.instances.length > 0, form.instances.join(', '), 'instance'],
    [form.method !== 'batching', `method ${form.method}`],
    [form.router !== 'random', `router ${form.router}`],
    [!form.usesPrefixCache, 'no prefix cache'],
    [form.includesRetired, 'retired instances too'],
    [form.isContextStrict, 'longer than the context: excluded'],
  ];
  const given = others.flatMap(([isChanged, words, axis]) => (isChanged ? [{ axis: axis ?? null, words }] : []));
  return [...amounts, ...targets, ...given];
}

import { latencyLabel } from '../format/names.ts';
import type { AmountField, FormValues, TargetMetric } from './form-reading.ts';

/** Amounts that a sweep holds; users are an axis of it. */
const HELD_AMOUNTS: Partial<Record<AmountField, (text: string) => string>> = {
  rate: (text) => `${text} requests/s`,
  thinkTime: (text) => `${text} s to think`,
  inputTokens: (text) => `prompt ${text} tokens`,
  outputTokens: (text) => `answer ${text} tokens`,
  hitPercent: (text) => `${text} % prefix hits`,
  cacheablePercent: (text) => `${text} % of the prompt shared`,
  maxGpus: (text) => `at most ${text} GPUs`,
};

/** What stands under Size beside model, workload, headroom, price and clouds, in words; defaults are left out. */
export function changedFields(form: FormValues): string[] {
  const amounts = (Object.entries(HELD_AMOUNTS) as [AmountField, (text: string) => string][]).flatMap(
    ([field, words]) => {
      const text = form.texts[field].trim();
      const isHeld = text !== '' && (field !== 'rate' || form.loadKind === 'rate');
      return isHeld ? [words(text)] : [];
    },
  );
  const targets = (Object.entries(form.targets) as [TargetMetric, string][]).flatMap(([metric, text]) =>
    text.trim() === '' ? [] : [`${latencyLabel(metric)} ${text.trim()} ms`],
  );
  return [
    ...amounts,
    ...targets,
    ...(form.kvCacheDtype === 'fp8' ? ['KV cache FP8'] : []),
    ...(form.tensorParallel > 0 ? [`TP ${form.tensorParallel}`] : []),
    ...(form.pipelineParallel > 1 ? [`PP ${form.pipelineParallel}`] : []),
    ...(form.gpus.length > 0 ? [form.gpus.join(', ')] : []),
    ...(form.method === 'batching' ? [] : [`method ${form.method}`]),
    ...(form.router === 'random' ? [] : [`router ${form.router}`]),
    ...(form.usesPrefixCache ? [] : ['no prefix cache']),
    ...(form.includesRetired ? ['retired instances too'] : []),
    ...(form.isContextStrict ? ['longer than the context: excluded'] : []),
  ];
}

import type { Recommendation, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { isPrecision } from '../../src-worker/protocol/precision-labels.ts';
import { defaultSimulateValues, type SimulateValues } from './simulate-form.ts';

/** As a person would type it: no tails of binary fractions. */
const typed = (value: number, digits = 4): string => String(Number(value.toPrecision(digits)));

const ARRIVALS: readonly string[] = ['poisson', 'constant', 'gamma', 'hawkes'] satisfies SimulateValues['arrival'][];
const isArrival = (name: string): name is SimulateValues['arrival'] => ARRIVALS.includes(name);

/**
 * The form filled with a configuration of an answer at its planned load: its replicas, lengths with the workload's mean and
 * spread, its arrivals, and the part of the prompt that may be cached.
 */
export function simulateValuesOf({ assumptions }: SizeDocument, row: Recommendation): SimulateValues {
  const { prompt_tokens: prompts, output_tokens: outputs, prefix_cache: cache, arrival } = assumptions;
  const defaults = defaultSimulateValues();
  return {
    ...defaults,
    model: assumptions.model,
    gpu: row.gpu,
    tensorParallel: row.tensor_parallel,
    pipelineParallel: row.pipeline_parallel,
    loadKind: 'rate',
    quantization: isPrecision(row.quantization) ? row.quantization : '',
    kvCacheDtype: row.kv_cache_dtype === 'fp8' ? 'fp8' : 'auto',
    arrival: isArrival(arrival) ? arrival : 'poisson',
    texts: {
      ...defaults.texts,
      rate: typed(row.throughput.requests_per_s ?? assumptions.rate_requests_per_s, 6),
      replicas: row.replicas === 1 ? '' : String(row.replicas),
      inputTokens: typed(prompts.mean),
      inputCv: typed(prompts.std / prompts.mean, 3),
      outputTokens: typed(outputs.mean),
      outputCv: typed(outputs.std / outputs.mean, 3),
      prefixTokens: cache ? typed(prompts.mean * cache.cacheable_ratio) : '',
      hitPercent: cache ? typed(cache.hit_rate * 100) : '',
    },
  };
}

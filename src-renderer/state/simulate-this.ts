import type { Recommendation, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { isPrecision } from '../../src-worker/protocol/precision-labels.ts';
import { defaultSimulateValues, type SimulateValues } from './simulate-form.ts';

/** As a person would type it: no tails of binary fractions. */
const typed = (value: number, digits = 4): string => String(Number(value.toPrecision(digits)));

const ARRIVALS: readonly string[] = ['poisson', 'constant', 'gamma', 'hawkes'] satisfies SimulateValues['arrival'][];
const isArrival = (name: string): name is SimulateValues['arrival'] => ARRIVALS.includes(name);

const ROUTERS: readonly unknown[] = ['random', 'round_robin', 'least_loaded'] satisfies SimulateValues['router'][];
const isRouter = (name: unknown): name is SimulateValues['router'] => ROUTERS.includes(name);

/** How a flag stands in the command that was sized; null where there is none. Rows beyond the first have its text alone. */
function flagOf({ vllm_command: command, vllm_command_flags: flags }: Recommendation, name: string): number | null {
  const known = flags?.high_performance.find(({ flag }) => flag === name)?.value;
  const words = command?.split(' ') ?? [];
  const at = words.indexOf(name);
  const value = known ?? (at < 0 ? undefined : words[at + 1]);
  return value === undefined ? null : Number(value);
}

const text = (value: number | null, factor = 1): string => (value === null ? '' : typed(value * factor, 12));

/**
 * The form filled with a configuration of an answer at its planned load: its replicas, the limits of its scheduler and its
 * profile, lengths with the workload's mean and spread, how its requests come, and the part of the prompt that may be cached.
 */
export function simulateValuesOf({ input, assumptions }: SizeDocument, row: Recommendation): SimulateValues {
  const { prompt_tokens: prompts, output_tokens: outputs, prefix_cache: cache, arrival } = assumptions;
  const defaults = defaultSimulateValues();
  const hasSpread = arrival === 'gamma' || arrival === 'hawkes';
  const decay = assumptions.arrival_decay_per_s;
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
    router: isRouter(input['router']) ? input['router'] : 'random',
    prefixKind: cache ? 'share' : 'tokens',
    engine: assumptions.engine,
    calibration: assumptions.calibration,
    texts: {
      ...defaults.texts,
      rate: typed(row.throughput.requests_per_s ?? assumptions.rate_requests_per_s, 6),
      replicas: row.replicas === 1 ? '' : String(row.replicas),
      inputTokens: typed(prompts.mean),
      inputCv: typed(prompts.std / prompts.mean),
      outputTokens: typed(outputs.mean),
      outputCv: typed(outputs.std / outputs.mean),
      cacheablePercent: cache ? typed(cache.cacheable_ratio * 100) : '',
      hitPercent: cache ? typed(cache.hit_rate * 100) : '',
      arrivalCv: hasSpread ? typed(assumptions.arrival_cv) : '',
      arrivalDecay: decay === null ? '' : typed(decay),
      maxNumSeqs: text(flagOf(row, '--max-num-seqs')),
      maxNumBatchedTokens: text(flagOf(row, '--max-num-batched-tokens')),
      memoryPercent: text(flagOf(row, '--gpu-memory-utilization'), 100),
    },
  };
}

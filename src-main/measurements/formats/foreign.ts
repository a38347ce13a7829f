import { isFields, type Fields } from './values.ts';

/** Files that people take for results, or results of programs that are not read yet: told by name instead of refused mutely. */

interface ForeignDocument {
  /** Goes on after `x.json is `. */
  words: string;
  recognizes: (fields: Fields) => boolean;
}

const has =
  (...keys: string[]) =>
  (fields: Fields): boolean =>
    keys.every((key) => key in fields);

const NOT_YET = 'and is not read yet: measure with vllm bench serve or GuideLLM, or write a measurement CSV';

const DOCUMENTS: readonly ForeignDocument[] = [
  { words: `a result of SGLang bench_serving ${NOT_YET}`, recognizes: has('backend', 'dataset_name', 'completed') },
  {
    words: `a results file of InferenceX (InferenceMAX) ${NOT_YET}; the result of its client, as vllm bench serve writes it, is read`,
    recognizes: has('hw', 'conc', 'tput_per_gpu'),
  },
  {
    words: `a newer results file of InferenceX ${NOT_YET}`,
    recognizes: (fields) => has('request_metrics')(fields) && ('hw' in fields || 'conc' in fields),
  },
  {
    words: `an export of AIPerf or GenAI-Perf ${NOT_YET}`,
    recognizes: (fields) => has('request_throughput', 'request_latency')(fields) && isFields(fields['request_latency']),
  },
  {
    words: 'a list of single requests of AIPerf: give profile_export_aiperf.json, where they are summed up',
    recognizes: (fields) => isFields(fields['metadata']) && isFields(fields['metrics']) && !('benchmarks' in fields),
  },
  {
    words: `a summary of llmperf ${NOT_YET}`,
    recognizes: (fields) => Object.keys(fields).some((key) => /^results_(ttft|end_to_end)/.test(key)),
  },
  {
    words: 'a list of single responses of llmperf: give the summary that lies beside it',
    recognizes: has('ttft_s', 'end_to_end_latency_s'),
  },
  {
    words: 'what inference-perf scraped from the server, over other times than its stages: give the lifecycle metrics',
    recognizes: has('load_summary', 'successes'),
  },
  {
    words: 'the configuration of an inference-perf run: give its stage_N_lifecycle_metrics.json',
    recognizes: (fields) => isFields(fields['load']) && isFields(fields['server']),
  },
  {
    words: 'a trace of requests, which says what was asked and not what was measured',
    recognizes: (fields) => has('input_length', 'output_length')(fields) || has('arrival_time', 'output_toks')(fields),
  },
  {
    words: 'a text for a language model with conversations, not a result',
    recognizes: has('conversations'),
  },
  {
    words: 'the config.json of a model: configiq model import takes it',
    recognizes: has('architectures', 'model_type'),
  },
  {
    words: 'a file of a catalog: configiq catalog import takes it',
    recognizes: (fields) => ['gpus', 'vm_instances', 'clouds', 'instances'].some((key) => Array.isArray(fields[key])),
  },
  {
    words: 'a document of ConfigIQ, not the result of a benchmark',
    recognizes: has('schema_version'),
  },
];

const TEXTS: readonly { words: string; pattern: RegExp }[] = [
  { words: `what SGLang bench_serving printed ${NOT_YET}`, pattern: /^=+ Serving Benchmark Result =+/m },
  { words: 'a measurement file already: configiq validate --measurements takes it', pattern: /^\uFEFF?point_id,/ },
  {
    words:
      'metrics of a server (Prometheus), sums since it started: measure one load with vllm bench serve or GuideLLM',
    pattern: /^# (?:HELP|TYPE) /m,
  },
  {
    words: 'the log of a vLLM server: measure with vllm bench serve, and give its result',
    pattern: /INFO \d\d-\d\d \d\d:\d\d:\d\d|GPU KV cache size|# GPU blocks/,
  },
  { words: 'a trace of requests, which says what was asked and not what was measured', pattern: /^\uFEFF?TIMESTAMP,/i },
  { words: 'a price list of SkyPilot: configiq catalog import takes it', pattern: /^\uFEFF?InstanceType,/ },
  { words: 'a page of the web: get the file itself', pattern: /^\s*<(?:!doctype|html)/i },
];

/** What a document is that no reader takes; null = nobody knows. */
export function foreignWords(document: unknown): string | null {
  if (!isFields(document)) return null;
  return DOCUMENTS.find(({ recognizes }) => recognizes(document))?.words ?? null;
}

export const foreignTextWords = (text: string): string | null =>
  TEXTS.find(({ pattern }) => pattern.test(text))?.words ?? null;

import { Option, type Command } from 'commander';
import type { z } from 'zod';
import { isAxisOption } from './sweep-axes.ts';
import {
  listValue,
  numberValue,
  placeValue,
  rateValue,
  slaAxisValue,
  slaValue,
  textsValue,
  textValue,
  tokensValue,
} from './values.ts';

/** How the text of an option is read; absent = a switch. */
type ValueKind =
  'text' | 'number' | 'rate' | 'tokens' | 'list' | 'metric targets' | 'metric axes' | 'place' | 'paths' | 'texts';

export interface OptionSpec {
  flags: string;
  description: string;
  kind?: ValueKind;
}

const PARSERS: Record<ValueKind, (text: string, flag: string, before: unknown) => unknown> = {
  text: textValue,
  number: numberValue,
  rate: rateValue,
  tokens: tokensValue,
  list: listValue,
  paths: (text, flag, before) => textsValue(text, flag, before as string[] | undefined),
  texts: (text, flag, before) => textsValue(text, flag, before as string[] | undefined),
  // commander hands back what the same option gave before, which only this parser made.
  place: (text, flag, before) => placeValue(text, flag, before as Record<string, number | string> | undefined),
  'metric targets': (text, flag, before) => slaValue(text, flag, before as Record<string, number> | undefined),
  'metric axes': (text, flag, before) => slaAxisValue(text, flag, before as Record<string, string> | undefined),
};

/** Adds the options; the defaults that the schema would fill in stand in the help. */
export function addOptions(command: Command, specs: readonly OptionSpec[], schema?: z.ZodObject): Command {
  for (const { flags, description, kind } of specs) {
    const bare = new Option(flags);
    const fallback = schema ? defaultText(schema, snakeCase(bare.attributeName())) : '';
    const option = new Option(flags, `${description}${bare.negate ? '' : fallback}`);
    const flag = option.long ?? flags;
    if (kind) option.argParser((text: string, before: unknown) => PARSERS[kind](text, flag, before));
    command.addOption(option);
  }
  return command;
}

function defaultText(schema: z.ZodObject, key: string): string {
  // The shape of any object schema is a record of schemas; zod's own type of it gives the values up.
  const field = (schema.shape as Record<string, z.ZodType | undefined>)[key];
  const filled = field?.safeParse(undefined);
  if (!filled?.success || (typeof filled.data !== 'string' && typeof filled.data !== 'number')) return '';
  return ` (default: ${filled.data})`;
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export type Draft = Record<string, unknown>;

/** What was given, under the keys of a request: `maxGpus` becomes `max_gpus`. */
export const draftOf = (options: Record<string, unknown>): Draft =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [snakeCase(name), value]),
  );

/** The part of a draft that a schema speaks of. */
export const partFor = (draft: Draft, schema: z.ZodObject): Draft =>
  Object.fromEntries(Object.entries(draft).filter(([key]) => key in schema.shape));

const model: OptionSpec = {
  flags: '-m, --model <id>',
  description: 'Hugging Face id, alias or path of a config.json',
  kind: 'text',
};
const json: OptionSpec = { flags: '--json', description: 'print one JSON document and nothing else' };
const provider: OptionSpec = { flags: '--provider <list>', description: 'only these providers', kind: 'list' };
const gpu: OptionSpec = { flags: '--gpu <list>', description: 'only instances with these GPUs', kind: 'list' };
const instance: OptionSpec = {
  flags: '--instance <list>',
  description: 'only these instances, by name or provider/name',
  kind: 'list',
};

/** Files of the user that lie over all catalogs for one command. */
const catalogFiles: OptionSpec = {
  flags: '--catalog <file>',
  description: 'a catalog file over all others, for this command; repeatable',
  kind: 'paths',
};
const goodPart: OptionSpec = {
  flags: '--good-part',
  description: 'take what is in order of a file, leave out what is not',
};
const workloadFiles: OptionSpec = {
  flags: '--workloads <file>',
  description: 'workloads of a file, for this command; repeatable',
  kind: 'paths',
};

/** A machine of one's own, or a file of several: then nothing else is sized. */
const OWN_HARDWARE_OPTIONS: OptionSpec[] = [
  {
    flags: '--gpu-type <gpu>',
    description: 'size own hardware with this GPU, and nothing that is rented',
    kind: 'text',
  },
  {
    flags: '--gpu-count <count>',
    description: 'its GPUs, or a share below 1 for a MIG slice (default: 1)',
    kind: 'number',
  },
  { flags: '--gpu-vram-gb <gb>', description: 'memory of one GPU (default: that of the GPU catalog)', kind: 'number' },
  { flags: '--vcpus <count>', description: 'vCPUs of the machine, for the record', kind: 'number' },
  {
    flags: '--memory-gb <gb>',
    description: 'host memory, checked against the weights where it is given',
    kind: 'number',
  },
  {
    flags: '--interconnect <link>',
    description: 'link of its GPUs: pcie, nvlink, nvlink-bridge, nvswitch or xgmi (default: pcie)',
    kind: 'text',
  },
  { flags: '--price-per-hour <usd>', description: 'what it costs an hour (default: no price)', kind: 'number' },
  { flags: '--config-name <name>', description: 'its name (default: GPU and count)', kind: 'text' },
  {
    flags: '--configs-file <file>',
    description: 'own machines from JSON: {"configs": [{"gpu_type": …}]}',
    kind: 'text',
  },
];

const method = (description: string): OptionSpec => ({ flags: '--method <name>', description, kind: 'text' });

/** What `size`, `explain` and `sweep` take alike. */
const QUESTION_OPTIONS: OptionSpec[] = [
  model,
  { flags: '-w, --workload <name>', description: 'chat, rag, code or one of your own', kind: 'text' },
  { flags: '--rate <requests>', description: 'requests per second in place of users', kind: 'number' },
  { flags: '--think-time <seconds>', description: 'pause of a user between answer and next request', kind: 'number' },
  { flags: '--headroom <percent>', description: 'room for bursts, 0 to 100', kind: 'number' },
  { flags: '--pricing <terms>', description: 'ondemand or spot', kind: 'text' },
  { flags: '--region <name>', description: 'only this region', kind: 'text' },
  provider,
  { flags: '--max-gpus <count>', description: 'most GPUs of a whole deployment', kind: 'number' },
  { flags: '--include-retired', description: 'instances that are no longer sold as well' },
  { flags: '--input-tokens <tokens>', description: 'mean prompt in place of the workload’s', kind: 'tokens' },
  { flags: '--output-tokens <tokens>', description: 'mean output in place of the workload’s', kind: 'tokens' },
  {
    flags: '--prefix-hit-rate <share>',
    description: 'chance that a prompt finds its prefix cached, 0 to 1',
    kind: 'number',
  },
  { flags: '--cacheable-ratio <share>', description: 'share of a prompt that is cacheable, 0 to 1', kind: 'number' },
  { flags: '--no-prefix-cache', description: 'without a prefix cache' },
  { flags: '--strict-context', description: 'refuse requests beyond the context of the model instead of cutting them' },
  { flags: '--kv-cache-dtype <type>', description: 'auto or fp8', kind: 'text' },
  {
    flags: '--sla <metric=ms>',
    description: 'replace or add a target, for example ttft-p95=300; repeatable',
    kind: 'metric targets',
  },
  { flags: '--calibration <name>', description: 'profile of efficiencies', kind: 'text' },
  catalogFiles,
  workloadFiles,
  goodPart,
  { flags: '--pp <stages>', description: 'pipeline stages of a replica, on one instance', kind: 'number' },
  ...OWN_HARDWARE_OPTIONS,
];

const router: OptionSpec = {
  flags: '--router <policy>',
  description: 'who of the replicas gets a request: random, round_robin or (simulated) least_loaded',
  kind: 'text',
};

/** A sweep has too many points to simulate them. */
const sizeMethod = method('batching (closed form), mg1 (one request at a time) or simulation (some seconds)');

export const SIZE_OPTIONS: OptionSpec[] = [
  ...QUESTION_OPTIONS,
  sizeMethod,
  router,
  gpu,
  instance,
  { flags: '--tp <gpus>', description: 'only this tensor parallelism', kind: 'number' },
  { flags: '-u, --users <count>', description: 'concurrent users', kind: 'number' },
  {
    flags: '-q, --quantization <list>',
    description: 'fp16, bf16, int8, fp8, w8a16, int4, nvfp4, mxfp4 or checkpoint',
    kind: 'list',
  },
  { flags: '--zone <name>', description: 'only this zone', kind: 'text' },
  { flags: '--top <count>', description: 'rows of the list', kind: 'number' },
  { flags: '--detail <rank>', description: 'rank that is printed in full', kind: 'number' },
  { flags: '-o, --output <file>', description: 'write the JSON document to a file as well', kind: 'text' },
  { flags: '--no-simulation-check', description: 'leave the listed rows unconfirmed by simulation' },
  { flags: '--save [name]', description: 'keep the answer in the history, for runs and explain' },
  { flags: '--list-zones', description: 'list the zones with their instances and exit' },
  json,
  { flags: '--csv', description: 'print one line per recommendation' },
];

/** A question in place of a stored run: what `size` asks with, and the rank to explain. */
export const EXPLAIN_OPTIONS: OptionSpec[] = [
  ...QUESTION_OPTIONS,
  sizeMethod,
  router,
  gpu,
  instance,
  { flags: '-u, --users <count>', description: 'concurrent users', kind: 'number' },
  { flags: '-q, --quantization <list>', description: 'precisions that are looked at', kind: 'list' },
  { flags: '--zone <name>', description: 'only this zone', kind: 'text' },
  { flags: '--rank <rank>', description: 'rank in the answer, with --model (default: 1)', kind: 'number' },
  json,
];

/** An option of a question as a sweep takes it: with several values where these can be compared. */
function sweepOption(spec: OptionSpec): OptionSpec {
  const key = snakeCase(new Option(spec.flags).attributeName());
  if (key === 'sla') return { ...spec, description: `${spec.description}; ${SEVERAL}`, kind: 'metric axes' };
  return isAxisOption(key) ? { ...spec, description: `${spec.description}; ${SEVERAL}`, kind: 'text' } : spec;
}
const SEVERAL = 'several are compared';

export const SWEEP_OPTIONS: OptionSpec[] = [
  ...QUESTION_OPTIONS.map(sweepOption),
  method('batching or mg1'),
  {
    flags: '--price-factor <axis>',
    description: 'prices times so much, for example 0.8,1,1.2',
    kind: 'text',
  },
  { flags: '-u, --users <axis>', description: '10,50,100 or 10..1000:10 or 1..1024*2 or 25..3200/12log', kind: 'text' },
  { flags: '-q, --quantization <list>', description: 'precisions to compare', kind: 'text' },
  {
    flags: '--gpu <list>',
    description: 'only instances with this GPU; several are compared, all = every one',
    kind: 'text',
  },
  {
    flags: '--instance <list>',
    description: 'only this instance, by name or provider/name; several are compared, all = every one',
    kind: 'text',
  },
  {
    flags: '--tp <axis>',
    description: 'only this tensor parallelism; several (1,2,4 or 1..8*2) are compared',
    kind: 'text',
  },
  { flags: '--zone <list>', description: 'zones to compare; all = every zone in scope', kind: 'text' },
  { flags: '--spec <file>', description: 'base and axes from a JSON file; options given beside it win', kind: 'text' },
  { flags: '--name <text>', description: 'name of the stored run', kind: 'text' },
  {
    flags: '--export <file>',
    description: 'write every row to a .csv, .json, .ndjson or .parquet file, or a shard to a .cqshard file',
    kind: 'text',
  },
  {
    flags: '--shard <i/n>',
    description: 'only the i-th of n parts, for n machines; merge them afterwards',
    kind: 'text',
  },
  {
    flags: '--manifest <engine>',
    description: 'compute nothing, print how machines share it: kubernetes, slurm, gnu-parallel or skypilot',
    kind: 'text',
  },
  { flags: '--shards <n>', description: 'how many machines share it, with --manifest', kind: 'number' },
  {
    flags: '--image <name>',
    description: 'container image with configiq, for kubernetes and skypilot, with --manifest',
    kind: 'text',
  },
  { flags: '-o, --output <file>', description: 'write the manifest to a file', kind: 'text' },
  { flags: '--dry-run', description: 'say how large the sweep is and compute nothing' },
  { flags: '--json', description: 'print the summary as JSON' },
];

const EXPORT_ENDINGS = 'a .csv, .json, .ndjson or .parquet file';
const sweepExport: OptionSpec = {
  flags: '--export <file>',
  description: `write every row to ${EXPORT_ENDINGS}`,
  kind: 'text',
};
export const SWEEP_RESUME_OPTIONS: OptionSpec[] = [
  { ...sweepExport, description: `write every row to ${EXPORT_ENDINGS}, or a shard to a .cqshard file` },
  catalogFiles,
  workloadFiles,
  goodPart,
  { flags: '--json', description: 'print the summary as JSON' },
];
export const SWEEP_MERGE_OPTIONS: OptionSpec[] = [
  sweepExport,
  { flags: '--name <text>', description: 'name of the stored run (default: that of the shards)', kind: 'text' },
  { flags: '--json', description: 'print the summary as JSON' },
];

/** What `predict` and `simulate` take alike. */
const DEPLOYMENT_OPTIONS: OptionSpec[] = [
  model,
  { flags: '--gpu <id>', description: 'GPU, for example nvidia-h100-80gb', kind: 'text' },
  { flags: '--tp <gpus>', description: 'tensor parallelism', kind: 'number' },
  { flags: '--replicas <count>', description: 'complete copies of the model', kind: 'number' },
  router,
  { flags: '-q, --quantization <name>', description: 'precision of the weights', kind: 'text' },
  { flags: '--kv-cache-dtype <type>', description: 'auto or fp8', kind: 'text' },
  { flags: '--input-tokens <tokens>', description: 'mean prompt', kind: 'tokens' },
  { flags: '--output-tokens <tokens>', description: 'mean output', kind: 'tokens' },
  { flags: '--input-cv <cv>', description: 'spread of prompts: std / mean', kind: 'number' },
  { flags: '--output-cv <cv>', description: 'spread of outputs: std / mean', kind: 'number' },
  { flags: '--prefix-tokens <tokens>', description: 'tokens of the prompt that may be cached', kind: 'tokens' },
  {
    flags: '--prefix-hit-rate <share>',
    description: 'chance that they are, 0 to 1 (default: 1 with --prefix-tokens)',
    kind: 'number',
  },
  {
    flags: '--cacheable-ratio <share>',
    description: 'share of every prompt that may be cached, in place of --prefix-tokens',
    kind: 'number',
  },
  {
    flags: '--rate <requests>',
    description: 'load: requests per second of the whole deployment; inf = all --num-prompts at once',
    kind: 'rate',
  },
  { flags: '--concurrency <count>', description: 'load: requests in flight', kind: 'number' },
  { flags: '--batch <count>', description: 'load: so many requests at once', kind: 'number' },
  {
    flags: '--think-time <seconds>',
    description: 'pause between answer and next request, with --concurrency',
    kind: 'number',
  },
  { flags: '--arrival <process>', description: 'poisson, constant, gamma or hawkes, with --rate', kind: 'text' },
  {
    flags: '--arrival-cv <cv>',
    description: 'spread of the gaps between arrivals, with gamma; of counts, with hawkes (default: 1, and 1.73)',
    kind: 'number',
  },
  {
    flags: '--arrival-decay <per-second>',
    description: 'how fast bursts of hawkes die away, in a simulation (default: 2)',
    kind: 'number',
  },
  { flags: '--max-num-seqs <count>', description: 'as in vLLM (default: that of the GPU)', kind: 'number' },
  { flags: '--max-num-batched-tokens <tokens>', description: 'as in vLLM (default: that of the GPU)', kind: 'tokens' },
  {
    flags: '--gpu-memory-utilization <share>',
    description: 'as in vLLM (default: that of the version)',
    kind: 'number',
  },
  { flags: '--engine <name>', description: 'vllm, trtllm or sglang, with @VERSION for an older one', kind: 'text' },
  { flags: '--calibration <name>', description: 'profile of efficiencies', kind: 'text' },
  catalogFiles,
  goodPart,
  json,
  { flags: '--pp <stages>', description: 'pipeline stages of a replica', kind: 'number' },
  {
    flags: '--dp <ranks>',
    description: 'attention data parallelism: copies of the attention in a replica',
    kind: 'number',
  },
  { flags: '--ep <gpus>', description: 'expert parallelism: GPUs of a stage that hold whole experts', kind: 'number' },
  {
    flags: '--num-prompts <count>',
    description: 'a run of so many requests from empty, in place of a steady state',
    kind: 'number',
  },
  { flags: '--seed <number>', description: 'of the random numbers of a simulation', kind: 'number' },
  { flags: '--scheduling-policy <name>', description: 'fcfs or priority, in a simulation', kind: 'text' },
  {
    flags: '--urgent-fraction <share>',
    description: 'share of the requests that go first, with priority, 0 to 1',
    kind: 'number',
  },
];

export const PREDICT_OPTIONS: OptionSpec[] = [...DEPLOYMENT_OPTIONS, method('batching, mg1 or simulation')];

export const SIMULATE_OPTIONS: OptionSpec[] = [
  ...DEPLOYMENT_OPTIONS,
  {
    flags: '--trace <file>',
    description: 'replay the requests of a file, in place of a load and lengths',
    kind: 'text',
  },
  { flags: '--trace-speed <factor>', description: 'how much faster than recorded', kind: 'number' },
  { flags: '-o, --output <file>', description: 'write the JSON document to a file as well', kind: 'text' },
  { flags: '--csv', description: 'print the timeline, one line a piece of time' },
];

export const QUEUE_OPTIONS: OptionSpec[] = [
  { flags: '--rate <requests>', description: 'arrivals per second', kind: 'number' },
  { flags: '--service-ms <ms>', description: 'mean service time', kind: 'number' },
  { flags: '--service-cv <cv>', description: 'spread of service times: std / mean', kind: 'number' },
  { flags: '--servers <count>', description: 'servers behind one queue', kind: 'number' },
  { flags: '--distribution <name>', description: 'gamma, lognormal, deterministic or exponential', kind: 'text' },
  { flags: '--arrival <process>', description: 'poisson, gamma or constant gaps between arrivals', kind: 'text' },
  {
    flags: '--arrival-cv <cv>',
    description: 'spread of the gaps between arrivals: std / mean, with gamma',
    kind: 'number',
  },
  json,
];

export const CATALOG_OPTIONS: OptionSpec[] = [provider, catalogFiles, goodPart, json];
export const CATALOG_LIST_OPTIONS: OptionSpec[] = [provider, gpu, catalogFiles, goodPart, json];
export const CATALOG_SHOW_OPTIONS: OptionSpec[] = [catalogFiles, workloadFiles, goodPart, json];
/** Whose file it is, where its content does not tell. */
const foreignFile: OptionSpec[] = [
  { flags: '--format <name>', description: 'configiq, seed or skypilot (default: told by the content)', kind: 'text' },
  { flags: '--provider <id>', description: 'whose instances they are (default: as the file says)', kind: 'text' },
  { flags: '--as-of <date>', description: 'day of prices that the file does not date, as 2026-11-28', kind: 'text' },
];
export const CATALOG_FILE_OPTIONS: OptionSpec[] = [...foreignFile, json];
export const CATALOG_IMPORT_OPTIONS: OptionSpec[] = [
  ...foreignFile,
  goodPart,
  { flags: '--dry-run', description: 'say what would happen and change nothing' },
  json,
];
export const CATALOG_EXPORT_OPTIONS: OptionSpec[] = [
  provider,
  { flags: '--format <name>', description: 'configiq (to be imported again) or csv (default: configiq)', kind: 'text' },
  { flags: '-o, --output <file>', description: 'file to write (default: the standard output)', kind: 'text' },
];
export const CATALOG_CORRECT_OPTIONS: OptionSpec[] = [
  { flags: '--note <text>', description: 'why, in your words', kind: 'text' },
  json,
];
export const MODEL_IMPORT_OPTIONS: OptionSpec[] = [
  { flags: '--id <id>', description: 'id to keep it under (default: the name of the file or folder)', kind: 'text' },
  json,
];
export const MODEL_PULL_OPTIONS: OptionSpec[] = [
  { flags: '--revision <name>', description: 'branch, tag or commit (default: main)', kind: 'text' },
  json,
];
export const MODEL_FITS_OPTIONS: OptionSpec[] = [
  {
    flags: '--tokens <tokens>',
    description: 'prompt and answer of one request (default: 4096, or the context where that is less)',
    kind: 'tokens',
  },
  json,
];
export const MODEL_HOLDS_OPTIONS: OptionSpec[] = [
  { flags: '--tp <gpus>', description: 'tensor parallelism: GPUs that split every matrix', kind: 'number' },
  { flags: '--pp <stages>', description: 'pipeline parallelism: stages of consecutive layers', kind: 'number' },
  { flags: '--ep <gpus>', description: 'expert parallelism: GPUs that hold whole experts', kind: 'number' },
  {
    flags: '-q, --quantization <name>',
    description: 'precision of the weights (default: as the checkpoint stores them)',
    kind: 'text',
  },
  json,
];
export const JSON_OPTION: OptionSpec[] = [json];
/** What result files of benchmarks do not say. */
export const IMPORT_BENCHMARK_OPTIONS: OptionSpec[] = [
  { flags: '-o, --output <file>', description: 'write the rows to a measurement CSV', kind: 'text' },
  { flags: '-m, --model <id>', description: 'model that was served (default: as the files say)', kind: 'text' },
  { flags: '--gpu <id>', description: 'GPU it ran on, for example h100', kind: 'text' },
  { flags: '--tp <gpus>', description: 'its tensor parallelism', kind: 'number' },
  { flags: '--pp <stages>', description: 'its pipeline stages', kind: 'number' },
  { flags: '--dp <ranks>', description: 'its attention data parallelism', kind: 'number' },
  { flags: '-q, --quantization <name>', description: 'precision of its weights', kind: 'text' },
  { flags: '--engine <name>', description: 'vllm, trtllm or sglang, with @VERSION: vllm@0.11.0', kind: 'text' },
  { flags: '--good-part', description: 'take the files that can be used, leave out the others' },
  json,
];
const measurementFiles: OptionSpec = {
  flags: '--measurements <file>',
  description: 'measurement CSV, repeatable (default: those that ship with the program)',
  kind: 'paths',
};
export const VALIDATE_OPTIONS: OptionSpec[] = [
  measurementFiles,
  { flags: '--calibration <profile>', description: 'calibration profile (default: the one in use)', kind: 'text' },
  {
    flags: '--method <name>',
    description: 'auto, batching or simulation: how every row is predicted (default: auto)',
    kind: 'text',
  },
  { flags: '-o, --output <file>', description: 'write every point with its prediction to a CSV', kind: 'text' },
  json,
];
export const CALIBRATE_OPTIONS: OptionSpec[] = [
  measurementFiles,
  { flags: '--name <profile>', description: 'what the profile is to be called', kind: 'text' },
  { flags: '--base <profile>', description: 'profile that is moved (default: the one in use)', kind: 'text' },
  { flags: '--from-priors', description: 'make the profile anew instead of moving the base' },
  { flags: '--use', description: 'use it from now on where a question names none' },
  { flags: '--replace', description: 'take the place of a profile of that name, which can be restored' },
  { flags: '-o, --output <file>', description: 'write the profile to a file instead of keeping it', kind: 'text' },
  { flags: '--left-out <file>', description: 'write what was predicted while it was left out', kind: 'text' },
  json,
];
export const RUN_SHOW_OPTIONS: OptionSpec[] = [
  { flags: '--json', description: 'every row as JSON' },
  { flags: '--csv', description: 'every row as CSV' },
];
const at: OptionSpec = {
  flags: '--at <axis=value>',
  description: 'only points with this value of an axis, such as users=100; repeatable',
  kind: 'place',
};
const along: OptionSpec = {
  flags: '--along <axis>',
  description: 'axis of numbers to look along (default: users or rate, where they vary)',
  kind: 'text',
};
export const RUN_FRONTIER_OPTIONS: OptionSpec[] = [
  { flags: '--x <metric>', description: 'one metric, by column or id (default: usd_per_hour)', kind: 'text' },
  { flags: '--y <metric>', description: 'the other (default: ttft_p95)', kind: 'text' },
  at,
  json,
];
export const RUN_BREAK_EVEN_OPTIONS: OptionSpec[] = [
  along,
  {
    flags: '--between <axis>',
    description: 'axis of names whose values are compared, such as pricing',
    kind: 'text',
  },
  at,
  json,
];
export const RUN_GOODPUT_OPTIONS: OptionSpec[] = [at, json];
export const SENSITIVITY_OPTIONS: OptionSpec[] = [
  ...QUESTION_OPTIONS,
  method('batching or mg1'),
  gpu,
  instance,
  { flags: '--tp <gpus>', description: 'only this tensor parallelism', kind: 'number' },
  { flags: '-u, --users <count>', description: 'concurrent users', kind: 'number' },
  { flags: '-q, --quantization <list>', description: 'precisions that are looked at', kind: 'list' },
  { flags: '--zone <name>', description: 'only this zone', kind: 'text' },
  { flags: '--by <percent>', description: 'how far each input is lowered and raised (default: 20)', kind: 'number' },
  {
    flags: '--metric <name>',
    description: 'the cost that is shown: usd_per_hour or usd_per_request (default: usd_per_hour)',
    kind: 'text',
  },
  { flags: '--price-factor <factor>', description: 'every price times this (default: 1)', kind: 'number' },
  json,
];
export const RUN_ROWS_OPTIONS: OptionSpec[] = [
  { flags: '--sort <column>', description: 'order by a column; with :desc the largest first', kind: 'text' },
  {
    flags: '--filter <condition>',
    description: '"COLUMN OPERATOR VALUE", with =, !=, <, <=, >, >= or ~ (the words occur); repeatable, all must hold',
    kind: 'texts',
  },
  { flags: '--columns <list>', description: 'these columns, in this order', kind: 'list' },
  { flags: '--best', description: 'of each point the cheapest row that passes' },
  { flags: '--limit <rows>', description: 'rows to print (default: 50)', kind: 'number' },
  { flags: '--offset <rows>', description: 'rows to pass over', kind: 'number' },
  { flags: '--json', description: 'as JSON, with all columns but vllm_command unless some are named' },
  { flags: '--csv', description: 'as CSV, with all columns but vllm_command unless some are named' },
];
export const RUN_EXPORT_OPTIONS: OptionSpec[] = [
  {
    flags: '--format <name>',
    description: 'csv, json, ndjson or parquet (default: by the ending of the file)',
    kind: 'text',
  },
  json,
];
export const RUN_RERUN_OPTIONS: OptionSpec[] = [
  { flags: '--name <text>', description: 'name of the new run (default: that of the old one)', kind: 'text' },
  json,
];
export const SERVE_OPTIONS: OptionSpec[] = [
  { flags: '--port <number>', description: 'port, 0 = a free one', kind: 'number' },
  { flags: '--host <address>', description: 'loopback address', kind: 'text' },
  { flags: '--no-open', description: 'do not open the browser' },
];

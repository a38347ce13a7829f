import { z } from 'zod';
import { DEFAULT_CALIBRATION } from './names.ts';

/**
 * The questions that cross a boundary. Keys are the command line's long flags with `-` read as `_`; units are those of
 * the flags: tokens, seconds, requests per second, milliseconds, percent only for headroom. One schema serves the CLI,
 * the window, the browser host, sweep specs and stored runs.
 */

export const PRECISIONS = ['fp16', 'bf16', 'fp8', 'int8', 'w8a16', 'int4', 'nvfp4', 'mxfp4'] as const;
export const precisionSchema = z.enum([...PRECISIONS, 'checkpoint']);
export const pricingSchema = z.enum(['ondemand', 'spot']);
export const methodSchema = z.enum(['batching', 'mg1', 'simulation']);
export const schedulingPolicySchema = z.enum(['fcfs', 'priority']);
export const routerSchema = z.enum(['random', 'round_robin', 'least_loaded']);
export const arrivalSchema = z.enum(['poisson', 'constant', 'gamma', 'hawkes']);
export const kvCacheDtypeSchema = z.enum(['auto', 'fp8']);
export const LINKS = ['pcie', 'nvlink', 'nvlink-bridge', 'nvswitch', 'xgmi'] as const;

export const LATENCY_METRICS = [
  'ttft_mean',
  'ttft_p50',
  'ttft_p95',
  'ttft_p99',
  'tpot_mean',
  'tpot_p50',
  'tpot_p95',
  'tpot_p99',
  'e2e_mean',
  'e2e_p50',
  'e2e_p95',
  'e2e_p99',
] as const;

const name = z.string().min(1).max(300);
const tokens = z.number().min(1).max(10_000_000);
const fraction = z.number().min(0).max(1);

/** Own machines of one question. */
export const MOST_MACHINES = 100;

/** A machine of one's own. */
export const ownMachineSchema = z.strictObject({
  /** Stands in ids between slashes. */
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    // eslint-disable-next-line no-control-regex -- a name is shown in terminals
    .regex(/^[^/\u0000-\u001f\u007f]*$/, { error: 'must have neither slashes nor line breaks' }),
  /** Id, short form or name of a GPU of the catalog. */
  gpu: name,
  /** A whole number, or a share below 1: a MIG slice. */
  gpu_count: z.number().min(0.01).max(1024).default(1),
  /** GB of one GPU as its data sheet counts them, of the slice where the count is below 1; null = the catalog's. */
  gpu_vram_gb: z.number().positive().max(1e12).nullable().default(null),
  vcpus: z.number().int().min(1).max(100_000).nullable().default(null),
  /** GB of 2^30 bytes, as memory modules are sold; null = not known, and not checked. */
  memory_gb: z.number().min(0.1).max(1e6).nullable().default(null),
  /** null = PCIe. */
  interconnect: z.enum(LINKS).nullable().default(null),
  /** null = judged without a price. */
  usd_per_hour: z.number().positive().max(1e6).nullable().default(null),
});
export type OwnMachineInput = z.output<typeof ownMachineSchema>;
export type OwnMachineDraft = z.input<typeof ownMachineSchema>;

export const sizeInputSchema = z.strictObject({
  /** Hub id, alias, or id in the config store. A host resolves paths to an id first. */
  model: name,
  workload: name.default('chat'),
  /** Concurrent users. Exactly one of `users` and `rate`. */
  users: z.number().int().min(1).max(100_000_000).optional(),
  /** Requests per second of the whole deployment. */
  rate: z.number().positive().max(1e9).optional(),
  think_time: z.number().min(0).max(1e6).default(0),
  headroom: z.number().min(0).max(100).default(25),
  /** Empty = 16-bit, or what a pre-quantised checkpoint holds. */
  quantization: z.array(precisionSchema).default([]),
  kv_cache_dtype: kvCacheDtypeSchema.default('auto'),
  pricing: pricingSchema.default('ondemand'),
  zone: name.nullable().default(null),
  region: name.nullable().default(null),
  provider: z.array(name).default([]),
  gpu: z.array(name).default([]),
  /** Instances by name or `provider/name`. */
  instance: z.array(name).default([]),
  max_gpus: z.number().int().min(1).nullable().default(null),
  tp: z.number().int().min(1).max(1024).nullable().default(null),
  include_retired: z.boolean().default(false),
  /** Mean tokens instead of the workload's; spreads scale with the mean. */
  input_tokens: tokens.nullable().default(null),
  output_tokens: tokens.nullable().default(null),
  prefix_hit_rate: fraction.nullable().default(null),
  cacheable_ratio: fraction.nullable().default(null),
  prefix_cache: z.boolean().default(true),
  strict_context: z.boolean().default(false),
  /** Metric (`ttft_p95`) to target in ms; replaces or adds a gating target. */
  sla: z.partialRecord(z.enum(LATENCY_METRICS), z.number().positive().max(1e9)).default({}),
  method: methodSchema.default('batching'),
  /** Who of the replicas gets a request: any at random, each in turn, or (simulated only) the least loaded. */
  router: routerSchema.default('random'),
  calibration: name.default(DEFAULT_CALIBRATION),
  top: z.number().int().min(1).max(100_000).default(3),
  /** Pipeline stages of a replica, all on one instance. */
  pp: z.number().int().min(1).max(1024).default(1),
  /** Not empty = only these machines are sized, and nothing is rented. */
  own_hardware: z.array(ownMachineSchema).max(MOST_MACHINES).default([]),
  /** Are the first rows that are listed simulated at their planned load? Of no account in sweeps and for one configuration. */
  simulation_check: z.boolean().default(true),
});
/** With every default filled in. */
export type SizeInput = z.output<typeof sizeInputSchema>;
/** As people and hosts write it. */
export type SizeInputDraft = z.input<typeof sizeInputSchema>;

/** One configuration of the answer to a question, by its id. */
export const planQuestionSchema = z.strictObject({
  question: sizeInputSchema,
  /** `provider/instance/region/tpXppY/quantization`, as recommendations and exclusions carry it. */
  configuration: name,
});
export type PlanQuestion = z.output<typeof planQuestionSchema>;
export type PlanQuestionDraft = z.input<typeof planQuestionSchema>;

/** Requests of one simulation: some seconds of computing. */
export const MOST_SIMULATED_REQUESTS = 5_000_000;

export const predictInputSchema = z.strictObject({
  model: name,
  gpu: name,
  tp: z.number().int().min(1).max(1024).default(1),
  replicas: z.number().int().min(1).max(1_000_000).default(1),
  quantization: precisionSchema.nullable().default(null),
  kv_cache_dtype: kvCacheDtypeSchema.default('auto'),
  input_tokens: tokens,
  output_tokens: tokens,
  input_cv: z.number().min(0).max(10).default(0),
  output_cv: z.number().min(0).max(10).default(0),
  prefix_tokens: z.number().min(0).max(10_000_000).default(0),
  /** Share of every prompt that may be cached, in place of prefix_tokens. */
  cacheable_ratio: fraction.nullable().default(null),
  /** null = 1 when prefix_tokens or cacheable_ratio is given. */
  prefix_hit_rate: fraction.nullable().default(null),
  /** Exactly one of rate, concurrency and batch. `inf`: all of num_prompts requests at once, an offline run. */
  rate: z.union([z.number().positive().max(1e9), z.literal('inf')]).optional(),
  concurrency: z.number().int().min(1).max(1_000_000).optional(),
  batch: z.number().int().min(1).max(1_000_000).optional(),
  think_time: z.number().min(0).max(1e6).default(0),
  /** Who is sent where, with several replicas: at random, in turn, or each to the least loaded. */
  router: routerSchema.default('random'),
  arrival: arrivalSchema.default('poisson'),
  /** Of gamma gaps; of a Hawkes process the root of the long-run variance of counts / their mean. */
  arrival_cv: z.number().min(0).max(20).nullable().default(null),
  /** How fast what an arrival of a Hawkes process brings dies away, per second; null = as in the code workload. Simulations only. */
  arrival_decay: z.number().min(0.001).max(1e6).nullable().default(null),
  max_num_seqs: z.number().int().min(1).max(1_000_000).nullable().default(null),
  max_num_batched_tokens: z.number().int().min(16).max(10_000_000).nullable().default(null),
  gpu_memory_utilization: z.number().positive().max(1).nullable().default(null),
  engine: name.default('vllm'),
  calibration: name.default(DEFAULT_CALIBRATION),
  method: methodSchema.default('batching'),
  /**
   * Requests of a finite run from an empty server, nothing discarded; null = steady state. Method batching follows the rounds of a
   * closed loop to its end, and takes how many come at once with rate `inf`; at a rate it answers a steady state.
   */
  num_prompts: z.number().int().min(1).max(MOST_SIMULATED_REQUESTS).nullable().default(null),
  /** Of the random numbers: the same seed gives the same bytes. A simulation only. */
  seed: z.number().int().min(0).max(0xffff_ffff).default(1),
  scheduling_policy: schedulingPolicySchema.default('fcfs'),
  /** Share of the requests that are served before the others; scheduling_policy priority only. */
  urgent_fraction: fraction.nullable().default(null),
  /** Pipeline stages of a replica, all on one server. */
  pp: z.number().int().min(1).max(1024).default(1),
  /** Copies of the attention inside a replica, each with its share of the requests. */
  dp: z.number().int().min(1).max(1024).default(1),
  /** GPUs of a pipeline stage that hold whole experts; 1 = every expert is split over all of them. */
  ep: z.number().int().min(1).max(1024).default(1),
});
export type PredictInput = z.output<typeof predictInputSchema>;
export type PredictInputDraft = z.input<typeof predictInputSchema>;

/** A simulation of drawn requests, or of those of a trace: then lengths and load are the trace's. */
export const simulateInputSchema = z.strictObject({
  ...predictInputSchema.shape,
  method: z.literal('simulation').default('simulation'),
  input_tokens: tokens.nullable().default(null),
  output_tokens: tokens.nullable().default(null),
  /** How much faster than recorded a trace is replayed. */
  trace_speed: z.number().positive().max(1e6).default(1),
});
export type SimulateInput = z.output<typeof simulateInputSchema>;
export type SimulateInputDraft = z.input<typeof simulateInputSchema>;

/** Largest trace that a page may send, in characters: the browser host takes no longer message. The command line reads files. */
export const MOST_TRACE_CHARACTERS = 25_000_000;

/** A file of recorded requests; its format is found by content. */
export const traceFileSchema = z.strictObject({ name, text: z.string().max(MOST_TRACE_CHARACTERS) });
export type TraceFile = z.output<typeof traceFileSchema>;

export const queueInputSchema = z.strictObject({
  rate: z.number().positive().max(1e9),
  service_ms: z.number().positive().max(1e12),
  service_cv: z.number().min(0).max(20).default(1),
  servers: z.number().int().min(1).max(100_000).default(1),
  distribution: z.enum(['gamma', 'lognormal', 'deterministic', 'exponential']).default('gamma'),
  /** Gaps between arrivals: independent, and exponential, gamma or all alike. */
  arrival: z.enum(['poisson', 'gamma', 'constant']).default('poisson'),
  /** Spread of the gaps, std / mean, with gamma; null = what the arrivals have by themselves, 1 for gamma. */
  arrival_cv: z.number().min(0).max(20).nullable().default(null),
});
export type QueueInput = z.output<typeof queueInputSchema>;
export type QueueInputDraft = z.input<typeof queueInputSchema>;

/** Which GPUs hold a model and one request of so many tokens. */
export const modelFitsSchema = z.strictObject({
  id: name,
  /** null = FITS_TOKENS, or the context of the model where that is less. */
  tokens: tokens.int().nullable().default(null),
  calibration: name.default(DEFAULT_CALIBRATION),
});
export type ModelFitsInput = z.output<typeof modelFitsSchema>;
export type ModelFitsDraft = z.input<typeof modelFitsSchema>;
/** What one GPU of a tensor-, pipeline- and expert-parallel group holds. */
const degree = z.number().int().min(1).max(1024).default(1);
export const modelHoldsSchema = z.strictObject({
  id: name,
  tp: degree,
  pp: degree,
  ep: degree,
  /** null = as the checkpoint stores it, 16 bit where that cannot be told. */
  quantization: precisionSchema.nullable().default(null),
});
export type ModelHoldsInput = z.output<typeof modelHoldsSchema>;
export type ModelHoldsDraft = z.input<typeof modelHoldsSchema>;
/** Prompt and answer of a request of middling length. */
export const FITS_TOKENS = 4096;

const range = z.union([
  z.strictObject({ from: z.number(), to: z.number(), step: z.number().positive() }),
  z.strictObject({ from: z.number(), to: z.number(), factor: z.number().gt(1) }),
]);
const numberAxis = z.union([z.array(z.number()).min(1), range], {
  error: 'must be a list of numbers or a range {from, to, step|factor}',
});

/** A point by simulation takes seconds, and a sweep has thousands. */
export const SWEEP_METHODS =
  'must be batching or mg1: a point by simulation takes seconds. Sweep with batching, then ask size with method simulation about the points that matter';
const sweepMethodSchema = methodSchema.refine((method) => method !== 'simulation', { error: SWEEP_METHODS });

/** What a replica carries follows from how many share the load, unless that is dealt at random; points of a sweep share capacities. */
export const SWEEP_ROUTERS =
  'must be random: points of a sweep share what a replica carries. Ask size with a router about the points that matter';
const sweepRouterSchema = routerSchema.refine((router) => router === 'random', { error: SWEEP_ROUTERS });

const names = z.array(name).min(1);
const degrees = z.array(z.number().int().min(1).max(1024)).min(1);

/**
 * Axes of a sweep, slowest first as its points are numbered. `["*"]` = every provider, GPU, instance, region or zone in scope. A
 * range may grow by a factor: powers of two.
 */
export const sweepAxesSchema = z.strictObject({
  /** Targets in ms; each metric is an axis of its own. */
  sla: z.partialRecord(z.enum(LATENCY_METRICS), numberAxis).optional(),
  model: names.optional(),
  workload: names.optional(),
  input_tokens: numberAxis.optional(),
  output_tokens: numberAxis.optional(),
  prefix_hit_rate: numberAxis.optional(),
  cacheable_ratio: numberAxis.optional(),
  calibration: names.optional(),
  provider: names.optional(),
  kv_cache_dtype: z.array(kvCacheDtypeSchema).min(1).optional(),
  quantization: z.array(precisionSchema).min(1).optional(),
  gpu: names.optional(),
  instance: names.optional(),
  pp: degrees.optional(),
  tp: degrees.optional(),
  users: numberAxis.optional(),
  rate: numberAxis.optional(),
  think_time: numberAxis.optional(),
  headroom: numberAxis.optional(),
  max_gpus: numberAxis.optional(),
  pricing: z.array(pricingSchema).min(1).optional(),
  /** What the prices of the catalog are multiplied by. */
  price_factor: numberAxis.optional(),
  region: names.optional(),
  zone: names.optional(),
});
export type SweepAxes = z.output<typeof sweepAxesSchema>;
export type SweepAxis = keyof SweepAxes;

/** More machines than any scheduler takes in one array. */
export const MOST_SHARDS = 10_000;

/** One part of a sweep that several machines share, counted from 1. */
export const shardSchema = z
  .strictObject({ index: z.number().int().min(1), of: z.number().int().min(1).max(MOST_SHARDS) })
  .refine(({ index, of }) => index <= of, { error: 'must be the first to the last of its shards' });

export const sweepSpecSchema = z.strictObject({
  schema_version: z.literal(1).default(1),
  /** Absent = the whole sweep. */
  shard: shardSchema.optional(),
  /** Size input keys that do not vary; the model may be an axis. */
  base: sizeInputSchema.partial({ model: true }).extend({
    method: sweepMethodSchema.default('batching'),
    router: sweepRouterSchema.default('random'),
  }),
  axes: sweepAxesSchema,
});
export type SweepSpec = z.output<typeof sweepSpecSchema>;
export type SweepSpecDraft = z.input<typeof sweepSpecSchema>;

export { describeIssues } from './issues.ts';

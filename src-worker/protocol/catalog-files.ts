import { z } from 'zod';
import {
  FITTED_OVERHEADS,
  LATENCY_METRICS,
  NOVELTIES,
  UNCERTAIN_METRICS,
  UNCERTAIN_PERCENTILES,
  UNCERTAIN_TRAITS,
} from '../engine/calibration/types.ts';
import { ID_PATTERN, ID_RULE } from './names.ts';

/**
 * The catalog files on disk. They are written by people as well as by the converter, so they hold data-sheet units with
 * the unit in the key; `src-main/catalogs` turns them into the engine's units. `null` = unknown, an absent key =
 * unsupported; never 0 for either. Unknown keys are refused: a misspelt one would be silently lost.
 */

const schemaVersion = z.literal(1);
const id = z.string().regex(ID_PATTERN, ID_RULE);
const text = z.string().min(1);
const positive = z.number().positive();
/** Absent where the GPU lacks the format: null is no way to say so. */
const peakIfAny = z
  .number({
    error: ({ input }) =>
      input === null ? 'must be the dense peak, or left out where the GPU lacks the format' : undefined,
  })
  .positive()
  .max(1e6)
  .exactOptional();
const share = z.number().min(0).max(1);
const vendor = z.enum(['nvidia', 'amd', 'intel', 'google']);
const price = z.number().positive().max(100_000);
/** A day, a month or a year; the shorter forms count as their first day. */
const date = z
  .string()
  .regex(/^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/, 'must be YYYY-MM-DD, YYYY-MM or YYYY');

export const gpuEntrySchema = z.strictObject({
  id,
  name: text,
  /** Short forms people use; each belongs to one GPU only. */
  aliases: z.array(id),
  vendor,
  architecture: text,
  form_factor: text,
  memory_marketed_gb: positive.max(10_000),
  /** Frame buffer as the driver reports it. */
  memory_driver_gib: positive.max(10_000),
  /** What CUDA reports as total: what an engine budgets from. */
  memory_usable_gib: positive.max(10_000),
  memory_usable_basis: text,
  memory_type: text,
  memory_bandwidth_gb_per_s: positive.max(100_000),
  /** Dense peaks, no structured sparsity; 32-bit accumulation where the part distinguishes. */
  fp16_dense_tflops: positive.max(1e6),
  fp8_dense_tflops: peakIfAny,
  int8_dense_tops: peakIfAny,
  fp4_dense_tflops: peakIfAny,
  supports_bf16: z.boolean(),
  /** `9.0` for NVIDIA, `gfx942` for AMD, null where neither applies. */
  compute_capability: z
    .string()
    .regex(/^(\d+\.\d|gfx[0-9a-f]+)$/, 'must look like 9.0 or gfx942')
    .nullable(),
  link_kind: id.nullable(),
  /** One direction, per GPU: half of the vendor's headline. */
  link_gb_per_s_per_direction: positive.max(10_000).nullable(),
  pcie_gb_per_s_per_direction: positive.max(1000).nullable(),
  /** False where the driver lets GPUs reach each other's memory only through that of the host; absent = true. */
  pcie_peer_to_peer: z.boolean().exactOptional(),
  /** By what source, where it is false. */
  pcie_peer_to_peer_basis: text.exactOptional(),
  tdp_watts: positive.max(10_000).nullable(),
  source: text,
  notes: text.nullable(),
});

export const gpusFileSchema = z.strictObject({
  schema_version: schemaVersion,
  /** Month the facts were collected in. */
  retrieved: date,
  gpus: z.array(gpuEntrySchema).min(1),
});

const zonePriceSchema = z.strictObject({
  zone: text,
  on_demand_usd_per_hour: price.nullable(),
  spot_usd_per_hour: price.nullable(),
});

export const offerSchema = z.strictObject({
  /** The provider's region; `global` when it charges the same everywhere. */
  region: text,
  on_demand_usd_per_hour: price.nullable(),
  spot_usd_per_hour: price.nullable(),
  /** Date of the prices; null when there is none. */
  as_of: date.nullable(),
  /** Key of the file's `sources`; null when there is no price. */
  source: text.nullable(),
  /** Zones of the region that have the instance; empty = sold per region, zones unknown. */
  zones: z.array(text),
  /** Key of the file's `sources` for the zones; null when they are unknown. */
  zones_source: text.nullable(),
  /**
   * Zones whose prices are not those of the region, which are the lowest of its zones; null in one = not sold so there.
   * Absent = every zone asks the same.
   */
  zone_prices: z.array(zonePriceSchema).min(1).exactOptional(),
});

export const instanceEntrySchema = z.strictObject({
  name: text,
  family: text,
  gpu: id,
  /** Less than 1 for a slice of a GPU. */
  gpu_count: positive.max(1024),
  vcpus: positive.max(100_000).nullable(),
  /** In the unit the provider publishes: exactly one of the two keys. */
  host_memory_gib: positive.max(1e6).nullable().exactOptional(),
  host_memory_gb: positive.max(1e6).nullable().exactOptional(),
  interconnect: z.enum(['none', 'pcie', 'nvlink', 'nvlink-bridge', 'nvswitch', 'xgmi']),
  link_gb_per_s_per_direction: positive.max(10_000).nullable(),
  /** GPU fabric where there is one, else the instance's Ethernet. */
  network_gbit_per_s: positive.max(1e6).nullable(),
  /** In the unit the provider publishes: exactly one of the two keys. */
  local_ssd_gib: positive.max(1e7).nullable().exactOptional(),
  local_ssd_gb: positive.max(1e7).nullable().exactOptional(),
  status: z.enum(['current', 'legacy', 'retired']),
  notes: text.nullable(),
  offers: z.array(offerSchema),
});

export const cloudFileSchema = z.strictObject({
  schema_version: schemaVersion,
  provider: id,
  name: text,
  /** False = zones are not published here: a zone filter answers so instead of dropping the provider. */
  has_zones: z.boolean(),
  currency: z.literal('USD'),
  /** What the prices are: whole instance, Linux, pay as you go, without tax, disks and egress. */
  terms: text,
  sources: z.record(text, z.strictObject({ title: text, as_of: date.nullable() })),
  instances: z.array(instanceEntrySchema),
});

const lengthSchema = z.strictObject({
  mean: positive.max(1e7),
  std: z.number().min(0).max(1e7),
  min: z.number().min(0).max(1e7),
  max: positive.max(1e7),
});
const milliseconds = positive.max(1e9);

export const workloadEntrySchema = z.strictObject({
  name: id,
  description: text,
  length_distribution: z.literal('lognormal'),
  /** The user's own text. */
  input_tokens: lengthSchema,
  /** What the application adds; null = nothing. */
  context_tokens: lengthSchema.nullable(),
  output_tokens: lengthSchema,
  arrival: z.strictObject({
    process: z.enum(['poisson', 'gamma', 'constant', 'hawkes']),
    /** Long-run variance-to-mean ratio of the counts; ignored for poisson and constant. */
    burstiness: positive.max(1000),
    /** Self-exciting arrivals: base rate per second, jumps per arrival and their decay, both per second. */
    hawkes: z
      .strictObject({ base_rate_per_s: positive, excitation_per_s: positive, decay_per_s: positive })
      .exactOptional(),
  }),
  /** Daily peak over mean; shown, not applied. null = unknown. */
  peak_factor: positive.max(1000).nullable(),
  /** Gating targets, ms. */
  targets_ms: z.partialRecord(
    z.enum(['ttft_mean', 'ttft_p50', 'ttft_p95', 'ttft_p99', 'tpot_mean', 'tpot_p50', 'tpot_p95', 'tpot_p99']),
    milliseconds,
  ),
  /** Shown, not gating, and only for the output length it is meant for. */
  e2e_target: z.strictObject({ p50_ms: milliseconds, output_tokens: positive.max(1e7) }).nullable(),
  concurrent_users_per_1k_tokens_per_s: positive.nullable(),
  prefix_cache: z
    .strictObject({ hit_rate: share, cacheable_ratio: share, average_prefix_tokens: positive.max(1e7).nullable() })
    .nullable(),
  source: text,
});

export const workloadsFileSchema = z.strictObject({
  schema_version: schemaVersion,
  workloads: z.array(workloadEntrySchema).min(1),
});

const batchLimits = z.strictObject({
  max_num_batched_tokens: z.number().int().positive().max(10_000_000),
  max_num_seqs: z.number().int().positive().max(1_000_000),
});

const precisions = ['fp16', 'bf16', 'fp8', 'int8', 'w8a16', 'int4', 'nvfp4', 'mxfp4'] as const;
const precision = z.enum(precisions);
/** NVIDIA compute capability, for example 8.9. */
const capability = positive.max(100);
/** What the command line of a version range looks like: only what differs between versions, or may be refused. */
const engineCommandSchema = z.strictObject({
  /** Words that start a server, before the model. */
  serve: text,
  /** Words that start the benchmark of a server; null where the version has no such command. */
  benchmark: text.nullable(),
  /** null where a server is one replica. */
  data_parallel_flag: text.nullable(),
  prefix_caching: z.strictObject({ default: z.boolean(), on_flag: text, off_flag: text.nullable() }),
  /** False: a step has to hold the longest request whole. */
  chunked_prefill: z.boolean(),
  /** Value of --quantization by the precision it makes of a 16-bit checkpoint while loading. */
  quantized_while_loading: z.partialRecord(z.enum(['fp8', 'int8', 'w8a16', 'int4', 'nvfp4', 'mxfp4']), text),
  /** `quant_method` of the checkpoints it loads, as config.json names them. */
  checkpoint_methods: z.array(text).min(1),
  /** Classes it refuses to run in float16. */
  bfloat16_architectures: z.array(text),
  source: text,
});

/** How an engine divides the memory of a GPU. */
const memoryRuleSchema = z.discriminatedUnion('kind', [
  /** A share of the GPU holds weights, the activation peak and the KV cache. */
  z.strictObject({
    kind: z.literal('share_of_total'),
    /** Activation peak per profiled token and hidden unit; null = as the calibration profile has it. */
    activation_bytes_per_token_hidden: positive.max(1000).nullable(),
  }),
  /** A share of what weights and a reserve leave is KV cache. */
  z.strictObject({ kind: z.literal('share_of_free'), reserve_gib: positive.max(100) }),
  /** A share of what the driver leaves holds weights and the KV cache; activations live in the rest. */
  z.strictObject({
    kind: z.literal('static_share'),
    /** Shares of larger tensor-parallel groups. */
    share_from_gpus: z.array(z.strictObject({ gpus: z.number().int().min(2).max(1024), share: positive.max(1) })),
  }),
]);

/** Prompts are computed in steps of their own. */
const separatePrefillSchema = z.strictObject({
  /** Longest context it holds for; null = any. */
  up_to_context_tokens: z.number().int().positive().nullable(),
  /** A step has to hold the longest prompt. */
  whole_prompts: z.boolean(),
  /** Token budget of a step with longer contexts, which is shared; null where there are none. */
  max_num_batched_tokens_above: z.number().int().positive().nullable(),
});

export const engineFileSchema = z.strictObject({
  schema_version: schemaVersion,
  engine: id,
  /** Newest first: the first entry is what the bare engine name means. */
  versions: z
    .array(
      z.strictObject({
        /** Newest version these defaults hold for. */
        version: z.string().regex(/^\d+(\.\d+)*$/, 'must be a version such as 0.22'),
        /** Oldest version of the range. */
        from_version: z.string().regex(/^\d+(\.\d+)*$/, 'must be a version such as 0.22'),
        /** Key of `generations` in a calibration profile. */
        generation: id,
        large: batchLimits,
        small: batchLimits,
        /** GPUs with at least this memory take the large limits, other than `small_gpus`. */
        large_gpu_memory_gib: positive.max(10_000),
        small_gpus: z.array(id),
        /** Share of memory the engine takes, of what `memory_rule` says. */
        gpu_memory_utilization: positive.max(1),
        memory_rule: memoryRuleSchema,
        /** null = prompts share steps with decodes (chunked prefill). */
        separate_prefill: separatePrefillSchema.nullable(),
        kv_block_tokens: z.number().int().positive().max(1024),
        /** Makers whose GPUs it has builds for. */
        vendors: z.array(vendor).min(1),
        min_compute_capability: capability,
        /** True where CUDA graphs count inside gpu_memory_utilization. */
        cuda_graphs_in_budget: z.boolean(),
        /** Layers keep what their kind needs; false = windowed layers are given the cache of the whole context. */
        hybrid_kv_cache: z.boolean(),
        /** Lowest capability each weight format runs on, as weight-only where the GPU lacks its units; absent = not run. */
        lowest_capability: z.partialRecord(precision, capability),
        /** The same of ways to store a format, by `quant_method` of config.json, where it is higher than the format's. */
        lowest_capability_of_method: z.record(text, capability),
        /** Kinds of layers the engine has no kernels for, and the lowest capability of others that need newer GPUs. */
        unsupported_layers: z.array(text),
        lowest_capability_of_layer: z.record(text, capability),
        lowest_capability_of_fp8_cache: capability,
        /** Formats whose checkpoints bring an FP8 KV cache along, used unless told otherwise. */
        fp8_cache_with: z.array(precision),
        /** null = no launch command is known. */
        command: engineCommandSchema.nullable(),
        source: text,
        retrieved: date,
      }),
    )
    .min(1),
});

/** Where measured points come from, one entry a CSV file of catalogs/measurements. */
export const measurementSourceSchema = z.strictObject({
  /** Name of the CSV file, and `source_id` of its rows. */
  source_id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be lower case letters, digits, "-", "_" and "."'),
  title: text,
  /** What was read there. */
  where: text,
  /** Public repository; null where `where` is all there is to say. */
  url: z.url({ protocol: /^https$/ }).nullable(),
  /** Commit, release or date of what was read. */
  version: text,
  /** When, and with what, it was measured. */
  measured: text,
  licence: text,
  rows: z.number().int().min(1),
  /** How to read the rows. */
  remarks: z.array(text),
  /** Rows that contradict themselves: fit nothing to them. */
  doubtful: z.array(z.strictObject({ point_ids: z.array(text).min(1), reason: text })),
});

export const measurementSourcesSchema = z.strictObject({
  schema_version: schemaVersion,
  retrieved: date,
  sources: z.array(measurementSourceSchema).min(1),
});

const rangeSchema = z.tuple([z.number(), z.number()]);
const factor = positive.max(100);
const overhead = z.number().min(0).max(1e6);

/**
 * Shares of a peak, by their names. Those that cap others are at most the peak. The others are relative to factors of the
 * family, GPU and generation beside them, so that a share may lie above one and its product below the cap; those fitted so
 * far are 0.03 to 1.
 */
const SHARES_OF_A_PEAK = [
  { names: /^max\w*Efficiency$/, most: 1 },
  { names: /Efficiency$/, most: 1.5 },
] as const;

const profileConstants = z
  .record(text, z.strictObject({ value: z.number().min(0), unit: text, range: rangeSchema.nullable(), meaning: text }))
  .superRefine((constants, context) => {
    for (const [name, { value }] of Object.entries(constants)) {
      const share = SHARES_OF_A_PEAK.find(({ names }) => names.test(name));
      if (!share || (value > 0 && value <= share.most)) continue;
      const message = `is a share of a peak, above 0 and at most ${share.most}`;
      context.addIssue({ code: 'custom', message, path: [name, 'value'], input: value });
    }
  });

const metrics = z.enum(UNCERTAIN_METRICS);
const spreadFactor = z.number().min(1).max(100);
const shareOfVariance = z.number().min(0).max(1);
const rowCount = z.number().int().min(0);

const residualSchema = z.strictObject({
  basis: text,
  factors: z.record(metrics, z.record(z.enum(NOVELTIES), spreadFactor)),
  traits: z.record(metrics, z.partialRecord(z.enum(UNCERTAIN_TRAITS), positive.max(10))),
  percentiles: z
    .partialRecord(z.enum(LATENCY_METRICS), z.partialRecord(z.enum(UNCERTAIN_PERCENTILES), z.number().min(1).max(10)))
    .exactOptional(),
  commonShares: z.record(metrics, z.strictObject({ question: shareOfVariance, gpu: shareOfVariance })),
});

const coverageSchema = z.strictObject({
  gpus: z.record(id, rowCount),
  generations: z.record(id, rowCount),
  architectures: z.record(text, rowCount),
  groups: z.record(text, rowCount),
});

const evidenceSchema = z.strictObject({
  rows: rowCount,
  sources: z.array(text),
  medianErrorPercent: z.number().min(0).nullable(),
  isInformed: z.boolean(),
});

/**
 * Judgements, not facts. The keys are those of the engine's CalibrationProfile, so that a constant has one name wherever
 * it is read, fitted or explained.
 */
export const calibrationFileSchema = z.strictObject({
  schema_version: schemaVersion,
  name: id,
  description: text,
  source: text,
  constants: profileConstants,
  families: z.record(
    text,
    z.strictObject({
      bandwidth: factor,
      compute: factor,
      bandwidthRange: rangeSchema.exactOptional(),
      computeRange: rangeSchema.exactOptional(),
      gpuIds: z.array(id),
      /** GPUs that no family lists and that take these factors; one family for each architecture and kind of memory. */
      standsFor: z
        .strictObject({ architectures: z.array(text).min(1), memory: z.enum(['HBM', 'GDDR']) })
        .exactOptional(),
      note: text.exactOptional(),
    }),
  ),
  gpuBandwidthFactors: z.record(id, factor),
  precisionComputeFactors: z.record(precision, factor),
  precisionBandwidthFactors: z.record(precision, factor),
  allReduceUs: z.record(text, positive.max(1e6)),
  generations: z.record(
    id,
    z.strictObject({
      stepMs: overhead,
      layerUs: overhead,
      sequenceUs: overhead,
      streamUs: overhead,
      moeLayerUs: overhead,
      ttftBaseMs: overhead,
      bandwidthFactor: factor,
      computeFactor: factor,
      kvFactor: factor,
      allReduceFactor: factor,
      expertReadFactor: factor,
      hidesSequenceTime: z.boolean(),
      requestMs: overhead.exactOptional(),
      decodeAttentionFactor: factor.exactOptional(),
      clumpFactor: factor.exactOptional(),
      burstFactor: factor.exactOptional(),
      ranges: z.record(text, rangeSchema).exactOptional(),
      source: text.exactOptional(),
    }),
  ),
  ranges: z
    .strictObject({
      precisionComputeFactors: z.partialRecord(precision, rangeSchema).exactOptional(),
      precisionBandwidthFactors: z.partialRecord(precision, rangeSchema).exactOptional(),
      allReduceUs: z.record(text, rangeSchema).exactOptional(),
    })
    .exactOptional(),
  notes: z.array(text).exactOptional(),
  residuals: residualSchema.exactOptional(),
  coverage: coverageSchema.exactOptional(),
  ownErrors: z.record(text, z.partialRecord(metrics, spreadFactor)).exactOptional(),
  fittedRows: z.strictObject({ isBundled: z.boolean(), own: z.array(text) }).exactOptional(),
  evidence: z.record(text, evidenceSchema).exactOptional(),
});

/** Left-out predictions of a bundled profile, a row a figure; metrics and novelties by their place in `columns`. */
export const leftOutFileSchema = z.strictObject({
  schema_version: schemaVersion,
  profile: id,
  columns: z.strictObject({ metrics: z.array(metrics), novelties: z.array(z.enum(NOVELTIES)) }),
  rows: z.array(z.tuple([text, rowCount, positive, positive.nullable(), rowCount])),
});

const priorSchema = z.strictObject({ value: positive.max(1e6), spread: positive.max(10) });

/** What is believed before any measurement is looked at; the keys are those of the engine's CalibrationPriors. */
export const priorsFileSchema = z.strictObject({
  schema_version: schemaVersion,
  source: text,
  constants: z.record(text, priorSchema),
  families: z.strictObject({ bandwidth: priorSchema, compute: priorSchema }),
  gpuBandwidthFactors: priorSchema,
  precisionComputeFactors: z.record(text, priorSchema),
  precisionBandwidthFactors: z.record(text, priorSchema),
  allReduceUs: z.record(text, priorSchema),
  nearestFabrics: z.record(text, text),
  generations: z.record(z.enum(FITTED_OVERHEADS), priorSchema),
  knownGenerations: z.record(id, z.partialRecord(z.enum(FITTED_OVERHEADS), priorSchema)),
  machines: z.strictObject({ host: priorSchema, stream: priorSchema, request: priorSchema }),
});

/** Provenance of the bundled configs; `file` lies in `models/configs`. */
export const modelsIndexSchema = z.strictObject({
  schema_version: schemaVersion,
  models: z.array(
    z.strictObject({
      id: text,
      file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.json$/, 'must be a bare file name that ends in .json'),
      /** `verbatim`, `corrected` or `assembled` from published hyper-parameters. */
      kind: z.enum(['verbatim', 'corrected', 'assembled']),
      provenance: text,
      /** Published or enumerated total, for checks; null = no figure that could be confirmed. */
      known_total_parameters: z.number().int().positive().nullable(),
      known_total_basis: z.enum(['exact', 'derived']).nullable(),
      /** Parameters a token uses, embedding and head in full; only for mixtures of experts. */
      known_active_parameters: z.number().int().positive().nullable(),
      /** Block for multi-token prediction, on top of the total. */
      known_mtp_parameters: z.number().int().positive().nullable(),
    }),
  ),
});

export const aliasesFileSchema = z.strictObject({
  schema_version: schemaVersion,
  note: text,
  /** Hub id to the bundled id with the same architecture. */
  aliases: z.record(text, text),
});

/** In what an alias differs from the bundled config it stands for. */
export const aliasDifferencesFileSchema = z.strictObject({
  schema_version: schemaVersion,
  note: text,
  /** Blocks `quantization_config`, by a name of ours. */
  quantizations: z.record(text, z.strictObject({ config: z.record(text, z.unknown()), source: text })),
  /** By alias: the name of a block above, and single fields of config.json with their source. */
  aliases: z.record(
    text,
    z.union([
      z.strictObject({ quantization: text }),
      z.strictObject({
        quantization: text.optional(),
        config: z.record(text, z.union([z.number(), z.string(), z.boolean(), z.null()])),
        source: text,
      }),
    ]),
  ),
});

export type GpusFile = z.output<typeof gpusFileSchema>;
export type GpuFileEntry = z.output<typeof gpuEntrySchema>;
export type CloudFile = z.output<typeof cloudFileSchema>;
export type InstanceFileEntry = z.output<typeof instanceEntrySchema>;
export type OfferFileEntry = z.output<typeof offerSchema>;
export type WorkloadsFile = z.output<typeof workloadsFileSchema>;
export type WorkloadFileEntry = z.output<typeof workloadEntrySchema>;
export type EngineFile = z.output<typeof engineFileSchema>;
export type CalibrationFile = z.output<typeof calibrationFileSchema>;
export type ModelsIndexFile = z.output<typeof modelsIndexSchema>;
export type MeasurementSource = z.output<typeof measurementSourceSchema>;
export type AliasesFile = z.output<typeof aliasesFileSchema>;
export type AliasDifferencesFile = z.output<typeof aliasDifferencesFileSchema>;

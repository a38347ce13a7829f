/** Columns of a measurement file, in their order: one benchmark run under one load a row. Empty = the source does not say. */
export const MEASUREMENT_COLUMNS = [
  'point_id',
  'source_id',
  'model',
  'gpu',
  'gpu_count',
  'tp',
  'pp',
  'ep',
  'dp',
  'engine',
  'engine_version',
  'weight_dtype',
  'kv_dtype',
  'workload_kind',
  'isl',
  'osl',
  'isl_nominal',
  'osl_nominal',
  'batch_or_concurrency',
  'request_rate_rps',
  'num_prompts',
  'arrival',
  'prefix_tokens',
  'cold_requests',
  'max_num_seqs',
  'max_num_batched_tokens',
  'gpu_memory_utilization',
  'ttft_ms_mean',
  'ttft_ms_p50',
  'ttft_ms_p90',
  'ttft_ms_p95',
  'ttft_ms_p99',
  'tpot_ms_mean',
  'tpot_ms_p50',
  'tpot_ms_p90',
  'tpot_ms_p95',
  'tpot_ms_p99',
  'e2e_ms_mean',
  'e2e_ms_p50',
  'e2e_ms_p90',
  'e2e_ms_p95',
  'e2e_ms_p99',
  'output_tok_s',
  'total_tok_s',
  'req_s',
  'regime',
  'engine_generation',
  'notes',
] as const;

export type MeasurementColumn = (typeof MEASUREMENT_COLUMNS)[number];

/** A line of a measurement file. Times in ms, rates of the whole instance; null = an empty cell. */
export type MeasurementRow = Record<MeasurementColumn, string | number | null>;

export const emptyMeasurementRow = (): MeasurementRow =>
  // Every column is there by construction.
  Object.fromEntries(MEASUREMENT_COLUMNS.map((column) => [column, null])) as MeasurementRow;

/** Above this no result was measured: ms (eleven days) and rates alike. */
export const MOST_MEASURED = 1e9;

/** Formats of weights as measurement files write them, by the names that questions give them. */
export const WEIGHT_DTYPES: Readonly<Record<string, string>> = {
  fp16: 'fp16',
  bf16: 'bf16',
  fp8: 'fp8',
  int8: 'int8',
  w8a16: 'w8a16',
  int4: 'w4a16',
  w4a16: 'w4a16',
  nvfp4: 'fp4',
  fp4: 'fp4',
  mxfp4: 'mxfp4',
};

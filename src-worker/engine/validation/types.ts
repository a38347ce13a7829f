/** How a benchmark put the server under load. */
export const WORKLOAD_KINDS = ['static_batch', 'offline_max', 'closed_loop', 'open_loop'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** How a row is predicted: `auto` = open loops of so many requests are simulated, all others are taken in closed form. */
export const VALIDATION_METHODS = ['auto', 'batching', 'simulation'] as const;
export type ValidationMethod = (typeof VALIDATION_METHODS)[number];

/** Columns of a measurement file that hold results, and what a prediction is compared with. */
export const LATENCY_COLUMNS = ['ttft', 'tpot', 'e2e'].flatMap((kind) =>
  ['mean', 'p50', 'p90', 'p95', 'p99'].map((statistic) => `${kind}_ms_${statistic}`),
);
export const RATE_COLUMNS = ['output_tok_s', 'total_tok_s', 'req_s'];
export const RESULT_COLUMNS: readonly string[] = [...LATENCY_COLUMNS, ...RATE_COLUMNS];

/**
 * One measured point: a benchmark of one engine instance under one load. null = the source does not say. Times in ms,
 * rates of the whole instance, lengths in tokens a request.
 */
export interface Measurement {
  pointId: string;
  sourceId: string;
  model: string;
  gpu: string;
  gpuCount: number | null;
  tensorParallel: number | null;
  pipelineParallel: number | null;
  expertParallel: number | null;
  /** Attention data parallelism inside the instance. */
  dataParallel: number | null;
  engine: string;
  engineVersion: string | null;
  /** Coarse engine line, used where the version says nothing. */
  engineGeneration: string | null;
  /** As measurement files write formats: fp16, bf16, fp8, int8, w8a16, w4a16, fp4, mxfp4. */
  weightDtype: string | null;
  kvDtype: string | null;
  kind: WorkloadKind;
  inputTokens: number | null;
  outputTokens: number | null;
  /** What the source calls the lengths; requests are then drawn from 80 to 100 % of it. */
  inputTokensNominal: number | null;
  outputTokensNominal: number | null;
  batchOrConcurrency: number | null;
  requestRatePerS: number | null;
  numPrompts: number | null;
  arrival: string | null;
  /** Leading prompt tokens found in the cache. */
  prefixTokens: number | null;
  coldRequests: number | null;
  maxNumSeqs: number | null;
  maxNumBatchedTokens: number | null;
  gpuMemoryUtilization: number | null;
  regime: string | null;
  /** Results by column. */
  measured: Readonly<Record<string, number>>;
}

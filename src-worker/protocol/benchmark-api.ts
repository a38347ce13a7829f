import type { MeasurementColumn, MeasurementRow } from './measurement-columns.ts';
import type { Result } from './result.ts';

/** Results that other programs measured, and what becomes of them: rows of a measurement file. */

/**
 * Largest file that is read. Reports with every prompt and answer in them have tens of megabytes; a page cannot send as
 * much in one message and sends less.
 */
export const MAX_BENCHMARK_BYTES = 100_000_000;
/** Most files of one import. */
export const MAX_BENCHMARK_FILES = 10_000;

export interface BenchmarkFileDraft {
  /** Name or path, as the person knows it: what it holds is told by its content alone. */
  fileName: string;
  text: string;
  /** Files of the same folder that say how the run was made (`config.yaml` of inference-perf); no results. */
  beside?: { fileName: string; text: string }[] | undefined;
}

/** What result files do not say, for all rows. null = as the files say, or unknown. */
export interface BenchmarkSetup {
  model: string | null;
  /** Id, short form or name. */
  gpu: string | null;
  tp: number | null;
  pp: number | null;
  /** Attention data parallelism inside one instance. */
  dp: number | null;
  /** Format of the weights, by its name in questions (`int4`, `nvfp4`) or in measurement files (`w4a16`, `fp4`). */
  quantization: string | null;
  /** `vllm`, `vllm@0.11.0`. */
  engine: string | null;
}

export interface BenchmarkImportDraft {
  files: BenchmarkFileDraft[];
  setup: BenchmarkSetup;
}

/** The same sentence about one or many. */
export interface CountedReason {
  reason: string;
  count: number;
}

export interface ImportedBenchmarkFile {
  file: string;
  /** `vllm-bench`, `guidellm`; null = none that is known. */
  format: string | null;
  rows: number;
  /** Runs of which nothing can be used, by reason. */
  skipped: CountedReason[];
  /** Why nothing of the file came in; null = something did. */
  problem: string | null;
}

/** What rows still lack. */
export interface MissingFact {
  column: MeasurementColumn;
  rows: number;
  /** True where `validate` and `calibrate` have to leave such rows out. */
  isNeeded: boolean;
  /** What is missing, and what follows. */
  sentence: string;
}

export interface BenchmarkImport {
  files: ImportedBenchmarkFile[];
  rows: MeasurementRow[];
  /** Rows that do not agree with themselves, and figures that were left out. */
  warnings: { pointId: string; sentence: string }[];
  missing: MissingFact[];
  /** The rows as a measurement file. */
  csv: string;
}

/** Part of AppApi. */
export interface BenchmarkApi {
  /** Reads result files; keeps nothing. One file that cannot be read does not stop the others. */
  importBenchmark(request: BenchmarkImportDraft): Promise<Result<BenchmarkImport>>;
}

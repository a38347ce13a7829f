import type { Novelty } from '../engine/calibration/types.ts';

/**
 * How predictions compare with measured points: what `validate` works out and the Accuracy screen shows. Columns are those of
 * measurement files (`ttft_ms_mean`, `output_tok_s`, …). Percentages are of the measured value.
 */

/** How a benchmark put the server under load. */
export type MeasuredLoad = 'static_batch' | 'offline_max' | 'closed_loop' | 'open_loop';

/** Errors of one column over some points; null where there are none. */
export interface ErrorSummary {
  /** Points that were judged on the column. */
  count: number;
  median_absolute_percent: number | null;
  mean_absolute_percent: number | null;
  p90_absolute_percent: number | null;
  /** Above zero: predicted values are too high. */
  median_signed_percent: number | null;
  /** Share of the points whose measured value lies in the 80 % interval, 0..1; null without intervals. */
  interval_coverage: number | null;
}

export type ColumnErrors = Record<string, ErrorSummary>;

/** Points of one source, GPU, model and kind of load. */
export interface AccuracyGroup {
  source_id: string;
  gpu: string;
  model: string;
  workload_kind: MeasuredLoad;
  metrics: ColumnErrors;
}

/** One measured value beside its prediction. */
export interface PointColumn {
  measured: number;
  predicted: number;
  /** 80 % interval; null without a basis for one. */
  lo: number | null;
  hi: number | null;
  /** What makes the figure hard to predict, in a sentence; absent where it was not missed (by a factor of 1.2 or more). */
  why?: string;
}

export interface AccuracyPoint {
  point_id: string;
  source_id: string;
  source_title: string;
  model: string;
  gpu: string;
  gpu_count: number;
  tensor_parallel: number;
  /** As the measurement names it: `vllm 0.20.1`. */
  engine: string;
  /** Engine generation of the calibration profile it was predicted with. */
  generation: string;
  workload_kind: MeasuredLoad;
  /** The load in words: `50 at once, 1,024 in, 1,024 out`. */
  load: string;
  columns: Record<string, PointColumn>;
  /** More than half of a step is the host's time: no GPU model can do better. */
  host_bound: boolean;
  novelty: Novelty;
  /** Of the column that was missed by most; null where none was. */
  why: string | null;
}

export interface SkippedPoint {
  point_id: string;
  reason: string;
}

export interface SkippedReason {
  reason: string;
  count: number;
}

/**
 * left_out: points were predicted by fits that had not seen their group. in_sample: the profile has seen them, or some of
 * them, so that errors on other set-ups are larger. unseen: it was fitted to other points, and to none of these. not_fitted:
 * it was never fitted to measurements, and has seen none.
 */
export type AccuracyBasis = 'left_out' | 'in_sample' | 'unseen' | 'not_fitted';

/** A calibration profile. */
export interface CalibrationChoice {
  name: string;
  description: string;
}

/** `configiq validate --json`, and what the Accuracy screen is drawn from. */
export interface AccuracyDocument {
  schema_version: number;
  /** Name of the profile. */
  calibration: string;
  /** Profiles that can be asked for, with what each is. */
  calibrations: CalibrationChoice[];
  basis: AccuracyBasis;
  /** The basis for people, in a sentence. */
  basis_sentence: string;
  metrics: ColumnErrors;
  groups: AccuracyGroup[];
  points: AccuracyPoint[];
  /** How many there are. */
  judged_points: number;
  /** Of these, how many the profile or its base was fitted to; null where the profile does not say. */
  fitted_points: number | null;
  skipped: SkippedPoint[];
  /** Most frequent first. */
  skipped_reasons: SkippedReason[];
}

/** Measurements of the user's own: the text of a CSV file in the format of catalogs/measurements. */
export interface MeasurementText {
  name: string;
  text: string;
}

/** What the Accuracy screen asks. */
export interface AccuracyInput {
  /** Name of a profile; null = the one in use. */
  calibration: string | null;
  /** Files of measurements; null = those that ship with the program. */
  measurements: MeasurementText[] | null;
}

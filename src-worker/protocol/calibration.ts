import type {
  CalibrationPriors,
  CalibrationProfile,
  LatencyMetric,
  LeaveOut,
  Novelty,
  UncertainMetric,
  UncertainPercentile,
  UncertainTrait,
} from '../engine/calibration/types.ts';
import type { ModelSource } from '../engine/model/types.ts';
import type { Measurement, WorkloadKind } from '../engine/validation/types.ts';
import type { SkippedPoint, SkippedReason } from './accuracy.ts';
import type { LeftOutPrediction } from './left-out.ts';

/** Measurements with the configs of their models, by the name the measurements use; a model that is missing is unknown. */
export interface MeasuredSet {
  rows: Measurement[];
  models: Record<string, ModelSource>;
  /** Why a name that rows use has no config: the nearest names, or what is wrong with the one it has. */
  modelProblems?: Record<string, string>;
}

/** One fit of a profile, on all measurements or on all but some. Asked of a worker thread. */
export interface FitRequest extends MeasuredSet {
  /** Gives what is not fitted, and the list of families and generations. */
  profile: CalibrationProfile;
  priors: CalibrationPriors;
  /**
   * `priors`: the profile is made anew from the priors, apart from what is special about the machines of the measurements.
   * `profile`: it is moved as far as the measurements ask, machines included: they are what it is for.
   */
  startsFrom: 'priors' | 'profile';
  /** Left out of the fit; its figures are then the ones predicted. null = nothing: all figures are. */
  withheld: { by: LeaveOut; keys: string[] } | null;
  /** [parameter] logarithms to start from; null = the priors. */
  from: number[] | null;
  /** Why other rows did not come as far as the fit: told beside the reasons of these where none can be used. */
  otherReasons?: SkippedReason[];
}

/** A measured figure beside what the fit makes of it. Times in ms, throughput in output tokens/s. */
export interface FittedFigure {
  point_id: string;
  metric: UncertainMetric;
  measured: number;
  predicted: number;
  /** Rows that are left out together. */
  group: string;
  source_id: string;
  model: string;
  gpu: string;
  generation: string;
  workload_kind: WorkloadKind;
  /** Against what the fit had seen. */
  novelties: Novelty[];
  traits: UncertainTrait[];
}

/** A percentile of a latency, beside the headline that its range is made from. */
export interface FittedPercentile extends Omit<FittedFigure, 'metric'> {
  metric: LatencyMetric;
  percentile: UncertainPercentile;
}

export interface FitAnswer {
  /** Names of what was fitted. */
  parameters: string[];
  /** [parameter] natural logarithms. */
  logs: number[];
  /** [parameter] spread that the data left, relative to the prior's. */
  remaining: number[];
  figures: FittedFigure[];
  /** Of withheld measurements: percentiles that were measured and can be judged. */
  percentiles: FittedPercentile[];
  /** Measurements that were used, withheld ones included. */
  used: number;
  skipped: SkippedPoint[];
  /** What could be left out, part by part. */
  parts: Record<LeaveOut, string[][]>;
}

/** What a fit over all and the fits on parts come to. */
export interface CalibrationRequest {
  name: string;
  description: string;
  source: string;
  /** Of the fit over all. */
  fit: FitRequest;
  full: FitAnswer;
  leftOut: { by: LeaveOut; answer: FitAnswer }[];
  /** Are the rows those that ship with the program? */
  isBundled: boolean;
  /** Rows that were left out beforehand, since the base or the files have them already. */
  repeated: SkippedPoint[];
}

/** Errors of one metric: macro = median over groups of their median, points = median over points; percent, absolute. */
export interface MetricError {
  metric: UncertainMetric;
  macro_percent: number | null;
  points_percent: number | null;
  bias_percent: number | null;
  groups: number;
  points: number;
  /** Share of the points inside the 80 % interval of the new profile, and the median of its upper / lower end. */
  coverage: number | null;
  median_width: number | null;
}

export interface GroupError {
  group: string;
  metric: UncertainMetric;
  points: number;
  median_percent: number;
  bias_percent: number;
}

/** How the intervals of a novelty class did. */
export interface ClassCoverage {
  metric: UncertainMetric;
  novelty: Novelty;
  points: number;
  coverage: number;
  median_width: number;
}

/** A number of the profile that is another than in its base. */
export interface MovedParameter {
  /** Path in the profile: `families.gddr.bandwidth`. */
  parameter: string;
  from: number;
  to: number;
}

/** `in_sample`: the fit has seen them. The others: what was left out of the fit that predicted them. */
export type ErrorBasis = 'before' | 'in_sample' | LeaveOut;

/** `configiq calibrate --json`. */
export interface CalibrationDocument {
  schema_version: number;
  name: string;
  base: string;
  rows: number;
  used: number;
  /** Rows that were left out because the base was fitted to them already, or because they are there twice. */
  repeated: number;
  parameters: number;
  /** Of them, those whose spread the measurements narrowed well below what was believed before (`Evidence.isInformed`). */
  informed: number;
  /** The furthest moved first, by factor. */
  moved: MovedParameter[];
  errors: Partial<Record<ErrorBasis, MetricError[]>>;
  /** Largest first, by groups that were left out: the five worst of every metric. */
  worst_groups: GroupError[];
  interval_classes: ClassCoverage[];
  skipped: SkippedPoint[];
  skipped_reasons: SkippedReason[];
  profile: CalibrationProfile;
  /** Of the fifths of groups; what the Accuracy screen shows. */
  left_out: LeftOutPrediction[];
}

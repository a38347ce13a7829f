import type { Precision } from '../model/types.ts';

/** One fitted constant with what is known about it. Facts live in the hardware catalog, judgements here. */
export interface Constant {
  value: number;
  unit: string;
  /** Lowest and highest of the refits the value was seen in; null where none was made. */
  range: [number, number] | null;
  meaning: string;
}

/** Achieved shares of peak of a GPU family, relative to the global asymptotes. */
export interface FamilyFactors {
  bandwidth: number;
  compute: number;
  /** Lowest and highest of the refits; absent where none was made. */
  bandwidthRange?: [number, number];
  computeRange?: [number, number];
  gpuIds: string[];
  /** Whose factors a GPU takes that no family lists; absent = nobody's. */
  standsFor?: GpuKind;
  /** Which of the GPUs were measured and how the others came to be here. */
  note?: string;
}

/** GPUs that are likely to behave like those of a family. */
export interface GpuKind {
  /** As GPUs name them. */
  architectures: string[];
  /** How a GPU's memory type begins. */
  memory: 'HBM' | 'GDDR';
}

/** Overheads of one engine generation. */
export interface GenerationOverheads {
  stepMs: number;
  layerUs: number;
  sequenceUs: number;
  streamUs: number;
  moeLayerUs: number;
  ttftBaseMs: number;
  bandwidthFactor: number;
  computeFactor: number;
  kvFactor: number;
  allReduceFactor: number;
  expertReadFactor: number;
  /**
   * Of the compute roof of attention in decode steps: kernels that put the query heads of a KV head into one tile use the matrix
   * units better than those that do not; absent = 1.
   */
  decodeAttentionFactor?: number;
  /** True when the time per sequence is hidden behind the GPU's work (asynchronous scheduling). */
  hidesSequenceTime: boolean;
  /**
   * ms of host time in the step that gives a request its first token, where requests are served and not handed over in one
   * batch: receiving, tokenizing, admitting, opening its stream; absent = 0.
   */
  requestMs?: number;
  /** How much more the clients of a benchmark fall into step, and wait for its opening burst, than with other engines; absent = 1. */
  clumpFactor?: number;
  burstFactor?: number;
  /** Lowest and highest of the refits, by the field they belong to. */
  ranges?: Record<string, [number, number]>;
  /** Measurements the overheads were fitted on, with their number of rows. */
  source?: string;
}

/** What an interval is given for. */
export const UNCERTAIN_METRICS = ['ttft', 'tpot', 'e2e', 'throughput'] as const;
export type UncertainMetric = (typeof UNCERTAIN_METRICS)[number];

/**
 * How far a question lies from what a profile was fitted on: the GPU with this engine generation and kind of model was
 * measured; the three apart from each other were; or one of them never was.
 */
export const NOVELTIES = ['group_seen', 'group_new', 'gpu_unseen', 'engine_unseen', 'model_unseen'] as const;
export type Novelty = (typeof NOVELTIES)[number];

/** What makes a prediction less sure whatever its novelty. */
export const UNCERTAIN_TRAITS = [
  'mixture_of_experts',
  'weight_only',
  'host_bound',
  'near_capacity',
  'closed_loop',
] as const;
export type UncertainTrait = (typeof UNCERTAIN_TRAITS)[number];

/** Percentiles that have a spread of their own, in rising order; the mean is the headline that the factors are of. */
export const UNCERTAIN_PERCENTILES = ['p50', 'p90', 'p95', 'p99'] as const;
export type UncertainPercentile = (typeof UNCERTAIN_PERCENTILES)[number];
/** Metrics of which files give percentiles. */
export const LATENCY_METRICS = ['ttft', 'tpot', 'e2e'] as const;
export type LatencyMetric = (typeof LATENCY_METRICS)[number];

/** Spread of the errors on measurements that were left out of the fit, from which intervals are made. */
export interface ResidualSpread {
  /** How it was worked out, in a sentence. */
  basis: string;
  /** 80 % factor: four in five measured values lie between the prediction / factor and the prediction x factor. */
  factors: Record<UncertainMetric, Record<Novelty, number>>;
  /** What the logarithm of the factor is multiplied by where a trait applies; absent = 1. */
  traits: Record<UncertainMetric, Partial<Record<UncertainTrait, number>>>;
  /**
   * What the logarithm of the factor is multiplied by for a percentile, at least 1: tails are predicted less well than means.
   * A percentile that too few figures speak for is absent.
   */
  percentiles?: Partial<Record<LatencyMetric, Partial<Record<UncertainPercentile, number>>>>;
  /** Shares of the variance of ln(error) common to all candidates of a question, and to those on one GPU beside. */
  commonShares: Record<UncertainMetric, { question: number; gpu: number }>;
}

/** What a profile was fitted on: number of measurements by GPU, engine generation, architecture, and the three together. */
export interface MeasuredCoverage {
  gpus: Record<string, number>;
  generations: Record<string, number>;
  architectures: Record<string, number>;
  /** Keys `gpu|generation|architecture`. */
  groups: Record<string, number>;
}

/**
 * How far a profile is still off on the measurements it was moved to, by group as in `MeasuredCoverage`: 80 % factors. Ranges
 * of such a set-up are never narrower.
 */
export type OwnErrors = Record<string, Partial<Record<UncertainMetric, number>>>;

/** Which measurements a profile was fitted to, so that none counts twice. */
export interface FittedRows {
  /** Those of catalogs/measurements. */
  isBundled: boolean;
  /** Hashes of the others. */
  own: string[];
}

/** What stands behind a fitted number. */
export interface Evidence {
  /** Measurements that it touches, and where they come from. */
  rows: number;
  sources: string[];
  /** Median of their absolute errors after the fit, percent. */
  medianErrorPercent: number | null;
  /** False where the measurements hardly move it from where it was believed to be. */
  isInformed: boolean;
}

/** catalogs/calibration: efficiencies and overheads, each with its source. */
export interface CalibrationProfile {
  name: string;
  description: string;
  source: string;
  constants: Record<string, Constant>;
  families: Record<string, FamilyFactors>;
  /** Own bandwidth factor of a GPU on top of its family's; absent = 1. */
  gpuBandwidthFactors: Record<string, number>;
  /** Compute factor of a precision on top of the GEMM asymptote. */
  precisionComputeFactors: Record<Precision, number>;
  precisionBandwidthFactors: Record<Precision, number>;
  /** One all-reduce over two GPUs, microseconds, by fabric. */
  allReduceUs: Record<string, number>;
  generations: Record<string, GenerationOverheads>;
  /** Lowest and highest of the refits of the factors above, by precision and by fabric. */
  ranges?: {
    precisionComputeFactors?: Partial<Record<Precision, [number, number]>>;
    precisionBandwidthFactors?: Partial<Record<Precision, [number, number]>>;
    allReduceUs?: Record<string, [number, number]>;
  };
  /** What was transferred, assumed or left out, one sentence each. */
  notes?: string[];
  /** Absent where the profile was never validated: then no interval is given. */
  residuals?: ResidualSpread;
  coverage?: MeasuredCoverage;
  /** Absent where it was made anew: the residuals are then of what was left out. */
  ownErrors?: OwnErrors;
  /** Absent: those of catalogs/measurements where it has a coverage, else none. */
  fittedRows?: FittedRows;
  /** By parameter, as `families.gddr.bandwidth`; absent where the profile was not fitted here. */
  evidence?: Record<string, Evidence>;
}

/** Where a parameter starts and how far the data may easily move it: standard deviation of its logarithm. */
export interface Prior {
  value: number;
  spread: number;
}

/** Overheads and factors of an engine generation that are fitted. */
export const FITTED_OVERHEADS = [
  'stepMs',
  'layerUs',
  'sequenceUs',
  'streamUs',
  'moeLayerUs',
  'requestMs',
  'ttftBaseMs',
  'bandwidthFactor',
  'computeFactor',
  'kvFactor',
  'allReduceFactor',
  'expertReadFactor',
  'decodeAttentionFactor',
  'clumpFactor',
  'burstFactor',
] as const;
export type FittedOverhead = (typeof FITTED_OVERHEADS)[number];

/**
 * What is believed before any measurement is looked at (catalogs/priors.json). Every parameter is held near its prior as far
 * as the data say nothing: a GPU near its family, a family near 1, an engine generation near a common start.
 */
export interface CalibrationPriors {
  source: string;
  constants: Record<string, Prior>;
  families: { bandwidth: Prior; compute: Prior };
  gpuBandwidthFactors: Prior;
  precisionComputeFactors: Record<string, Prior>;
  precisionBandwidthFactors: Record<string, Prior>;
  allReduceUs: Record<string, Prior>;
  /** Whose latency a fabric takes that was never measured. */
  nearestFabrics: Record<string, string>;
  generations: Record<FittedOverhead, Prior>;
  /** What is known of single generations beforehand, in place of the common start. */
  knownGenerations: Record<string, Partial<Record<FittedOverhead, Prior>>>;
  /** How fast the host of a benchmark is, and how much it costs it to stream: a matter of one machine, not of any profile. */
  machines: { host: Prior; stream: Prior; request: Prior };
}

/** What is kept from a fit, to see how well what it never saw is predicted. */
export const LEAVE_OUTS = ['group', 'gpu', 'generation', 'architecture'] as const;
export type LeaveOut = (typeof LEAVE_OUTS)[number];

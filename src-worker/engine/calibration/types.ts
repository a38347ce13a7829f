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
  /** True when the time per sequence is hidden behind the GPU's work (asynchronous scheduling). */
  hidesSequenceTime: boolean;
  /** Lowest and highest of the refits, by the field they belong to. */
  ranges?: Record<string, [number, number]>;
  /** Measurements the overheads were fitted on, with their number of rows. */
  source?: string;
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
}

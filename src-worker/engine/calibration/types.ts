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
  gpuIds: string[];
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
}

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
  'ttftBaseMs',
  'bandwidthFactor',
  'computeFactor',
  'kvFactor',
  'allReduceFactor',
  'expertReadFactor',
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
  /** How fast the host of a benchmark is, and how much it costs it to stream: a matter of one machine, not of any profile. */
  machines: { host: Prior; stream: Prior };
}

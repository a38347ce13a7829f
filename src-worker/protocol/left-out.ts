import type { Novelty, UncertainMetric } from '../engine/calibration/types.ts';

/** What a fit that had not seen a measurement's group predicted of it. */
export interface LeftOutPrediction {
  point_id: string;
  metric: UncertainMetric;
  predicted: number;
  /** Half width of its 80 % interval, as a factor; null without one. */
  factor: number | null;
  novelty: Novelty;
}

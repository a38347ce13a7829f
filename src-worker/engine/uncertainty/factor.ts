import {
  UNCERTAIN_PERCENTILES,
  type LatencyMetric,
  type Novelty,
  type ResidualSpread,
  type UncertainMetric,
  type UncertainPercentile,
  type UncertainTrait,
} from '../calibration/types.ts';

/** An engine generation with fewer measurements than this, and what ln(factor) is multiplied by for it (FIDELITY.md 7). */
const FEW_ROWS = 50;
const FEW_ROWS_MULTIPLIER = 1.3;
/** Standard normal quantile of 0.9: four in five values lie within this many standard deviations of the middle. */
const Z_80_PERCENT = 1.2815515655446004;

/** What decides how sure a prediction is. */
export interface SpreadQuestion {
  novelties: readonly Novelty[];
  traits: readonly UncertainTrait[];
  /** Measurements of the engine generation. */
  generationRows: number;
  /** Factors on measurements of this very set-up that the fit could not come nearer to; absent = none are known. */
  leastFactors?: Partial<Record<UncertainMetric, number>>;
}

/** True where the generation was measured, but seldom; one that never was has a class of its own. */
export const isSeldomMeasured = ({ novelties, generationRows }: SpreadQuestion): boolean =>
  generationRows < FEW_ROWS && !novelties.includes('engine_unseen');

/**
 * 80 % factor f >= 1 of a prediction x: four in five measured values lie in [x / f, x f]. The largest factor of the classes
 * that apply; its logarithm times 1.3 where the generation has few measurements (`engine_unseen` has that in it already)
 * and times the multiplier of every trait. More classes never narrow it; traits do what the profile says of them. Never below
 * what the profile is off by on measurements of the same set-up.
 */
export function factor80(spread: ResidualSpread, metric: UncertainMetric, question: SpreadQuestion): number {
  const multiplier = question.generationRows < FEW_ROWS ? FEW_ROWS_MULTIPLIER : 1;
  const logs = question.novelties.map((novelty) => {
    const log = Math.max(0, Math.log(spread.factors[metric][novelty]));
    return novelty === 'engine_unseen' ? log : log * multiplier;
  });
  const widened = question.traits.reduce((product, trait) => product * (spread.traits[metric][trait] ?? 1), 1);
  return Math.max(question.leastFactors?.[metric] ?? 1, Math.exp(Math.max(0, ...logs) * Math.max(0, widened)));
}

/**
 * What ln(factor) is multiplied by for a percentile of a latency: that of the percentile; else, as nothing is known of it, the
 * largest of those nearer to the median, else 1.
 */
export function percentileMultiplier(
  { percentiles }: Pick<ResidualSpread, 'percentiles'>,
  metric: LatencyMetric,
  percentile: UncertainPercentile,
): number {
  const known = percentiles?.[metric] ?? {};
  const nearer = UNCERTAIN_PERCENTILES.slice(0, UNCERTAIN_PERCENTILES.indexOf(percentile));
  return Math.max(1, known[percentile] ?? Math.max(...nearer.map((name) => known[name] ?? 1)));
}

/** Standard deviation of ln(measured / predicted) that an 80 % factor stands for, errors taken as lognormal. */
export const sigmaOf = (factor: number): number => Math.log(factor) / Z_80_PERCENT;

/** [x / f, x f]; the lower end never below what physics allows, and never above x. */
export function rangeOf(value: number, factor: number, floor = 0): [low: number, high: number] {
  return [Math.min(value, Math.max(floor, value / factor)), value * factor];
}

/** Range of a percentile, or of the mean, of a latency. */
export interface StatisticRange {
  value: number;
  low: number;
  high: number;
}

/**
 * Ranges of percentiles, in rising order, as what they are of: no end lies below that of a lower percentile, nor below that of
 * the mean where the percentile itself does not. Every range still holds its value.
 */
export function orderedRanges(mean: StatisticRange, percentiles: readonly StatisticRange[]): StatisticRange[] {
  let [low, high] = [0, 0];
  return percentiles.map((range) => {
    const isAboveMean = range.value >= mean.value;
    // Values that fall by rounding from one percentile to the next keep their own range.
    low = Math.min(range.value, Math.max(low, range.low, isAboveMean ? mean.low : 0));
    high = Math.max(high, range.high, isAboveMean ? mean.high : 0);
    return { value: range.value, low, high };
  });
}

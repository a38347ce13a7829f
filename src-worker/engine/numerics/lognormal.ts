import { invalidInput } from '../errors.ts';
import { normalCdf, normalInterval, normalQuantile } from './normal.ts';

/** Lognormal laws given by mean and standard deviation, whole and truncated. Units are the caller's (tokens, ms). */

export interface LognormalParameters {
  /** Mean of the logarithm. */
  mu: number;
  /** Standard deviation of the logarithm. */
  sigma: number;
}

/**
 * Parameters of the lognormal with this mean (> 0) and standard deviation (>= 0). ln(1 + cv^2) is taken by log1p, so that a
 * tiny spread keeps its digits. Example: mean 1, std 1 gives sigma = sqrt(ln 2) = 0.83255, mu = -0.34657.
 */
export function lognormalParameters(mean: number, std: number): LognormalParameters {
  const variance = Math.log1p((std / mean) ** 2);
  return { mu: Math.log(mean) - variance / 2, sigma: Math.sqrt(variance) };
}

export interface LognormalSpec {
  /** Of the law before truncation. */
  mean: number;
  std: number;
  /** 0 = not truncated below. */
  min: number;
  /** Infinity = not truncated above. */
  max: number;
}

/** A lognormal law conditioned on [min, max]; what the names say is of the truncated law. */
export interface TruncatedLognormal {
  mean: number;
  secondMoment: number;
  thirdMoment: number;
  /** P(X <= x). */
  cdf(x: number): number;
  /** Smallest x with P(X <= x) >= probability; 0 gives min, 1 gives max. */
  quantile(probability: number): number;
  /** E[X; low < X <= high], not divided by the probability; a low end at or below min takes min in. */
  partialMean(low: number, high: number): number;
}

function pointMass(value: number): TruncatedLognormal {
  return {
    mean: value,
    secondMoment: value ** 2,
    thirdMoment: value ** 3,
    cdf: (x) => (x >= value ? 1 : 0),
    quantile: () => value,
    partialMean: (low, high) => (value <= high && value >= low ? value : 0),
  };
}

/** Below this the interval holds nothing of the law: what is left sits at the bound next to it. */
const NO_MASS = 1e-290;

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/**
 * The lognormal with `mean` and `std` (of the law before truncation), conditioned on [min, max]. `std` 0, `min` = `max`, and
 * an interval that holds nothing of the law give a point mass at the mean brought into the interval.
 *
 * Partial moments: E[X^r; a < X <= b] = exp(r mu + r^2 sigma^2 / 2) (Phi(beta - r sigma) - Phi(alpha - r sigma)), alpha and
 * beta the standardized logarithms of a and b (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1, ch. 14).
 *
 * Throws value_out_of_range for a mean that is not positive (with a spread), a negative std, or min above max.
 */
export function truncatedLognormal({ mean, std, min, max }: LognormalSpec): TruncatedLognormal {
  if (!(min <= max) || !(std >= 0) || (std > 0 && !(mean > 0))) {
    throw invalidInput(
      'value_out_of_range',
      `A lognormal needs mean > 0, std >= 0 and min <= max: got mean ${mean}, std ${std}, min ${min}, max ${max}.`,
      { mean, std, min, max },
    );
  }
  if (std === 0 || min === max) return pointMass(clamp(mean, min, max));
  const { mu, sigma } = lognormalParameters(mean, std);
  const standardized = (x: number): number => (x <= 0 ? -Infinity : (Math.log(x) - mu) / sigma);
  const low = standardized(min);
  const high = standardized(max);
  const mass = normalInterval(low, high);
  if (!(sigma > 0) || mass < NO_MASS) return pointMass(clamp(mean, min, max));

  const moment = (power: number, from: number, to: number): number => {
    const factor = Math.exp(power * mu + (power * sigma) ** 2 / 2);
    return (factor * normalInterval(from - power * sigma, to - power * sigma)) / mass;
  };
  const inside = (z: number): number => clamp(z, low, high);
  const below = normalCdf(low);
  const above = normalCdf(-low);
  return {
    mean: moment(1, low, high),
    secondMoment: moment(2, low, high),
    thirdMoment: moment(3, low, high),
    cdf: (x) => (x >= max ? 1 : normalInterval(low, inside(standardized(x))) / mass),
    quantile: (probability) => {
      if (probability <= 0) return min;
      if (probability >= 1) return max;
      // From whichever end keeps the digits.
      const z = low > 0 ? -normalQuantile(above - probability * mass) : normalQuantile(below + probability * mass);
      return clamp(Math.exp(mu + sigma * z), min, max);
    },
    partialMean: (from, to) => moment(1, inside(standardized(from)), inside(standardized(to))),
  };
}

import { gammaLower } from '../numerics/gamma.ts';

/**
 * How many arrivals of a renewal process with gamma gaps come close to one of them: beyond the λt that any moment sees within a
 * time t, an arrival is followed by H(t) = Σ_k P(k/c², λt/c²) - λt more (P the regularized lower incomplete gamma function: the
 * chance that k gaps end within t; c² the squared coefficient of variation of the gaps), and preceded by as many. Counts in a window
 * have variance/mean D(t) = 1 + (2/λt) ∫ H (Cox 1962, Renewal Theory, 4.5).
 */

/** Windows are expected to hold between these numbers of arrivals, at this many points in equal ratios; 0 is the first. */
const LEAST_MEAN = 1e-5;
const MOST_MEAN = 50;
const POINTS = 96;
const LOG_STEP = Math.log(MOST_MEAN / LEAST_MEAN) / (POINTS - 1);
/** Gaps rarer than this in a window add nothing. */
const NEGLIGIBLE = 1e-12;

/** [point] H, and its integral from 0 on over the mean. */
interface Excess {
  beyond: Float64Array;
  integral: Float64Array;
}

const known = new Map<number, Excess>();
/** Spreads of the gaps that are kept; a sweep over more begins anew. */
const MOST_KNOWN = 64;

function excessOf(scv: number): Excess {
  const found = known.get(scv);
  if (found) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const made = tabulated(scv);
  known.set(scv, made);
  return made;
}

const meanAt = (point: number): number => LEAST_MEAN * Math.exp(point * LOG_STEP);

function tabulated(scv: number): Excess {
  const beyond = new Float64Array(POINTS);
  const integral = new Float64Array(POINTS);
  for (let point = 0; point < POINTS; point += 1) {
    const mean = meanAt(point);
    beyond[point] = renewals(1 / scv, mean / scv) - mean;
    // The first piece is a power of the mean, t^(1/c²); the others are straight in it.
    integral[point] =
      point === 0
        ? ((beyond[0] as number) * mean) / (1 + 1 / scv)
        : (integral[point - 1] as number) +
          (((beyond[point - 1] as number) + (beyond[point] as number)) / 2) * (mean - meanAt(point - 1));
  }
  return { beyond, integral };
}

/** Shapes below this are summed in strides: gaps are so uneven that single ones hardly change the chance. */
const LEAST_STRIDE = 0.05;

/** Expected renewals of gamma gaps of this shape within `t` scales. */
function renewals(shape: number, t: number): number {
  const stride = Math.max(shape, LEAST_STRIDE);
  let sum = 0;
  for (let k = 1; ; k += 1) {
    const chance = gammaLower(k * stride, t);
    sum += chance;
    if (chance < NEGLIGIBLE) break;
  }
  // Both sums are trapezoids of the same integral (Euler and Maclaurin): at 0 the chance is 1.
  return (stride / shape) * (sum + 0.5) - 0.5;
}

/** What is asked of a window, written over by `setBurst`. */
export const burst = {
  /** Variance over mean of the number of arrivals in it. */
  dispersion: 1,
  /** More arrivals in the window before it than any moment sees, for somebody who arrives at a uniform moment of this one. */
  before: 0,
};

/** Fills `burst` for a window that expects `mean` arrivals. */
export function setBurst(mean: number, scvArrival: number): void {
  burst.dispersion = 1;
  burst.before = 0;
  if (scvArrival <= 1 || !(mean > 0)) return;
  const { integral } = excessOf(scvArrival);
  const limit = (scvArrival - 1) / 2;
  const within = integralAt(integral, mean, limit);
  burst.dispersion = 1 + (2 * within) / mean;
  burst.before = Math.max(0, (integralAt(integral, 2 * mean, limit) - 2 * within) / mean);
}

/** ∫ H from 0 to `mean`; beyond the table H has come to its limit, (c² - 1) / 2. */
function integralAt(integral: Float64Array, mean: number, limit: number): number {
  const last = POINTS - 1;
  if (mean >= MOST_MEAN) return (integral[last] as number) + (mean - MOST_MEAN) * limit;
  const position = Math.log(mean / LEAST_MEAN) / LOG_STEP;
  if (position <= 0) return (integral[0] as number) * (mean / LEAST_MEAN);
  const point = Math.floor(position);
  const low = integral[point] as number;
  const high = integral[Math.min(last, point + 1)] as number;
  // Nearly a power of the mean between neighbors.
  return low * (high / low) ** (position - point);
}

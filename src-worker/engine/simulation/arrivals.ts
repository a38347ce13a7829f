import { exponential, type RandomSource } from '../numerics/random.ts';
import type { ArrivalProcess } from '../workload/types.ts';

/** How requests come; `scv` = squared coefficient of variation of their gaps, in the long run the variance of counts / their mean. */
export interface ArrivalLaw {
  process: ArrivalProcess;
  scv: number;
  /** Of a Hawkes process: how fast what an arrival excites dies away, per ms. */
  decayPerMs: number;
}

/** What the seed's code workload says (2 per second): the only Hawkes process that anybody gave us. */
export const DEFAULT_DECAY_PER_MS = 2e-3;

/** The same workload's long-run variance of counts / their mean. */
export const DEFAULT_HAWKES_SCV = 3;

export const POISSON: ArrivalLaw = { process: 'poisson', scv: 1, decayPerMs: DEFAULT_DECAY_PER_MS };

/** Draws the gaps (ms) before each of so many arrivals at a mean rate (per ms). */
type GapSource = (law: ArrivalLaw, ratePerMs: number, random: RandomSource) => () => number;

/** Standard normal by the polar method (Marsaglia and Bray 1964). */
function standardNormal(random: RandomSource): number {
  for (;;) {
    const x = 2 * random() - 1;
    const y = 2 * random() - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
  }
}

/** Gamma with shape >= 1 and scale 1 (Marsaglia and Tsang 2000). */
function gammaFromOne(shape: number, random: RandomSource): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = standardNormal(random);
    const v = (1 + c * z) ** 3;
    if (v > 0 && Math.log1p(-random()) < (z * z) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Gamma with any shape and scale 1; below 1 a power of a uniform brings it down (ibid., section 6). */
function drawGamma(shape: number, random: RandomSource): number {
  if (shape >= 1) return gammaFromOne(shape, random);
  return gammaFromOne(shape + 1, random) * Math.exp(Math.log1p(-random()) / shape);
}

/** Gaps are gamma with squared coefficient of variation `scv`. */
const gammaGaps: GapSource = ({ scv }, ratePerMs, random) => {
  const shape = 1 / scv;
  return () => (drawGamma(shape, random) * scv) / ratePerMs;
};

/**
 * Self-exciting arrivals with an exponential kernel, drawn exactly (Dassios and Zhao 2013): each arrival raises the rate by
 * branching · decay, which dies away; the long-run variance of counts / mean is 1 / (1 - branching)². The base rate is
 * rate · (1 - branching) (NUMBERS.md, Workloads). Starts at the mean rate.
 */
const hawkesGaps: GapSource = ({ scv, decayPerMs }, ratePerMs, random) => {
  const branching = scv <= 1 ? 0 : 1 - 1 / Math.sqrt(scv);
  const basePerMs = ratePerMs * (1 - branching);
  let excitedPerMs = ratePerMs - basePerMs;
  return () => {
    let gap = exponential(random, 1 / basePerMs);
    // What is excited dies away before it brings an arrival, unless the draw is small enough.
    const survival = 1 + (decayPerMs / excitedPerMs) * Math.log1p(-random());
    if (excitedPerMs > 0 && survival > 0) gap = Math.min(gap, -Math.log(survival) / decayPerMs);
    excitedPerMs = excitedPerMs * Math.exp(-decayPerMs * gap) + branching * decayPerMs;
    return gap;
  };
};

const GAPS: Record<ArrivalProcess, GapSource> = {
  poisson: (_, ratePerMs, random) => () => exponential(random, 1 / ratePerMs),
  constant: (_, ratePerMs) => () => 1 / ratePerMs,
  gamma: (law, ratePerMs, random) => (law.scv > 0 ? gammaGaps : GAPS.constant)(law, ratePerMs, random),
  hawkes: hawkesGaps,
};

/** Times (ms) of `count` arrivals at a mean rate (per ms); the first comes at 0. An infinite rate sends all at once. */
export function drawArrivals(law: ArrivalLaw, ratePerMs: number, count: number, random: RandomSource): Float64Array {
  const arrivals = new Float64Array(count);
  if (ratePerMs === Infinity) return arrivals;
  const gap = GAPS[law.process](law, ratePerMs, random);
  for (let i = 1; i < count; i += 1) arrivals[i] = (arrivals[i - 1] as number) + gap();
  return arrivals;
}

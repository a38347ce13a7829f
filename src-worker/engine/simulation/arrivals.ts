import { exponential, type RandomSource } from '../numerics/random.ts';
import type { ArrivalProcess } from '../workload/types.ts';
import type { BlindRouter } from './router.ts';

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

/** What one scheduler of so many replicas gets of a stream, by a router that does not look at them. */
export interface ArrivalShare {
  router: BlindRouter;
  replicas: number;
  /** Schedulers of a replica, over which it deals at random what it gets. */
  streams: number;
}

/**
 * The squared coefficient of variation of gaps, in the long run the variance of counts / their mean, of a share of a stream that
 * has `scv`: gaps in turn are sums of so many, and what is dealt at random comes nearer to Poisson. Exact for independent gaps.
 */
export function scvOfShare(scv: number, { router, replicas, streams }: ArrivalShare): number {
  const ofReplica = router === 'round_robin' ? scv / replicas : 1 + (scv - 1) / replicas;
  return 1 + (ofReplica - 1) / streams;
}

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

/**
 * Shares of a self-exciting process among more replicas than this have gamma gaps of the spread that is left of it: what is dealt at
 * random 1/64 of its excess of variance, what is dealt in turn 1/64 of all of it.
 */
export const MOST_HAWKES_SHARES = 64;

/** How many gaps of the whole stream lie between two arrivals of a share, where that is left to chance. */
const geometric =
  (mean: number, random: RandomSource): (() => number) =>
  () =>
    1 + Math.floor(Math.log1p(-random()) / Math.log1p(-1 / mean));

/** The gaps of a share; `router` draws whom a request is sent to. */
function gapsOfShare(
  law: ArrivalLaw,
  ratePerMs: number,
  { router, replicas, streams }: ArrivalShare,
  [random, routerRandom]: [random: RandomSource, router: RandomSource],
): () => number {
  const own = (share: ArrivalLaw): (() => number) => GAPS[share.process](share, ratePerMs, random);
  const shares = replicas * streams;
  if (shares === 1) return own(law);
  const wholePerMs = ratePerMs * shares;
  /** Gaps of the whole stream between two arrivals of the share: turns are counted, what is dealt at random is left to chance. */
  const inTurn = router === 'round_robin' ? replicas : 1;
  const dealt = shares === inTurn ? () => 1 : geometric(shares / inTurn, routerRandom);
  const count = () => inTurn * dealt();
  if (law.process === 'hawkes') {
    if (shares > MOST_HAWKES_SHARES) {
      return own({ ...law, process: 'gamma', scv: scvOfShare(law.scv, { router, replicas, streams }) });
    }
    const gap = hawkesGaps(law, wholePerMs, random);
    return () => {
      let sum = 0;
      for (let left = count(); left > 0; left -= 1) sum += gap();
      return sum;
    };
  }
  const scv = law.process === 'constant' ? 0 : law.scv;
  if (shares === inTurn) return own({ ...law, process: 'gamma', scv: scv / replicas });
  if (law.process === 'poisson' && inTurn === 1) return own(law);
  if (scv === 0) return () => count() / wholePerMs;
  // So many gamma gaps are one of so many times the shape.
  return () => (drawGamma(count() / scv, random) * scv) / wholePerMs;
}

/**
 * Times (ms) of `count` arrivals at a mean rate (per ms); the first comes at 0. An infinite rate sends all at once. `share`: they
 * are those of one of several replicas, at this rate, of a stream that follows the law.
 */
export function drawArrivals(
  law: ArrivalLaw,
  ratePerMs: number,
  count: number,
  random: RandomSource,
  share: { of: ArrivalShare; router: RandomSource } | null = null,
): Float64Array {
  const arrivals = new Float64Array(count);
  if (ratePerMs === Infinity) return arrivals;
  const gap = share
    ? gapsOfShare(law, ratePerMs, share.of, [random, share.router])
    : GAPS[law.process](law, ratePerMs, random);
  for (let i = 1; i < count; i += 1) arrivals[i] = (arrivals[i - 1] as number) + gap();
  return arrivals;
}

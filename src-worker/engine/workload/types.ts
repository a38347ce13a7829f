/** What users ask of the model: lengths, arrivals, targets, cache. */

export type LatencyKind = 'ttft' | 'tpot' | 'e2e';
export type Statistic = 'mean' | 'p50' | 'p95' | 'p99';
export type LatencyMetric = `${LatencyKind}_${Statistic}`;

/** A maximum that stands for none: the context of the model is the limit, to which every request is cut. */
export const UNBOUNDED_TOKENS = 10_000_000;

/** Tokens per request: lognormal with this mean and standard deviation, truncated to [min, max]. */
export interface LengthDistribution {
  mean: number;
  std: number;
  min: number;
  max: number;
}

export interface Target {
  metric: LatencyMetric;
  targetMs: number;
  /** False for a target that is shown but does not decide (E2E unless asked). */
  isGating: boolean;
  /** For E2E targets: the output length the target is meant for (the seed's 512), else null. */
  outputTokens: number | null;
}

export interface PrefixCache {
  /** Chance that a request finds its cacheable tokens cached. */
  hitFraction: number;
  /** Share of the prompt that is cacheable. */
  cacheableFraction: number;
}

export type ArrivalProcess = 'poisson' | 'gamma' | 'constant' | 'hawkes';

/** Arrivals that excite others (Hawkes), where the workload says how. */
export interface SelfExcitement {
  /** Arrivals that one brings directly on average, below 1. */
  branching: number;
  /** How fast what an arrival excites dies away. */
  decayPerMs: number;
}

export interface Workload {
  name: string;
  description: string;
  /** The user's own text. */
  input: LengthDistribution;
  /** What the application adds (history, documents); null = nothing. */
  context: LengthDistribution | null;
  output: LengthDistribution;
  arrival: { process: ArrivalProcess; burstiness: number; hawkes?: SelfExcitement };
  /** Shown, not applied: headroom covers peaks. */
  peakFactor: number | null;
  targets: Target[];
  prefixCache: PrefixCache | null;
  source: string;
}

import type { StepPlan } from '../roofline/step-plan.ts';
import type { RequestLengths } from '../workload/lengths.ts';

/** One replica under load: what the closed form is asked about. */
export interface BatchingSubject {
  plan: StepPlan;
  lengths: RequestLengths;
  maxNumBatchedTokens: number;
  maxNumSeqs: number;
  /** Tokens of context that the replica's KV cache holds, in sequences of the mean length. */
  kvCacheTokens: number;
  /** Squared coefficient of variation of the gaps between arrivals: 1 Poisson, 0 constant, more = bursts. */
  scvArrival: number;
  /** Users of a closed loop, who wait for their answer before they ask again; null = open arrivals. */
  population: number | null;
}

/** Blocks are allocated whole: half a block of 16 tokens per sequence lies idle on average. */
export const IDLE_KV_TOKENS_PER_SEQUENCE = 8;

/** What stops a replica from having a steady state. */
export type SaturationKind = 'compute' | 'kv' | 'seats';

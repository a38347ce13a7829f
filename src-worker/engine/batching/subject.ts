import type { StepPlan } from '../roofline/step-plan.ts';
import type { RequestLengths } from '../workload/lengths.ts';

/** One replica under load: what the closed form is asked about. */
export interface BatchingSubject {
  plan: StepPlan;
  lengths: RequestLengths;
  maxNumBatchedTokens: number;
  maxNumSeqs: number;
  /** Tokens of KV cache of the replica. */
  kvCacheTokens: number;
  /** KV tokens whose memory the constant state of one sequence takes; 0 for models of attention alone. */
  stateKvTokens: number;
  /** Squared coefficient of variation of the gaps between arrivals: 1 Poisson, 0 constant, more = bursts. */
  scvArrival: number;
  /** Users of a closed loop, who wait for their answer before they ask again; null = open arrivals. */
  population: number | null;
}

/** Blocks are allocated whole: half a block of 16 tokens per sequence lies idle on average. */
const IDLE_KV_TOKENS = 8;

/** KV tokens a sequence takes beside its context: the idle rest of its last block and its constant state. */
export const extraKvTokens = ({ stateKvTokens }: Pick<BatchingSubject, 'stateKvTokens'>): number =>
  IDLE_KV_TOKENS + stateKvTokens;

/** What stops a replica from having a steady state. */
export type SaturationKind = 'compute' | 'kv' | 'seats';

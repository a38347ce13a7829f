import { REQUESTS_PER_CLIENT } from '../batching/lockstep.ts';
import type { StepSubject } from '../roofline/step-plan.ts';
import type { Measurement, WorkloadKind } from './types.ts';

/**
 * A measurement with its names resolved: what was served on what, and under which load; everything but the calibration.
 * An instance with attention data parallelism or pipeline stages keeps several batches in flight; each of these streams
 * has its even share of the load. Lengths in tokens a request, times in ms.
 */
export interface Benchmark {
  row: Measurement;
  kind: WorkloadKind;
  /** Rows of one source, GPU and model: they share what is special about a set-up, so they are left out together. */
  group: string;
  /** The machine: rows of one source on one kind of GPU ran on the same host. */
  machine: string;
  generation: string;
  /** False where neither a version nor the column says which engine it was. */
  isGenerationKnown: boolean;
  deployment: Omit<StepSubject, 'calibration'>;
  streams: number;
  /** Prompts are computed in steps of their own, which hold up the decodes. */
  hasSeparatePrefill: boolean;
  promptTokens: number;
  cachedTokens: number;
  outputTokens: number;
  /** True where lengths are drawn from 80 to 100 % of a nominal length. */
  hasDrawnLengths: boolean;
  maxNumBatchedTokens: number;
  /** Seats of one stream as the scheduler counts them, whatever the KV cache holds. */
  maxNumSeqs: number;
  /** Sequences that one stream has seats for, KV cache included. */
  seats: number;
  /** Of one stream: sequences of a static batch, requests queued offline, clients of a closed loop. */
  requests: number;
  /** Of one stream; 0 where nothing arrives at a rate. */
  ratePerMs: number;
  /** Requests of the whole run; null = the source does not say. */
  numPrompts: number | null;
  /** Of these at the start find nothing cached. */
  coldRequests: number;
  /** Squared coefficient of variation of the gaps between arrivals. */
  scvArrival: number;
}

/** What one stream of a benchmark is predicted to give, in the mean. */
export interface BenchmarkMeans {
  ttftMs: number;
  tpotMs: number;
  e2eMs: number;
  /** Requests per ms of one stream. */
  requestsPerMs: number;
}

/** How many requests each client of a closed loop sends, one after the other. */
export function requestsPerClient({ kind, numPrompts, requests, streams }: Benchmark): number {
  if (kind !== 'closed_loop' || numPrompts === null) return REQUESTS_PER_CLIENT;
  return Math.max(1, numPrompts / (requests * streams));
}

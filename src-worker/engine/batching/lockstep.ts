import { constantOf, generationOf } from '../calibration/lookup.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import { DRAWN_CV } from '../workload/drawn-lengths.ts';

export interface LockstepQuestion {
  /** Clients that have a seat. */
  seated: number;
  requestsPerClient: number;
  /** Standard deviation of the answers' lengths / their mean. */
  outputCv: number;
  /** Of the engine. */
  generation: string;
}

/** Requests of each client, one after the other, where nobody says how many (InferenceX: 10). */
export const REQUESTS_PER_CLIENT = 10;

/**
 * How much of falling into step is left where answers differ: the measured share for lengths drawn from 80 to 100 % of a
 * nominal one, and in between and beyond the exponential through it.
 */
const shareInStep = (calibration: CalibrationProfile, outputCv: number): number =>
  outputCv === 0 ? 1 : constantOf(calibration, 'closedLoopInStepOfDrawnLengths') ** (outputCv / DRAWN_CV);

/**
 * How many prefills a client of a closed loop who asks again at once waits for beside its own, in the mean: all start in one
 * burst, which weighs 1/(2R) of it over R requests each, and answers of like lengths keep them in step afterwards, in clumps
 * (FIDELITY.md section 3). Benchmarks with a fixed concurrency are such loops. Users who pause between an answer and the next
 * question are not.
 */
export function lockstepPrefills(question: LockstepQuestion, calibration: CalibrationProfile): number {
  const { seated, requestsPerClient, outputCv, generation } = question;
  const others = seated - 1;
  if (others <= 0) return 0;
  const { clumpFactor = 1, burstFactor = 1 } = generationOf(calibration, generation);
  const clump = constantOf(calibration, 'closedLoopClump');
  const inStep = constantOf(calibration, 'closedLoopInStep') * clumpFactor * shareInStep(calibration, outputCv);
  const burst = (constantOf(calibration, 'closedLoopBurst') * burstFactor) / (2 * Math.max(1, requestsPerClient));
  return inStep * clump * -Math.expm1(-others / clump) + burst * others;
}

/**
 * Waits of clients in step lie evenly within this share of their mean on either side: P95 / mean of TTFT in 190 closed loops of
 * nvidia_dli_nim is 1.19 at 5 clients, 1.34 at 25 and 1.5 at 100 and more; this gives 1.30, 1.40 and 1.44.
 */
export const LOCKSTEP_HALF_WIDTH = 0.5;

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

/** Requests of each client, one after the other, of a benchmark that does not say how many (InferenceX: 10). */
export const REQUESTS_PER_CLIENT = 10;
/** Stands for clients who go on for ever: what their opening burst adds is below any figure. */
export const ENDLESS_REQUESTS = 1e9;

/** Squared coefficient of variation of a uniform law from 0 on, over 4: answers spread as wide as their cycle have it. */
const UNIFORM_SCV = 1 / 12;
/** zeta(1/2), the constant of 1 + 1/sqrt(2) + .. + 1/sqrt(n) = 2 sqrt(n) + zeta(1/2) + 1/(2 sqrt(n)) - .. (Euler and Maclaurin). */
const ZETA_HALF = -1.4603545088095868;

/**
 * How close together answers that differ still end, on average over the rounds: 1 / sqrt(rounds since the burst), as long as the
 * random walk of their ends is narrower than their cycle.
 */
function closeness(requestsPerClient: number, outputCv: number): number {
  const rounds = Math.max(1, requestsPerClient - 1);
  const inStep = Math.min(rounds, UNIFORM_SCV / outputCv ** 2);
  if (inStep < 1) return inStep / rounds;
  const root = Math.sqrt(inStep);
  return (2 * root + ZETA_HALF + 1 / (2 * root)) / rounds;
}

/**
 * How much of falling into step is left where answers differ: the measured share for lengths drawn from 80 to 100 % of a
 * nominal one, and in between and beyond the exponential through it. It was measured over ten rounds: in further ones answers
 * spread like a random walk.
 */
function shareInStep(calibration: CalibrationProfile, outputCv: number, requestsPerClient: number): number {
  if (outputCv === 0) return 1;
  const measured = constantOf(calibration, 'closedLoopInStepOfDrawnLengths') ** (outputCv / DRAWN_CV);
  return measured * Math.min(1, closeness(requestsPerClient, outputCv) / closeness(REQUESTS_PER_CLIENT, outputCv));
}

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
  const inStep =
    constantOf(calibration, 'closedLoopInStep') * clumpFactor * shareInStep(calibration, outputCv, requestsPerClient);
  const burst = (constantOf(calibration, 'closedLoopBurst') * burstFactor) / (2 * Math.max(1, requestsPerClient));
  return inStep * clump * -Math.expm1(-others / clump) + burst * others;
}

/**
 * Waits of clients in step lie evenly within this share of their mean on either side: P95 / mean of TTFT in 190 closed loops of
 * nvidia_dli_nim is 1.19 at 5 clients, 1.34 at 25 and 1.5 at 100 and more; this gives 1.30, 1.40 and 1.44.
 */
export const LOCKSTEP_HALF_WIDTH = 0.5;

import type { ClientRounds } from './client-rounds.ts';
import { evaluateBatching, type BatchingSteady } from './closed-form.ts';
import type { BatchingSubject } from './subject.ts';

export interface ClosedLoopQuestion {
  subject: BatchingSubject;
  /** Users of one replica; may be fractional when a population is split over replicas. */
  users: number;
  thinkTimeMs: number;
  /** What the replica saturates at with open arrivals: nobody is served more often, whoever asks. */
  saturationPerMs: number;
  /** Prefills that users wait for who ask again at once and so fall into step (lockstep.ts); null = they never do. */
  lockstepPrefills: number | null;
  /** How what they wait for in step is spread; absent = evenly around its mean. */
  rounds?: ClientRounds | null;
}

export interface ClosedLoopSteady {
  outcome: BatchingSteady;
  ratePerMs: number;
  /** ms every request waits for a seat because more users ask at once than the replica carries. */
  seatWaitMs: number;
}

const ROUNDS = 60;
const RELATIVE_TOLERANCE = 1e-5;
/** Above this a rate that the replica just carries leaves nobody waiting: rounding, not a queue. */
const NEGLIGIBLE_WAIT_SHARE = 1e-3;

/**
 * N users who think, ask, wait for the answer and ask again: rate · (think + E[TTFT] + n·E[TPOT]) = N, by bisection in
 * ln(rate) (QUEUEING.md 3.10). Without think time the next request starts exactly when a step ends: there is no step in
 * progress to wait for, but what users in step wait for; pauses dissolve that. Where the replica saturates first, requests leave at its saturation
 * rate and the users that are neither served nor thinking wait: N / rate - think - residence. Nobody is slower than all users one
 * after the other. null when not even one user can be served.
 */
export function evaluateClosedLoop(question: ClosedLoopQuestion): ClosedLoopSteady | null {
  const { users, thinkTimeMs, saturationPerMs, lockstepPrefills, rounds = null } = question;
  const subject: BatchingSubject = { ...question.subject, population: users };
  let presentFraction = 1;
  const at = (logRate: number): BatchingSteady | null => {
    const closed = {
      presentFraction: Math.min(0.999, presentFraction),
      hasResidual: thinkTimeMs > 0,
      lockstepPrefills,
      rounds,
      pauseMs: thinkTimeMs,
    };
    const outcome = evaluateBatching(subject, Math.exp(logRate), closed);
    return outcome.kind === 'steady' ? outcome : null;
  };

  let low = Math.log(1e-9 / (thinkTimeMs + 1));
  let best = at(low);
  if (!best) return null;
  // No request is faster than one alone, so the rate cannot exceed users / (think + idle residence).
  let high = Math.log(Math.min(users / (thinkTimeMs + best.e2eMs.mean), saturationPerMs));
  for (let round = 0; round < ROUNDS && high - low > RELATIVE_TOLERANCE; round += 1) {
    const middle = round === 0 ? high : round === 1 ? high - 0.5 : (low + high) / 2;
    const outcome = at(middle);
    const isCarried = outcome && Math.exp(middle) * (thinkTimeMs + outcome.e2eMs.mean) <= users;
    if (!isCarried) {
      high = middle;
      continue;
    }
    best = outcome;
    low = middle;
    presentFraction = best.e2eMs.mean / (thinkTimeMs + best.e2eMs.mean);
  }
  const ratePerMs = Math.exp(low);
  const waitMs = users / ratePerMs - thinkTimeMs - best.e2eMs.mean;
  // Whoever decodes does so for the time per token that is reported: with as many at once Little's law holds.
  const laterTokens = Math.max(0, subject.lengths.moments.outputMean - 1);
  const meanRunning = Math.min(users, ratePerMs * laterTokens * best.tpotMs.mean);
  return {
    outcome: { ...best, meanRunning, maxRunning: Math.max(best.maxRunning, Math.ceil(meanRunning)) },
    ratePerMs,
    seatWaitMs: waitMs > NEGLIGIBLE_WAIT_SHARE * best.e2eMs.mean ? waitMs : 0,
  };
}

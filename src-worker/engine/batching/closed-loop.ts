import { evaluateBatching, type BatchingSteady } from './closed-form.ts';
import { decodeLimit } from './fixed-point.ts';
import type { BatchingSubject } from './subject.ts';

export interface ClosedLoopQuestion {
  subject: BatchingSubject;
  /** Users of one replica; may be fractional when a population is split over replicas. */
  users: number;
  thinkTimeMs: number;
}

export interface ClosedLoopSteady {
  outcome: BatchingSteady;
  ratePerMs: number;
  /** ms every request waits for a seat because more users ask than there are seats. */
  seatWaitMs: number;
}

const ROUNDS = 80;
const RELATIVE_TOLERANCE = 1e-5;

/**
 * N users who think, ask, wait for the answer and ask again: rate · (think + E[TTFT] + n·E[TPOT]) = N, by bisection in
 * ln(rate) (QUEUEING.md 3.10). Without think time the next request starts exactly when a step ends, so there is no step
 * in progress to wait for. Users beyond the seats wait for one: (N - seats) / rate.
 */
export function evaluateClosedLoop(question: ClosedLoopQuestion): ClosedLoopSteady | null {
  const { users, thinkTimeMs } = question;
  const seats = decodeLimit(question.subject).decodes;
  // Stay inside the limit by a hair: exactly at it the fixed point counts as saturated.
  const inside = Math.min(users, seats * 0.999);
  const subject: BatchingSubject = { ...question.subject, population: inside };
  let presentFraction = 1;
  const at = (ratePerMs: number): BatchingSteady | null => {
    const closed = { presentFraction: Math.min(0.999, presentFraction), hasResidual: thinkTimeMs > 0 };
    const outcome = evaluateBatching(subject, ratePerMs, closed);
    return outcome.kind === 'steady' ? outcome : null;
  };
  const residence = (outcome: BatchingSteady): number => outcome.e2eMs.mean;

  // No request is faster than one alone, so the rate cannot exceed users / (think + idle residence).
  const alone = at(1e-12);
  if (!alone) return null;
  let low = Math.log(1e-12);
  let high = Math.log(inside / (thinkTimeMs + residence(alone)));
  let best: BatchingSteady | null = null;
  let bestRate = 0;
  for (let round = 0; round < ROUNDS && high - low > RELATIVE_TOLERANCE; round += 1) {
    const middle = round === 0 ? high : (low + high) / 2;
    const rate = Math.exp(middle);
    const outcome = at(rate);
    if (outcome && rate * (thinkTimeMs + residence(outcome)) <= inside) {
      best = outcome;
      bestRate = rate;
      presentFraction = residence(outcome) / (thinkTimeMs + residence(outcome));
      low = middle;
      if (round === 0) break;
    } else {
      high = middle;
      if (round === 0) low = high - Math.LN2 * 12;
    }
  }
  if (!best) return null;
  return { outcome: best, ratePerMs: bestRate, seatWaitMs: users > inside ? (users - inside) / bestRate : 0 };
}

import { newEvaluation, type Evaluation } from './evaluation.ts';
import { firstTokenLatency } from './first-token-latency.ts';
import { unhinderedP95Ms } from './first-token/unhindered.ts';
import { laterLatencies } from './later-latencies.ts';
import { OPEN_ARRIVALS, solveLoad, type ClosedLoop, type Saturated } from './load-state.ts';
import { LEAST_ARRIVALS_PER_MS } from './mean-step.ts';
import { batchDeviation } from './pressure.ts';
import type { LatencyPercentiles } from './spread.ts';
import type { BatchingSubject, SaturationKind } from './subject.ts';
import type { TrustKind } from './trust.ts';

export interface BatchingSteady {
  kind: 'steady';
  ttftMs: LatencyPercentiles;
  tpotMs: LatencyPercentiles;
  e2eMs: LatencyPercentiles;
  /** Sequences decoding on average, and the 99 % point of their number (within the seats). */
  meanRunning: number;
  maxRunning: number;
  /** ms of the average step that does something. */
  meanStepMs: number;
  /** P95 of the TTFT of a request that waits for nobody: what is above it is waiting. */
  unhinderedTtftP95Ms: number;
  /** Share of steps' time that prompt pieces take. */
  prefillShare: number;
  /** Distance to the KV and seat limits in standard deviations of the demand. */
  pressureZ: number;
  trust: TrustKind;
}

export type BatchingOutcome = BatchingSteady | Saturated;

/** Standard normal quantile of 0.99. */
const Z_P99 = 2.326;

/** All stages into `evaluation`; why there is no steady state, or null where it is filled. */
export function evaluateInto(
  evaluation: Evaluation,
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): SaturationKind | null {
  // Nobody at all is no rate that anything can be divided by.
  const perMs = Math.max(arrivalsPerMs, LEAST_ARRIVALS_PER_MS);
  const cause = solveLoad(evaluation.load, subject, perMs, closed);
  if (cause !== null) return cause;
  firstTokenLatency(evaluation, subject, perMs, closed);
  laterLatencies(evaluation, subject, true);
  return null;
}

const shared = newEvaluation();

/**
 * Continuous batching of one replica at an arrival rate, in closed form: fixed point of Little's law, then TTFT from the
 * step in progress, the prompts met and the own prefill, TPOT over the request's own life, E2E from both. Rates in
 * requests per ms. Source and measured errors against simulation: QUEUEING.md section 3.
 */
export function evaluateBatching(
  subject: BatchingSubject,
  arrivalsPerMs: number,
  closed: ClosedLoop = OPEN_ARRIVALS,
): BatchingOutcome {
  const cause = evaluateInto(shared, subject, arrivalsPerMs, closed);
  if (cause !== null) return { kind: 'saturated', cause };
  const { load, ttftMs, tpotMs, e2eMs, arrival, scratch } = shared;
  const { step, prefillShare } = load.state;
  // Whoever decodes does so for the times that are reported (Little's law).
  const meanRunning = arrivalsPerMs * Math.max(0, e2eMs.mean - ttftMs.mean);
  return {
    kind: 'steady',
    ttftMs: { ...ttftMs },
    tpotMs: { ...tpotMs },
    e2eMs: { ...e2eMs },
    meanRunning,
    maxRunning: Math.min(
      subject.maxNumSeqs,
      Math.ceil(subject.population ?? Infinity),
      Math.max(1, Math.ceil(meanRunning), Math.ceil(step.decodes + Z_P99 * batchDeviation(load.state, load.times))),
    ),
    meanStepMs: step.busyMeanMs,
    unhinderedTtftP95Ms: unhinderedP95Ms(scratch, subject, arrivalsPerMs, arrival.step),
    prefillShare,
    pressureZ: load.pressureZ,
    trust: load.trust,
  };
}

import { invalidInput } from '../engine/errors.ts';
import { arrivalCvUsed, isPoisson, type Arrivals } from '../engine/queueing/arrival.ts';
import { gigkWaiting } from '../engine/queueing/gigk.ts';
import { lawDefinition } from '../engine/queueing/laws/registry.ts';
import type { DelaySummary } from '../engine/queueing/summary.ts';
import { SCHEMA_VERSION, type QuantileSummary, type QueueDocument } from '../protocol/documents.ts';
import type { QueueInput } from '../protocol/requests.ts';
import { rounded } from './common.ts';

const quantileSummary = (delay: DelaySummary | null): QuantileSummary =>
  delay
    ? { mean: rounded(delay.mean), p50: rounded(delay.p50), p95: rounded(delay.p95), p99: rounded(delay.p99) }
    : { mean: null, p50: null, p95: null, p99: null };

const UNSTABLE = 'no steady state: requests arrive faster than they are served, so the queue grows without end';

/** Largest spread of gaps and services for which arrivals that are not Poisson were checked against another method. */
const MOST_CV = 5;

/** Options that contradict each other, or ask for what no method here answers, are refused. */
function checkArrivals({ arrival, arrival_cv, service_cv }: QueueInput, arrivals: Arrivals): void {
  if (arrival_cv !== null && arrival !== 'gamma') {
    throw invalidInput(
      'arrival_cv_unused',
      `arrival_cv ${arrival_cv} belongs to --arrival gamma: ${arrival} arrivals have the spread ${arrivalCvUsed(arrivals)}. Leave it out, or take --arrival gamma.`,
      { arrival, arrival_cv },
    );
  }
  if (isPoisson(arrivals)) return;
  for (const [field, cv] of [
    ['arrival_cv', arrivals.cv],
    ['service_cv', service_cv],
  ] as const) {
    if (cv <= MOST_CV) continue;
    throw invalidInput(
      'value_out_of_range',
      `${field} ${cv} is more than ${arrival} arrivals are answered for: give at most ${MOST_CV}, or take --arrival poisson.`,
      { field, cv },
    );
  }
}

/**
 * The queueing model alone. `input` echoes the request with the coefficients of variation that were used: 0 for deterministic
 * service and 1 for exponential, whatever `service_cv` says (its default cannot be told from a choice), 1 for Poisson and 0 for
 * constant arrivals. At utilization 1 and above `stable` is false and every time is null. Throws invalid_input for a spread of
 * arrivals that says nothing or is beyond what was checked.
 */
export function answerQueue(input: QueueInput): QueueDocument {
  const given = { kind: input.distribution, meanMs: input.service_ms, cv: input.service_cv };
  const service = { ...given, cv: lawDefinition(given).cvUsed(given.cv) };
  const arrivals: Arrivals = { kind: input.arrival, cv: input.arrival_cv ?? 1 };
  checkArrivals({ ...input, service_cv: service.cv }, arrivals);
  const outcome = gigkWaiting({ arrivalRateReqPerS: input.rate, arrivals, service, servers: input.servers });
  const isSteady = outcome.kind === 'steady';
  return {
    schema_version: SCHEMA_VERSION,
    input: { ...input, service_cv: service.cv, arrival_cv: arrivalCvUsed(arrivals) },
    utilization: rounded(outcome.utilization),
    stable: isSteady,
    wait_ms: quantileSummary(isSteady ? outcome.waitMs : null),
    response_ms: quantileSummary(isSteady ? outcome.responseMs : null),
    wait_probability: isSteady ? rounded(outcome.waitProbability) : null,
    method: isSteady ? outcome.method : UNSTABLE,
  };
}

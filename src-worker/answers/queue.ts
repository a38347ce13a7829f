import { lawDefinition } from '../engine/queueing/laws/registry.ts';
import { mgkWaiting } from '../engine/queueing/mgk.ts';
import type { DelaySummary } from '../engine/queueing/summary.ts';
import { SCHEMA_VERSION, type QuantileSummary, type QueueDocument } from '../protocol/documents.ts';
import type { QueueInput } from '../protocol/requests.ts';
import { rounded } from './common.ts';

const quantileSummary = (delay: DelaySummary | null): QuantileSummary =>
  delay
    ? { mean: rounded(delay.mean), p50: rounded(delay.p50), p95: rounded(delay.p95), p99: rounded(delay.p99) }
    : { mean: null, p50: null, p95: null, p99: null };

const UNSTABLE = 'no steady state: requests arrive faster than they are served, so the queue grows without end';

/**
 * The queueing model alone. `input` echoes the request with the coefficient of variation that was used: 0 for deterministic
 * service and 1 for exponential, whatever `service_cv` says (its default cannot be told from a choice). At utilization 1 and
 * above `stable` is false and every time is null.
 */
export function answerQueue(input: QueueInput): QueueDocument {
  const service = { kind: input.distribution, meanMs: input.service_ms, cv: input.service_cv };
  const outcome = mgkWaiting({ arrivalRateReqPerS: input.rate, service, servers: input.servers });
  const isSteady = outcome.kind === 'steady';
  return {
    schema_version: SCHEMA_VERSION,
    input: { ...input, service_cv: lawDefinition(service).cvUsed(service.cv) },
    utilization: rounded(outcome.utilization),
    stable: isSteady,
    wait_ms: quantileSummary(isSteady ? outcome.waitMs : null),
    response_ms: quantileSummary(isSteady ? outcome.responseMs : null),
    wait_probability: isSteady ? rounded(outcome.waitProbability) : null,
    method: isSteady ? outcome.method : UNSTABLE,
  };
}

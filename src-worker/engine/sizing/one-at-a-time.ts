import { Spread } from '../batching/spread.ts';
import type { BatchingSubject } from '../batching/subject.ts';
import type { LatencyPercentiles } from '../batching/closed-form.ts';
import { latticeDelay } from '../queueing/lattice.ts';
import { unitService, type GeneralService } from '../queueing/service.ts';
import { stepTimeMs } from '../roofline/step-time.ts';
import type { Target } from '../workload/types.ts';
import { searchCapacity, worstScore } from './capacity.ts';
import { stepViewOf } from './replica-load.ts';
import type { Capacity, LoadOutcome, ReplicaLoad } from './types.ts';

/**
 * The seed's reading of a replica, kept for comparison: an M/G/1 queue that serves one request at a time. The service time
 * follows from the token lengths (prefill of the prompt, then one step per output token at batch one); waiting is exact.
 */
interface Services {
  /** [prompt node][output node] flattened: service time and its chance. */
  serviceMs: Float64Array;
  prefillMs: Float64Array;
  tokenMs: Float64Array;
  promptTokens: Float64Array;
  chances: Float64Array;
  meanMs: number;
  law: GeneralService;
}

function prefillAloneMs(subject: BatchingSubject, uncached: number, cached: number): number {
  const room = subject.maxNumBatchedTokens;
  let ms = 0;
  for (let done = 0; done < uncached; done += room) {
    const chunk = Math.min(room, uncached - done);
    ms += stepTimeMs(subject.plan, 0, 0, chunk, chunk * (cached + done + chunk / 2), done + chunk >= uncached ? 1 : 0);
  }
  return ms;
}

/** Distribution function and partial mean of a discrete law. */
function discreteLaw(values: Float64Array, chances: Float64Array): GeneralService {
  const order = Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const sorted = Float64Array.from(order, (i) => values[i] as number);
  const cumulated = new Float64Array(sorted.length + 1);
  const partial = new Float64Array(sorted.length + 1);
  let second = 0;
  order.forEach((i, rank) => {
    const chance = chances[i] as number;
    const value = values[i] as number;
    cumulated[rank + 1] = (cumulated[rank] as number) + chance;
    partial[rank + 1] = (partial[rank] as number) + chance * value;
    second += chance * value * value;
  });
  const below = (ms: number): number => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as number) <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    meanMs: partial[sorted.length] as number,
    secondMomentMs2: second,
    cdf: (ms) => cumulated[below(ms)] as number,
    partialMean: (ms) => partial[below(ms)] as number,
  };
}

function servicesOf(subject: BatchingSubject): Services {
  const { prompts, outputs } = subject.lengths;
  const count = prompts.weights.length * outputs.weights.length;
  const services = {
    serviceMs: new Float64Array(count),
    prefillMs: new Float64Array(count),
    tokenMs: new Float64Array(count),
    promptTokens: new Float64Array(count),
    chances: new Float64Array(count),
  };
  let at = 0;
  for (let i = 0; i < prompts.weights.length; i += 1) {
    const uncached = prompts.uncachedTokens[i] as number;
    const cached = prompts.cachedTokens[i] as number;
    const prefillMs = prefillAloneMs(subject, uncached, cached);
    for (let j = 0; j < outputs.weights.length; j += 1) {
      const output = outputs.tokens[j] as number;
      const tokenMs = stepTimeMs(subject.plan, 1, uncached + cached + output / 2, 0, 0, 0);
      services.prefillMs[at] = prefillMs;
      services.tokenMs[at] = tokenMs;
      services.serviceMs[at] = prefillMs + Math.max(0, output - 1) * tokenMs;
      services.promptTokens[at] = uncached + cached;
      services.chances[at] = (prompts.weights[i] as number) * (outputs.weights[j] as number);
      at += 1;
    }
  }
  const law = discreteLaw(services.serviceMs, services.chances);
  return { ...services, meanMs: law.meanMs, law };
}

/** Tail probabilities of the waits that percentiles are mixed from, far end first, with the weight of their cells. */
const WAIT_TAILS: readonly (readonly [tail: number, weight: number])[] = [
  [0.0025, 0.005],
  [0.0075, 0.005],
  [0.015, 0.01],
  [0.03, 0.02],
  [0.06, 0.04],
  [0.12, 0.08],
  [0.22, 0.12],
  [0.36, 0.16],
  [0.54, 0.2],
  [0.72, 0.16],
  [0.9, 0.2],
];

const spread = new Spread();

function percentiles(fill: () => void): LatencyPercentiles {
  spread.clear();
  fill();
  spread.build();
  return {
    mean: spread.mean,
    p50: spread.quantile(0.5),
    p90: spread.quantile(0.9),
    p95: spread.quantile(0.95),
    p99: spread.quantile(0.99),
  };
}

function evaluate(subject: BatchingSubject, services: Services, ratePerMs: number): LoadOutcome {
  const { plan } = subject;
  const utilization = ratePerMs * services.meanMs;
  if (!(utilization < 1)) return { kind: 'saturated', cause: 'compute' };
  const delay = latticeDelay(unitService(services.law), { utilization, waitProbability: utilization, stretch: 1 });
  const waits = WAIT_TAILS.map(([tail, weight]) => ({
    ms: tail >= utilization ? 0 : delay.waitQuantile(tail) * services.meanMs,
    weight,
  }));
  const mixed = (ownOf: (i: number) => number): LatencyPercentiles =>
    percentiles(() => {
      waits.forEach(({ ms, weight }, k) => {
        const next = waits[k - 1]?.ms ?? ms * 1.3;
        const width = Math.max(0, (next - (waits[k + 1]?.ms ?? 0)) / 2);
        for (let i = 0; i < services.chances.length; i += 1) {
          const api = plan.ttftBaseMs + plan.tokenizeMsPerToken * (services.promptTokens[i] as number);
          spread.add(ms + ownOf(i) + api, width, weight * (services.chances[i] as number));
        }
      });
    });
  return {
    kind: 'steady',
    ttftMs: mixed((i) => services.prefillMs[i] as number),
    tpotMs: percentiles(() => {
      for (let i = 0; i < services.chances.length; i += 1) {
        spread.add(services.tokenMs[i] as number, 0, services.chances[i] as number);
      }
    }),
    e2eMs: mixed((i) => services.serviceMs[i] as number),
    meanRunning: utilization,
    maxRunning: 1,
    meanStepMs: services.meanMs / subject.lengths.moments.outputMean,
    trust: 'ok',
    pressureZ: Infinity,
  };
}

/** Capacity and latency of a replica that serves one request at a time. */
export function oneAtATime(
  subject: BatchingSubject,
  targets: Target[],
): { capacity: Capacity; load: (found: Extract<Capacity, { kind: 'found' }>) => ReplicaLoad } {
  const services = servicesOf(subject);
  const known = new Map<number, LoadOutcome>();
  const at = (ratePerMs: number): LoadOutcome => {
    const outcome = known.get(ratePerMs) ?? evaluate(subject, services, ratePerMs);
    known.set(ratePerMs, outcome);
    return outcome;
  };
  const capacity = searchCapacity((ratePerMs) => {
    const outcome = at(ratePerMs);
    if (outcome.kind === 'saturated') {
      return { value: Infinity, binding: outcome.cause, predictedMs: 0, targetMs: 0, ttftP95Ms: 0 };
    }
    const { ttftMs, tpotMs, e2eMs } = outcome;
    return { ...worstScore({ ttftMs, tpotMs, e2eMs }, targets), ttftP95Ms: ttftMs.p95 };
  }, 1 / services.meanMs);
  return {
    capacity,
    load: (found) => ({
      ratePerMsAtCapacity: found.ratePerMs,
      capacity: found,
      at,
      saturation: () => ({ perMs: 1 / services.meanMs, cause: 'compute' }),
      stepParts: (running, ratePerMs, stepMs) => stepViewOf(subject, running, ratePerMs, stepMs),
    }),
  };
}

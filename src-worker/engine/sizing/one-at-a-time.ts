import { Spread, type LatencyPercentiles } from '../batching/spread.ts';
import type { BatchingSubject } from '../batching/subject.ts';
import { weightedQuantile } from '../numerics/weighted-quantile.ts';
import { mg1WaitThen } from '../queueing/mg1.ts';
import type { GeneralService } from '../queueing/service.ts';
import { stepTimeMs } from '../roofline/step-time.ts';
import { MS_PER_S } from '../units.ts';
import type { Target } from '../workload/types.ts';
import { marginsOf, worseOf, worstScore, type Score } from './capacity.ts';
import { ReplicaCapacity } from './replica-capacity.ts';
import { rememberedByRate, stepViewOf, type LoadCapacity } from './replica-load.ts';
import type { LoadOutcome, ReplicaLoad } from './types.ts';

/**
 * The seed's reading of a replica, kept for comparison: an M/G/1 queue that serves one request at a time. The service time
 * follows from the token lengths (prefill of the prompt, then one step per output token at batch one); waiting is exact.
 */
interface Services {
  /** What keeps the replica busy: prefill and all output tokens. */
  service: GeneralService;
  /** From the start of the service to the first token, and to the last one, as the client sees it. */
  toFirstToken: GeneralService;
  toLastToken: GeneralService;
  /** P95 of toFirstToken. */
  firstTokenP95Ms: number;
  /** Does not depend on load: one request runs alone. */
  tpotMs: LatencyPercentiles;
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
  const { plan } = subject;
  const { prompts, outputs } = subject.lengths;
  const count = prompts.weights.length * outputs.weights.length;
  const column = (): Float64Array => new Float64Array(count);
  const [chances, services, firsts, lasts] = [column(), column(), column(), column()];
  const spread = new Spread();
  let at = 0;
  for (let i = 0; i < prompts.weights.length; i += 1) {
    const uncached = prompts.uncachedTokens[i] as number;
    const cached = prompts.cachedTokens[i] as number;
    const prefillMs = prefillAloneMs(subject, uncached, cached);
    const apiMs = plan.ttftBaseMs + plan.tokenizeMsPerToken * (uncached + cached);
    for (let j = 0; j < outputs.weights.length; j += 1) {
      const output = outputs.tokens[j] as number;
      const tokenMs = stepTimeMs(plan, 1, uncached + cached + output / 2, 0, 0, 0);
      const serviceMs = prefillMs + Math.max(0, output - 1) * tokenMs;
      chances[at] = (prompts.weights[i] as number) * (outputs.weights[j] as number);
      services[at] = serviceMs;
      firsts[at] = prefillMs + apiMs;
      lasts[at] = serviceMs + apiMs;
      spread.add(tokenMs, 0, chances[at] as number);
      at += 1;
    }
  }
  return {
    service: discreteLaw(services, chances),
    toFirstToken: discreteLaw(firsts, chances),
    toLastToken: discreteLaw(lasts, chances),
    firstTokenP95Ms: weightedQuantile(firsts, chances, 0.95),
    tpotMs: spread.percentiles(),
  };
}

/** Latency from arrival: the wait, then `then`; null when the queue grows without end. */
function waitThen(services: Services, ratePerMs: number, then: GeneralService): LatencyPercentiles | null {
  const outcome = mg1WaitThen({ arrivalRateReqPerS: ratePerMs * MS_PER_S, service: services.service, then });
  return outcome.kind === 'steady' ? outcome.ms : null;
}

const SATURATED = { kind: 'saturated', cause: 'compute' } as const;

function evaluate(subject: BatchingSubject, services: Services, ratePerMs: number): LoadOutcome {
  const ttftMs = waitThen(services, ratePerMs, services.toFirstToken);
  const e2eMs = waitThen(services, ratePerMs, services.toLastToken);
  if (!ttftMs || !e2eMs) return SATURATED;
  return {
    kind: 'steady',
    ttftMs,
    tpotMs: services.tpotMs,
    e2eMs,
    meanRunning: ratePerMs * services.service.meanMs,
    maxRunning: 1,
    meanStepMs: services.service.meanMs / subject.lengths.moments.outputMean,
    unhinderedTtftP95Ms: services.firstTokenP95Ms,
    trust: 'ok',
    pressureZ: Infinity,
  };
}

function score(services: Services, ratePerMs: number, targets: Target[]): Score {
  const ttftMs = waitThen(services, ratePerMs, services.toFirstToken);
  if (!ttftMs) return { value: Infinity, binding: 'compute', predictedMs: 0, targetMs: 0 };
  const gatesE2e = targets.some(({ isGating, metric }) => isGating && metric.startsWith('e2e'));
  const e2eMs = gatesE2e ? waitThen(services, ratePerMs, services.toLastToken) : null;
  const latencies = { ttftMs, tpotMs: services.tpotMs, ...(e2eMs ? { e2eMs } : {}) };
  const kinds = e2eMs ? (['ttft', 'tpot', 'e2e'] as const) : (['ttft', 'tpot'] as const);
  return kinds.map((kind) => worstScore(latencies, targets, kind)).reduce(worseOf);
}

/** Latency of a replica that serves one request at a time, at one rate, and the rate at which it saturates. */
export function oneAtATimeAt(
  subject: BatchingSubject,
  ratePerMs: number,
): { outcome: LoadOutcome; saturationPerMs: number } {
  const services = servicesOf(subject);
  return { outcome: evaluate(subject, services, ratePerMs), saturationPerMs: 1 / services.service.meanMs };
}

/** Capacity and latency of a replica that serves one request at a time. */
export function oneAtATime(
  subject: BatchingSubject,
  targets: Target[],
): { capacity: ReplicaCapacity; load: (capacity: LoadCapacity) => ReplicaLoad } {
  const services = servicesOf(subject);
  const saturationPerMs = 1 / services.service.meanMs;
  return {
    capacity: new ReplicaCapacity({
      score: (ratePerMs) => score(services, ratePerMs, targets),
      bound: saturationPerMs,
      firstTry: saturationPerMs / 2,
    }),
    load: (capacity) => ({
      get ratePerMsAtCapacity() {
        return capacity.found.ratePerMs;
      },
      get capacity() {
        return capacity.found;
      },
      replicasFor: (sharedPerMs) => capacity.replicasFor(sharedPerMs),
      ...rememberedByRate((ratePerMs) => evaluate(subject, services, ratePerMs)),
      marginsAt(ratePerMs) {
        const outcome = evaluate(subject, services, ratePerMs);
        return outcome.kind === 'saturated' ? null : marginsOf(outcome, targets, outcome.pressureZ);
      },
      stepFloorMs: subject.plan.weightReadFloorMs,
      saturation: () => ({ perMs: saturationPerMs, cause: 'compute' }),
      stepParts: (running, ratePerMs, stepMs) => stepViewOf(subject, running, ratePerMs, stepMs),
    }),
  };
}

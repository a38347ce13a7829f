import { describe, expect, it } from 'vitest';
import { truncatedLognormal } from '../../../src-worker/engine/numerics/lognormal.ts';
import { SERVICE_LAW_KINDS } from '../../../src-worker/engine/queueing/laws/registry.ts';
import { mg1GeneralWaiting, mg1Waiting, mg1WaitThen } from '../../../src-worker/engine/queueing/mg1.ts';
import type { GeneralService, ServiceLawKind } from '../../../src-worker/engine/queueing/service.ts';
import type { DelaySummary } from '../../../src-worker/engine/queueing/summary.ts';
import { allOf, steady } from './samples.ts';

const PERCENTILES = ['p50', 'p90', 'p95', 'p99'] as const;

/** Mean 1 s of service, so that requests per second and utilization are the same number. */
const at = (kind: ServiceLawKind, cv: number, rho: number) =>
  steady(mg1Waiting({ arrivalRateReqPerS: rho, service: { kind, meanMs: 1000, cv } }));

describe('M/G/1', () => {
  it('with exponential service is the M/M/1', () => {
    const queue = at('exponential', 1, 0.5);
    expect(queue.utilization).toBe(0.5);
    expect(queue.waitProbability).toBe(0.5);
    expect(queue.waitMs.mean).toBeCloseTo(1000, 9);
    expect(queue.waitMs.p50).toBe(0);
    expect(queue.waitMs.p95).toBeCloseTo(1000 * 2 * Math.log(10), 6);
    expect(queue.responseMs.mean).toBeCloseTo(2000, 9);
    expect(queue.responseMs.p99 / (2000 * Math.log(100))).toBeCloseTo(1, 9);
    expect(queue.isExact).toBe(true);
    expect(queue.method).toContain('M/M/1');
  });

  it('with constant service waits half as long on average', () => {
    expect(at('deterministic', 0, 0.7).waitMs.mean).toBeCloseTo(at('exponential', 1, 0.7).waitMs.mean / 2, 9);
  });

  it.each(SERVICE_LAW_KINDS)('(%s): a share 1 - utilization of the requests waits exactly 0', (kind) => {
    for (const rho of [1e-9, 0.05, 0.099, 0.101, 0.49, 0.51, 0.9]) {
      const { waitMs, waitProbability } = at(kind, 0.8, rho);
      expect(waitProbability).toBe(rho);
      for (const [name, share] of [
        ['p50', 0.5],
        ['p90', 0.9],
        ['p95', 0.95],
        ['p99', 0.99],
      ] as const) {
        if (share <= 1 - rho) expect(waitMs[name]).toBe(0);
        else expect(waitMs[name]).toBeGreaterThan(0);
      }
    }
  });

  it.each(SERVICE_LAW_KINDS)('(%s): twice as slow service at half the rate doubles every time', (kind) => {
    const slow = steady(mg1Waiting({ arrivalRateReqPerS: 0.35, service: { kind, meanMs: 2000, cv: 0.8 } }));
    const fast = steady(mg1Waiting({ arrivalRateReqPerS: 0.7, service: { kind, meanMs: 1000, cv: 0.8 } }));
    for (const name of ['mean', ...PERCENTILES] as const) {
      expect(slow.waitMs[name]).toBeCloseTo(2 * fast.waitMs[name], 8);
      expect(slow.responseMs[name]).toBeCloseTo(2 * fast.responseMs[name], 8);
    }
  });

  it.each(SERVICE_LAW_KINDS)('(%s): waits and responses grow with the load, percentile by percentile', (kind) => {
    const loads = [0.02, 0.1, 0.3, 0.5, 0.55, 0.7, 0.85, 0.95, 0.99, 0.999];
    const queues = loads.map((rho) => at(kind, 0.6, rho));
    const grows = (pick: (queue: (typeof queues)[number]) => DelaySummary): void => {
      for (const name of ['mean', ...PERCENTILES] as const) {
        const values = queues.map((queue) => pick(queue)[name]);
        values.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(values[i] as number));
      }
    };
    grows((queue) => queue.waitMs);
    grows((queue) => queue.responseMs);
    for (const { waitMs, responseMs } of queues) {
      for (const summary of [waitMs, responseMs]) {
        expect(summary.p50).toBeLessThanOrEqual(summary.p90);
        expect(summary.p90).toBeLessThanOrEqual(summary.p95);
        expect(summary.p95).toBeLessThanOrEqual(summary.p99);
      }
      for (const name of PERCENTILES) expect(responseMs[name]).toBeGreaterThan(waitMs[name]);
    }
  });

  it.each(['gamma', 'lognormal'] as const)(
    '(%s): the wait’s mean and P99 grow with the spread of the service',
    (kind) => {
      for (const rho of [0.3, 0.7, 0.95]) {
        const queues = [0, 0.02, 0.2, 0.5, 1, 1.5, 2].map((cv) => at(kind, cv, rho));
        queues.slice(1).forEach((queue, i) => {
          expect(queue.waitMs.mean).toBeGreaterThan((queues[i] as typeof queue).waitMs.mean);
          expect(queue.waitMs.p99).toBeGreaterThan((queues[i] as typeof queue).waitMs.p99);
        });
      }
    },
  );

  it.each(['gamma', 'lognormal'] as const)('(%s) without spread is constant service', (kind) => {
    expect(at(kind, 0, 0.8)).toEqual(at('deterministic', 0, 0.8));
  });

  it.each([1, 1.0000001, 3, 1e9])('at utilization %d is a value, not a time', (rate) => {
    const outcome = mg1Waiting({ arrivalRateReqPerS: rate, service: { kind: 'gamma', meanMs: 1000, cv: 1 } });
    expect(outcome).toEqual({ kind: 'unstable', utilization: rate });
  });

  it.each(SERVICE_LAW_KINDS)('(%s): extreme loads and spreads give finite, ordered times', (kind) => {
    for (const cv of [0, 1e-9, 1e-4, 0.01, 1, 20]) {
      for (const rho of [1e-300, 1e-9, 0.0101, 0.5001, 0.9999, 1 - 1e-9, 1 - 1e-14]) {
        const { waitMs, responseMs } = at(kind, cv, rho);
        for (const value of allOf(waitMs, responseMs)) {
          expect(Number.isFinite(value) && value >= 0).toBe(true);
        }
        expect(responseMs.p99).toBeGreaterThanOrEqual(responseMs.p50);
        expect(waitMs.p99).toBeGreaterThanOrEqual(waitMs.p50);
      }
    }
  });

  it('near saturation has exponential waits of the Pollaczek-Khinchine mean', () => {
    for (const kind of ['gamma', 'lognormal'] as const) {
      for (const idle of [1e-6, 2e-8, 1e-9, 1e-12]) {
        const { waitMs } = at(kind, 1.5, 1 - idle);
        expect(waitMs.p99 / (waitMs.mean * Math.log(100))).toBeCloseTo(1, 4);
      }
    }
  });
});

/** A lognormal as its curves, with a share of requests that take exactly `atomMs`. */
function mixture(share: number, atomMs: number): GeneralService {
  const law = truncatedLognormal({ mean: 800, std: 600, min: 50, max: 5000 });
  return {
    meanMs: share * atomMs + (1 - share) * law.mean,
    secondMomentMs2: share * atomMs ** 2 + (1 - share) * law.secondMoment,
    cdf: (ms) => (ms >= atomMs ? share : 0) + (1 - share) * law.cdf(ms),
    partialMean: (ms) => (ms >= atomMs ? share * atomMs : 0) + (1 - share) * law.partialMean(0, ms),
  };
}

/** Waits of 400,000 requests by Lindley's recursion, with a generator of its own. */
function simulatedWaits(ratePerMs: number, quantile: (p: number) => number): Float64Array {
  let state = 12_345;
  const random = (): number => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const waits = new Float64Array(400_000);
  let wait = 0;
  for (let i = 0; i < waits.length; i += 1) {
    waits[i] = wait;
    wait = Math.max(0, wait + quantile(random()) + Math.log1p(-random()) / ratePerMs);
  }
  return waits.sort();
}

describe('M/G/1 with service given by its curves', () => {
  it('agrees with the law it is made of', () => {
    const whole = truncatedLognormal({ mean: 1000, std: 700, min: 0, max: Infinity });
    const service: GeneralService = {
      meanMs: whole.mean,
      secondMomentMs2: whole.secondMoment,
      cdf: (ms) => whole.cdf(ms),
      partialMean: (ms) => whole.partialMean(0, ms),
    };
    const general = steady(mg1GeneralWaiting({ arrivalRateReqPerS: 0.8, service }));
    const named = at('lognormal', 0.7, 0.8);
    for (const name of ['mean', ...PERCENTILES] as const) {
      expect(general.waitMs[name] / named.waitMs[name]).toBeCloseTo(1, 6);
      expect(general.responseMs[name] / named.responseMs[name]).toBeCloseTo(1, 6);
    }
  });

  it('with an atom waits as a simulation of it does', () => {
    const service = mixture(0.4, 300);
    const law = truncatedLognormal({ mean: 800, std: 600, min: 50, max: 5000 });
    const ratePerMs = 0.8 / service.meanMs;
    const { waitMs } = steady(mg1GeneralWaiting({ arrivalRateReqPerS: 1000 * ratePerMs, service }));
    const waits = simulatedWaits(ratePerMs, (p) => (p < 0.4 ? 300 : law.quantile((p - 0.4) / 0.6)));
    // About three standard errors of 400,000 correlated waits.
    expect(Math.abs((waits[200_000] as number) / waitMs.p50 - 1)).toBeLessThan(0.04);
    expect(Math.abs((waits[380_000] as number) / waitMs.p95 - 1)).toBeLessThan(0.04);
    expect(Math.abs((waits[396_000] as number) / waitMs.p99 - 1)).toBeLessThan(0.06);
  });

  it('followed by the service itself is the response', () => {
    const service = mixture(0.2, 700);
    const question = { arrivalRateReqPerS: 600 / service.meanMs, service };
    const response = steady(mg1GeneralWaiting(question)).responseMs;
    const outcome = mg1WaitThen({ ...question, then: service });
    expect(outcome.kind === 'steady' && outcome.ms).toEqual(response);
  });

  it('followed by something constant is the wait and that', () => {
    const service = mixture(0.2, 700);
    const question = { arrivalRateReqPerS: 800 / service.meanMs, service };
    const { waitMs } = steady(mg1GeneralWaiting(question));
    const constant = (ms: number): GeneralService => ({
      meanMs: ms,
      secondMomentMs2: ms * ms,
      cdf: (x) => (x >= ms ? 1 : 0),
      partialMean: (x) => (x >= ms ? ms : 0),
    });
    const outcome = mg1WaitThen({ ...question, then: constant(120) });
    if (outcome.kind !== 'steady') throw new Error('unstable');
    expect(outcome.ms.mean).toBeCloseTo(waitMs.mean + 120, 6);
    for (const name of PERCENTILES) expect(outcome.ms[name] / (waitMs[name] + 120)).toBeCloseTo(1, 3);
  });

  it('is unstable as a value', () => {
    const service = mixture(0.2, 700);
    const question = { arrivalRateReqPerS: 1100 / service.meanMs, service };
    expect(mg1GeneralWaiting(question)).toEqual({ kind: 'unstable', utilization: expect.closeTo(1.1, 9) as number });
    expect(mg1WaitThen({ ...question, then: service }).kind).toBe('unstable');
  });
});

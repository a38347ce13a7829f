import { describe, expect, it } from 'vitest';
import { erlangC } from '../../../src-worker/engine/queueing/erlang.ts';
import { SERVICE_LAW_KINDS } from '../../../src-worker/engine/queueing/laws/registry.ts';
import { mg1Waiting } from '../../../src-worker/engine/queueing/mg1.ts';
import { meanWaitRatio, mgkShape, mgkWaiting } from '../../../src-worker/engine/queueing/mgk.ts';
import type { ServiceLawKind } from '../../../src-worker/engine/queueing/service.ts';
import { allOf, steady } from './samples.ts';

const PERCENTILES = ['p50', 'p90', 'p95', 'p99'] as const;

const at = (kind: ServiceLawKind, cv: number, rho: number, servers: number) =>
  steady(mgkWaiting({ arrivalRateReqPerS: rho * servers, service: { kind, meanMs: 1000, cv }, servers }));

/** Erlang's C by the sum that defines it. */
function erlangCByDefinition(servers: number, utilization: number): number {
  const offered = servers * utilization;
  let term = 1;
  let below = 0;
  for (let i = 0; i < servers; i += 1) {
    below += term;
    term *= offered / (i + 1);
  }
  const waiting = term / (1 - utilization);
  return waiting / (below + waiting);
}

describe('Erlang C', () => {
  it('of one server is the utilization, of two at one half 1/3', () => {
    expect(erlangC(1, 0.37)).toBeCloseTo(0.37, 15);
    expect(erlangC(2, 0.5)).toBeCloseTo(1 / 3, 15);
  });

  it('equals the sum that defines it', () => {
    for (const servers of [2, 5, 10, 64, 150]) {
      for (const rho of [0.01, 0.3, 0.8, 0.99])
        expect(erlangC(servers, rho) / erlangCByDefinition(servers, rho)).toBeCloseTo(1, 11);
    }
  });

  it('serves a hundred thousand servers and no load at all', () => {
    expect(erlangC(100_000, 0.999)).toBeGreaterThan(0);
    expect(erlangC(100_000, 0.999)).toBeLessThan(1);
    expect(erlangC(100_000, 0.5)).toBe(0);
    expect(erlangC(7, 0)).toBe(0);
  });
});

describe('M/M/k', () => {
  it.each([
    [2, 0.5],
    [10, 0.8],
    [64, 0.95],
  ])('with %d servers at utilization %d waits as its closed form says', (servers, rho) => {
    const queue = at('exponential', 1, rho, servers);
    const c = erlangCByDefinition(servers, rho);
    const rate = (servers * (1 - rho)) / 1000;
    expect(queue.waitProbability).toBeCloseTo(c, 11);
    expect(queue.waitMs.mean).toBeCloseTo(c / rate, 7);
    expect(queue.responseMs.mean).toBeCloseTo(1000 + c / rate, 7);
    for (const [name, tail] of [
      ['p50', 0.5],
      ['p90', 0.1],
      ['p95', 0.05],
      ['p99', 0.01],
    ] as const) {
      expect(queue.waitMs[name]).toBeCloseTo(tail >= c ? 0 : Math.log(c / tail) / rate, 7);
    }
    expect(queue.isExact).toBe(true);
    expect(queue.method).toContain('exact');
  });

  it('is what gamma service of cv 1 gives', () => {
    const gamma = at('gamma', 1, 0.9, 4);
    const exact = at('exponential', 1, 0.9, 4);
    for (const name of ['mean', ...PERCENTILES] as const) {
      expect(gamma.waitMs[name] / exact.waitMs[name]).toBeCloseTo(1, 6);
      expect(gamma.responseMs[name] / exact.responseMs[name]).toBeCloseTo(1, 6);
    }
  });
});

/** Waits of an M/G/k, first come first served: every request takes the server that is free first. */
function simulate(
  servers: number,
  rho: number,
  service: (random: () => number) => number,
  requests: number,
): Float64Array {
  let state = 98_765;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const free = new Float64Array(servers);
  const waits = new Float64Array(requests);
  let now = 0;
  for (let i = 0; i < requests; i += 1) {
    now -= Math.log1p(-random()) / (rho * servers);
    const server = free.indexOf(Math.min(...free));
    const start = Math.max(now, free[server] as number);
    waits[i] = start - now;
    free[server] = start + service(random);
  }
  return waits.sort();
}

describe('M/G/k', () => {
  it.each(SERVICE_LAW_KINDS)('(%s) with one server is the M/G/1', (kind) => {
    expect(at(kind, 0.7, 0.8, 1)).toEqual(
      steady(mg1Waiting({ arrivalRateReqPerS: 0.8, service: { kind, meanMs: 1000, cv: 0.7 } })),
    );
  });

  it('approximates one server by the M/G/1 itself', () => {
    for (const scv of [0, 0.5, 1, 4]) {
      const shape = mgkShape(1, 0.7, scv);
      expect(shape.waitProbability).toBeCloseTo(0.7, 14);
      expect(shape.stretch).toBeCloseTo(1, 14);
    }
  });

  it('has the mean ratio of Cosmetatos below cv 1, of Lee and Longton above, and no step between', () => {
    expect(meanWaitRatio(8, 0.8, 1)).toBe(1);
    expect(meanWaitRatio(8, 0.8, 4)).toBe(2.5);
    expect(meanWaitRatio(8, 0.8, 1 - 1e-9)).toBeCloseTo(1, 8);
    // k = 2, rho = 0.5: 0.5 · 1 · (sqrt(14) - 2) / 16 = 0.05443, so constant service waits 0.52721 of the M/M/2.
    expect(meanWaitRatio(2, 0.5, 0)).toBeCloseTo(0.527215, 5);
    expect(meanWaitRatio(64, 0.01, 0)).toBe(0.62);
  });

  it.each(SERVICE_LAW_KINDS)('(%s): more servers at the same utilization wait less, and respond sooner', (kind) => {
    const queues = [1, 2, 4, 16, 64].map((servers) => at(kind, 0.6, 0.85, servers));
    queues.slice(1).forEach((queue, i) => {
      const fewer = queues[i] as typeof queue;
      expect(queue.waitProbability).toBeLessThan(fewer.waitProbability);
      for (const name of ['mean', 'p95', 'p99'] as const) {
        expect(queue.waitMs[name]).toBeLessThan(fewer.waitMs[name]);
        expect(queue.responseMs[name]).toBeLessThanOrEqual(fewer.responseMs[name]);
      }
    });
  });

  it.each(SERVICE_LAW_KINDS)('(%s): with a crowd of servers the response is the service', (kind) => {
    const crowd = at(kind, 0.5, 0.3, 1000);
    const alone = at(kind, 0.5, 1e-12, 1);
    for (const name of PERCENTILES) {
      expect(crowd.waitMs[name]).toBe(0);
      expect(crowd.responseMs[name] / alone.responseMs[name]).toBeCloseTo(1, 3);
    }
  });

  it.each([
    [4, 0.8, 0.5, 2],
    [8, 0.9, 1 / Math.sqrt(2), 2],
  ])('with %d servers at utilization %d is near a simulation', (servers, rho, _cv, repeats) => {
    // Gamma of whole shape: a sum of exponentials. cv 0.5 is shape 4, cv 0.707 shape 2.
    const shape = Math.round(1 / _cv ** 2);
    const service = (random: () => number): number => {
      let sum = 0;
      for (let i = 0; i < shape; i += 1) sum -= Math.log1p(-random()) / shape;
      return sum;
    };
    const requests = 150_000 * repeats;
    const waits = simulate(servers, rho, service, requests);
    const { waitMs, waitProbability } = at('gamma', _cv, rho, servers);
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / requests;
    const waiting = waits.filter((wait) => wait > 0).length / requests;
    // The approximation's own error (QUEUEING: median 2 to 4 %) and the noise of the simulation.
    expect(Math.abs(waitMs.mean / 1000 / mean - 1)).toBeLessThan(0.08);
    expect(Math.abs(waitProbability / waiting - 1)).toBeLessThan(0.08);
    expect(Math.abs(waitMs.p95 / 1000 / (waits[Math.round(0.95 * requests)] as number) - 1)).toBeLessThan(0.08);
    expect(Math.abs(waitMs.p99 / 1000 / (waits[Math.round(0.99 * requests)] as number) - 1)).toBeLessThan(0.1);
  });

  it('says that it is approximate', () => {
    const queue = at('lognormal', 0.5, 0.5, 3);
    expect(queue.isExact).toBe(false);
    expect(queue.method).toContain('approximate');
  });

  it.each(SERVICE_LAW_KINDS)('(%s): extremes give finite times', (kind) => {
    for (const servers of [2, 1000, 100_000]) {
      for (const cv of [0, 0.01, 20]) {
        for (const rho of [1e-9, 0.3, 0.9999, 1 - 1e-12]) {
          const { waitMs, responseMs } = at(kind, cv, rho, servers);
          for (const value of allOf(waitMs, responseMs)) {
            expect(Number.isFinite(value) && value >= 0).toBe(true);
          }
        }
      }
    }
  });

  it('is unstable as a value', () => {
    const service = { kind: 'gamma', meanMs: 1000, cv: 1 } as const;
    expect(mgkWaiting({ arrivalRateReqPerS: 4, service, servers: 4 })).toEqual({ kind: 'unstable', utilization: 1 });
  });
});

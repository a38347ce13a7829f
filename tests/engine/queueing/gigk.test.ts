import { describe, expect, it } from 'vitest';
import { type Arrivals } from '../../../src-worker/engine/queueing/arrival.ts';
import { gigkWaiting } from '../../../src-worker/engine/queueing/gigk.ts';
import { mg1Waiting } from '../../../src-worker/engine/queueing/mg1.ts';
import { mgkWaiting } from '../../../src-worker/engine/queueing/mgk.ts';
import type { ServiceLawKind } from '../../../src-worker/engine/queueing/service.ts';
import type { SteadyQueue } from '../../../src-worker/engine/queueing/summary.ts';
import { FIGURES, simulateQueue } from './oracle/simulated.ts';
import { allOf, steady } from './samples.ts';

const CONSTANT: Arrivals = { kind: 'constant', cv: 0 };
const gamma = (cv: number): Arrivals => ({ kind: 'gamma', cv });

const at = (arrivals: Arrivals, kind: ServiceLawKind, cv: number, rho: number, servers = 1): SteadyQueue =>
  steady(gigkWaiting({ arrivalRateReqPerS: rho * servers, arrivals, service: { kind, meanMs: 1000, cv }, servers }));

describe('GI/G/1', () => {
  it.each<[ServiceLawKind, number, number]>([
    ['exponential', 1, 0.9],
    ['deterministic', 0, 0.7],
    ['gamma', 0.2, 0.95],
    ['gamma', 3, 0.5],
    ['lognormal', 2, 0.99],
  ])('(%s, cv %d) with exponential gaps at utilization %d is the M/G/1 within a thousandth', (kind, cv, rho) => {
    // A spread that is not quite 1 takes the way of general arrivals.
    const general = at(gamma(1 + 1e-9), kind, cv, rho);
    const exact = steady(mg1Waiting({ arrivalRateReqPerS: rho, service: { kind, meanMs: 1000, cv } }));
    expect(general.waitProbability / exact.waitProbability).toBeCloseTo(1, 3);
    for (const key of ['waitMs', 'responseMs'] as const) {
      for (const figure of FIGURES) {
        const error = Math.abs(general[key][figure] - exact[key][figure]) / Math.max(exact[key][figure], 1);
        expect(error, `${key} ${figure}`).toBeLessThan(1e-3);
      }
    }
  });

  it.each([0.3, 0.8, 0.99])('D/M/1 at utilization %d has its geometric wait', (rho) => {
    // sigma = e^(-(1 - sigma) / rho); P(W > t) = sigma e^(-(1 - sigma) t).
    let sigma = 0.5;
    for (let step = 0; step < 20_000; step += 1) sigma = Math.exp(-(1 - sigma) / rho);
    const { waitMs, responseMs, waitProbability } = at(CONSTANT, 'exponential', 1, rho);
    expect(waitProbability / sigma).toBeCloseTo(1, 4);
    expect(waitMs.mean / ((1000 * sigma) / (1 - sigma))).toBeCloseTo(1, 4);
    for (const [figure, tail] of [
      ['p50', 0.5],
      ['p95', 0.05],
      ['p99', 0.01],
    ] as const) {
      const exact = tail >= sigma ? 0 : (1000 * Math.log(sigma / tail)) / (1 - sigma);
      expect(Math.abs(waitMs[figure] - exact)).toBeLessThan(1e-3 * Math.max(exact, 1));
      // The response is exponential of rate 1 - sigma.
      expect(responseMs[figure] / ((1000 * Math.log(1 / tail)) / (1 - sigma))).toBeCloseTo(1, 3);
    }
  });

  it('GI/M/1 with gamma gaps has the geometric wait of its root', () => {
    // Gamma gaps of mean 1 / rho: sigma = (1 + (1 - sigma) scale)^(-shape).
    const [rho, cv] = [0.7, 2];
    let sigma = 0.5;
    for (let step = 0; step < 20_000; step += 1) sigma = (1 + ((1 - sigma) * cv * cv) / rho) ** (-1 / (cv * cv));
    const { waitMs, waitProbability } = at(gamma(cv), 'exponential', 1, rho);
    expect(waitProbability / sigma).toBeCloseTo(1, 4);
    expect(waitMs.mean / ((1000 * sigma) / (1 - sigma))).toBeCloseTo(1, 3);
    expect(waitMs.p99 / ((1000 * Math.log(100 * sigma)) / (1 - sigma))).toBeCloseTo(1, 3);
  });

  it.each<[Arrivals, ServiceLawKind, number, number]>([
    [CONSTANT, 'gamma', 0.5, 0.8],
    [gamma(0.5), 'deterministic', 0, 0.7],
    [gamma(2), 'lognormal', 1, 0.6],
    [gamma(3), 'gamma', 0.5, 0.5],
  ])(
    '%o with %s service of cv %d at utilization %d is Lindley’s recursion within its noise',
    (arrivals, kind, cv, rho) => {
      const simulated = simulateQueue({
        arrivals,
        service: { kind, cv },
        utilization: rho,
        servers: 1,
        batch: 25_000,
        batches: 20,
        seed: 7,
      });
      const queue = at(arrivals, kind, cv, rho);
      for (const [curve, key] of [
        ['wait', 'waitMs'],
        ['response', 'responseMs'],
      ] as const) {
        for (const figure of FIGURES) {
          const { value, error } = simulated[curve][figure];
          expect(Math.abs(queue[key][figure] / 1000 - value), `${curve} ${figure}`).toBeLessThan(4 * error + 1e-9);
        }
      }
    },
  );

  it('without any spread nobody waits, however full the server is', () => {
    const { waitMs, responseMs, waitProbability } = at(CONSTANT, 'deterministic', 0, 0.999);
    expect(waitProbability).toBe(0);
    expect(allOf(waitMs)).toEqual([0, 0, 0, 0, 0]);
    expect(allOf(responseMs)).toEqual([1000, 1000, 1000, 1000, 1000]);
  });

  it('waits grow with the spread of the gaps and with the load', () => {
    const bySpread = [0, 0.7, 2].map((cv) => at(gamma(cv), 'gamma', 0.5, 0.8).waitMs);
    const byLoad = [0.3, 0.9].map((rho) => at(gamma(2), 'gamma', 0.5, rho).waitMs);
    for (const waits of [bySpread, byLoad]) {
      waits.slice(1).forEach((wait, i) => {
        for (const figure of FIGURES) expect(wait[figure]).toBeGreaterThanOrEqual(waits[i]![figure]);
      });
    }
  });

  it('scales with time', () => {
    const day = 86_400_000;
    const ask = (meanMs: number) =>
      steady(
        gigkWaiting({
          arrivalRateReqPerS: 800 / meanMs,
          arrivals: gamma(2),
          service: { kind: 'gamma', meanMs, cv: 0.5 },
          servers: 1,
        }),
      );
    const [slow, fast] = [ask(day), ask(1e-3)];
    for (const figure of FIGURES) expect(slow.waitMs[figure] / fast.waitMs[figure] / (1000 * day)).toBeCloseTo(1, 6);
  });

  it.each<Arrivals>([CONSTANT, gamma(1e-3), gamma(5)])('%o: extremes give finite, ordered times', (arrivals) => {
    for (const [kind, cv] of [
      ['deterministic', 0],
      ['gamma', 1e-3],
      ['lognormal', 5],
    ] as const) {
      for (const rho of [1e-9, 0.999, 1 - 1e-9]) {
        const { waitMs, responseMs, waitProbability } = at(arrivals, kind, cv, rho);
        for (const value of allOf(waitMs, responseMs)) expect(Number.isFinite(value) && value >= 0).toBe(true);
        expect(waitProbability >= 0 && waitProbability <= 1).toBe(true);
        expect(waitMs.p50 <= waitMs.p95 && waitMs.p95 <= waitMs.p99).toBe(true);
        expect(responseMs.p50 <= responseMs.p95 && responseMs.p95 <= responseMs.p99).toBe(true);
      }
    }
  });

  it('is unstable as a value', () => {
    const service = { kind: 'gamma', meanMs: 1000, cv: 1 } as const;
    expect(gigkWaiting({ arrivalRateReqPerS: 1, arrivals: CONSTANT, service, servers: 1 })).toEqual({
      kind: 'unstable',
      utilization: 1,
    });
  });

  it('says that it is exact but for its lattice', () => {
    const queue = at(gamma(2), 'gamma', 0.5, 0.5);
    expect(queue.isExact).toBe(true);
    expect(queue.method).toMatch(/^GI\/G\/1 .* numerically exact/);
    expect(at(CONSTANT, 'gamma', 0.5, 0.5).method).toMatch(/^D\/G\/1 /);
  });
});

describe('GI/G/k', () => {
  it('with Poisson arrivals is the M/G/k', () => {
    const service = { kind: 'gamma', meanMs: 1000, cv: 0.5 } as const;
    const question = { arrivalRateReqPerS: 3, service, servers: 4 };
    const exact = mgkWaiting(question);
    expect(gigkWaiting({ ...question, arrivals: { kind: 'poisson', cv: 1 } })).toEqual(exact);
    expect(gigkWaiting({ ...question, arrivals: gamma(1) })).toEqual(exact);
    const near = gigkWaiting({ ...question, arrivals: gamma(1 + 1e-9) });
    for (const figure of FIGURES) {
      expect(steady(near).waitMs[figure] / steady(exact).waitMs[figure] || 1).toBeCloseTo(1, 3);
      expect(steady(near).responseMs[figure] / steady(exact).responseMs[figure]).toBeCloseTo(1, 3);
    }
  });

  it.each<[Arrivals, ServiceLawKind, number, number, number]>([
    [CONSTANT, 'exponential', 1, 0.9, 4],
    [gamma(2), 'gamma', 0.5, 0.8, 8],
    [gamma(0.5), 'gamma', 0.5, 0.9, 2],
  ])('%o, %s service of cv %d at %d of %d servers is near a simulation', (arrivals, kind, cv, rho, servers) => {
    const simulated = simulateQueue({
      arrivals,
      service: { kind, cv },
      utilization: rho,
      servers,
      batch: 25_000,
      batches: 16,
      seed: 11,
    });
    const queue = at(arrivals, kind, cv, rho, servers);
    expect(queue.isExact).toBe(false);
    expect(queue.method).toContain('approximate');
    for (const figure of ['mean', 'p95', 'p99'] as const) {
      expect(Math.abs(queue.waitMs[figure] / 1000 / simulated.wait[figure].value - 1)).toBeLessThan(0.15);
      expect(Math.abs(queue.responseMs[figure] / 1000 / simulated.response[figure].value - 1)).toBeLessThan(0.15);
    }
  });

  it('serves a hundred thousand servers', () => {
    const { waitMs, responseMs } = at(gamma(2), 'lognormal', 2, 0.9, 100_000);
    for (const value of allOf(waitMs, responseMs)) expect(Number.isFinite(value) && value >= 0).toBe(true);
  });
});

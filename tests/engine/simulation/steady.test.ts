import { describe, expect, test } from 'vitest';
import { saturationAt } from '../../../src-worker/engine/batching/fixed-point.ts';
import type { BatchingSubject, SaturationKind } from '../../../src-worker/engine/batching/subject.ts';
import { sampleQuantile } from '../../../src-worker/engine/numerics/sample.ts';
import { mgkWaiting } from '../../../src-worker/engine/queueing/mgk.ts';
import { POISSON } from '../../../src-worker/engine/simulation/arrivals.ts';
import { halfWidthsOf, percentilesOf } from '../../../src-worker/engine/simulation/latencies.ts';
import { DEFAULT_RULES, serverOf } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { drawLoad } from '../../../src-worker/engine/simulation/drawn-load.ts';
import { simulateRun } from '../../../src-worker/engine/simulation/finite-run.ts';
import { simulateSteady, type SteadySimulation } from '../../../src-worker/engine/simulation/steady-state.ts';
import type { Precision } from '../../../src-worker/engine/simulation/precision.ts';
import type { RunQuestion } from '../../../src-worker/engine/simulation/run-question.ts';
import { simulate } from '../../../src-worker/engine/simulation/simulate.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';
import { SCENARIOS, subjectOf } from '../batching/scenarios.ts';
import { steady } from '../queueing/samples.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { simplePlan } from './simple-plans.ts';

/** So many requests, whatever their intervals: nobody can be as precise as that. */
const exactlySoMany = (count: number): Precision => ({
  relativeHalfWidth: 1e-9,
  statistics: [{ latency: 'ttftMs', statistic: 'mean' }],
  fewest: count,
  most: count,
});

/** Constant lengths on a server whose steps take 10 ms. */
const constantSubject = (prompt: number, output: number, limits: Partial<BatchingSubject> = {}): BatchingSubject => ({
  plan: simplePlan(10),
  lengths: requestLengths({
    promptParts: [{ mean: prompt, std: 0, min: 1, max: 1e9 }],
    output: { mean: output, std: 0, min: 1, max: 1e9 },
    cache: null,
    maxContextTokens: null,
  }),
  maxNumBatchedTokens: 8192,
  maxNumSeqs: 256,
  kvCacheTokens: 1e9,
  scvArrival: 1,
  population: null,
  ...limits,
});

const openQuestion = (subject: BatchingSubject, ratePerMs: number, seed = 1): RunQuestion => ({
  subject,
  rules: DEFAULT_RULES,
  load: { kind: 'open', ratePerMs, law: POISSON },
  seed,
});

function steadyState(question: RunQuestion, precision?: Precision): SteadySimulation {
  const result = simulateSteady(question, precision);
  if (result.kind !== 'steady') throw new Error(`saturated: ${result.cause}`);
  return result;
}

const chat = subjectOf(SCENARIOS[0] as (typeof SCENARIOS)[number]);
/** Requests per ms that the chat deployment serves with some queueing. */
const CHAT_RATE = 0.008;

describe('latencies of a sample', () => {
  const draws = new Draws(41);
  const sample = new Float64Array(4321).map(() => Math.round(draws.magnitude(1, 1000)));

  test('are those of the sorted sample (R type 7)', () => {
    const found = percentilesOf(sample);
    expect(found?.p50).toBeCloseTo(sampleQuantile(sample, 0.5), 12);
    expect(found?.p90).toBeCloseTo(sampleQuantile(sample, 0.9), 12);
    expect(found?.p95).toBeCloseTo(sampleQuantile(sample, 0.95), 12);
    expect(found?.p99).toBeCloseTo(sampleQuantile(sample, 0.99), 12);
    for (let size = 1; size <= 60; size += 1) {
      const few = sample.slice(0, size);
      expect(percentilesOf(few)?.p95, `${size} values`).toBeCloseTo(sampleQuantile(few, 0.95), 12);
      expect(few).toEqual(sample.slice(0, size));
    }
    expect(percentilesOf(new Float64Array(0))).toBeNull();
    expect(percentilesOf(new Float64Array(500).fill(7))).toEqual({ mean: 7, p50: 7, p90: 7, p95: 7, p99: 7 });
  });

  test('half widths are those of 20 batch means, and none where a batch would have fewer than 5', () => {
    // Batch i holds i alone: batch means 0..19 have a standard deviation of sqrt(35).
    const batches = Float64Array.from({ length: 200 }, (_, i) => Math.floor(i / 10));
    const width = 2.093 * Math.sqrt(35 / 20);
    const widths = halfWidthsOf(batches);
    for (const statistic of ['mean', 'p50', 'p90', 'p95', 'p99'] as const)
      expect(widths?.[statistic]).toBeCloseTo(width, 10);
    expect(halfWidthsOf(batches.slice(0, 99))).toBeNull();
    expect(halfWidthsOf(batches.slice(0, 100))).not.toBeNull();
  });
});

describe('intervals', () => {
  const SEEDS = Array.from({ length: 100 }, (_, index) => index + 1);

  /** Of 100 seeds, how many have the true mean in their 95 % interval. */
  function holding(
    subject: BatchingSubject,
    ratePerMs: number,
    count: number,
    latency: 'ttftMs' | 'e2eMs',
    truth: number,
  ) {
    const hold = SEEDS.filter((seed) => {
      const result = steadyState(openQuestion(subject, ratePerMs, seed), exactlySoMany(count));
      const width = result.halfWidths[latency]?.mean as number;
      return Math.abs(result[latency].mean - truth) <= width;
    });
    return hold.length;
  }

  test('of an M/D/1 hold the exact mean in 90 to 99 of 100 runs', () => {
    const subject = constantSubject(100, 1, { maxNumSeqs: 1 });
    const ratePerMs = 0.06;
    const service = { kind: 'deterministic', meanMs: 10, cv: 0 } as const;
    const exact = steady(mgkWaiting({ arrivalRateReqPerS: 1000 * ratePerMs, service, servers: 1 })).responseMs.mean;
    const held = holding(subject, ratePerMs, 4000, 'ttftMs', exact);
    expect(held).toBeGreaterThanOrEqual(90);
    expect(held).toBeLessThanOrEqual(99);
  });

  test('of a chat deployment hold the mean of a run 100 times as long in 90 to 99 of 100 runs', () => {
    const truth = steadyState(openQuestion(chat, CHAT_RATE, 999), exactlySoMany(200_000));
    for (const latency of ['ttftMs', 'e2eMs'] as const) {
      const held = holding(chat, CHAT_RATE, 2000, latency, truth[latency].mean);
      expect(held, latency).toBeGreaterThanOrEqual(90);
      expect(held, latency).toBeLessThanOrEqual(99);
    }
  });

  test('get narrower as they should: half as wide with four times the requests', () => {
    const widthOf = (count: number): number =>
      steadyState(openQuestion(chat, CHAT_RATE, 3), exactlySoMany(count)).halfWidths.e2eMs?.mean as number;
    const ratio = widthOf(5000) / widthOf(80_000);
    // The standard deviation of 20 batches is itself known to 16 %: two of those, squared.
    expect(ratio).toBeGreaterThan(4 / 1.7);
    expect(ratio).toBeLessThan(4 * 1.7);
  });
});

describe('steady state', () => {
  test('stops where the intervals are as narrow as asked for, and says so', () => {
    const asked: Precision = {
      relativeHalfWidth: 0.01,
      statistics: [{ latency: 'e2eMs', statistic: 'p95' }],
      fewest: 1000,
      most: 1_000_000,
    };
    const result = steadyState(openQuestion(chat, CHAT_RATE), asked);
    expect(result.isPrecise).toBe(true);
    expect(result.halfWidths.e2eMs?.p95).toBeLessThanOrEqual(0.01 * result.e2eMs.p95);
    expect(result.numMeasured).toBeGreaterThan(1000);
    expect(result.numMeasured).toBeLessThan(200_000);
    expect(Number.isInteger(Math.log2(result.numMeasured / 1000))).toBe(true);
  });

  test('says that it is not precise where that was too much to ask', () => {
    const result = steadyState(openQuestion(chat, CHAT_RATE), { ...exactlySoMany(1000), most: 5000 });
    expect(result.isPrecise).toBe(false);
    expect(result.numMeasured).toBe(4000);
  });

  test('leaves out the start, when an empty server is fast', () => {
    // 800 at once in steady state, none at the start.
    const subject = constantSubject(10, 1000, { maxNumSeqs: 4096, plan: simplePlan(10, 0.02) });
    const ratePerMs = 0.04;
    const warm = steadyState(openQuestion(subject, ratePerMs), exactlySoMany(2000));
    const cold = simulateRun(openQuestion(subject, ratePerMs), 2000)?.served;
    const truth = steadyState(openQuestion(subject, ratePerMs, 77), exactlySoMany(40_000)).e2eMs.mean;
    expect(Math.abs(warm.e2eMs.mean / truth - 1)).toBeLessThan(0.06);
    expect((cold?.e2eMs.mean as number) / truth).toBeLessThan(0.85);
    expect(warm.numMeasured).toBe(2000);
  });

  test("has Little's law: requests per ms times ms they decode", () => {
    const { requestsPerMs, meanRunning, e2eMs, ttftMs } = steadyState(openQuestion(chat, CHAT_RATE));
    expect(requestsPerMs / CHAT_RATE).toBeCloseTo(1, 1);
    expect(meanRunning / (requestsPerMs * (e2eMs.mean - ttftMs.mean))).toBeCloseTo(1, 9);
  });

  test('the same seed gives the same document, another another', () => {
    const of = (seed: number): string =>
      JSON.stringify(simulateSteady(openQuestion(chat, CHAT_RATE, seed), exactlySoMany(2000)));
    expect(of(1)).toBe(of(1));
    expect(of(1)).not.toBe(of(2));
  });

  test('more load never shortens a latency, with the same requests', () => {
    const at = (ratePerMs: number): SteadySimulation =>
      steadyState(openQuestion(chat, ratePerMs), exactlySoMany(10_000));
    let before = at(0.001);
    for (const ratePerMs of [0.002, 0.004, 0.006, 0.008, 0.01]) {
      const now = at(ratePerMs);
      for (const statistic of ['mean', 'p50', 'p95', 'p99'] as const) {
        expect(now.e2eMs[statistic]).toBeGreaterThan(before.e2eMs[statistic] * 0.998);
        expect(now.ttftMs[statistic]).toBeGreaterThan(before.ttftMs[statistic] * 0.998);
      }
      before = now;
    }
  });

  test('clients in a closed loop: as many as there are, at the rate of their rounds', () => {
    const load = { kind: 'closed', users: 16, thinkTimeMs: 2000 } as const;
    const result = steadyState({ ...openQuestion(chat, 1), load }, exactlySoMany(10_000));
    expect(result.maxRunning).toBeLessThanOrEqual(16);
    expect((result.requestsPerMs * (result.e2eMs.mean + 2000)) / 16).toBeCloseTo(1, 1);
  });
});

describe('saturation', () => {
  /** Subjects and the rate (per ms) above which what waits grows, by arithmetic. */
  const CASES: { name: SaturationKind; subject: BatchingSubject; capacityPerMs: number }[] = [
    // Prompts that fill a step, one token each: one a step.
    { name: 'compute', subject: constantSubject(2048, 1, { maxNumBatchedTokens: 2048 }), capacityPerMs: 1 / 10 },
    // 8 seats, each taken for the step of the prompt and 99 more.
    { name: 'seats', subject: constantSubject(10, 100, { maxNumSeqs: 8 }), capacityPerMs: 8 / 1000 },
    // 1,600 + 16 - 1 tokens are 101 blocks; there are 505 of them, and an answer takes 16 steps.
    { name: 'kv', subject: constantSubject(1600, 16, { kvCacheTokens: 505 * 16 }), capacityPerMs: 5 / 160 },
  ];

  test.each(CASES)(
    'by $name is seen 3 per cent above capacity, named, and not 3 per cent below',
    ({ name, subject, capacityPerMs }) => {
      for (const seed of [1, 2, 3]) {
        const above = simulateSteady(openQuestion(subject, 1.03 * capacityPerMs, seed));
        expect(above, `seed ${seed}`).toEqual({ kind: 'saturated', cause: name });
        const below = simulateSteady(openQuestion(subject, 0.97 * capacityPerMs, seed), exactlySoMany(40_000));
        expect(below.kind, `seed ${seed}`).toBe('steady');
      }
    },
  );

  test('of a real deployment lies where a backlog is worked off', () => {
    const subject = { ...chat, maxNumSeqs: 64, kvCacheTokens: 20_000 };
    const count = 6000;
    const { requests } = drawLoad(subject, { kind: 'open', ratePerMs: Infinity, law: POISSON }, count, 1);
    const ends = simulate(requests, serverOf(subject)).endMs.slice().sort();
    const [from, to] = [Math.round(0.2 * count), Math.round(0.8 * count)];
    const capacityPerMs = (to - from) / ((ends[to] as number) - (ends[from] as number));
    expect(simulateSteady(openQuestion(subject, 1.03 * capacityPerMs)).kind).toBe('saturated');
    const below = simulateSteady(openQuestion(subject, 0.97 * capacityPerMs), exactlySoMany(40_000));
    expect(below.kind).toBe('steady');
  });

  test('far above capacity, and with everybody at once, is told soon, with the cause that the closed form names there', () => {
    for (const { name, subject, capacityPerMs } of CASES) {
      for (const ratePerMs of [10 * capacityPerMs, 1e4 * capacityPerMs, 1e12, Infinity]) {
        const result = simulateSteady(openQuestion(subject, ratePerMs), exactlySoMany(4000));
        // Where the prompts alone are more than full steps of 10 ms take, the closed form may say that nothing would help.
        const areStepsFull = ratePerMs * subject.lengths.moments.promptMean > subject.maxNumBatchedTokens / 10;
        const cause = areStepsFull ? saturationAt(subject, ratePerMs) : name;
        expect(result, `${name}, ${ratePerMs} per ms`).toEqual({ kind: 'saturated', cause });
      }
    }
  });
});

test('a steady state of too many says so with thousands marks, and that they are users where they are', () => {
  const subject = constantSubject(10, 10);
  const load = { kind: 'closed', users: 1_000_000, thinkTimeMs: 0 } as const;
  expect(() => simulateSteady({ ...openQuestion(subject, 1), load })).toThrow(
    /a steady state of 1,000,000 users takes [\d,]+ requests, and 10,000,000 are the most/,
  );
});

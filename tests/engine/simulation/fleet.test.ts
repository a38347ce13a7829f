import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src-worker/engine/numerics/random.ts';
import { meanOf } from '../../../src-worker/engine/numerics/sample.ts';
import { drawArrivals, POISSON, scvOfShare, type ArrivalLaw } from '../../../src-worker/engine/simulation/arrivals.ts';
import { dealt, simulateFleet } from '../../../src-worker/engine/simulation/fleet.ts';
import { DEFAULT_RULES } from '../../../src-worker/engine/simulation/simulated-server.ts';
import { drawLoad } from '../../../src-worker/engine/simulation/drawn-load.ts';
import { simulateSteady, type SteadySimulation } from '../../../src-worker/engine/simulation/steady-state.ts';
import type { Precision } from '../../../src-worker/engine/simulation/precision.ts';
import type { RunQuestion } from '../../../src-worker/engine/simulation/run-question.ts';
import type { Fleet, RouterPolicy } from '../../../src-worker/engine/simulation/router.ts';
import { simulate } from '../../../src-worker/engine/simulation/simulate.ts';
import type { SimulatedRun } from '../../../src-worker/engine/simulation/simulated-run.ts';
import { SCENARIOS, subjectOf, type Scenario } from '../batching/scenarios.ts';
import { deploymentCases, oddCase, type SchedulerCase } from './random-cases.ts';
import { simplePlan } from './simple-plans.ts';

const ODD_CASES = 300;
const ROUTERS: readonly RouterPolicy[] = ['random', 'round_robin', 'least_loaded'];
const fleetOf = (router: RouterPolicy, replicas: number, streams = 1): Fleet => ({
  router,
  replicas,
  streams,
  within: 'random',
});

const odd = Array.from({ length: ODD_CASES }, (_, i) => oddCase(i + 1));
const cases: readonly SchedulerCase[] = [...odd, ...deploymentCases(60).filter((_, i) => i % 8 === 0)];
const breaking = (all: readonly SchedulerCase[], holds: (one: SchedulerCase) => boolean): string[] =>
  all.filter((one) => !holds(one)).map(({ name }) => name);

describe('one replica', () => {
  /** A run, and all that its observer was told. */
  function observed(run: (observer: { during: (...told: number[]) => void }) => SimulatedRun) {
    const told: number[][] = [];
    const { sentMs, firstMs, endMs, preemptions, ...totals } = run({ during: (...piece) => told.push(piece) });
    return JSON.stringify([[...sentMs], [...firstMs], [...endMs], [...preemptions], totals, told]);
  }

  test.each(ROUTERS)('behind a %s router is that replica by itself, to the last bit', (router) => {
    const isAlone = ({ requests, server, clients }: SchedulerCase): boolean => {
      const alone = observed((observer) => simulate(requests, server, { clients, observer }));
      const routed = observed((observer) => {
        const { sentTo, ...run } = simulateFleet(requests, server, fleetOf(router, 1), 1, { clients, observer });
        expect(sentTo.every((scheduler) => scheduler === 0)).toBe(true);
        return run;
      });
      return routed === alone;
    };
    expect(breaking(cases, isAlone)).toEqual([]);
  });
});

describe('replicas on one clock', () => {
  const open = cases.filter(({ clients, requests }) => clients === null && requests.contentBlocks === null);

  test('each is what it would be by itself with the requests it was sent', () => {
    let preemptions = 0;
    const isEach = ({ requests, server }: SchedulerCase): boolean => {
      const together = simulateFleet(requests, server, fleetOf('least_loaded', 3, 2), 5);
      let steps = 0;
      for (let scheduler = 0; scheduler < 6; scheduler += 1) {
        const own = [...together.sentTo.keys()].filter((i) => together.sentTo[i] === scheduler);
        const { arrivalMs, promptTokens, cachedTokens, outputTokens, priorities } = requests;
        const alone = simulate(
          {
            arrivalMs: Float64Array.from(own, (i) => arrivalMs[i] as number),
            promptTokens: Int32Array.from(own, (i) => promptTokens[i] as number),
            cachedTokens: Int32Array.from(own, (i) => cachedTokens[i] as number),
            outputTokens: Int32Array.from(own, (i) => outputTokens[i] as number),
            priorities: priorities && Int32Array.from(own, (i) => priorities[i] as number),
            contentBlocks: null,
          },
          server,
        );
        const isSame = own.every(
          (i, at) =>
            Object.is(alone.firstMs[at], together.firstMs[i]) &&
            Object.is(alone.endMs[at], together.endMs[i]) &&
            alone.preemptions[at] === together.preemptions[i],
        );
        if (!isSame) return false;
        steps += alone.steps;
        preemptions += alone.preemptions.reduce((total, times) => total + times, 0);
      }
      return steps === together.steps;
    };
    expect(open.length).toBeGreaterThan(100);
    expect(breaking(open, isEach)).toEqual([]);
    expect(preemptions).toBeGreaterThan(300);
  });

  test('nobody is lost: served or refused, and all KV blocks are free at the end', () => {
    for (const router of ROUTERS) {
      const isKept = ({ requests, server, clients }: SchedulerCase): boolean => {
        const run = simulateFleet(requests, server, fleetOf(router, 4), 3, { clients });
        const ended = run.endMs.filter((ms) => !Number.isNaN(ms)).length;
        const isServedInOrder = run.endMs.every(
          (end, i) =>
            Number.isNaN(end) ||
            (end >= (run.firstMs[i] as number) && (run.firstMs[i] as number) > (run.sentMs[i] as number)),
        );
        return (
          run.isComplete &&
          ended + run.rejected === requests.promptTokens.length &&
          run.sentTo.every((scheduler) => scheduler >= 0 && scheduler < 4) &&
          isServedInOrder &&
          run.freeBlocks === run.totalBlocks
        );
      };
      expect(breaking(cases, isKept), router).toEqual([]);
    }
  });

  test('round robin takes turns, over replicas and then over their streams', () => {
    const inTurn = (count: number, fleet: Fleet): number[] => [...dealt(count, fleet, 1)];
    expect(inTurn(7, fleetOf('round_robin', 3))).toEqual([0, 1, 2, 0, 1, 2, 0]);
    const traced: Fleet = { ...fleetOf('round_robin', 2, 2), within: 'round_robin' };
    expect(inTurn(8, traced)).toEqual([0, 2, 1, 3, 0, 2, 1, 3]);
    const shares = [0, 0, 0, 0, 0, 0];
    const drawn = dealt(60_000, fleetOf('round_robin', 3, 2), 1);
    drawn.forEach((scheduler, i) => {
      expect(Math.floor(scheduler / 2)).toBe(i % 3);
      shares[scheduler] = (shares[scheduler] as number) + 1;
    });
    // Each of two streams gets half of 20,000, give or take: five standard deviations of a binomial count.
    for (const share of shares) expect(Math.abs(share - 10_000)).toBeLessThan(5 * Math.sqrt(5000));
  });

  test('the least loaded gets the next, of equals the first: requests that come at once are dealt out evenly', () => {
    const { requests } = drawLoad(chat, { kind: 'open', ratePerMs: Infinity, law: POISSON }, 40, 1);
    const { sentTo } = simulateFleet(requests, { ...roomy, policy: 'fcfs' }, fleetOf('least_loaded', 4), 1);
    expect([...sentTo]).toEqual(Array.from({ length: 40 }, (_, i) => i % 4));
  });

  test('users of a closed loop are routed anew with every request, and none is in two places', () => {
    const load = { kind: 'closed', users: 24, thinkTimeMs: 500 } as const;
    const { requests, clients } = drawLoad(chat, load, 3000, 1);
    for (const router of ROUTERS) {
      const run = simulateFleet(requests, roomy, fleetOf(router, 3), 1, { clients });
      const counts = [0, 1, 2].map((scheduler) => run.sentTo.filter((one) => one === scheduler).length);
      if (router === 'round_robin') expect(counts).toEqual([1000, 1000, 1000]);
      // Requests in the system: the sum of their times over that of the run is at most the number of users.
      const present = meanOf(run.endMs.map((end, i) => end - (run.sentMs[i] as number))) * (3000 / run.wallMs);
      expect(present).toBeLessThan(24);
      expect(present).toBeGreaterThan(12);
      const most = [...run.sentMs.keys()].filter(
        (i) => (run.sentMs[i] as number) < 5000 && (run.endMs[i] as number) > 5000,
      );
      expect(most.length).toBeLessThanOrEqual(24);
    }
  });
});

const chat = subjectOf(SCENARIOS.find(({ name }) => name === '7B A100 chat') as Scenario);
const roomy = {
  plan: chat.plan,
  maxNumBatchedTokens: 2048,
  maxNumSeqs: 256,
  kvCacheTokens: 120_000,
  policy: 'fcfs' as const,
  reservesWholePrompt: true,
  hasSeparatePrefill: false,
};

describe('what a replica gets of a stream', () => {
  const LAWS: Record<string, ArrivalLaw> = {
    poisson: POISSON,
    constant: { ...POISSON, process: 'constant', scv: 0 },
    'even gamma': { ...POISSON, process: 'gamma', scv: 0.25 },
    'bursty gamma': { ...POISSON, process: 'gamma', scv: 4 },
  };
  const COUNT = 100_000;

  test.each(Object.entries(LAWS))('%s: gaps have the rate, and the spread that arithmetic gives', (_, law) => {
    for (const router of ['random', 'round_robin'] as const) {
      for (const [replicas, streams] of [
        [1, 1],
        [2, 1],
        [5, 1],
        [1000, 1],
        [1, 4],
        [3, 2],
      ] as const) {
        const of = { router, replicas, streams };
        const arrivals = drawArrivals(law, 0.02, COUNT, seededRandom(3), { of, router: seededRandom(4) });
        const gaps = arrivals.slice(1).map((ms, i) => ms - (arrivals[i] as number));
        const mean = meanOf(gaps);
        const scv = meanOf(gaps.map((gap) => (gap / mean - 1) ** 2));
        const name = `${router} over ${replicas} of ${streams}`;
        const exact = scvOfShare(law.scv, of);
        // Five standard deviations of the mean; the spread has more, those of gaps that are often short.
        expect(Math.abs(mean * 0.02 - 1), name).toBeLessThan(5 * Math.sqrt(Math.max(exact, 1e-12) / COUNT) + 1e-9);
        expect(Math.abs(scv - exact), name).toBeLessThan(0.05 * Math.max(exact, 1e-6) + 1e-9);
      }
    }
  });

  test('bursts in turn: every third arrival of the whole', () => {
    const law: ArrivalLaw = { process: 'hawkes', scv: 3, decayPerMs: 2e-3 };
    const whole = drawArrivals(law, 0.03, 3000, seededRandom(6));
    const share = drawArrivals(law, 0.01, 1000, seededRandom(6), {
      of: { router: 'round_robin', replicas: 3, streams: 1 },
      router: seededRandom(7),
    });
    share.forEach((ms, i) => {
      expect(ms).toBeCloseTo(whole[3 * i] as number, 6);
    });
  });
});

test.each(['random', 'round_robin'] as const)(
  'bursts over more than 64 replicas, %s: gaps of the spread that is left',
  (router) => {
    const law: ArrivalLaw = { process: 'hawkes', scv: 3, decayPerMs: 2e-3 };
    for (const replicas of [65, 200]) {
      const of = { router, replicas, streams: 1 };
      const arrivals = drawArrivals(law, 0.01, 50_000, seededRandom(6), { of, router: seededRandom(7) });
      const gaps = arrivals.slice(1).map((ms, i) => ms - (arrivals[i] as number));
      const mean = meanOf(gaps);
      expect(mean * 0.01).toBeCloseTo(1, 1);
      // In turn, one of so many gaps remembers little of a burst; at random, it comes as it likes.
      const expected = router === 'random' ? 1 : 3 / replicas;
      expect(Math.abs(meanOf(gaps.map((gap) => (gap / mean - 1) ** 2)) - expected)).toBeLessThan(
        0.05 * Math.max(1, expected),
      );
    }
  },
);

/** So many requests, whatever their intervals. */
const exactlySoMany = (count: number): Precision => ({
  relativeHalfWidth: 1e-9,
  statistics: [{ latency: 'ttftMs', statistic: 'mean' }],
  fewest: count,
  most: count,
});

describe('steady states behind a router', () => {
  const together = (router: RouterPolicy, replicas: number, ratePerMs: number, seed = 1): RunQuestion => ({
    subject: chat,
    rules: DEFAULT_RULES,
    load: { kind: 'open', ratePerMs: ratePerMs * replicas, law: POISSON },
    seed,
    fleet: fleetOf(router, replicas),
  });
  const oneOf = (router: 'random' | 'round_robin', replicas: number, ratePerMs: number): RunQuestion => ({
    subject: chat,
    rules: DEFAULT_RULES,
    load: { kind: 'open', ratePerMs, law: POISSON, share: { router, replicas, streams: 1 } },
    seed: 2,
  });
  function steadyState(question: RunQuestion, count: number): SteadySimulation {
    const result = simulateSteady(question, exactlySoMany(count));
    if (result.kind !== 'steady') throw new Error(`saturated: ${result.cause}`);
    return result;
  }

  test.each(['random', 'round_robin'] as const)(
    '%s: one replica with its share is like all of them together',
    (router) => {
      const [one, all] = [oneOf(router, 4, 0.008), together(router, 4, 0.008)].map((question) =>
        steadyState(question, 40_000),
      ) as [SteadySimulation, SteadySimulation];
      for (const latency of ['ttftMs', 'e2eMs'] as const) {
        for (const statistic of ['mean', 'p95'] as const) {
          const [a, b] = [one[latency][statistic], all[latency][statistic]];
          const [wideA, wideB] = [one, all].map(({ halfWidths }) => halfWidths[latency]?.[statistic] as number) as [
            number,
            number,
          ];
          expect(Math.abs(a - b), `${latency} ${statistic}`).toBeLessThan(1.5 * Math.hypot(wideA, wideB));
        }
      }
      expect(one.meanRunning / all.meanRunning).toBeCloseTo(1, 1);
    },
  );

  test('in turn first tokens wait less than at random; the least loaded has the shortest answers', () => {
    const [random, turns, least] = [
      steadyState(together('random', 4, 0.008), 40_000),
      steadyState(together('round_robin', 4, 0.008), 40_000),
      steadyState(together('least_loaded', 4, 0.008), 40_000),
    ] as const;
    expect(turns.ttftMs.mean).toBeLessThan(0.95 * random.ttftMs.mean);
    expect(least.ttftMs.mean).toBeLessThan(0.95 * random.ttftMs.mean);
    expect(turns.e2eMs.p95).toBeLessThan(random.e2eMs.p95);
    expect(least.e2eMs.p95).toBeLessThan(turns.e2eMs.p95);
  });

  test('where seats are short, who looks waits least, and who deals at random most', () => {
    const subject = { ...chat, plan: simplePlan(10), maxNumSeqs: 8 };
    const [random, turns, least] = ROUTERS.map((router) =>
      simulateSteady({ ...together(router, 4, 0.0045), subject }, exactlySoMany(40_000)),
    );
    if (random?.kind !== 'steady' || turns?.kind !== 'steady' || least?.kind !== 'steady') throw new Error('saturated');
    expect(turns.ttftMs.mean).toBeLessThan(0.9 * random.ttftMs.mean);
    expect(least.ttftMs.mean).toBeLessThan(0.9 * turns.ttftMs.mean);
    expect(least.ttftMs.p99).toBeLessThan(turns.ttftMs.p99);
  });

  test('intervals of all together hold the mean of a run 100 times as long in 90 to 99 of 100 runs', () => {
    const truth = steadyState(together('least_loaded', 4, 0.008, 999), 200_000).e2eMs.mean;
    let held = 0;
    for (let seed = 1; seed <= 100; seed += 1) {
      const { e2eMs, halfWidths } = steadyState(together('least_loaded', 4, 0.008, seed), 2000);
      if (Math.abs(e2eMs.mean - truth) <= (halfWidths.e2eMs?.mean as number)) held += 1;
    }
    expect(held).toBeGreaterThanOrEqual(90);
    expect(held).toBeLessThanOrEqual(99);
  });

  test('saturation is seen as of one: above capacity whoever routes, with its cause', () => {
    const subject = { ...chat, plan: simplePlan(10), maxNumSeqs: 8 };
    for (const router of ROUTERS) {
      const question = { ...together(router, 3, 0.0065), subject };
      expect(simulateSteady(question), router).toEqual({ kind: 'saturated', cause: 'seats' });
    }
  });
});

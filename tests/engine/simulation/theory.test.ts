import { describe, expect, test } from 'vitest';
import { exponential, seededRandom } from '../../../src-worker/engine/numerics/random.ts';
import { meanOf } from '../../../src-worker/engine/numerics/sample.ts';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { gigkWaiting } from '../../../src-worker/engine/queueing/gigk.ts';
import { mgkWaiting } from '../../../src-worker/engine/queueing/mgk.ts';
import type { ServiceLawKind } from '../../../src-worker/engine/queueing/service.ts';
import { drawArrivals, POISSON } from '../../../src-worker/engine/simulation/arrivals.ts';
import { simulateFleet } from '../../../src-worker/engine/simulation/fleet.ts';
import { percentilesOf } from '../../../src-worker/engine/simulation/latencies.ts';
import type { Fleet, RouterPolicy } from '../../../src-worker/engine/simulation/router.ts';
import { simulate } from '../../../src-worker/engine/simulation/simulate.ts';
import type { SimulatedRun } from '../../../src-worker/engine/simulation/simulated-run.ts';
import { steady } from '../queueing/samples.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { PLANS } from './random-cases.ts';
import { requestsAt, roomyServer, simplePlan } from './simple-plans.ts';

const SEEDS = 20;
/** Student's t with 19 degrees of freedom at 99.95 %. */
const T_999 = 3.883;
const STATISTICS = ['mean', 'p50', 'p90', 'p95', 'p99'] as const;

type Figures = Record<(typeof STATISTICS)[number], number>;

/** Times in the system, without the first: an empty server is not the one that theory speaks of. */
function responsesOf({ endMs, sentMs }: SimulatedRun): Float64Array {
  const discarded = Math.floor(endMs.length / 10);
  return endMs.map((end, i) => end - (sentMs[i] as number)).slice(discarded);
}

/** Every statistic of independent runs lies around the truth, within the interval of their own scatter. */
function expectAround(truth: Partial<Figures>, runOf: (seed: number) => SimulatedRun): void {
  const found = Array.from({ length: SEEDS }, (_, seed) => percentilesOf(responsesOf(runOf(seed + 1))));
  for (const statistic of STATISTICS) {
    const exact = truth[statistic];
    if (exact === undefined) continue;
    const each = found.map((one) => one?.[statistic] as number);
    const mean = meanOf(each);
    const scatter = Math.sqrt(each.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (SEEDS - 1) / SEEDS);
    expect(Math.abs(mean - exact), `${statistic}: ${mean}, exactly ${exact}`).toBeLessThanOrEqual(
      T_999 * scatter + 1e-6 * exact,
    );
    // An interval that holds everything says nothing.
    expect(scatter, statistic).toBeLessThan(0.05 * exact);
  }
}

/** The M/G/1 of `configiq queue`, which is held against rigorous bounds elsewhere. */
const exactly = (kind: ServiceLawKind, cv: number, meanMs: number, utilization: number) =>
  steady(mgkWaiting({ arrivalRateReqPerS: (1000 * utilization) / meanMs, service: { kind, meanMs, cv }, servers: 1 }));

const poisson = (ratePerMs: number, count: number, seed: number): Float64Array =>
  drawArrivals(POISSON, ratePerMs, count, seededRandom(seed));

/** Requests of a run: the busier the server, the longer it remembers. */
const countAt = (utilization: number): number => Math.round(Math.min(50_000, 3000 / (1 - utilization)));

describe('one seat', () => {
  test.each([0.2, 0.5, 0.8, 0.9])('answers of one token are an M/D/1 at utilization %d', (utilization) => {
    const server = roomyServer(simplePlan(10), { maxNumSeqs: 1 });
    const runOf = (seed: number): SimulatedRun =>
      simulate(
        requestsAt(
          poisson(utilization / 10, countAt(utilization), seed),
          () => 100,
          () => 1,
        ),
        server,
      );
    const { responseMs } = exactly('deterministic', 0, 10, utilization);
    expectAround(responseMs, runOf);
    // Pollaczek and Khinchine.
    expectAround({ mean: 10 + (utilization * 10) / (2 * (1 - utilization)) }, runOf);
  });

  test.each([0.3, 0.6, 0.85])('memoryless answers are an M/M/1 at utilization %d', (utilization) => {
    // Geometric numbers of steps: exponential to a thousandth.
    const [stepMs, meanSteps] = [0.1, 500];
    const meanMs = stepMs * meanSteps;
    const spareMs = meanMs / (1 - utilization);
    const quantile = (p: number): number => -Math.log(1 - p) * spareMs;
    const truth = { mean: spareMs, p50: quantile(0.5), p90: quantile(0.9), p95: quantile(0.95), p99: quantile(0.99) };
    expectAround(truth, (seed) => {
      const draws = new Draws(seed + 1000);
      return simulate(
        requestsAt(
          poisson(utilization / meanMs, countAt(utilization), seed),
          () => 1,
          () => Math.ceil(Math.log1p(-draws.next()) / Math.log1p(-1 / meanSteps)),
        ),
        roomyServer(simplePlan(stepMs), { maxNumSeqs: 1 }),
      );
    });
  });

  test.each([0.5, 1])('prompts of lognormal length, cv %d, are an M/G/1', (cv) => {
    const [msPerToken, meanTokens, utilization] = [0.01, 20_000, 0.6];
    const sigma = Math.sqrt(Math.log1p(cv * cv));
    const { responseMs } = exactly('lognormal', cv, msPerToken * meanTokens, utilization);
    expectAround(responseMs, (seed) => {
      const draws = new Draws(seed + 2000);
      return simulate(
        requestsAt(
          poisson(utilization / (msPerToken * meanTokens), countAt(utilization), seed),
          () => {
            const normal = Math.sqrt(-2 * Math.log(1 - draws.next())) * Math.cos(2 * Math.PI * draws.next());
            return Math.max(1, Math.round(meanTokens * Math.exp(sigma * normal - sigma ** 2 / 2)));
          },
          () => 1,
        ),
        roomyServer(simplePlan(0, msPerToken), { maxNumSeqs: 1 }),
      );
    });
  });
});

describe('replicas of one seat behind a router', () => {
  const [replicas, serviceMs, utilization] = [4, 10, 0.8];
  const fleetOf = (router: RouterPolicy): Fleet => ({ router, replicas, streams: 1, within: 'random' });
  const server = roomyServer(simplePlan(serviceMs), { maxNumSeqs: 1 });
  const arrivalsOf = (seed: number): Float64Array =>
    poisson((replicas * utilization) / serviceMs, replicas * countAt(utilization), seed);
  const runOf = (router: RouterPolicy, outputOf: (request: number) => number, seed: number): SimulatedRun =>
    simulateFleet(
      requestsAt(arrivalsOf(seed), () => 100, outputOf),
      server,
      fleetOf(router),
      seed,
    );
  const oneToken = () => 1;

  test('at random, each is an M/D/1', () => {
    const { responseMs } = exactly('deterministic', 0, serviceMs, utilization);
    expectAround(responseMs, (seed) => runOf('random', oneToken, seed));
  });

  test('in turn, each is an E_k/D/1: gaps are sums of four', () => {
    const { responseMs } = steady(
      gigkWaiting({
        arrivalRateReqPerS: (1000 * utilization) / serviceMs,
        arrivals: { kind: 'gamma', cv: 1 / Math.sqrt(replicas) },
        service: { kind: 'deterministic', meanMs: serviceMs, cv: 0 },
        servers: 1,
      }),
    );
    expectAround(responseMs, (seed) => runOf('round_robin', oneToken, seed));
  });

  test('the least loaded first: memoryless answers wait longer than in one queue for all (M/M/4), and less than in turn', () => {
    const [stepMs, meanSteps] = [0.1, 500];
    const meanMs = stepMs * meanSteps;
    const ratePerMs = (replicas * utilization) / meanMs;
    const meanOfRuns = (router: RouterPolicy): number => {
      const each = Array.from({ length: 5 }, (_, seed) => {
        const draws = new Draws(seed + 3000);
        const requests = requestsAt(
          poisson(ratePerMs, replicas * countAt(utilization), seed + 1),
          () => 1,
          () => Math.ceil(Math.log1p(-draws.next()) / Math.log1p(-1 / meanSteps)),
        );
        const oneSeat = roomyServer(simplePlan(stepMs), { maxNumSeqs: 1 });
        return meanOf(responsesOf(simulateFleet(requests, oneSeat, fleetOf(router), seed)));
      });
      return meanOf(each);
    };
    const [least, turns] = [meanOfRuns('least_loaded'), meanOfRuns('round_robin')];
    const shared = steady(
      mgkWaiting({
        arrivalRateReqPerS: 1000 * ratePerMs,
        service: { kind: 'exponential', meanMs, cv: 1 },
        servers: replicas,
      }),
    ).responseMs.mean;
    expect(least).toBeGreaterThan(1.05 * shared);
    expect(least).toBeLessThan(1.3 * shared);
    expect(turns).toBeGreaterThan(1.5 * least);
  });
});

describe('prompts that fill a step', () => {
  test('are an M/D/1 on a real deployment: nobody shares a step', () => {
    const plan = { ...(PLANS[0] as StepPlan), ttftBaseMs: 0, tokenizeMsPerToken: 0, firstTokenWaitSteps: 0.5 };
    const budget = 2048;
    const serviceMs = stepTimeMs(plan, 0, 0, budget, (budget * budget) / 2, 1);
    expectAround(exactly('deterministic', 0, serviceMs, 0.7).responseMs, (seed) =>
      simulate(
        requestsAt(
          poisson(0.7 / serviceMs, countAt(0.7), seed),
          () => budget,
          () => 1,
        ),
        roomyServer(plan, { maxNumBatchedTokens: budget, maxNumSeqs: 256 }),
      ),
    );
  });

  test('wait for half a step more where somebody decodes all the time: an M/D/1 with vacations', () => {
    const [stepMs, msPerToken, prompt, count] = [4, 0.005, 200, 6000];
    // One token of each step is the decoding sequence's.
    const plan = simplePlan(stepMs, msPerToken);
    const decodeMs = stepMs + msPerToken;
    const serviceMs = stepMs + msPerToken * (prompt + 1);
    const utilization = 0.6;
    const meanMs = serviceMs + (utilization * serviceMs) / (2 * (1 - utilization)) + decodeMs / 2;
    expectAround({ mean: meanMs }, (seed) => {
      const arrivals = poisson(utilization / serviceMs, count, seed);
      const run = simulate(
        requestsAt(
          arrivals,
          (i) => (i === 0 ? 1 : prompt),
          (i) => (i === 0 ? 30_000 : 1),
        ),
        roomyServer(plan, { maxNumBatchedTokens: prompt + 1 }),
      );
      expect(run.endMs[0]).toBeGreaterThan(arrivals[count - 1] as number);
      return run;
    });
  });
});

describe('no limit but time', () => {
  const [stepMs, meanOutput, ratePerMs, count] = [10, 100, 0.03, 120_000];
  const mean = ratePerMs * stepMs * meanOutput;
  const draws = new Draws(13);
  // Uniform from 1 to 2 · mean - 1: the law of M/G/infinity knows the mean alone.
  const requests = requestsAt(
    poisson(ratePerMs, count, 10),
    () => 50,
    () => draws.whole(1, 2 * meanOutput - 1),
  );
  const lastMs = requests.arrivalMs[count - 1] as number;
  const WINDOWS = 20;
  const from = 10 * stepMs * meanOutput;
  const windowMs = (lastMs - from) / WINDOWS;
  /** [window] integrals of the running, and of their square; [running] ms. */
  const [firsts, squares] = [new Float64Array(WINDOWS), new Float64Array(WINDOWS)];
  const msWith = new Float64Array(300);
  simulate(requests, roomyServer(simplePlan(stepMs)), {
    observer: {
      during: (startMs, endMs, running) => {
        const window = Math.floor((startMs - from) / windowMs);
        if (window < 0 || window >= WINDOWS) return;
        firsts[window] = (firsts[window] as number) + running * (endMs - startMs);
        squares[window] = (squares[window] as number) + running ** 2 * (endMs - startMs);
        msWith[running] = (msWith[running] as number) + endMs - startMs;
      },
    },
  });
  const spread = (values: Float64Array): number =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - meanOf(values)) ** 2, 0) / (WINDOWS - 1) / WINDOWS);

  test('M/G/infinity: as many run as Little says', () => {
    const means = firsts.map((integral) => integral / windowMs);
    expect(Math.abs(meanOf(means) - mean)).toBeLessThan(2.861 * spread(means));
  });

  test('M/G/infinity: their variance is their mean, and all of their law is Poisson', () => {
    const variances = squares.map((integral) => integral / windowMs - mean ** 2);
    expect(Math.abs(meanOf(variances) - mean)).toBeLessThan(2.861 * spread(variances));
    const allMs = msWith.reduce((sum, ms) => sum + ms, 0);
    let [poissonShare, expected, found] = [Math.exp(-mean), 0, 0];
    for (let running = 0; running < 100; running += 1) {
      expected += poissonShare;
      found += (msWith[running] as number) / allMs;
      expect(Math.abs(found - expected)).toBeLessThan(0.01);
      poissonShare *= mean / (running + 1);
    }
  });
});

describe('who is in the system', () => {
  const [stepMs, meanSteps, utilization, count] = [0.1, 400, 0.7, 100_000];
  const random = seededRandom(14);
  const requests = requestsAt(
    poisson(utilization / (stepMs * meanSteps), count, 15),
    () => 1,
    () => Math.max(1, Math.round(exponential(random, meanSteps))),
  );
  let inSystemMs = 0;
  const { sentMs, endMs, wallMs } = simulate(requests, roomyServer(simplePlan(stepMs), { maxNumSeqs: 1 }), {
    observer: { during: (from, to, running, waiting) => (inSystemMs += (running + waiting) * (to - from)) },
  });

  test("Little's law: the area under their number is the sum of their times", () => {
    const timesMs = endMs.reduce((sum, end, i) => sum + end - (sentMs[i] as number), 0);
    expect(inSystemMs / timesMs).toBeCloseTo(1, 9);
  });

  test('who arrives sees time averages (PASTA): the number there, and an idle server', () => {
    let [seen, idle, ended] = [0, 0, 0];
    for (let i = 0; i < count; i += 1) {
      while (ended < i && (endMs[ended] as number) <= (sentMs[i] as number)) ended += 1;
      seen += i - ended;
      if (i === ended) idle += 1;
    }
    const timeAverage = inSystemMs / wallMs;
    expect(Math.abs(seen / count / timeAverage - 1)).toBeLessThan(0.02);
    expect(Math.abs(idle / count - (1 - utilization))).toBeLessThan(0.01);
  });
});

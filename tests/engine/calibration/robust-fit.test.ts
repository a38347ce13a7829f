import { beforeAll, describe, expect, test } from 'vitest';
import type { Observation } from '../../../src-worker/engine/calibration/fit/observations.ts';
import {
  predictMeans,
  priorLogs,
  robustFit,
  stateAt,
  type FitOutcome,
  type FitProblem,
} from '../../../src-worker/engine/calibration/fit/robust-fit.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { madeProblem, valuesOf, type MadeProblem } from './made-rows.ts';

/** What is moved from the priors, and so is to be found: overheads, rates and a fabric. */
const MOVED = {
  'generations.vllm-v1.stepMs': 2.2,
  'generations.vllm-v1.ttftBaseMs': 1.7,
  'generations.vllm-v0.stepMs': 1.6,
  'generations.vllm-v0.sequenceUs': 2.5,
  'constants.bandwidthEfficiency': 1.1,
  'constants.computeEfficiency': 1.2,
  'allReduceUs.nvlink4': 0.7,
};

/**
 * The sum a fit makes small, written a second time from its description: Huber's function of ln(predicted / measured) beyond
 * 0.15, groups of n figures of a metric weighing n^0.3, errors of 0.085 expected, and the ways from the priors.
 */
function costOf(problem: FitProblem, logs: ArrayLike<number>): number {
  const state = stateAt(problem, Float64Array.from(logs));
  const key = ({ benchmark, metric }: Observation): string => `${problem.benchmarks[benchmark]?.group ?? ''} ${metric}`;
  const sizes = new Map<string, number>();
  for (const observation of problem.observations) sizes.set(key(observation), (sizes.get(key(observation)) ?? 0) + 1);
  let cost = 0;
  for (const observation of problem.observations) {
    const { benchmark, metric, measured } = observation;
    const b = problem.benchmarks[benchmark] as FitProblem['benchmarks'][number];
    const predicted = predictMeans(b, problem.works[benchmark] as FitProblem['works'][number], state)[metric];
    const error = Math.min(3, Math.abs(Math.log(predicted / measured)));
    const huber = error <= 0.15 ? error ** 2 / 2 : 0.15 * error - 0.15 ** 2 / 2;
    cost += (huber * (sizes.get(key(observation)) as number) ** -0.7) / 0.085 ** 2;
  }
  problem.parameters.forEach(({ prior }, i) => {
    cost += ((logs[i] as number) - Math.log(prior.value)) ** 2 / (2 * prior.spread ** 2);
  });
  return cost;
}

/** Largest |ln(predicted / true)| over all figures of the true profile. */
function worstPrediction(problem: MadeProblem, { state }: FitOutcome): number {
  return Math.max(
    ...problem.observations.map(({ benchmark, metric }) => {
      const b = problem.benchmarks[benchmark] as FitProblem['benchmarks'][number];
      const work = problem.works[benchmark] as FitProblem['works'][number];
      return Math.abs(Math.log(predictMeans(b, work, state)[metric] / predictMeans(b, work, problem.truth)[metric]));
    }),
  );
}

/** Of each parameter: ln(found / true), and the standard deviation that the fit says is left. */
const offs = (problem: MadeProblem, { logs, remainingSpread }: FitOutcome) =>
  problem.parameters.map(({ name, prior }, i) => ({
    name,
    off: (logs[i] as number) - (problem.trueLogs[i] as number),
    deviation: (remainingSpread[i] as number) * prior.spread,
  }));

/** So many sources have measured the same that the priors hardly pull. */
const SOURCES = 6;
const truly = (): number => 1;

describe('a fit whose answer is known', () => {
  let exact: MadeProblem;
  let found: FitOutcome;
  beforeAll(() => {
    exact = madeProblem(MOVED, truly, SOURCES);
    found = robustFit(exact);
  });

  test('predicts what the true profile predicts, within 3 %', () => {
    expect(worstPrediction(exact, found)).toBeLessThan(0.03);
  });

  test('finds what it says it knows: within 3 % where less than 6 % are left, all within one deviation', () => {
    const all = offs(exact, found);
    const known = all.filter(({ deviation }) => deviation < 0.06);
    expect(known.length).toBeGreaterThanOrEqual(3);
    expect(known.filter(({ off }) => Math.abs(off) > 0.03)).toEqual([]);
    expect(all.filter(({ off, deviation }) => Math.abs(off) > deviation)).toEqual([]);
  });

  test('moves what it should: from the priors towards the truth', () => {
    const values = valuesOf(exact, found.logs);
    for (const name of ['generations.vllm-v1.stepMs', 'generations.vllm-v1.ttftBaseMs', 'generations.vllm-v0.stepMs']) {
      const prior = exact.parameters.find((parameter) => parameter.name === name)?.prior.value ?? NaN;
      expect((values[name] as number) / prior, name).toBeGreaterThan(1.2);
    }
  });

  test('stands at the bottom: no single parameter moved by a little makes the cost smaller', () => {
    const cost = costOf(exact, found.logs);
    exact.parameters.forEach(({ name }, i) => {
      for (const step of [-0.03, 0.03]) {
        const moved = Float64Array.from(found.logs);
        moved[i] = (moved[i] as number) + step;
        expect(costOf(exact, moved), `${name} ${step}`).toBeGreaterThan(cost - 0.02);
      }
    });
  });

  test('never ends above where it began, from the priors or from elsewhere', () => {
    const draws = new Draws(13);
    const starts = [priorLogs(exact.parameters), exact.trueLogs];
    for (let i = 0; i < 3; i += 1)
      starts.push(priorLogs(exact.parameters).map((value) => value + draws.between(-0.5, 0.5)));
    for (const start of starts)
      expect(costOf(exact, robustFit(exact, start).logs)).toBeLessThanOrEqual(costOf(exact, start));
  });

  test('from the truth it stays near it', () => {
    const { logs } = robustFit(exact, exact.trueLogs);
    expect(costOf(exact, logs)).toBeLessThanOrEqual(costOf(exact, exact.trueLogs));
    expect(worstPrediction(exact, robustFit(exact, exact.trueLogs))).toBeLessThan(0.03);
  });

  test('the same input gives the same bits', () => {
    const again = robustFit(madeProblem(MOVED, truly, SOURCES));
    expect([...again.logs]).toEqual([...found.logs]);
    expect([...again.remainingSpread]).toEqual([...found.remainingSpread]);
  });

  test('the order of the rows does not matter', () => {
    const count = exact.benchmarks.length;
    const reversed: MadeProblem = {
      ...exact,
      benchmarks: [...exact.benchmarks].reverse(),
      works: [...exact.works].reverse(),
      observations: exact.observations.map((one) => ({ ...one, benchmark: count - 1 - one.benchmark })).reverse(),
    };
    const { logs } = robustFit(reversed);
    logs.forEach((value, i) => expect(Math.abs(value - (found.logs[i] as number))).toBeLessThan(1e-6));
  });

  test('a tenth of the figures three times too large or small moves no prediction by more than 10 %', () => {
    const draws = new Draws(29);
    const bad = madeProblem(MOVED, (figure) => (figure % 10 === 3 ? (draws.next() < 0.5 ? 3 : 1 / 3) : 1), SOURCES);
    expect(worstPrediction(bad, robustFit(bad))).toBeLessThan(0.1);
  });

  test('small honest noise moves no prediction by more than the noise', () => {
    const draws = new Draws(30);
    const noisy = madeProblem(MOVED, () => Math.exp(draws.between(-0.08, 0.08)), SOURCES);
    expect(worstPrediction(noisy, robustFit(noisy))).toBeLessThan(0.08);
  });
});

describe('priors', () => {
  test('hold everything where nothing was measured', () => {
    const problem = madeProblem(MOVED);
    const { logs, remainingSpread } = robustFit({ ...problem, observations: [] });
    expect([...logs]).toEqual([...priorLogs(problem.parameters)]);
    for (const spread of remainingSpread) expect(spread).toBeCloseTo(1, 9);
  });

  test('hold what the figures that are left say nothing of', () => {
    const problem = madeProblem(MOVED);
    const isOld = (index: number): boolean => problem.benchmarks[index]?.generation === 'vllm-v0';
    const { logs, remainingSpread } = robustFit({
      ...problem,
      observations: problem.observations.filter(({ benchmark }) => !isOld(benchmark)),
    });
    problem.parameters.forEach(({ name, prior }, i) => {
      if (!name.startsWith('generations.vllm-v0.')) return;
      expect(logs[i] as number, name).toBeCloseTo(Math.log(prior.value), 9);
      expect(remainingSpread[i] as number, name).toBeCloseTo(1, 9);
    });
  });

  test('more measurements never leave more spread', () => {
    const problem = madeProblem({});
    const half = robustFit({ ...problem, observations: problem.observations.filter((_, i) => i % 2 === 0) });
    const all = robustFit(problem);
    all.remainingSpread.forEach((spread, i) => {
      expect(spread).toBeGreaterThan(0);
      expect(spread).toBeLessThanOrEqual(1 + 1e-9);
      // Groups weigh n^0.3, so that a further figure takes a little from the others of its group.
      expect(spread).toBeLessThan((half.remainingSpread[i] as number) * 1.25);
    });
  });

  test('what is measured exactly at the priors is left there', () => {
    const problem = madeProblem({});
    const { logs } = robustFit(problem);
    const start = priorLogs(problem.parameters);
    logs.forEach((value, i) => expect(value).toBeCloseTo(start[i] as number, 9));
  });
});

describe('parameters', () => {
  test('read what they write, and touch a benchmark exactly when they can change it', () => {
    const { parameters, benchmarks, works, truth } = madeProblem(MOVED);
    for (const { name, get, set, touches } of parameters) {
      const state = structuredClone(truth);
      const before = get(state);
      set(state, before * 1.3);
      expect(get(state), name).toBeCloseTo(before * 1.3, 12);
      benchmarks.forEach((b, i) => {
        if (touches(b)) return;
        const work = works[i] as FitProblem['works'][number];
        expect(predictMeans(b, work, state), `${name} ${b.row.pointId}`).toEqual(predictMeans(b, work, truth));
      });
    }
  });

  test('each has a name of its own, and some benchmark that it touches', () => {
    const { parameters, benchmarks } = madeProblem({});
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
    for (const { touches } of parameters) expect(benchmarks.some(touches)).toBe(true);
  });

  test('a state leaves the profile it was made from alone', () => {
    const problem = madeProblem({});
    const before = JSON.stringify(problem.profile);
    stateAt(
      problem,
      priorLogs(problem.parameters).map((value) => value + 1),
    );
    expect(JSON.stringify(problem.profile)).toBe(before);
  });
});

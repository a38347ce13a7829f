import { choleskyFactor, solveCholesky } from '../../numerics/cholesky.ts';
import type { OperatorWork } from '../../roofline/operator-work.ts';
import { planOf } from '../../roofline/step-plan.ts';
import type { Benchmark } from '../../validation/benchmark.ts';
import { benchmarkMeans, isSimulated } from '../../validation/benchmark-means.ts';
import type { ValidationMethod } from '../../validation/types.ts';
import { predictedMeans, type Observation, type PredictedMeans } from './observations.ts';
import { priorState, profileOnMachine, type FitState, type Parameter } from './parameters.ts';
import { UNCERTAIN_METRICS, type CalibrationProfile, type UncertainMetric } from '../types.ts';

/** Everything a fit is made from. */
export interface FitProblem {
  profile: CalibrationProfile;
  parameters: readonly Parameter[];
  benchmarks: readonly Benchmark[];
  /** [benchmark] what its steps have to do: worked out once for all states. */
  works: readonly OperatorWork[];
  observations: readonly Observation[];
}

export interface FitOutcome {
  /** [parameter] natural logarithm. */
  logs: Float64Array;
  state: FitState;
  /** [parameter] standard deviation of the logarithm after the fit, relative to the prior's: 1 = the data say nothing. */
  remainingSpread: Float64Array;
}

/** Errors beyond this count linearly, not squared: single strange rows do not pull (Huber). In ln units, about 15 %. */
const HUBER_LIMIT = 0.15;
/** Standard deviation of ln(error) that the model is expected to leave; priors weigh against it. */
const EXPECTED_ERROR = 0.085;
/**
 * A group of n figures of a metric weighs n^(1 - this): between every point alike (0) and every group alike (1), since the
 * large groups are sweeps of one set-up but also the careful ones.
 */
const GROUP_POWER = 0.7;
/** Of a fit from the priors, and of one that starts at the fit over everything. */
const MOST_ITERATIONS = { fresh: 20, started: 6 };
const ENOUGH = 1e-4;
/** Step of the numerical derivative, and the longest step of an iteration, in ln units. */
const DERIVATIVE_STEP = 0.02;
const LONGEST_STEP = 0.7;
/** Errors beyond this factor are as bad as any. */
const LARGEST_ERROR = 3;
/** Levenberg–Marquardt damping: where it starts, how it shrinks and grows, and how often it is tried. */
const DAMPING = { start: 1e-3, least: 1e-6, shrink: 5, grow: 8, tries: 6 };

/** Predicts one benchmark's means in a state. */
export function predictMeans(
  b: Benchmark,
  work: OperatorWork,
  state: FitState,
  method: ValidationMethod = 'auto',
): PredictedMeans {
  const calibration = profileOnMachine(state, b);
  return predictedMeans(b, benchmarkMeans(b, planOf(work, calibration), calibration, method));
}

/** Metric by metric. */
const perMetric = (of: (metric: UncertainMetric) => number): PredictedMeans =>
  Object.fromEntries(UNCERTAIN_METRICS.map((metric) => [metric, of(metric)])) as PredictedMeans;

const logError = (predicted: number, measured: number): number => {
  const error = Math.log(predicted / measured);
  return Number.isFinite(error) ? Math.max(-LARGEST_ERROR, Math.min(LARGEST_ERROR, error)) : LARGEST_ERROR;
};

/** State in which the parameters have these logarithms. */
export function stateAt(
  { profile, parameters }: Pick<FitProblem, 'profile' | 'parameters'>,
  logs: Float64Array,
): FitState {
  const state = priorState(profile, parameters);
  parameters.forEach(({ set }, i) => set(state, Math.exp(logs[i] as number)));
  return state;
}

export const priorLogs = (parameters: readonly Parameter[]): Float64Array =>
  Float64Array.from(parameters, ({ prior }) => Math.log(prior.value));

interface Weighted extends Observation {
  weight: number;
}

function weighted({ benchmarks, observations }: FitProblem): Weighted[] {
  const key = ({ benchmark, metric }: Observation): string => `${metric} ${benchmarks[benchmark]?.group ?? ''}`;
  const counts = new Map<string, number>();
  for (const observation of observations) counts.set(key(observation), (counts.get(key(observation)) ?? 0) + 1);
  return observations.map((observation) => ({
    ...observation,
    weight: (counts.get(key(observation)) as number) ** -GROUP_POWER / EXPECTED_ERROR ** 2,
  }));
}

/** The sum that a fit makes small: robust squares of the errors, and squares of the ways from the priors. */
class Objective {
  readonly observations: readonly Weighted[];
  readonly priorLogs: Float64Array;
  /** Benchmarks with observations. */
  readonly benchmarks: readonly number[];
  /** [parameter] those of them that it touches. */
  readonly touched: readonly (readonly number[])[];
  readonly problem: FitProblem;
  /** [benchmark] of those that are simulated, the simulation / the closed form in the state moved to last. */
  readonly #corrections = new Map<number, PredictedMeans>();

  constructor(problem: FitProblem) {
    this.problem = problem;
    this.observations = weighted(problem);
    this.priorLogs = priorLogs(problem.parameters);
    this.benchmarks = [...new Set(problem.observations.map(({ benchmark }) => benchmark))];
    this.touched = problem.parameters.map(({ touches }) => this.benchmarks.filter((b) => touches(this.#benchmark(b))));
  }

  #benchmark(index: number): Benchmark {
    return this.problem.benchmarks[index] as Benchmark;
  }

  #means(index: number, state: FitState, method: ValidationMethod): PredictedMeans {
    return predictMeans(this.#benchmark(index), this.problem.works[index] as OperatorWork, state, method);
  }

  /** A simulation is a thousand times dearer than its closed form: about a state it moves as that does. */
  #predict(index: number, state: FitState): PredictedMeans {
    const closed = this.#means(index, state, 'batching');
    const correction = this.#corrections.get(index);
    return correction ? perMetric((metric) => closed[metric] * correction[metric]) : closed;
  }

  /** Simulates what is simulated, once a state; predictions near it start from there. */
  moveTo(state: FitState): void {
    for (const index of this.benchmarks) {
      if (!isSimulated(this.#benchmark(index))) continue;
      const [run, closed] = [this.#means(index, state, 'auto'), this.#means(index, state, 'batching')];
      this.#corrections.set(
        index,
        perMetric((metric) => run[metric] / closed[metric]),
      );
    }
  }

  predict(state: FitState): Map<number, PredictedMeans> {
    return new Map(this.benchmarks.map((index) => [index, this.#predict(index, state)]));
  }

  cost(predictions: ReadonlyMap<number, PredictedMeans>, logs: Float64Array): number {
    let sum = 0;
    for (const { benchmark, metric, measured, weight } of this.observations) {
      const error = Math.abs(logError((predictions.get(benchmark) as PredictedMeans)[metric], measured));
      sum += weight * (error <= HUBER_LIMIT ? error ** 2 / 2 : HUBER_LIMIT * (error - HUBER_LIMIT / 2));
    }
    this.problem.parameters.forEach(({ prior }, i) => {
      sum += (((logs[i] as number) - (this.priorLogs[i] as number)) / prior.spread) ** 2 / 2;
    });
    return sum;
  }

  /** Normal equations of a Gauss–Newton step about `logs`. */
  normalEquations(
    predictions: ReadonlyMap<number, PredictedMeans>,
    logs: Float64Array,
  ): { matrix: Float64Array; gradient: Float64Array } {
    const { parameters } = this.problem;
    const n = parameters.length;
    const matrix = new Float64Array(n * n);
    const gradient = new Float64Array(n);
    const slopes = this.#moved(logs);
    for (const { benchmark, metric, measured, weight } of this.observations) {
      const predicted = (predictions.get(benchmark) as PredictedMeans)[metric];
      const error = logError(predicted, measured);
      const robust = weight * (Math.abs(error) <= HUBER_LIMIT ? 1 : HUBER_LIMIT / Math.abs(error));
      const columns: number[] = [];
      const values: number[] = [];
      for (const [parameter, moved] of slopes.get(benchmark) ?? []) {
        const slope = Math.log(moved[metric] / predicted) / DERIVATIVE_STEP;
        if (slope === 0 || !Number.isFinite(slope)) continue;
        columns.push(parameter);
        values.push(slope);
      }
      for (let a = 0; a < columns.length; a += 1) {
        const scaled = robust * (values[a] as number);
        const row = columns[a] as number;
        gradient[row] = (gradient[row] as number) + scaled * error;
        for (let b = 0; b < columns.length; b += 1) {
          const at = row * n + (columns[b] as number);
          matrix[at] = (matrix[at] as number) + scaled * (values[b] as number);
        }
      }
    }
    parameters.forEach(({ prior }, i) => {
      const weight = 1 / prior.spread ** 2;
      matrix[i * n + i] = (matrix[i * n + i] as number) + weight;
      gradient[i] = (gradient[i] as number) + weight * ((logs[i] as number) - (this.priorLogs[i] as number));
    });
    return { matrix, gradient };
  }

  /** By benchmark, the predictions with one parameter moved at a time. */
  #moved(logs: Float64Array): Map<number, [parameter: number, predicted: PredictedMeans][]> {
    const { parameters } = this.problem;
    const moved = new Map<number, [number, PredictedMeans][]>(this.benchmarks.map((index) => [index, []]));
    parameters.forEach(({ set }, parameter) => {
      const state = stateAt(this.problem, logs);
      set(state, Math.exp((logs[parameter] as number) + DERIVATIVE_STEP));
      for (const index of this.touched[parameter] ?? []) {
        moved.get(index)?.push([parameter, this.#predict(index, state)]);
      }
    });
    return moved;
  }
}

const damped = (matrix: Float64Array, n: number, damping: number): Float64Array => {
  const copy = Float64Array.from(matrix);
  for (let i = 0; i < n; i += 1) copy[i * n + i] = (copy[i * n + i] as number) * (1 + damping);
  return copy;
};

const clamped = (step: number): number => Math.max(-LONGEST_STEP, Math.min(LONGEST_STEP, step));

/**
 * Fits the parameters to the observations: robust least squares on the logarithm of errors with a Gaussian prior on every
 * parameter, by damped Gauss–Newton steps (Levenberg–Marquardt). `from` starts it elsewhere than at the priors.
 */
export function robustFit(problem: FitProblem, from?: Float64Array): FitOutcome {
  const objective = new Objective(problem);
  const n = problem.parameters.length;
  let logs = from ? Float64Array.from(from) : priorLogs(problem.parameters);
  objective.moveTo(stateAt(problem, logs));
  let predictions = objective.predict(stateAt(problem, logs));
  let cost = objective.cost(predictions, logs);
  let damping = DAMPING.start;
  let information = new Float64Array(n * n);
  const most = from ? MOST_ITERATIONS.started : MOST_ITERATIONS.fresh;
  for (let iteration = 0; iteration < most; iteration += 1) {
    const { matrix, gradient } = objective.normalEquations(predictions, logs);
    information = Float64Array.from(matrix);
    let gain = 0;
    for (let attempt = 0; attempt < DAMPING.tries; attempt += 1) {
      const step = solveCholesky(choleskyFactor(damped(matrix, n, damping), n), gradient);
      const next = logs.map((value, i) => value - clamped(step[i] as number));
      const nextState = stateAt(problem, next);
      const nextCost = objective.cost(objective.predict(nextState), next);
      if (nextCost < cost) {
        gain = (cost - nextCost) / cost;
        logs = next;
        objective.moveTo(nextState);
        predictions = objective.predict(nextState);
        cost = objective.cost(predictions, logs);
        damping = Math.max(DAMPING.least, damping / DAMPING.shrink);
        break;
      }
      damping *= DAMPING.grow;
    }
    if (gain < ENOUGH) break;
  }
  return { logs, state: stateAt(problem, logs), remainingSpread: remainingSpreads(information, problem.parameters) };
}

/** Standard deviations from the inverse of the information matrix, each relative to its prior's. */
function remainingSpreads(information: Float64Array, parameters: readonly Parameter[]): Float64Array {
  const n = parameters.length;
  const factor = choleskyFactor(information, n);
  return Float64Array.from(parameters, ({ prior }, i) => {
    const unit = new Float64Array(n);
    unit[i] = 1;
    const variance = solveCholesky(factor, unit)[i] as number;
    return Math.sqrt(Math.max(0, variance)) / prior.spread;
  });
}

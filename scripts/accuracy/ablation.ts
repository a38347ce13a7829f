import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { aliasSource, loadAliases, readBundledModel } from '../../src-main/catalogs/models.ts';
import { loadPriors } from '../../src-main/catalogs/priors.ts';
import { bundledMeasurements } from '../../src-main/measurements/bundled.ts';
import { readyBenchmarks, type ReadyBenchmark } from '../../src-worker/answers/calibration/benchmarks.ts';
import { resolveCalibration } from '../../src-worker/answers/resolve.ts';
import { partsToLeaveOut } from '../../src-worker/engine/calibration/fit/left-out.ts';
import {
  observationsOf,
  type Observation,
  type PredictedMeans,
} from '../../src-worker/engine/calibration/fit/observations.ts';
import { parametersFor, type FitState } from '../../src-worker/engine/calibration/fit/parameters.ts';
import { predictMeans, robustFit, type FitProblem } from '../../src-worker/engine/calibration/fit/robust-fit.ts';
import type {
  CalibrationPriors,
  CalibrationProfile,
  UncertainMetric,
} from '../../src-worker/engine/calibration/types.ts';
import { medianOf } from '../../src-worker/engine/numerics/sample.ts';
import type { OperatorWork } from '../../src-worker/engine/roofline/operator-work.ts';
import type { Benchmark } from '../../src-worker/engine/validation/benchmark.ts';
import type { ModelSource } from '../../src-worker/engine/model/types.ts';
import { METRICS, percentOff } from './headline.ts';
import { BUNDLED } from './service.ts';
import type { Variant } from './variants.ts';

/** Groups are left out in as many parts, the same for all variants. */
export const FOLDS = 3;

/** What all variants start from: the measurements that ship with the program, and the profile that predicts them. */
export interface Measured {
  ready: ReadyBenchmark[];
  profile: CalibrationProfile;
  priors: CalibrationPriors;
  skipped: number;
}

export async function bundledMeasured(): Promise<Measured> {
  const folder = bundledCatalogsFolder();
  const facts = loadFacts(folder);
  const aliases = loadAliases(folder);
  const profile = resolveCalibration(BUNDLED, facts);
  const { measurements, doubtful } = await bundledMeasurements(folder);
  const sourceOf = (name: string): ModelSource | undefined => {
    const own = readBundledModel(folder, name);
    const alias = aliases.get(name);
    const aliased = alias && readBundledModel(folder, alias.of);
    return own ?? (alias && aliased ? aliasSource(name, alias, aliased) : undefined);
  };
  const models: Record<string, ModelSource> = {};
  for (const name of new Set(measurements.map(({ model }) => model))) {
    const source = sourceOf(name);
    if (source) models[name] = source;
  }
  const rows = measurements.filter(({ pointId }) => !doubtful.has(pointId));
  const { ready, skipped } = readyBenchmarks({ rows, models }, facts, profile);
  return { ready, profile, priors: loadPriors(folder), skipped: skipped.length };
}

/** Where fits start: logarithms by parameter. */
export type Start = Readonly<Record<string, number>>;

/** The fit of a variant over all its observations. */
export function problemOf(measured: Measured, variant: Variant): FitProblem {
  const profile = structuredClone(measured.profile);
  const priors = structuredClone(measured.priors);
  variant.change?.(profile);
  variant.changePriors?.(priors);
  const benchmarks = measured.ready.map(({ benchmark }) => ofGeneration(benchmark, variant.generation));
  const works = measured.ready.map(({ work }) => workOfGeneration(work, variant.generation));
  const all = parametersFor(profile, priors, benchmarks, { separatesMachines: true });
  const state: FitState = { profile, machines: {} };
  const parameters = all.filter(({ name, set }) => {
    const held = variant.held?.(name) ?? null;
    if (held !== null) set(state, held);
    return held === null;
  });
  const observations = observationsOf(benchmarks);
  return { profile, parameters, benchmarks, works, observations };
}

function ofGeneration(benchmark: Benchmark, generation: string | undefined): Benchmark {
  if (generation === undefined) return benchmark;
  return { ...benchmark, generation, deployment: { ...benchmark.deployment, generation } };
}

function workOfGeneration(work: OperatorWork, generation: string | undefined): OperatorWork {
  return generation === undefined ? work : { ...work, hardware: { ...work.hardware, generation } };
}

const isFitted = ({ isFitted: fitted }: Observation): boolean => fitted;

/** The fit over everything, from the priors or from elsewhere, as logarithms by parameter. */
export function fitWhole(problem: FitProblem, start: Start | null): Start {
  const { parameters, observations } = problem;
  const from = start && Float64Array.from(parameters, ({ name, prior }) => start[name] ?? Math.log(prior.value));
  const { logs } = robustFit({ ...problem, observations: observations.filter(isFitted) }, from ?? undefined);
  return Object.fromEntries(parameters.map(({ name }, i) => [name, logs[i] as number]));
}

export interface VariantErrors {
  name: string;
  parameters: number;
  errors: Record<UncertainMetric, { points: number; macro: number; number: number }>;
}

/** Fits a variant without each part of the groups, and what it then says of them. */
export function leftOutErrors(problem: FitProblem, whole: Start, name: string): VariantErrors {
  const { benchmarks, observations, parameters } = problem;
  const from = Float64Array.from(parameters, (parameter) => whole[parameter.name] as number);
  const keys = partsToLeaveOut(benchmarks, 'group').flat();
  const foldOf = new Map(keys.map((key, i) => [key, i % FOLDS]));
  const foldAt = (index: number): number => foldOf.get((benchmarks[index] as Benchmark).group) ?? 0;
  const left: [Observation, number][] = [];
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const seen = observations.filter((one) => isFitted(one) && foldAt(one.benchmark) !== fold);
    const { state } = robustFit({ ...problem, observations: seen }, from);
    const unseen = observations.filter(({ benchmark }) => foldAt(benchmark) === fold);
    left.push(...predictedOf(problem, unseen, state));
  }
  return { name, parameters: parameters.length, errors: errorsOf(problem, left) };
}

function predictedOf(
  { benchmarks, works }: FitProblem,
  observations: readonly Observation[],
  state: FitState,
): [Observation, number][] {
  const known = new Map<number, PredictedMeans>();
  return observations.map((observation) => {
    const { benchmark: index, metric } = observation;
    const means = known.get(index) ?? predictMeans(benchmarks[index] as Benchmark, works[index] as OperatorWork, state);
    known.set(index, means);
    return [observation, means[metric]];
  });
}

/** Medians over points, and over groups of their medians. */
function errorsOf({ benchmarks }: FitProblem, left: readonly [Observation, number][]): VariantErrors['errors'] {
  return Object.fromEntries(
    METRICS.map((metric) => {
      const groups = new Map<string, number[]>();
      for (const [{ benchmark, metric: of, measured }, predicted] of left) {
        if (of !== metric) continue;
        const { group } = benchmarks[benchmark] as Benchmark;
        const list = groups.get(group) ?? [];
        groups.set(group, list);
        list.push(Math.abs(percentOff({ predicted, measured })));
      }
      const all = [...groups.values()];
      const points = all.flat();
      return [metric, { points: medianOf(points), macro: medianOf(all.map(medianOf)), number: points.length }];
    }),
  ) as VariantErrors['errors'];
}

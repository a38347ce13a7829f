import { coverageOf } from '../../engine/calibration/fit/coverage.ts';
import { leftOutKey, partsToLeaveOut } from '../../engine/calibration/fit/left-out.ts';
import { observationsOf, predictedMeans, type Observation } from '../../engine/calibration/fit/observations.ts';
import { heldNear, parametersFor, profileOnMachine, type FitState } from '../../engine/calibration/fit/parameters.ts';
import { robustFit, type FitProblem } from '../../engine/calibration/fit/robust-fit.ts';
import {
  LATENCY_METRICS,
  LEAVE_OUTS,
  UNCERTAIN_PERCENTILES,
  type CalibrationProfile,
  type LeaveOut,
} from '../../engine/calibration/types.ts';
import type { Facts } from '../../engine/facts.ts';
import { planOf } from '../../engine/roofline/step-plan.ts';
import { benchmarkMeans } from '../../engine/validation/benchmark-means.ts';
import { benchmarkTraits } from '../../engine/validation/benchmark-traits.ts';
import { judgedColumns } from '../../engine/validation/judged-columns.ts';
import { predictColumns } from '../../engine/validation/predicted-columns.ts';
import { noveltiesOf } from '../../engine/uncertainty/novelty.ts';
import type { FitAnswer, FitRequest, FittedFigure, FittedPercentile } from '../../protocol/calibration.ts';
import { byCount, noMeasurements, readyBenchmarks, skippedReasons } from './benchmarks.ts';

/** The problem of a request, over everything it has. */
export function fitProblem(request: FitRequest, facts: Facts) {
  const { ready, skipped } = readyBenchmarks(request, facts, request.profile);
  const benchmarks = ready.map(({ benchmark }) => benchmark);
  const works = ready.map(({ work }) => work);
  const { profile, priors, startsFrom } = request;
  const scope = { separatesMachines: startsFrom === 'priors' };
  const all = parametersFor(profile, priors, benchmarks, scope);
  const parameters = startsFrom === 'priors' ? all : heldNear(profile, all);
  return { benchmarks, works, parameters, observations: observationsOf(benchmarks), skipped };
}

type Problem = ReturnType<typeof fitProblem>;

/** Figures of everything as the profile of the request predicts it, before any fit. */
export const figuresBefore = (problem: Problem, profile: CalibrationProfile): FittedFigure[] =>
  figuresOf(problem, problem.observations, { profile, machines: {} }, []);

/** What a figure says of its benchmark. */
type AboutFigure = Omit<FittedFigure, 'metric' | 'measured' | 'predicted'>;

const aboutOf = (
  b: Problem['benchmarks'][number],
  { novelties, traits }: Pick<FittedFigure, 'novelties' | 'traits'>,
): AboutFigure => ({
  point_id: b.row.pointId,
  group: b.group,
  source_id: b.row.sourceId,
  model: b.row.model,
  gpu: b.deployment.gpu.id,
  generation: b.generation,
  workload_kind: b.row.kind,
  novelties,
  traits,
});

/** Percentiles that were measured of withheld benchmarks, as a state predicts them. */
function percentilesOf(
  { benchmarks, works }: Problem,
  figures: readonly FittedFigure[],
  state: FitState,
): FittedPercentile[] {
  const figureOf = new Map(figures.map((figure) => [figure.point_id, figure]));
  return benchmarks.flatMap((b, index) => {
    const figure = figureOf.get(b.row.pointId);
    const judged = new Set<string>(judgedColumns(b));
    const asked = LATENCY_METRICS.flatMap((metric) =>
      UNCERTAIN_PERCENTILES.map((percentile) => ({ metric, percentile, column: `${metric}_ms_${percentile}` })),
    ).filter(({ column }) => judged.has(column));
    if (!figure || asked.length === 0) return [];
    const calibration = profileOnMachine(state, b);
    const columns = predictColumns(b, planOf(works[index] as Problem['works'][number], calibration), calibration);
    return asked.flatMap(({ metric, percentile, column }) => {
      const predicted = columns[column];
      const measured = b.row.measured[column] as number;
      return predicted === undefined ? [] : [{ ...aboutOf(b, figure), metric, percentile, measured, predicted }];
    });
  });
}

/** Figures of some observations in a state, `trained` = the benchmarks that the fit had seen. */
function figuresOf(
  { benchmarks, works }: Problem,
  observations: readonly Observation[],
  state: FitState,
  trained: readonly number[],
): FittedFigure[] {
  const coverage = coverageOf(trained.map((index) => benchmarks[index] as Problem['benchmarks'][number]));
  const seen: CalibrationProfile = { ...state.profile, coverage };
  const about = new Map(
    [...new Set(observations.map(({ benchmark }) => benchmark))].map((index) => {
      const b = benchmarks[index] as Problem['benchmarks'][number];
      const work = works[index] as Problem['works'][number];
      const calibration = profileOnMachine(state, b);
      const plan = planOf(work, calibration);
      const means = benchmarkMeans(b, plan, calibration);
      const { gpu, model } = b.deployment;
      const questioned = { gpuId: gpu.id, generation: b.generation, architecture: model.architecture };
      return [
        index,
        {
          b,
          predicted: predictedMeans(b, means),
          novelties: noveltiesOf(seen, questioned),
          traits: benchmarkTraits(b, plan, means),
        },
      ] as const;
    }),
  );
  return observations.flatMap(({ benchmark, metric, measured }) => {
    const found = about.get(benchmark);
    if (!found) return [];
    const { b, predicted, novelties, traits } = found;
    return [{ ...aboutOf(b, { novelties, traits }), metric, measured, predicted: predicted[metric] }];
  });
}

/** Of a row whose only figures are percentiles, or none that its regime lets be judged. */
const NO_HEADLINE = 'no mean, median or rate that can be judged is given, and a fit needs one.';

/**
 * Fits a profile to measurements, all of them or all but `withheld`, and predicts the figures that were withheld (all of them
 * where none were). Throws invalid input where no measurement can be used.
 */
export function answerFit(request: FitRequest, facts: Facts): FitAnswer {
  const problem = fitProblem(request, facts);
  const { benchmarks, observations, parameters, skipped } = problem;
  if (observations.length === 0) {
    const withoutHeadline = benchmarks.map(({ row }) => ({ point_id: row.pointId, reason: NO_HEADLINE }));
    const reasons = skippedReasons([...skipped, ...withoutHeadline]);
    throw noMeasurements(byCount([...reasons, ...(request.otherReasons ?? [])]), request.rows.length);
  }
  const { withheld } = request;
  const isWithheld = (index: number): boolean =>
    withheld !== null &&
    withheld.keys.includes(leftOutKey(benchmarks[index] as (typeof benchmarks)[number], withheld.by));
  const trainable = observations.filter(({ benchmark, isFitted }) => isFitted && !isWithheld(benchmark));
  const fit: FitProblem = {
    profile: request.profile,
    parameters,
    benchmarks,
    works: problem.works,
    observations: trainable,
  };
  const { logs, state, remainingSpread } = robustFit(fit, request.from ? Float64Array.from(request.from) : undefined);
  const trained = benchmarks.map((_, index) => index).filter((index) => !isWithheld(index));
  const asked = withheld === null ? observations : observations.filter(({ benchmark }) => isWithheld(benchmark));
  const figures = figuresOf(problem, asked, state, trained);
  return {
    parameters: parameters.map(({ name }) => name),
    logs: [...logs],
    remaining: [...remainingSpread],
    figures,
    percentiles: withheld?.by === 'group' ? percentilesOf(problem, figures, state) : [],
    used: benchmarks.length,
    skipped,
    parts: Object.fromEntries(LEAVE_OUTS.map((by) => [by, partsToLeaveOut(benchmarks, by)])) as Record<
      LeaveOut,
      string[][]
    >,
  };
}

import { assembleProfile } from '../../engine/calibration/fit/assemble.ts';
import type { SeenFigure } from '../../engine/calibration/fit/own-errors.ts';
import type { Parameter } from '../../engine/calibration/fit/parameters.ts';
import {
  percentileMultipliers,
  residualSpread,
  type LeftOutFigure,
} from '../../engine/calibration/fit/residual-spread.ts';
import { stateAt } from '../../engine/calibration/fit/robust-fit.ts';
import {
  NOVELTIES,
  UNCERTAIN_METRICS,
  type CalibrationProfile,
  type ResidualSpread,
  type UncertainMetric,
} from '../../engine/calibration/types.ts';
import type { Facts } from '../../engine/facts.ts';
import { medianOf } from '../../engine/numerics/sample.ts';
import { factor80 } from '../../engine/uncertainty/factor.ts';
import { groupKey } from '../../engine/uncertainty/novelty.ts';
import type { Benchmark } from '../../engine/validation/benchmark.ts';
import type {
  CalibrationDocument,
  CalibrationRequest,
  ClassCoverage,
  ErrorBasis,
  FittedFigure,
  GroupError,
  MetricError,
  MovedParameter,
} from '../../protocol/calibration.ts';
import { SCHEMA_VERSION } from '../../protocol/documents.ts';
import { errorPercent } from '../../protocol/error-summary.ts';
import { rounded } from '../../protocol/rounded.ts';
import { skippedReasons } from './benchmarks.ts';
import { figuresBefore, fitProblem } from './fit.ts';
import { fittedRowsOf, withFittedRows } from './row-hash.ts';

/** Of each metric: one that is hard throughout would else fill the list. */
const WORST_GROUPS = 5;

const logError = ({ predicted, measured }: FittedFigure): number => Math.log(predicted / measured);
const absolutePercents = (figures: readonly FittedFigure[]): number[] =>
  figures.map((figure) => Math.abs(errorPercent(figure)));

const asLeftOut = (figure: FittedFigure): LeftOutFigure => ({
  metric: figure.metric,
  point: figure.point_id,
  group: figure.group,
  logError: logError(figure),
  novelties: figure.novelties,
  traits: figure.traits,
  question: `${figure.generation}|${figure.model}`,
  gpu: figure.gpu,
});

function groupsOf(figures: readonly FittedFigure[]): Map<string, FittedFigure[]> {
  const groups = new Map<string, FittedFigure[]>();
  for (const figure of figures) groups.set(figure.group, [...(groups.get(figure.group) ?? []), figure]);
  return groups;
}

type LeastFactors = Partial<Record<UncertainMetric, number>>;

/** Half width of a figure's interval, as a factor. */
type WidthOf = (figure: FittedFigure) => number;

/** `leastFactors`, by figure: what a profile is known to be off by on rows of the same set-up. */
const widthBy =
  (
    residuals: ResidualSpread,
    generationRows: (generation: string) => number,
    leastFactors: (figure: FittedFigure) => LeastFactors = () => ({}),
  ): WidthOf =>
  (figure) => {
    const { metric, novelties, traits, generation } = figure;
    const question = { novelties, traits, generationRows: generationRows(generation) };
    return factor80(residuals, metric, { ...question, leastFactors: leastFactors(figure) });
  };

/**
 * Intervals as a figure's own group left them: the spread they are made from was estimated without its fifth of the groups,
 * so that what they hold says something of set-ups nobody has seen.
 */
function crossFitted(
  withheld: readonly FittedFigure[],
  parts: readonly (readonly FittedFigure[])[],
  generationRows: (generation: string) => number,
): WidthOf {
  const partOf = new Map(parts.flatMap((figures, part) => figures.map(({ group }) => [group, part] as const)));
  const widths = parts.map((_, part) => {
    const spread = residualSpread(withheld.filter(({ group }) => partOf.get(group) !== part).map(asLeftOut));
    return spread && widthBy(spread, generationRows);
  });
  return (figure) => widths[partOf.get(figure.group) ?? -1]?.(figure) ?? Infinity;
}

function coverageOfIntervals(figures: readonly FittedFigure[], widthOf: WidthOf) {
  const inside = figures.filter((figure) => Math.abs(logError(figure)) <= Math.log(widthOf(figure)));
  return {
    coverage: rounded(inside.length / figures.length),
    median_width: rounded(medianOf(figures.map((figure) => widthOf(figure) ** 2))),
  };
}

function metricErrors(figures: readonly FittedFigure[], widthOf: WidthOf | null): MetricError[] {
  return UNCERTAIN_METRICS.map((metric) => {
    const own = figures.filter((figure) => figure.metric === metric);
    const groups = [...groupsOf(own).values()];
    const isEmpty = own.length === 0;
    const covered = widthOf === null || isEmpty ? null : coverageOfIntervals(own, widthOf);
    return {
      metric,
      macro_percent: isEmpty ? null : rounded(medianOf(groups.map((group) => medianOf(absolutePercents(group))))),
      points_percent: isEmpty ? null : rounded(medianOf(absolutePercents(own))),
      bias_percent: isEmpty ? null : rounded(medianOf(own.map(errorPercent))),
      groups: groups.length,
      points: own.length,
      coverage: covered?.coverage ?? null,
      median_width: covered?.median_width ?? null,
    };
  });
}

function worstGroups(figures: readonly FittedFigure[]): GroupError[] {
  const worst = (a: GroupError, b: GroupError): number =>
    b.median_percent - a.median_percent || (a.group < b.group ? -1 : 1);
  return UNCERTAIN_METRICS.flatMap((metric) =>
    [...groupsOf(figures.filter((figure) => figure.metric === metric))]
      .map(([group, own]) => ({
        group,
        metric,
        points: own.length,
        median_percent: rounded(medianOf(absolutePercents(own))),
        bias_percent: rounded(medianOf(own.map(errorPercent))),
      }))
      .sort(worst)
      .slice(0, WORST_GROUPS),
  ).sort(worst);
}

function classCoverage(figures: readonly FittedFigure[], widthOf: WidthOf): ClassCoverage[] {
  return UNCERTAIN_METRICS.flatMap((metric: UncertainMetric) =>
    NOVELTIES.flatMap((novelty) => {
      const own = figures.filter(
        (figure) => figure.metric === metric && figure.novelties.at(-1) === novelty && figure.novelties.length <= 2,
      );
      return own.length === 0 ? [] : [{ metric, novelty, points: own.length, ...coverageOfIntervals(own, widthOf) }];
    }),
  );
}

/** The group that a question of the same set-up has, by measurement. */
const questionGroups = (benchmarks: readonly Benchmark[]): ReadonlyMap<string, string> =>
  new Map(
    benchmarks.map(({ row, deployment: { gpu, model }, generation }) => [
      row.pointId,
      groupKey({ gpuId: gpu.id, generation, architecture: model.architecture }),
    ]),
  );

function seenFigures(groups: ReadonlyMap<string, string>, figures: readonly FittedFigure[]): SeenFigure[] {
  return figures.map((figure) => ({
    group: groups.get(figure.point_id) ?? figure.group,
    metric: figure.metric,
    logError: logError(figure),
  }));
}

/** What of the profile is another than in the base; how fast the machines of the measurements were is no part of it. */
function movedParameters(
  parameters: readonly Parameter[],
  base: CalibrationProfile,
  profile: CalibrationProfile,
): MovedParameter[] {
  const distance = ({ from, to }: MovedParameter): number => Math.abs(Math.log(to / from));
  return parameters
    .filter(({ name }) => !name.startsWith('machines.'))
    .map(({ name, get }) => ({
      parameter: name,
      from: get({ profile: base, machines: {} }),
      to: get({ profile, machines: {} }),
    }))
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => distance(b) - distance(a) || (a.parameter < b.parameter ? -1 : 1));
}

/** Puts the profile of a calibration together, with the report of how good it is. */
export function answerCalibration(request: CalibrationRequest, facts: Facts): CalibrationDocument {
  const { fit, full, leftOut, name, description, source, repeated, isBundled } = request;
  const problem = fitProblem(fit, facts);
  const groups = questionGroups(problem.benchmarks);
  const withheld = leftOut.flatMap(({ answer }) => answer.figures);
  const isFresh = fit.startsFrom === 'priors';
  const byGroup = leftOut.filter(({ by }) => by === 'group').map(({ answer }) => answer);
  const rowsOf = new Map<string, number>();
  for (const { generation } of problem.benchmarks) rowsOf.set(generation, (rowsOf.get(generation) ?? 0) + 1);
  const honestWidthOf = crossFitted(
    withheld,
    byGroup.map(({ figures }) => figures),
    (generation) => rowsOf.get(generation) ?? 0,
  );
  const spreadOfAll = isFresh ? residualSpread(withheld.map(asLeftOut)) : null;
  const residuals = spreadOfAll && {
    ...spreadOfAll,
    percentiles: percentileMultipliers(
      byGroup.flatMap(({ percentiles }) =>
        percentiles.map((figure) => ({
          point: figure.point_id,
          group: figure.group,
          metric: figure.metric,
          percentile: figure.percentile,
          logError: logError(figure),
          logFactor: Math.log(honestWidthOf(figure)),
        })),
      ),
    ),
  };
  const logs = Float64Array.from(full.logs);
  const errors = new Map<string, number[]>();
  for (const figure of full.figures)
    errors.set(figure.point_id, [...(errors.get(figure.point_id) ?? []), Math.abs(errorPercent(figure))]);
  const assembled = assembleProfile({
    name,
    description,
    source,
    state: stateAt({ profile: fit.profile, parameters: problem.parameters }, logs),
    parameters: problem.parameters,
    priors: fit.priors,
    benchmarks: problem.benchmarks,
    remainingSpread: full.remaining,
    errorsPercent: problem.benchmarks.map(({ row }) => errors.get(row.pointId) ?? []),
    figures: seenFigures(groups, full.figures),
    refits: byGroup.map(({ logs }) => logs),
    isFresh,
    residuals,
  });
  const before = isFresh ? null : fittedRowsOf(fit.profile);
  const rows = problem.benchmarks.map(({ row }) => row);
  const profile: CalibrationProfile = { ...assembled, fittedRows: withFittedRows(before, rows, isBundled) };
  const spread = profile.residuals;
  const ownWidthOf = spread
    ? widthBy(
        spread,
        (generation) => profile.coverage?.generations[generation] ?? 0,
        ({ point_id }) => profile.ownErrors?.[groups.get(point_id) ?? ''] ?? {},
      )
    : null;
  const widthOf = isFresh && ownWidthOf ? honestWidthOf : ownWidthOf;
  const bases = new Map<ErrorBasis, MetricError[]>([
    ['before', metricErrors(figuresBefore(problem, fit.profile), null)],
    ['in_sample', metricErrors(full.figures, null)],
  ]);
  for (const by of new Set(leftOut.map((part) => part.by))) {
    bases.set(
      by,
      metricErrors(
        leftOut.flatMap((part) => (part.by === by ? part.answer.figures : [])),
        widthOf,
      ),
    );
  }
  const groupFigures = byGroup.flatMap(({ figures }) => figures);
  return {
    schema_version: SCHEMA_VERSION,
    name,
    base: fit.profile.name,
    rows: fit.rows.length,
    used: full.used,
    repeated: repeated.length,
    parameters: full.parameters.length,
    informed: full.parameters.filter((parameter) => profile.evidence?.[parameter]?.isInformed).length,
    moved: movedParameters(problem.parameters, fit.profile, profile),
    errors: Object.fromEntries(bases),
    worst_groups: worstGroups(groupFigures),
    interval_classes: widthOf ? classCoverage(withheld, widthOf) : [],
    skipped: [...repeated, ...full.skipped],
    skipped_reasons: skippedReasons([...repeated, ...full.skipped]),
    profile,
    left_out: (widthOf ? groupFigures : []).map((figure) => ({
      point_id: figure.point_id,
      metric: figure.metric,
      predicted: rounded(figure.predicted),
      factor: widthOf ? rounded(widthOf(figure)) : null,
      novelty: figure.novelties.at(-1) ?? 'group_new',
    })),
  };
}

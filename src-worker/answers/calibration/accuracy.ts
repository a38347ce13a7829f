import type { CalibrationProfile, Novelty, UncertainMetric, UncertainTrait } from '../../engine/calibration/types.ts';
import { UNCERTAIN_METRICS, UNCERTAIN_PERCENTILES } from '../../engine/calibration/types.ts';
import type { Facts } from '../../engine/facts.ts';
import { factor80, percentileMultiplier } from '../../engine/uncertainty/factor.ts';
import { spreadQuestionOf } from '../../engine/uncertainty/novelty.ts';
import { benchmarkTraits } from '../../engine/validation/benchmark-traits.ts';
import type { Benchmark } from '../../engine/validation/benchmark.ts';
import { judgedColumns, metricOfColumn } from '../../engine/validation/judged-columns.ts';
import type { ValidationMethod } from '../../engine/validation/types.ts';
import { predictColumns } from '../../engine/validation/predicted-columns.ts';
import { requestsAtOnce } from '../../engine/validation/requests-at-once.ts';
import type {
  AccuracyBasis,
  AccuracyDocument,
  AccuracyGroup,
  AccuracyPoint,
  ColumnErrors,
  ErrorSummary,
  PointColumn,
} from '../../protocol/accuracy.ts';
import type { AccuracyRequest } from '../../protocol/accuracy-request.ts';
import { SCHEMA_VERSION } from '../../protocol/documents.ts';
import { errorSummary } from '../../protocol/error-summary.ts';
import { plural } from '../../protocol/numbers.ts';
import type { LeftOutPrediction } from '../../protocol/left-out.ts';
import { resolveCalibration } from '../resolve.ts';
import { rounded } from '../../protocol/rounded.ts';
import { byCount, readyBenchmarks, skippedReasons, type ReadyBenchmark } from './benchmarks.ts';
import { isMiss, missOf, whyOf } from './why.ts';

/** How sure the prediction of a benchmark is, by metric. */
interface Sureness {
  novelty: Novelty;
  traits: UncertainTrait[];
  factors: Record<UncertainMetric, number> | null;
}

function surenessOf({ benchmark, plan, means }: ReadyBenchmark, profile: CalibrationProfile): Sureness {
  const { gpu, model } = benchmark.deployment;
  const { generation } = benchmark;
  const traits = benchmarkTraits(benchmark, plan, means);
  const questioned = { gpuId: gpu.id, generation, architecture: model.architecture };
  const known = spreadQuestionOf(profile, questioned, traits);
  const novelties = [...known.novelties];
  // A file that does not say which engine it was is as good as an engine nobody measured.
  if (!benchmark.isGenerationKnown && !novelties.includes('engine_unseen')) novelties.push('engine_unseen');
  const { residuals } = profile;
  const question = { ...known, novelties };
  return {
    novelty: novelties.at(-1) ?? 'group_new',
    traits,
    factors: residuals
      ? (Object.fromEntries(
          UNCERTAIN_METRICS.map((metric) => [metric, factor80(residuals, metric, question)]),
        ) as Sureness['factors'])
      : null,
  };
}

/** How much wider the range of a column is than that of its metric's mean, in ln units: see `percentileMultiplier`. */
function percentileWidening({ residuals }: CalibrationProfile, metric: UncertainMetric, column: string): number {
  const percentile = UNCERTAIN_PERCENTILES.find((name) => column.endsWith(`_${name}`));
  if (!residuals || metric === 'throughput' || !percentile) return 1;
  return percentileMultiplier(residuals, metric, percentile);
}

/** What was predicted of a row while its group was left out, by metric. */
type LeftOutOfRow = ReadonlyMap<UncertainMetric, LeftOutPrediction>;

interface Compared {
  ready: ReadyBenchmark;
  sure: Sureness;
  columns: Record<string, PointColumn>;
}

function compare(
  ready: ReadyBenchmark,
  profile: CalibrationProfile,
  method: ValidationMethod,
  leftOut: LeftOutOfRow | null,
): Compared {
  const { benchmark, plan, means } = ready;
  const own = surenessOf(ready, profile);
  // The profile has seen the row: how new it was is what the fit that left it out says, like its interval.
  const [first] = leftOut?.values() ?? [];
  const sure = first ? { ...own, novelty: first.novelty } : own;
  const judged = judgedColumns(benchmark);
  const predicted = predictColumns(benchmark, plan, profile, { method, columns: judged });
  const headline: Record<UncertainMetric, number> = {
    ttft: means.ttftMs,
    tpot: means.tpotMs,
    e2e: means.e2eMs,
    throughput: predicted['output_tok_s'] ?? 0,
  };
  const columns: Record<string, PointColumn> = {};
  for (const column of judged) {
    const shape = predicted[column];
    const metric = metricOfColumn(column);
    const left = leftOut?.get(metric);
    if (shape === undefined || (leftOut && !left)) continue;
    // The level is that of the fit that had not seen the row, the shape about it that of the profile.
    const value = left ? (shape * left.predicted) / headline[metric] : shape;
    const ofMean = left ? left.factor : (sure.factors?.[metric] ?? null);
    const factor = ofMean === null ? null : ofMean ** percentileWidening(profile, metric, column);
    columns[column] = {
      measured: benchmark.row.measured[column] as number,
      predicted: rounded(value),
      lo: factor === null ? null : rounded(value / factor),
      hi: factor === null ? null : rounded(value * factor),
    };
  }
  for (const [name, column] of Object.entries(columns))
    if (isMiss(column)) column.why = whyOf(ready, sure.novelty, name, columns);
  return { ready, sure, columns };
}

/** A summary as documents have it: finite figures of ten digits. */
function summaryOf(columns: readonly PointColumn[]): ErrorSummary {
  const { count: judged, ...figures } = errorSummary(columns);
  const short = Object.entries(figures).map(([name, value]) => [name, value === null ? null : rounded(value)]);
  return { count: judged, ...(Object.fromEntries(short) as Omit<ErrorSummary, 'count'>) };
}

/** Errors by column, in the order of the columns' first appearance in measurement files. */
function errorsOf(points: readonly Pick<AccuracyPoint, 'columns'>[]): ColumnErrors {
  const byColumn = new Map<string, PointColumn[]>();
  for (const { columns } of points) {
    for (const [name, column] of Object.entries(columns)) {
      const list = byColumn.get(name);
      if (list) list.push(column);
      else byColumn.set(name, [column]);
    }
  }
  return Object.fromEntries(
    [...byColumn].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, list]) => [name, summaryOf(list)]),
  );
}

function groupsOf(points: readonly AccuracyPoint[]): AccuracyGroup[] {
  const groups = new Map<string, AccuracyPoint[]>();
  for (const point of points) {
    const key = [point.source_id, point.gpu, point.model, point.workload_kind].join('\n');
    const group = groups.get(key);
    if (group) group.push(point);
    else groups.set(key, [point]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, list]) => {
      const { source_id, gpu, model, workload_kind } = list[0] as AccuracyPoint;
      return { source_id, gpu, model, workload_kind, metrics: errorsOf(list) };
    });
}

const count = (value: number): string => Math.round(value).toLocaleString('en-US');

/** The load of a row in words. */
function loadWords({ row }: Benchmark): string {
  const lengths = `${count(row.inputTokens ?? 0)} in, ${count(row.outputTokens ?? 0)} out`;
  const many = count(requestsAtOnce(row) ?? 1);
  switch (row.kind) {
    case 'static_batch':
      return `batch of ${many}, ${lengths}`;
    case 'offline_max':
      return `${many} queued, ${lengths}`;
    case 'closed_loop':
      return `${many} at once, ${lengths}`;
    case 'open_loop':
      return `${rounded(row.requestRatePerS ?? 0)}/s, ${lengths}`;
  }
}

/** Of the column that was missed by most. */
function whyOfPoint({ columns }: Compared): string | null {
  const missed = Object.values(columns).filter(({ why }) => why !== undefined);
  const [worst] = missed.sort((a, b) => missOf(b) - missOf(a));
  return worst?.why ?? null;
}

function pointOf(point: Compared, titles: Readonly<Record<string, string>>): AccuracyPoint {
  const { benchmark } = point.ready;
  const { row, deployment } = benchmark;
  return {
    point_id: row.pointId,
    source_id: row.sourceId,
    source_title: (Object.hasOwn(titles, row.sourceId) ? titles[row.sourceId] : null) ?? row.sourceId,
    model: row.model,
    gpu: deployment.gpu.id,
    gpu_count: deployment.tensorParallel * benchmark.streams,
    tensor_parallel: deployment.tensorParallel,
    engine: [row.engine, row.engineVersion].filter((word) => word !== null).join(' '),
    generation: benchmark.generation,
    workload_kind: row.kind,
    load: loadWords(benchmark),
    columns: point.columns,
    host_bound: point.sure.traits.includes('host_bound'),
    novelty: point.sure.novelty,
    why: whyOfPoint(point),
  };
}

function leftOutByRow(predictions: readonly LeftOutPrediction[]): Map<string, Map<UncertainMetric, LeftOutPrediction>> {
  const byRow = new Map<string, Map<UncertainMetric, LeftOutPrediction>>();
  for (const prediction of predictions) {
    const row = byRow.get(prediction.point_id) ?? new Map<UncertainMetric, LeftOutPrediction>();
    byRow.set(prediction.point_id, row.set(prediction.metric, prediction));
  }
  return byRow;
}

type Seen = Pick<AccuracyDocument, 'judged_points' | 'fitted_points'>;

/** Whether a profile that was fitted to measurements has seen the points, as far as it says. */
const basisOfFitted = ({ fitted_points: fitted, judged_points: judged }: Seen): AccuracyBasis =>
  fitted === 0 && judged > 0 ? 'unseen' : 'in_sample';

function basisSentence(basis: AccuracyBasis, { fitted_points: fitted, judged_points: judged }: Seen): string {
  switch (basis) {
    case 'left_out':
      return 'Every point was predicted by a fit that had not seen its source, GPU and model together.';
    case 'unseen':
      return 'The profile was fitted to other points, and to none of these.';
    case 'not_fitted':
      return 'The profile was never fitted to measurements: it has seen none of these points.';
    case 'in_sample': {
      const which =
        fitted === null
          ? 'may have been fitted to these points'
          : fitted < judged
            ? `was fitted to ${count(fitted)} of these ${plural(judged, 'point')}`
            : 'was fitted to these points';
      return `The profile ${which}: on other set-ups expect larger errors.`;
    }
  }
}

/** Holds a profile against measurements (DESIGN.md section 3, validate). */
export function answerAccuracy(request: AccuracyRequest, facts: Facts): AccuracyDocument {
  const profile = resolveCalibration(request.calibration, facts);
  const sound = request.rows.filter(({ pointId }) => !Object.hasOwn(request.doubtful, pointId));
  const { ready, skipped } = readyBenchmarks({ ...request, rows: sound }, facts, profile);
  const byRow = request.leftOut && leftOutByRow(request.leftOut);
  const isLeftOut = byRow !== null && ready.some(({ benchmark }) => byRow.has(benchmark.row.pointId));
  const points = ready
    .map((one) =>
      compare(one, profile, request.method, isLeftOut ? (byRow.get(one.benchmark.row.pointId) ?? new Map()) : null),
    )
    .filter(({ columns }) => Object.keys(columns).length > 0);
  const doubted = Object.entries(request.doubtful).map(([pointId, reason]) => ({ point_id: pointId, reason }));
  const shown = new Set(points.map(({ ready: { benchmark } }) => benchmark.row.pointId));
  const unjudged = ready
    .filter(({ benchmark }) => !shown.has(benchmark.row.pointId))
    .map(({ benchmark }) => ({
      point_id: benchmark.row.pointId,
      reason:
        isLeftOut && !byRow.has(benchmark.row.pointId)
          ? 'no fit that had not seen the row predicted it.'
          : 'it reports only what a prediction is not held against: the rate it was asked at, or waiting that grew while the run lasted.',
    }));
  const known = [...doubted, ...skipped, ...unjudged];
  const shownPoints = points.map((point) => pointOf(point, request.sourceTitles));
  const fitted = request.fittedRows && new Set(request.fittedRows.map((index) => request.rows[index]));
  const seen: Seen = {
    judged_points: points.length,
    fitted_points: fitted && points.filter(({ ready: { benchmark } }) => fitted.has(benchmark.row)).length,
  };
  const basis = isLeftOut ? 'left_out' : profile.coverage ? basisOfFitted(seen) : 'not_fitted';
  return {
    schema_version: SCHEMA_VERSION,
    calibration: profile.name,
    calibrations: facts.calibrations.map(({ name, description }) => ({ name, description })),
    basis,
    basis_sentence: basisSentence(basis, seen),
    metrics: errorsOf(shownPoints),
    groups: groupsOf(shownPoints),
    points: shownPoints,
    ...seen,
    skipped: [...request.skipped, ...known],
    skipped_reasons: byCount([...request.unreadable, ...skippedReasons(known)]),
  };
}

/** What slices of the same rows make together; `unread` is what none of them was asked about. */
export function joinedAccuracy(
  slices: readonly AccuracyDocument[],
  unread: Pick<AccuracyRequest, 'skipped' | 'unreadable'>,
): AccuracyDocument {
  const [first] = slices;
  if (!first) throw new Error('no slice of an accuracy document');
  const points = slices.flatMap((slice) => slice.points);
  const known = slices.flatMap(({ skipped }) => skipped);
  const seen: Seen = {
    judged_points: points.length,
    fitted_points: slices.reduce<number | null>(
      (sum, { fitted_points: fitted }) => (sum === null || fitted === null ? null : sum + fitted),
      0,
    ),
  };
  const isFitted = first.basis === 'in_sample' || first.basis === 'unseen';
  const basis = isFitted ? basisOfFitted(seen) : first.basis;
  return {
    ...first,
    basis,
    basis_sentence: basisSentence(basis, seen),
    metrics: errorsOf(points),
    groups: groupsOf(points),
    points,
    ...seen,
    skipped: [...unread.skipped, ...known],
    skipped_reasons: byCount([...unread.unreadable, ...skippedReasons(known)]),
  };
}

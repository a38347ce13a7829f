import type { SlaRow } from '../../src-worker/protocol/documents.ts';
import { metric, type Metric } from '../../src-worker/protocol/metrics.ts';
import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';
import { GPU_FAMILIES, SHAPE_LABELS, gpuFamily, gpuLabel, precisionLabel, precisionShape } from '../format/names.ts';
import type { PrecisionShape } from '../format/names.ts';
import type { ChartPoint } from './chart-point.ts';
import { metricCell, textCell, type ChartTable } from './chart-table.ts';
import { frontierIds } from './frontier.ts';
import type { LegendEntry, LegendMark } from './legend.ts';
import { axisOf, type AxisSpec } from './pareto-axes.ts';

/** What the Pareto chart draws, without how: a pure function of the points and the two chosen metrics. */
export interface ParetoSpec {
  x: AxisSpec;
  y: AxisSpec;
  /** Sorted by x, then y, then id: the drawing library takes its data as sorted. */
  points: ParetoPoint[];
  /** Ids of the points nothing beats in both metrics, in order of x. */
  frontier: string[];
  /** False where the points are of several situations, so that none beats another. */
  hasFrontier: boolean;
  /** The gating target of the metric on the x axis, if it has one. */
  target: { value: number; label: string; missed: string } | null;
  legend: LegendEntry[];
  /** One sentence for people who do not see the picture. */
  summary: string;
}

export interface ParetoPoint {
  id: string;
  x: number;
  y: number;
  isFrontier: boolean;
  isExcluded: boolean;
  /** Slot of the chart palette, 1 to 7. */
  slot: number;
  shape: PrecisionShape;
  label: string;
  /** GPU and precision alone, where the whole label finds no room. */
  shortLabel: string;
  source: ChartPoint;
}

/** A target further from the points than this factor would squeeze them; it is then left out. */
const TARGET_REACH = 4;
/** More GPUs than this are counted, not listed, in the legend. */
const MOST_LISTED_GPUS = 3;

/** How many the points stand for, where not all of them are drawn, and what one of them is called. */
export interface ParetoTotal {
  count: number;
  noun: string;
}

export interface ParetoQuestion {
  points: readonly ChartPoint[];
  xId: string;
  yId: string;
  targets?: readonly SlaRow[];
  /** Ids of legend entries whose points are not drawn. */
  hidden?: ReadonlySet<string>;
  /** null where `points` are all there are. */
  of?: ParetoTotal | null;
  /** Ids of the points on it; `own` = worked out of the points; `none` = they are of several situations and have none. */
  frontier?: ReadonlySet<string> | 'own' | 'none';
}

export function paretoSpec({
  points: sources,
  xId,
  yId,
  targets = [],
  hidden,
  of = null,
  frontier: asked = 'own',
}: ParetoQuestion): ParetoSpec {
  const [xMetric, yMetric] = [metric(xId), metric(yId)];
  const all = sources.flatMap((source) => placed(source, xId, yId));
  const points = hidden?.size
    ? all.filter(({ slot, shape }) => !hidden.has(`family-${slot}`) && !hidden.has(`shape-${shape}`))
    : all;
  points.sort((a, b) => a.x - b.x || a.y - b.y || (a.id < b.id ? -1 : 1));
  const frontier = frontierOf(points, asked, [xMetric, yMetric]);
  const onFrontier = new Set(frontier);
  for (const point of points) point.isFrontier = onFrontier.has(point.id);
  const [xs, ys] = [points.map((point) => point.x), points.map((point) => point.y)];
  const target = targetOn(xId, targets, xs);
  return {
    x: axisOver(xId, target ? [...xs, target.value] : xs),
    y: axisOver(yId, ys),
    points,
    frontier,
    hasFrontier: asked !== 'none',
    target,
    legend: [...legendOf(all, hidden ?? new Set()), ...(asked === 'none' || all.length === 0 ? [] : [FRONTIER_ENTRY])],
    summary: summaryOf(points, {
      numHidden: all.length - points.length,
      metrics: [xMetric, yMetric],
      of,
      hasFrontier: asked !== 'none',
    }),
  };
}

function frontierOf(
  points: readonly ParetoPoint[],
  asked: NonNullable<ParetoQuestion['frontier']>,
  [x, y]: [Metric, Metric],
): string[] {
  if (asked === 'none') return [];
  // A line has the points in order of x.
  if (asked !== 'own') return points.filter(({ id }) => asked.has(id)).map(({ id }) => id);
  return frontierIds(
    points.filter((point) => !point.isExcluded),
    x.better ?? 'lower',
    y.better ?? 'lower',
  );
}

function axisOver(metricId: string, values: number[]): AxisSpec {
  if (values.length === 0) return axisOf(metricId, 1, 10);
  return axisOf(metricId, Math.min(...values), Math.max(...values));
}

/** A logarithm may be needed, so a point without a positive place is not drawn. */
const isPlottable = (value: number | null): value is number => value !== null && Number.isFinite(value) && value > 0;

function placed(source: ChartPoint, xId: string, yId: string): ParetoPoint[] {
  const [x, y] = [source.value(xId), source.value(yId)];
  if (!isPlottable(x) || !isPlottable(y)) return [];
  const shortLabel = [hardwareLabel(source.gpu, source.quantization), source.load].filter(Boolean).join(', ');
  return [
    {
      id: source.id,
      x,
      y,
      isFrontier: false,
      isExcluded: source.isExcluded ?? false,
      slot: gpuFamily(source.gpu) + 1,
      shape: precisionShape(source.quantization),
      label: `${source.name}, ${shortLabel}`,
      shortLabel,
      source,
    },
  ];
}

const hardwareLabels = new Map<string, string>();

/** `L40S FP8`. Kept, as a live chart asks for the same few a thousand times over. */
function hardwareLabel(gpu: string, quantization: string): string {
  const key = `${gpu} ${quantization}`;
  let label = hardwareLabels.get(key);
  if (label === undefined) {
    label = `${gpuLabel(gpu)} ${precisionLabel(quantization)}`;
    hardwareLabels.set(key, label);
  }
  return label;
}

/** The metrics of a list that at least one point has a place for. */
export function offeredMetrics(points: readonly ChartPoint[], ids: readonly string[]): string[] {
  return ids.filter((id) => points.some((point) => isPlottable(point.value(id))));
}

/** The TPOT target as a speed, or the target of a latency as it is. */
function targetOn(xId: string, sla: readonly SlaRow[], xs: number[]): ParetoSpec['target'] {
  const isSpeed = xId === 'speed_per_user';
  const name = isSpeed ? 'tpot_p50' : xId;
  const entry = sla.find((row) => row.metric === name && row.gating);
  if (!entry || xs.length === 0) return null;
  const value = isSpeed ? 1000 / entry.target_ms : entry.target_ms;
  const isFar = value < Math.min(...xs) / TARGET_REACH || value > Math.max(...xs) * TARGET_REACH;
  if (isFar) return null;
  const { label } = metric(name);
  return { value, label: `${label} ≤ ${entry.target_ms} ms`, missed: `misses ${label}` };
}

const FRONTIER_ENTRY: LegendEntry = { id: 'frontier', label: 'frontier', mark: 'line', color: '--chart-frontier' };

/** Families and shapes that occur, in their fixed order. */
function legendOf(points: ParetoPoint[], hidden: ReadonlySet<string>): LegendEntry[] {
  const families = GPU_FAMILIES.flatMap((family, index): LegendEntry[] => {
    const slot = index + 1;
    const gpus = [...new Set(points.filter((point) => point.slot === slot).map((point) => gpuLabel(point.source.gpu)))];
    if (gpus.length === 0) return [];
    const listed = gpus.length > MOST_LISTED_GPUS ? [...gpus.slice(0, 2), `${gpus.length - 2} more`] : gpus;
    const id = `family-${slot}`;
    return [
      {
        id,
        label: `${family.label}: ${listed.join(', ')}`,
        mark: slot === HOLLOW_SLOT ? 'ring' : 'dot',
        color: `--chart-${slot}`,
        isShown: !hidden.has(id),
      },
    ];
  });
  const shapes = (Object.keys(SHAPE_LABELS) as PrecisionShape[])
    .filter((shape) => points.some((point) => point.shape === shape))
    .map((shape): LegendEntry => {
      const mark: LegendMark = `${shape}-outline`;
      const id = `shape-${shape}`;
      return { id, label: SHAPE_LABELS[shape], mark, color: '--text-2', isShown: !hidden.has(id) };
    });
  return [...families, ...shapes];
}

/** The slot of everything without one of its own; drawn hollow. */
export const HOLLOW_SLOT = 7;

/** Figure and unit as they stand in a sentence: `$0.264 per 1M tokens`. */
export const withUnit = ({ format, unit }: Metric, value: number | null): string =>
  `${format(value)} ${unit.replace('US$/', 'per ')}`.trimEnd();

function summaryOf(
  points: ParetoPoint[],
  about: { numHidden: number; metrics: [Metric, Metric]; of: ParetoTotal | null; hasFrontier: boolean },
): string {
  const { numHidden, of, hasFrontier } = about;
  const [xMetric, yMetric] = about.metrics;
  const onFrontier = hasFrontier ? points.filter((point) => point.isFrontier) : points;
  const bestIn = (axis: 'x' | 'y', { better }: Metric): ParetoPoint | undefined =>
    onFrontier.toSorted((a, b) => (better === 'higher' ? b[axis] - a[axis] : a[axis] - b[axis]))[0];
  const [cheap, fast] = [bestIn('y', yMetric), bestIn('x', xMetric)];
  if (!cheap || !fast) {
    return numHidden > 0
      ? 'Every configuration is hidden by the legend.'
      : 'No configuration has both figures, so there is nothing to draw.';
  }
  const at = (point: ParetoPoint) => `${point.label} (${withUnit(xMetric, point.x)}, ${withUnit(yMetric, point.y)})`;
  const hidden = numHidden > 0 ? ` ${plural(numHidden, 'configuration is', 'configurations are')} hidden.` : '';
  const total = plural(of?.count ?? points.filter((point) => !point.isExcluded).length, of?.noun ?? 'configuration');
  if (cheap.id === fast.id) return `Of ${total} ${at(cheap)} is best in both.${hidden}`;
  if (!hasFrontier) return `${total}, from ${at(cheap)} to ${at(fast)}.${hidden}`;
  return `${formatFixed(onFrontier.length)} of ${total} are on the frontier, from ${at(cheap)} to ${at(fast)}.${hidden}`;
}

/** The lines of a tooltip, and what a screen reader says of a point. */
export function describePoint(spec: Pick<ParetoSpec, 'x' | 'y'>, { x, y, source, isExcluded }: ParetoPoint): string[] {
  const line = (id: string, value: number): string => `${metric(id).label}: ${withUnit(metric(id), value)}`;
  const ttft = metric('ttft_p95');
  const shown = [spec.x.metricId, spec.y.metricId];
  const ttftMs = shown.includes(ttft.id) ? null : source.value(ttft.id);
  return [
    line(spec.x.metricId, x),
    line(spec.y.metricId, y),
    ...(ttftMs === null ? [] : [line(ttft.id, ttftMs)]),
    source.note,
    ...(isExcluded ? ['misses a target'] : []),
  ];
}

export function paretoTable({ x, y, points, hasFrontier }: ParetoSpec): ChartTable {
  const [xMetric, yMetric] = [metric(x.metricId), metric(y.metricId)];
  const head = ({ label, unit }: Metric) => ({ label, unit, isNumber: true });
  const words = (label: string) => ({ label, unit: '', isNumber: false });
  return {
    columns: [
      words('Configuration'),
      head(xMetric),
      head(yMetric),
      ...(hasFrontier ? [words('On the frontier')] : []),
      words('Where'),
    ],
    rows: points.map((point) => ({
      id: point.id,
      cells: [
        textCell(point.label),
        metricCell(xMetric, point.x),
        metricCell(yMetric, point.y),
        ...(hasFrontier ? [textCell(point.isExcluded ? 'misses a target' : point.isFrontier ? 'yes' : 'no')] : []),
        textCell(point.source.note),
      ],
    })),
  };
}

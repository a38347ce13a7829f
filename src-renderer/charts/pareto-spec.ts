import type { Recommendation, SlaRow } from '../../src-worker/protocol/documents.ts';
import { configurationName, metric, type Metric } from '../../src-worker/protocol/metrics.ts';
import { GPU_FAMILIES, SHAPE_LABELS, gpuFamily, gpuLabel, precisionLabel, precisionShape } from '../format/names.ts';
import type { PrecisionShape } from '../format/names.ts';

/** What the Pareto chart draws, without how: a pure function of the rows and the two chosen metrics. */
export interface ParetoSpec {
  x: AxisSpec;
  y: AxisSpec;
  /** Sorted by x, then y, then id: the drawing library takes its data as sorted. */
  points: ParetoPoint[];
  /** Ids of the points nothing beats in both metrics, in order of x. */
  frontier: string[];
  /** The gating target of the metric on the x axis, if it has one. */
  target: { value: number; label: string } | null;
  /** Families and shapes that occur, in their fixed order. */
  families: { slot: number; label: string }[];
  shapes: { shape: PrecisionShape; label: string }[];
  /** One sentence for people who do not see the picture. */
  summary: string;
}

export interface AxisSpec {
  metricId: string;
  /** Name, unit and `log` where it is. */
  title: string;
  isLog: boolean;
  min: number;
  max: number;
  ticks: number[];
  better: 'lower' | 'higher';
}

export interface ParetoPoint {
  id: string;
  x: number;
  y: number;
  isFrontier: boolean;
  /** Slot of the chart palette, 1 to 7. */
  slot: number;
  shape: PrecisionShape;
  label: string;
  row: Recommendation;
}

/** An axis turns logarithmic when its values span more than this ratio. */
const LOG_RATIO = 20;
/** Room left around the points, as a share of the (log) span. */
const PADDING = 0.06;
/** A target further from the points than this factor would squeeze them; it is then left out. */
const TARGET_REACH = 4;

export const X_METRICS = ['speed_per_user', 'ttft_p95'] as const;
export const Y_METRICS = ['usd_per_1m_output_tokens', 'usd_per_hour'] as const;

export function paretoSpec(rows: Recommendation[], xId: string, yId: string): ParetoSpec {
  const [xMetric, yMetric] = [metric(xId), metric(yId)];
  const placed = rows
    .map((row) => ({ row, x: xMetric.value(row), y: yMetric.value(row) }))
    .filter(
      (point): point is { row: Recommendation; x: number; y: number } => isPlottable(point.x) && isPlottable(point.y),
    )
    .sort((a, b) => a.x - b.x || a.y - b.y || a.row.id.localeCompare(b.row.id));
  const frontier = frontierIds(placed, xMetric, yMetric);
  const points = placed.map(({ row, x, y }) => ({
    id: row.id,
    x,
    y,
    isFrontier: frontier.includes(row.id),
    slot: gpuFamily(row.gpu) + 1,
    shape: precisionShape(row.quantization),
    label: `${configurationName(row)}, ${gpuLabel(row.gpu)} ${precisionLabel(row.quantization)}`,
    row,
  }));
  const xs = points.map((point) => point.x);
  const target = targetOn(xId, rows[0]?.sla ?? [], xs);
  return {
    x: axis(xMetric, target ? [...xs, target.value] : xs),
    y: axis(
      yMetric,
      points.map((point) => point.y),
    ),
    points,
    frontier,
    target,
    families: familiesOf(points),
    shapes: (Object.keys(SHAPE_LABELS) as PrecisionShape[])
      .filter((shape) => points.some((point) => point.shape === shape))
      .map((shape) => ({ shape, label: SHAPE_LABELS[shape] })),
    summary: summaryOf(points, frontier, xMetric, yMetric),
  };
}

/** A logarithm may be needed, so a point without a positive place is not drawn. */
const isPlottable = (value: number | null): boolean => value !== null && Number.isFinite(value) && value > 0;

interface Placed {
  row: Recommendation;
  x: number;
  y: number;
}

/** Sweeps from the better end of x and keeps each point that improves y; of equals only the first stays. */
function frontierIds(sortedByX: Placed[], xMetric: Metric, yMetric: Metric): string[] {
  const ySign = yMetric.better === 'higher' ? -1 : 1;
  const xSign = xMetric.better === 'higher' ? -1 : 1;
  const fromBest = sortedByX.toSorted(
    (a, b) => xSign * (a.x - b.x) || ySign * (a.y - b.y) || a.row.id.localeCompare(b.row.id),
  );
  let best = Infinity;
  const kept: Placed[] = [];
  for (const point of fromBest) {
    if (ySign * point.y < best) {
      best = ySign * point.y;
      kept.push(point);
    }
  }
  return kept.sort((a, b) => a.x - b.x).map((point) => point.row.id);
}

function axis(of: Metric, values: number[]): AxisSpec {
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [1, 10];
  const isLog = low > 0 && high / low > LOG_RATIO;
  const [min, max] = isLog ? padLog(low, high) : padLinear(low, high);
  return {
    metricId: of.id,
    title: `${of.label}, ${of.unit}${isLog ? ', log' : ''}`,
    isLog,
    min,
    max,
    ticks: isLog ? logTicks(min, max) : linearTicks(min, max),
    better: of.better ?? 'lower',
  };
}

function padLog(low: number, high: number): [number, number] {
  const factor = (high / low) ** PADDING;
  return [low / factor, high * factor];
}

function padLinear(low: number, high: number): [number, number] {
  const pad = (high - low || high) * PADDING;
  return [Math.max(0, low - pad), high + pad];
}

/** Ticks at steps of 1, 2 or 5: the step whose count comes nearest to five. */
export function linearTicks(min: number, max: number): number[] {
  if (!(max > min)) return [min];
  const magnitude = 10 ** Math.floor(Math.log10((max - min) / 5));
  const candidates = [1, 2, 5, 10].map((factor) => ticksBetween(min, max, factor * magnitude));
  return candidates.reduce((best, ticks) => (Math.abs(ticks.length - 5) < Math.abs(best.length - 5) ? ticks : best));
}

function ticksBetween(min: number, max: number, step: number): number[] {
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  // Twelve digits hide what binary fractions leave behind.
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** 1, 2, 5 in each decade; only the decades when that gets crowded. */
export function logTicks(min: number, max: number): number[] {
  const ticksAt = (factors: number[]): number[] => {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
      ticks.push(...factors.map((factor) => Number((factor * 10 ** power).toPrecision(12))));
    }
    return ticks.filter((tick) => tick >= min && tick <= max);
  };
  const fine = ticksAt([1, 2, 5]);
  return fine.length <= 8 ? fine : ticksAt([1]);
}

/** The TPOT target as a speed, or the TTFT target as it is. */
function targetOn(xId: string, sla: SlaRow[], xs: number[]): ParetoSpec['target'] {
  const gating = (name: string) => sla.find((entry) => entry.metric === name && entry.gating);
  const entry = xId === 'speed_per_user' ? gating('tpot_p50') : gating(xId);
  if (!entry || xs.length === 0) return null;
  const isSpeed = xId === 'speed_per_user';
  const value = isSpeed ? 1000 / entry.target_ms : entry.target_ms;
  const isFar = value < Math.min(...xs) / TARGET_REACH || value > Math.max(...xs) * TARGET_REACH;
  if (isFar) return null;
  return { value, label: `${isSpeed ? 'TPOT P50' : metric(xId).label} ≤ ${entry.target_ms} ms` };
}

/** The families present, each with the GPUs that stand for it here. */
function familiesOf(points: ParetoPoint[]): ParetoSpec['families'] {
  return GPU_FAMILIES.map((family, index) => {
    const gpus = [
      ...new Set(points.filter((point) => point.slot === index + 1).map((point) => gpuLabel(point.row.gpu))),
    ];
    const listed = gpus.length > 3 ? [...gpus.slice(0, 2), `${gpus.length - 2} more`] : gpus;
    return { slot: index + 1, label: `${family.label}: ${listed.join(', ')}`, count: gpus.length };
  })
    .filter((family) => family.count > 0)
    .map(({ slot, label }) => ({ slot, label }));
}

function summaryOf(points: ParetoPoint[], frontier: string[], xMetric: Metric, yMetric: Metric): string {
  const onFrontier = points.filter((point) => frontier.includes(point.id));
  const cheap = onFrontier.toSorted((a, b) => a.y - b.y)[0];
  const fast = onFrontier.toSorted((a, b) => (xMetric.better === 'higher' ? b.x - a.x : a.x - b.x))[0];
  if (!cheap || !fast) return 'No configuration has both figures, so there is nothing to draw.';
  const at = (point: ParetoPoint) =>
    `${point.label} (${xMetric.format(point.x)} ${xMetric.unit}, ${yMetric.format(point.y)} ${yMetric.unit.replace('US$/', 'per ')})`;
  if (cheap.id === fast.id) return `Of ${points.length} configurations ${at(cheap)} is best in both.`;
  return `${onFrontier.length} of ${points.length} configurations are on the frontier, from ${at(cheap)} to ${at(fast)}.`;
}

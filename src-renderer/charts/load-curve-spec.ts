import type { LoadCurve, LoadCurvePoint, SimulatedLoad, SlaRow } from '../../src-worker/protocol/documents.ts';
import { metric } from '../../src-worker/protocol/metrics.ts';
import {
  formatFixed,
  formatMs,
  formatPercent,
  formatSignificant,
  formatTimes,
} from '../../src-worker/protocol/numbers.ts';
import { axisAround, withTicks, type AxisRange } from './axis.ts';
import { numberCell, textCell, type ChartTable } from './chart-table.ts';
import { LATENCY_LABELS, STATISTIC_LOOKS, type CurveStatistic, type LatencyKind } from './latency-kinds.ts';
import {
  saturatedRates,
  simulatedMarks,
  simulatedRow,
  simulatedSentence,
  simulatedWords,
  type SimulatedMark,
} from './simulated-marks.ts';

/** What the chart of latency against load draws: a pure function of the curve and the targets. */

const ALL_STATISTICS: readonly CurveStatistic[] = ['p50', 'p95', 'p99'];

export interface CurveSpec {
  x: AxisRange & { title: string };
  y: AxisRange & { title: string };
  curves: CurveLine[];
  /** Points with their intervals; none while they are on their way. */
  simulated: SimulatedMark[];
  /** Simulated loads without a steady state. */
  simulatedSaturated: number[];
  targets: { value: number; label: string }[];
  /** Planned load, or the load that was needed where it is more than is carried. */
  planned: {
    value: number;
    label: string;
    /** So far beyond saturation that it lies outside the picture. */
    isBeyond: boolean;
  };
  capacity: { value: number; label: string } | null;
  /** From planned load to capacity, or back: what is to spare, or what is missing. */
  distance: { from: number; to: number; label: string; isShort: boolean } | null;
  /** From saturation to the edge: no steady state. */
  unstable: { from: number; to: number };
  summary: string;
  /** Rates the keyboard moves over, with what is known there. */
  stops: { rate: number; text: string }[];
}

export interface CurveLine {
  statistic: CurveStatistic;
  /** Rates rise; every point is below saturation. */
  points: { x: number; y: number }[];
  /** Value at the planned load; null where there is none. */
  atPlanned: number | null;
}

/** Room right of saturation, so that the unstable zone can be seen. */
const BEYOND_SATURATION = 0.15;
/** Room right of the load that is needed. */
const BEYOND_PLANNED = 0.08;
/** A load further beyond saturation than this factor would squeeze the curves; the picture then ends before it. */
const PLANNED_REACH = 2.5;
const RIGHT_WITHOUT_PLANNED = 1.5;
/** A curve shoots up at saturation; so far above what matters, the highest target or the planned load, it is cut. */
const HEADROOM_FACTOR = 3;
/** Below the curves stands the arrow from planned load to capacity. */
const ROOM_BELOW = 2;

/** Where the answer's method is simulation. */
export const CLOSED_FORM_LINES = 'Lines are the closed form; the figures of the table are simulated.';

/** Latency targets as rows that gate, for a plan that has no predictions of its own. */
export function targetRows(targets: Record<string, number>): SlaRow[] {
  return Object.entries(targets).map(([name, ms]) => ({
    metric: name,
    target_ms: ms,
    predicted_ms: null,
    half_width_ms: null,
    status: 'missed',
    gap_percent: null,
    gating: true,
    output_tokens: null,
    target_output_tokens: null,
  }));
}

export function loadCurveSpec(
  curve: LoadCurve,
  sla: readonly SlaRow[],
  kind: LatencyKind,
  statistics: readonly CurveStatistic[] = ALL_STATISTICS,
  loads: readonly SimulatedLoad[] = [],
  isAnswerSimulated = false,
): CurveSpec {
  const { planned_requests_per_s: planned, capacity_requests_per_s: capacity } = curve;
  const saturation = curve.saturation_requests_per_s;
  const curves = statistics.map((statistic) => curveOf(curve, kind, statistic));
  const targets = targetsOf(sla, kind, statistics);
  const isShort = capacity === null || planned > capacity;
  const isBeyond = planned > saturation * PLANNED_REACH;
  const right = isBeyond
    ? saturation * RIGHT_WITHOUT_PLANNED
    : Math.max(saturation * (1 + BEYOND_SATURATION), planned * (1 + BEYOND_PLANNED));
  const simulated = simulatedMarks(loads, kind, statistics);
  const y = latencyAxis(curves, targets, simulated);
  const label = LATENCY_LABELS[kind];
  const names = statistics.length === 1 ? `${label} ${STATISTIC_LOOKS[statistics[0] ?? 'p50'].label}` : label;
  return {
    x: { ...withTicks(0, right, false), title: 'requests/s per replica' },
    y: { ...y, title: [names, 'ms', ...(y.isLog ? ['log'] : [])].join(', ') },
    curves,
    simulated,
    simulatedSaturated: saturatedRates(loads),
    targets,
    planned: {
      value: planned,
      label: `${isShort ? 'needed' : 'planned'} ${formatSignificant(planned)}${isBeyond ? ' →' : ''}`,
      isBeyond,
    },
    capacity: capacity === null ? null : { value: capacity, label: `capacity ${formatSignificant(capacity)}` },
    distance: distanceOf(planned, capacity, right),
    unstable: { from: saturation, to: right },
    summary: [
      summaryOf(curve, curves, label) + simulatedSentence(loads, kind, statistics.map(named)),
      ...(isAnswerSimulated ? [CLOSED_FORM_LINES] : []),
    ].join(' '),
    stops: stopsOf(curves, label, loads, kind),
  };
}

function curveOf(curve: LoadCurve, kind: LatencyKind, statistic: CurveStatistic): CurveLine {
  const points = curve.points
    .filter((point) => point.requests_per_s < curve.saturation_requests_per_s)
    .flatMap((point) => {
      const y = latencyAt(point, kind, statistic);
      return y === null || y <= 0 ? [] : [{ x: point.requests_per_s, y }];
    });
  return { statistic, points, atPlanned: interpolated(points, curve.planned_requests_per_s) };
}

const named = (statistic: CurveStatistic) => ({ statistic, label: STATISTIC_LOOKS[statistic].label });

const latencyAt = (point: LoadCurvePoint, kind: LatencyKind, statistic: CurveStatistic): number | null =>
  ({ ttft: point.ttft_ms, tpot: point.tpot_ms, e2e: point.e2e_ms })[kind][statistic];

/** On the straight piece between two computed points; null outside them. */
export function interpolated(points: readonly { x: number; y: number }[], x: number): number | null {
  const after = points.findIndex((point) => point.x >= x);
  const [low, high] = [points[after - 1], points[after]];
  if (!high) return null;
  if (high.x === x) return high.y;
  if (!low) return null;
  return low.y + ((high.y - low.y) * (x - low.x)) / (high.x - low.x);
}

function targetsOf(sla: readonly SlaRow[], kind: LatencyKind, statistics: readonly CurveStatistic[]) {
  return statistics.flatMap((statistic) => {
    const row = sla.find((entry) => entry.metric === `${kind}_${statistic}` && entry.gating);
    const label = `${STATISTIC_LOOKS[statistic].label} ≤ ${formatFixed(row?.target_ms)}`;
    return row ? [{ value: row.target_ms, label }] : [];
  });
}

/** From the lowest value to a little above what matters. */
function latencyAxis(
  curves: readonly CurveLine[],
  targets: readonly { value: number }[],
  simulated: readonly SimulatedMark[],
): AxisRange {
  const marks = simulated.map(({ y }) => y);
  const values = curves.flatMap(({ points }) => points.map((point) => point.y)).concat(marks);
  if (values.length === 0) return axisAround(1, Math.max(10, ...targets.map(({ value }) => value)));
  const lowest = Math.min(...values, ...targets.map(({ value }) => value));
  const start = Math.max(...curves.map(({ points }) => points[0]?.y ?? 0));
  const matters = Math.max(
    start,
    ...targets.map(({ value }) => value),
    ...curves.map((line) => line.atPlanned ?? 0),
    ...marks,
  );
  const axis = axisAround(lowest, Math.max(matters * 1.1, Math.min(Math.max(...values), matters * HEADROOM_FACTOR)));
  return axis.isLog ? withTicks(axis.min / ROOM_BELOW, axis.max, true) : withTicks(0, axis.max, false);
}

/** The arrow ends at the edge where the load lies beyond it; the figure is that of the whole distance. */
function distanceOf(planned: number, capacity: number | null, right: number): CurveSpec['distance'] {
  if (capacity === null || capacity <= 0 || planned <= 0) return null;
  if (planned > capacity) {
    const share = 1 - capacity / planned;
    return { from: Math.min(planned, right), to: capacity, label: `${formatPercent(share)} short`, isShort: true };
  }
  return { from: planned, to: capacity, label: `room ${formatTimes(capacity / planned)}`, isShort: false };
}

const rate = (value: number): string => `${formatSignificant(value)} requests/s`;

function summaryOf(curve: LoadCurve, curves: readonly CurveLine[], label: string): string {
  const { planned_requests_per_s: planned, capacity_requests_per_s: capacity } = curve;
  const saturation = `it saturates at ${rate(curve.saturation_requests_per_s)}`;
  const known = curves.filter((line) => line.atPlanned !== null);
  const at = known.map((line) => `${STATISTIC_LOOKS[line.statistic].label} ${formatMs(line.atPlanned)} ms`).join(', ');
  const latency = at === '' ? '' : ` ${label} there is ${at}.`;
  if (capacity === null) {
    return `Even without load a replica misses a target; ${rate(planned)} are needed, ${saturation}.${latency}`;
  }
  if (planned > capacity) {
    const share = formatPercent(1 - capacity / planned);
    return `A replica carries ${rate(capacity)} of the ${rate(planned)} needed, ${share} short; ${saturation}.${latency}`;
  }
  const room = formatTimes(planned > 0 ? capacity / planned : null);
  return `A replica is planned for ${rate(planned)} and carries ${rate(capacity)}, ${room} the load; ${saturation}.${latency}`;
}

function stopsOf(
  curves: readonly CurveLine[],
  label: string,
  loads: readonly SimulatedLoad[],
  kind: LatencyKind,
): CurveSpec['stops'] {
  const computed = curves.flatMap(({ points }) => points.map(({ x }) => x));
  const rates = [...new Set([...computed, ...loads.map((load) => load.requests_per_s)])].sort((a, b) => a - b);
  return rates.map((x) => {
    const load = loads.find((one) => one.requests_per_s === x);
    const simulated =
      load &&
      simulatedWords(
        load,
        kind,
        curves.map(({ statistic }) => named(statistic)),
      );
    const values = curves.flatMap(({ statistic, points }) => {
      const y = interpolated(points, x);
      return y === null ? [] : [`${STATISTIC_LOOKS[statistic].label} ${formatMs(y)} ms`];
    });
    const parts = [
      ...(values.length > 0 ? [`${label} ${values.join(', ')}`] : []),
      ...(simulated === undefined ? [] : [`simulated ${simulated}`]),
    ];
    return { rate: x, text: `${rate(x)}: ${parts.join('; ')}` };
  });
}

/** Rows of the closed form, and between them those of the simulation where there are some. */
export function loadCurveTable(
  curve: LoadCurve,
  kind: LatencyKind,
  statistics = ALL_STATISTICS,
  loads: readonly SimulatedLoad[] = [],
): ChartTable {
  const isSimulated = loads.length > 0;
  const number = (label: string, unit: string) => ({ label, unit, isNumber: true });
  const labelOf = (statistic: CurveStatistic): string => metric(`${kind}_${statistic}`).label;
  const rateCell = (value: number) => numberCell(value, (shown) => formatFixed(shown, 2));
  const computed = curve.points
    .filter((point) => point.requests_per_s < curve.saturation_requests_per_s)
    .map((point, index) => ({
      id: String(index),
      rate: point.requests_per_s,
      cells: [
        rateCell(point.requests_per_s),
        ...(isSimulated ? [textCell('closed form')] : []),
        ...statistics.map((statistic) => numberCell(latencyAt(point, kind, statistic), formatMs)),
        ...(isSimulated ? statistics.map(() => numberCell(null, formatMs)) : []),
      ],
    }));
  const simulated = loads.map((load, index) => {
    const { from, values, halves } = simulatedRow(load, kind, statistics);
    const at = load.requests_per_s;
    return { id: `simulated-${index}`, rate: at, cells: [rateCell(at), from, ...values, ...halves] };
  });
  return {
    columns: [
      number('Load of a replica', 'requests/s'),
      ...(isSimulated ? [{ label: 'From', unit: '', isNumber: false }] : []),
      ...statistics.map((statistic) => number(labelOf(statistic), 'ms')),
      ...(isSimulated ? statistics.map((statistic) => number(`${labelOf(statistic)} ±`, 'ms')) : []),
    ],
    rows: [...computed, ...simulated].sort((a, b) => a.rate - b.rate).map(({ id, cells }) => ({ id, cells })),
  };
}

import { metric, type Metric } from '../../src-worker/protocol/metrics.ts';
import { axisAround, withTicks, type AxisRange } from './axis.ts';
import type { Direction } from './frontier.ts';

/** The axes of the Pareto chart: what they may show, how far they reach, how they hold still. */

/** Metrics that can be told apart and aimed at; those without a better direction have no frontier. */
export const X_METRICS = [
  'speed_per_user',
  'ttft_p50',
  'ttft_p95',
  'ttft_p99',
  'tpot_p50',
  'tpot_p95',
  'e2e_p50',
  'e2e_p95',
  'room',
  'output_tokens_per_s',
  'capacity_requests_per_s',
  'utilization',
] as const;
export const Y_METRICS = [
  'usd_per_1m_output_tokens',
  'usd_per_hour',
  'usd_per_month',
  'usd_per_request',
  'replicas',
] as const;

export interface AxisSpec extends AxisRange {
  metricId: string;
  /** Name, unit and `log` where it is. */
  title: string;
  better: Direction;
  /** What the values span, without room around them. */
  low: number;
  high: number;
}

/** A piece of an axis somebody zoomed into; it counts only while the axis shows that metric. Plain data. */
export interface AxisZoom {
  metricId: string;
  min: number;
  max: number;
}
export interface ParetoZoom {
  x: AxisZoom | null;
  y: AxisZoom | null;
}
export const NO_ZOOM: ParetoZoom = { x: null, y: null };

const titleOf = ({ label, unit }: Metric, isLog: boolean): string =>
  [label, unit, isLog ? 'log' : ''].filter(Boolean).join(', ');

export function axisOf(metricId: string, low: number, high: number): AxisSpec {
  const of = metric(metricId);
  const range = axisAround(low, high);
  return { ...range, metricId, title: titleOf(of, range.isLog), better: of.better ?? 'lower', low, high };
}

/** The axis cut to what was zoomed into. */
export function zoomedAxis(axis: AxisSpec, zoom: AxisZoom | null): AxisSpec {
  if (!zoom || zoom.metricId !== axis.metricId || !(zoom.max > zoom.min)) return axis;
  // A logarithm has no zero; a range that was kept from a linear axis may have.
  if (axis.isLog && zoom.min <= 0) return axis;
  return { ...axis, ...withTicks(zoom.min, zoom.max, axis.isLog) };
}

/**
 * The axis to draw while points still arrive: the one before as long as it holds everything, else one that holds what both
 * did. Axes that jump with every point cannot be read.
 */
export function heldAxis(before: AxisSpec | null, next: AxisSpec): AxisSpec {
  if (!before || before.metricId !== next.metricId) return next;
  if (next.low >= before.min && next.high <= before.max) return before;
  return axisOf(next.metricId, Math.min(before.low, next.low), Math.max(before.high, next.high));
}

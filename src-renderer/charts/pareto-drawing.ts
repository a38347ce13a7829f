import type { ChartConfiguration, ChartDataset, Plugin, ScaleOptions } from 'chart.js';
import { metric } from '../../src-worker/protocol/metrics.ts';
import { formatTick } from '../../src-worker/protocol/numbers.ts';
import type { Palette } from './palette.ts';
import { drawOverlay, drawUnderlay, type ParetoMarks } from './pareto-overlay.ts';
import type { AxisSpec, ParetoPoint, ParetoSpec } from './pareto-spec.ts';

/** From a spec and the colors of the theme to what the drawing library wants. */

export type ParetoConfiguration = ChartConfiguration<'scatter', ParetoPoint[]>;

const FRONTIER_RADIUS = 5;
const DOMINATED_RADIUS = 3.2;
const HIT_RADIUS = 6;
/** The slot of everything without one of its own; drawn hollow. */
const HOLLOW_SLOT = 7;

export function paretoConfiguration(
  spec: ParetoSpec,
  palette: Palette,
  marks: () => ParetoMarks,
  onPick: (point: ParetoPoint) => void,
): ParetoConfiguration {
  return {
    type: 'scatter',
    data: { datasets: [pointsOf(spec, palette), frontierOf(spec, palette)] },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      interaction: { mode: 'nearest', intersect: true },
      onClick: (_event, elements) => {
        const point = spec.points[elements.find((element) => element.datasetIndex === 0)?.index ?? -1];
        if (point) onPick(point);
      },
      layout: { padding: { top: 6, right: 12 } },
      scales: { x: scaleOf(spec.x, palette, false), y: scaleOf(spec.y, palette, true) },
      plugins: { legend: { display: false }, tooltip: tooltipOf(spec, palette) },
    },
    plugins: [overlay(spec, palette, marks)],
  };
}

function pointsOf(spec: ParetoSpec, palette: Palette): ChartDataset<'scatter', ParetoPoint[]> {
  const color = (point: ParetoPoint): string => palette.series[point.slot - 1] ?? palette.text;
  const fade = (point: ParetoPoint): string => (point.isFrontier || palette.isHighContrast ? 'ff' : 'bf');
  return {
    data: spec.points,
    pointStyle: spec.points.map((point) => point.shape),
    pointRadius: spec.points.map((point) => (point.isFrontier ? FRONTIER_RADIUS : DOMINATED_RADIUS)),
    pointHoverRadius: spec.points.map((point) => (point.isFrontier ? FRONTIER_RADIUS : DOMINATED_RADIUS) + 1),
    pointHitRadius: HIT_RADIUS,
    pointBorderColor: spec.points.map((point) => color(point) + fade(point)),
    pointBackgroundColor: spec.points.map((point) =>
      point.slot === HOLLOW_SLOT ? palette.surface : color(point) + fade(point),
    ),
    pointBorderWidth: 1.5,
  };
}

function frontierOf(spec: ParetoSpec, palette: Palette): ChartDataset<'scatter', ParetoPoint[]> {
  return {
    data: spec.points.filter((point) => point.isFrontier),
    showLine: true,
    borderColor: palette.frontier,
    borderWidth: 1.5,
    pointRadius: 0,
    pointHitRadius: 0,
    pointHoverRadius: 0,
    // Below the points.
    order: 1,
  };
}

function scaleOf(axis: AxisSpec, palette: Palette, hasGrid: boolean): ScaleOptions<'linear' | 'logarithmic'> {
  return {
    type: axis.isLog ? 'logarithmic' : 'linear',
    min: axis.min,
    max: axis.max,
    grid: { display: hasGrid, color: palette.grid, drawTicks: !hasGrid, tickColor: palette.axis, tickLength: 4 },
    border: { color: palette.axis, display: !hasGrid },
    afterBuildTicks: (scale) => {
      scale.ticks = axis.ticks.map((value) => ({ value }));
    },
    ticks: {
      color: palette.text2,
      font: { family: palette.font, size: 11 },
      maxRotation: 0,
      callback: (value) => formatTick(Number(value)),
    },
  };
}

function tooltipOf(spec: ParetoSpec, palette: Palette) {
  return {
    animation: false as const,
    displayColors: false,
    backgroundColor: palette.tooltip,
    titleColor: palette.text,
    bodyColor: palette.text,
    borderColor: palette.axis,
    borderWidth: 1,
    cornerRadius: 5,
    titleFont: { family: palette.font, size: 12, weight: 600 },
    bodyFont: { family: palette.font, size: 12 },
    filter: (item: { datasetIndex: number }) => item.datasetIndex === 0,
    callbacks: {
      title: ([item]: { dataIndex: number }[]) => spec.points[item?.dataIndex ?? -1]?.label ?? '',
      label: (item: { dataIndex: number }) => {
        const point = spec.points[item.dataIndex];
        return point ? describePoint(spec, point) : [];
      },
    },
  };
}

/** The lines of a tooltip, and what a screen reader says of a point. */
export function describePoint(spec: ParetoSpec, point: ParetoPoint): string[] {
  const line = (id: string, value: number): string => {
    const { label, unit, format } = metric(id);
    return `${label}: ${format(value)} ${unit.replace('US$/', 'per ')}`;
  };
  const { row } = point;
  return [
    line(spec.x.metricId, point.x),
    line(spec.y.metricId, point.y),
    `TTFT P95: ${metric('ttft_p95').format(row.ttft_ms.p95)} ms`,
    `${row.provider}, ${row.zone ?? row.region}, TP ${row.tensor_parallel}`,
  ];
}

function overlay(spec: ParetoSpec, palette: Palette, marks: () => ParetoMarks): Plugin<'scatter'> {
  return {
    id: 'configiq-pareto',
    beforeDatasetsDraw: (chart) => drawUnderlay(chart, spec, palette),
    afterDatasetsDraw: (chart) => drawOverlay(chart, spec, palette, marks()),
  };
}

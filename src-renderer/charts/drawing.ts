import type { Chart, ChartConfiguration, Plugin, ScaleOptions, TooltipItem } from 'chart.js';
import { metric } from '../../src-worker/protocol/metrics.ts';
import { formatTick } from '../../src-worker/protocol/numbers.ts';
import type { AxisRange } from './axis.ts';
import { axisTitles } from './canvas-marks.ts';
import type { Palette } from './palette.ts';

/** What all canvas charts ask of the drawing library: no animation, no parsing, the same axes and tooltips. */

export type PointDatum = { x: number; y: number };
export type ScatterConfiguration = ChartConfiguration<'scatter', PointDatum[]>;
export type ScatterChart = Chart<'scatter', PointDatum[]>;

/** Room for the titles of the axes, which stand above and below the picture. */
const TITLE_ROOM = 16;

export const basicOptions = {
  animation: false,
  responsive: true,
  maintainAspectRatio: false,
  parsing: false,
  normalized: true,
} as const;

export const layoutWith = (right: number) => ({ padding: { top: TITLE_ROOM + 6, right, bottom: TITLE_ROOM, left: 2 } });

/** Shares are kept as fractions and shown as percent. */
export function metricTick(metricId: string): (value: number) => string {
  return metric(metricId).unit.startsWith('%') ? (value) => formatTick(value * 100) : formatTick;
}

export function scaleOf(
  axis: AxisRange,
  palette: Palette,
  hasGrid: boolean,
  tick: (value: number) => string = formatTick,
): ScaleOptions<'linear' | 'logarithmic'> {
  return {
    type: axis.isLog ? 'logarithmic' : 'linear',
    min: axis.min,
    max: axis.max,
    grid: {
      display: true,
      drawOnChartArea: hasGrid,
      color: palette.grid,
      drawTicks: !hasGrid,
      tickColor: palette.axis,
      tickLength: 4,
    },
    border: { color: palette.axis, display: !hasGrid },
    afterBuildTicks: (scale) => {
      scale.ticks = axis.ticks.map((value) => ({ value }));
    },
    ticks: {
      color: palette.text2,
      font: { family: palette.font, size: 11 },
      maxRotation: 0,
      autoSkipPadding: 8,
      padding: hasGrid ? 6 : 2,
      callback: (value) => tick(Number(value)),
    },
  };
}

export function tooltipOf(
  palette: Palette,
  titleAt: (index: number) => string,
  linesAt: (index: number) => string[],
  isShown: (item: TooltipItem<'scatter'>) => boolean,
) {
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
    filter: isShown,
    callbacks: {
      title: ([item]: { dataIndex: number }[]) => titleAt(item?.dataIndex ?? -1),
      label: ({ dataIndex }: { dataIndex: number }) => linesAt(dataIndex),
    },
  };
}

/** Draws below and above the series; the titles of the axes come with it. */
export function overlayPlugin(parts: {
  palette: () => Palette;
  titles: () => { x: string; y: string };
  under?: (chart: ScatterChart) => void;
  over: (chart: ScatterChart) => void;
}): Plugin<'scatter'> {
  return {
    id: 'configiq-overlay',
    beforeDatasetsDraw: (chart) => parts.under?.(chart as ScatterChart),
    afterDatasetsDraw: (chart) => {
      const { ctx, width, height, chartArea } = chart;
      axisTitles(ctx, parts.palette(), { width, height, right: chartArea.right }, parts.titles());
      parts.over(chart as ScatterChart);
    },
  };
}

export function pixelOf(chart: ScatterChart, { x, y }: PointDatum): PointDatum {
  return {
    x: chart.scales['x']?.getPixelForValue(x) ?? 0,
    y: chart.scales['y']?.getPixelForValue(y) ?? 0,
  };
}

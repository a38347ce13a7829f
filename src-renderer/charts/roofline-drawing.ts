import type { ChartDataset, Plugin } from 'chart.js';
import { drawLabels, label, line, measure } from './canvas-marks.ts';
import {
  basicOptions,
  layoutWith,
  overlayPlugin,
  pixelOf,
  scaleOf,
  type PointDatum,
  type ScatterChart,
  type ScatterConfiguration,
} from './drawing.ts';
import { boxAround, boxesAlong, placeLabels, type Box, type LabelWish } from './label-places.ts';
import type { Palette } from './palette.ts';
import type { RooflineMark, RooflineSpec } from './roofline-spec.ts';

/** From the spec of the roofline to the drawing library, and the words around it. */

export interface RooflineLink {
  spec: () => RooflineSpec;
  palette: () => Palette;
  /** The mark the keyboard stands on. */
  active: () => RooflineMark | null;
}

const PLANNED_RADIUS = 4.5;
const BATCH_RADIUS = 2.5;
const SQUARE_RADIUS = 5;
const RING_RADIUS = 9;

export function rooflineConfiguration(spec: RooflineSpec, palette: Palette, link: RooflineLink): ScatterConfiguration {
  const plain = { pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0, showLine: true };
  const peak: ChartDataset<'scatter', PointDatum[]> = {
    ...plain,
    data: spec.peakRoof,
    borderColor: palette.text3,
    borderWidth: 1,
    borderDash: [4, 3],
    order: 3,
  };
  const reached = { ...plain, data: spec.reachedRoof, borderColor: palette.text2, borderWidth: 1.5, order: 2 };
  return {
    type: 'scatter',
    data: { datasets: [peak, reached, marksOf(spec.decode, palette.memory, 'circle'), prefillOf(spec, palette)] },
    options: {
      ...basicOptions,
      events: [],
      layout: layoutWith(10),
      scales: { x: scaleOf(spec.x, palette, false), y: scaleOf(spec.y, palette, true) },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
    },
    plugins: [overlayOf(link)],
  };
}

function marksOf(
  marks: readonly RooflineMark[],
  color: string,
  pointStyle: 'circle' | 'rect',
): ChartDataset<'scatter', PointDatum[]> {
  const radii = marks.map(({ isPlanned }) => (isPlanned ? PLANNED_RADIUS : BATCH_RADIUS));
  return {
    data: marks.map(({ x, y }) => ({ x, y })),
    pointStyle,
    pointRadius: radii,
    pointHoverRadius: radii,
    pointBackgroundColor: color,
    pointBorderColor: color,
    showLine: true,
    borderColor: color,
    borderWidth: 2,
    order: 1,
  };
}

const prefillOf = (spec: RooflineSpec, palette: Palette): ChartDataset<'scatter', PointDatum[]> => ({
  ...marksOf(spec.prefill, palette.compute, 'rect'),
  showLine: false,
  pointRadius: SQUARE_RADIUS,
  pointHoverRadius: SQUARE_RADIUS,
  order: 0,
});

function overlayOf({ spec, palette, active }: RooflineLink): Plugin<'scatter'> {
  return overlayPlugin({
    palette,
    titles: () => ({ x: spec().x.title, y: spec().y.title }),
    under: (chart) => drawRidge(chart, spec(), palette()),
    over: (chart) => drawWords(chart, spec(), palette(), active()),
  });
}

function drawRidge(chart: ScatterChart, { ridge, y }: RooflineSpec, palette: Palette): void {
  const { ctx, chartArea } = chart;
  const x = pixelOf(chart, { x: ridge.value, y: y.min }).x;
  ctx.save();
  ctx.strokeStyle = palette.axis;
  ctx.lineWidth = 1;
  ctx.setLineDash([1, 3]);
  line(ctx, x, chartArea.top, x, chartArea.bottom);
  ctx.restore();
}

function drawWords(chart: ScatterChart, spec: RooflineSpec, palette: Palette, active: RooflineMark | null): void {
  const { ctx, chartArea } = chart;
  const { right, bottom } = chartArea;
  const width = (text: string): number => measure(ctx, palette, text);
  const ridgeX = pixelOf(chart, { x: spec.ridge.value, y: spec.y.min }).x;
  label(ctx, palette, { text: 'memory limits', x: ridgeX - 5, y: bottom - 22, align: 'right', color: palette.memory });
  label(ctx, palette, { text: 'compute', x: ridgeX + 5, y: bottom - 22, color: palette.compute });
  label(ctx, palette, { text: spec.ridge.label, x: ridgeX - 5, y: bottom - 8, align: 'right', color: palette.text3 });
  const roofY = (roof: PointDatum[]): number => pixelOf(chart, roof.at(-1) ?? { x: 1, y: 1 }).y;
  const peakY = roofY(spec.peakRoof);
  const reachedY = roofY(spec.reachedRoof);
  label(ctx, palette, { text: spec.peakLabel, x: right, y: peakY - 8, align: 'right', color: palette.text3 });
  label(ctx, palette, { text: spec.reachedLabel, x: right, y: reachedY + 9, align: 'right', color: palette.text2 });
  const marks = [...spec.decode, ...spec.prefill];
  const wishes = marks.flatMap((mark, index): LabelWish[] => {
    if (mark.label === null) return [];
    const texts = [mark.label, mark.shortLabel].map((text) => ({ text, width: width(text) }));
    return [{ id: String(index), ...pixelOf(chart, mark), texts, mustShow: mark.isPlanned }];
  });
  // Planned steps are named first: the ends of the path may go without.
  wishes.sort((a, b) => Number(b.mustShow) - Number(a.mustShow));
  const taken: Box[] = [
    ...marks.map((mark) => pixelOf(chart, mark)).map(({ x, y }) => boxAround(x, y, 5)),
    ...[spec.peakRoof, spec.reachedRoof, spec.decode].flatMap((points) =>
      boxesAlong(
        points.map((point) => pixelOf(chart, point)),
        2,
      ),
    ),
    { left: ridgeX - width('memory limits') - 8, right: ridgeX + width('compute') + 8, top: bottom - 30, bottom },
    { left: right - width(spec.peakLabel), right, top: peakY - 15, bottom: peakY },
    { left: right - width(spec.reachedLabel), right, top: reachedY, bottom: reachedY + 16 },
  ];
  drawLabels(ctx, palette, placeLabels(wishes, taken, chartArea), () => palette.text);
  if (active) ring(chart, active, palette);
}

function ring(chart: ScatterChart, mark: RooflineMark, palette: Palette): void {
  const { ctx } = chart;
  const { x, y } = pixelOf(chart, mark);
  ctx.save();
  ctx.strokeStyle = palette.text;
  ctx.lineWidth = 2;
  ctx.setLineDash([2, 2]);
  ctx.beginPath();
  ctx.arc(x, y, RING_RADIUS, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.restore();
}

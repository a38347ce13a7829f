import { drawPoint } from 'chart.js/helpers';
import Zoom from 'chartjs-plugin-zoom';
import {
  BAND_SHARE,
  describeAgreement,
  FAMILY_MARKS,
  type AgreementMetric,
  type AgreementPoint,
  type AgreementSpec,
  type AgreementZoom,
} from './agreement-spec.ts';
import { drawLabels, line, measure } from './canvas-marks.ts';
import {
  basicOptions,
  layoutWith,
  overlayPlugin,
  pixelOf,
  scaleOf,
  tooltipOf,
  type ScatterChart,
  type ScatterConfiguration,
} from './drawing.ts';
import { boxAround, placeLabels, type LabelPlace, type LabelWish } from './label-places.ts';
import type { Palette } from './palette.ts';
import { zoomOptions } from './zoom-options.ts';

/** From the spec of predicted against measured to the drawing library, with the diagonal and its band. */

/** What may change without a new spec. */
export interface AgreementMarks {
  selectedId: string | null;
  /** The point the keyboard stands on. */
  activeId: string | null;
}

export interface AgreementLink {
  spec: () => AgreementSpec;
  palette: () => Palette;
  marks: () => AgreementMarks;
  onPick: (point: AgreementPoint) => void;
  onZoom: (zoom: AgreementZoom) => void;
}

const RADIUS = 3.2;
const MISS_RADIUS = 4.2;
const RING_RADIUS = 9;
const POINT_REACH = 4;
/** Between a name and the figures of the axis: nearer they read as one. */
const AXIS_GAP = 8;
const HIT_RADIUS = 8;
/** Alpha of a point among many: 70 %. */
const FAINT = 'b3';
const BAND_ALPHA = 0.7;

export function agreementConfiguration(
  spec: AgreementSpec,
  palette: Palette,
  metric: AgreementMetric,
  link: AgreementLink,
): ScatterConfiguration {
  return {
    type: 'scatter',
    data: { datasets: [{ data: spec.points, pointRadius: 0, pointHoverRadius: 0, pointHitRadius: HIT_RADIUS }] },
    options: {
      ...basicOptions,
      interaction: { mode: 'nearest', intersect: true },
      onClick: (_event, elements) => {
        const point = spec.points[elements[0]?.index ?? -1];
        if (point) link.onPick(point);
      },
      layout: layoutWith(10),
      scales: { x: scaleOf(spec.x, palette, false), y: scaleOf(spec.y, palette, true) },
      plugins: {
        legend: { display: false },
        tooltip: tooltipOf(
          palette,
          (index) => spec.points[index]?.source.name ?? '',
          (index) => {
            const point = spec.points[index];
            return point ? describeAgreement(point, metric) : [];
          },
          () => true,
        ),
        zoom: zoomOptions(palette, { x: leastOf(spec), y: leastOf(spec) }, ({ x, y }) => {
          if (x && y) link.onZoom({ x: { min: x.min, max: x.max }, y: { min: y.min, max: y.max } });
        }),
      },
    },
    plugins: [
      overlayPlugin({
        palette: link.palette,
        titles: () => link.spec().titles,
        under: (chart) => drawDiagonal(chart, link.spec(), link.palette()),
        over: (chart) => drawPoints(chart, link.spec(), link.palette(), link.marks()),
      }),
      Zoom,
    ],
  };
}

/** As far out as one can zoom: a thousandth of the least. */
const leastOf = ({ points: [first], x }: AgreementSpec): number => (first?.x ?? x.min) / 1000;

/** The line of exact predictions in the band of those within a fifth. */
function drawDiagonal(chart: ScatterChart, { x: across, y: up }: AgreementSpec, palette: Palette): void {
  const { ctx, chartArea } = chart;
  const [min, max] = [Math.min(across.min, up.min), Math.max(across.max, up.max)];
  const at = (x: number, y: number) => pixelOf(chart, { x, y });
  ctx.save();
  ctx.beginPath();
  ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
  ctx.clip();
  if (!palette.isHighContrast) {
    const corners = [at(min, min * (1 + BAND_SHARE)), at(max, max * (1 + BAND_SHARE))];
    const others = [at(max, max * (1 - BAND_SHARE)), at(min, min * (1 - BAND_SHARE))];
    ctx.fillStyle = palette.tooltip;
    ctx.globalAlpha = BAND_ALPHA;
    ctx.beginPath();
    for (const { x, y } of [...corners, ...others]) ctx.lineTo(x, y);
    ctx.closePath();
    ctx.fill();
    ctx.globalAlpha = 1;
  } else {
    ctx.strokeStyle = palette.axis;
    ctx.setLineDash([4, 3]);
    for (const share of [1 + BAND_SHARE, 1 - BAND_SHARE]) {
      const [from, to] = [at(min, min * share), at(max, max * share)];
      line(ctx, from.x, from.y, to.x, to.y);
    }
    ctx.setLineDash([]);
  }
  ctx.strokeStyle = palette.text2;
  ctx.lineWidth = 1.2;
  const [from, to] = [at(min, min), at(max, max)];
  line(ctx, from.x, from.y, to.x, to.y);
  ctx.restore();
}

/** Points, rings around the largest misses and the chosen one, and their names. */
function drawPoints(chart: ScatterChart, spec: AgreementSpec, palette: Palette, marks: AgreementMarks): void {
  const { ctx, chartArea } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(chartArea.left - 6, chartArea.top - 10, chartArea.width + 16, chartArea.height + 16);
  ctx.clip();
  // What is ringed lies on top.
  const sorted = spec.points.toSorted((a, b) => Number(a.miss !== null) - Number(b.miss !== null));
  for (const point of sorted) drawOne(chart, point, palette);
  for (const point of spec.points) {
    if (point.miss !== null) ring(chart, point, palette.missed, []);
    if (point.id === marks.selectedId) ring(chart, point, palette.accent, [], 2);
    if (point.id === marks.activeId) ring(chart, point, palette.text, [2, 2], 2);
  }
  const places = namePlaces(chart, spec, palette, marks);
  for (const place of places) drawLeader(chart, spec, palette, place);
  drawLabels(ctx, palette, places, () => palette.text);
  ctx.restore();
}

/** From a name that found room only further off to its ring. */
function drawLeader(chart: ScatterChart, spec: AgreementSpec, palette: Palette, { id, box, isOff }: LabelPlace): void {
  const point = spec.points.find((one) => one.id === id);
  if (!isOff || !point) return;
  const { ctx } = chart;
  const { x, y } = pixelOf(chart, point);
  const [nearX, nearY] = [Math.min(Math.max(x, box.left), box.right), Math.min(Math.max(y, box.top), box.bottom)];
  const share = RING_RADIUS / Math.hypot(nearX - x, nearY - y);
  ctx.strokeStyle = palette.axis;
  ctx.lineWidth = 1;
  line(ctx, x + (nearX - x) * share, y + (nearY - y) * share, nearX, nearY);
}

function drawOne(chart: ScatterChart, point: AgreementPoint, palette: Palette): void {
  const { ctx } = chart;
  const { shape, isHollow } = FAMILY_MARKS[point.family] ?? { shape: 'circle', isHollow: true };
  const color = palette.series[point.family] ?? palette.text;
  const isSolid = point.miss !== null || palette.isHighContrast;
  const ink = isSolid ? color : color + FAINT;
  const { x, y } = pixelOf(chart, point);
  ctx.strokeStyle = ink;
  ctx.fillStyle = isHollow ? palette.surface : ink;
  drawPoint(ctx, { pointStyle: shape, radius: point.miss === null ? RADIUS : MISS_RADIUS, borderWidth: 1.25 }, x, y);
}

function ring(chart: ScatterChart, point: AgreementPoint, color: string, dash: number[], width = 1.5): void {
  const { ctx } = chart;
  const { x, y } = pixelOf(chart, point);
  ctx.beginPath();
  ctx.setLineDash(dash);
  ctx.lineWidth = width;
  ctx.strokeStyle = color;
  ctx.arc(x, y, RING_RADIUS, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The largest misses and what is looked at are named where there is room. */
function namePlaces(chart: ScatterChart, spec: AgreementSpec, palette: Palette, marks: AgreementMarks) {
  const { points, x: across, y: up } = spec;
  const { ctx, chartArea } = chart;
  const isLookedAt = ({ id }: AgreementPoint): boolean => id === marks.selectedId || id === marks.activeId;
  const isSeen = ({ x, y }: AgreementPoint): boolean =>
    x >= across.min && x <= across.max && y >= up.min && y <= up.max;
  const placed = points.filter(isSeen).map((point) => ({ point, at: pixelOf(chart, point) }));
  const obstacles = placed.map(({ at }) => boxAround(at.x, at.y, POINT_REACH));
  const wishes = placed
    .filter(({ point }) => point.miss !== null || isLookedAt(point))
    .sort(
      (a, b) => Number(isLookedAt(b.point)) - Number(isLookedAt(a.point)) || (a.point.miss ?? 0) - (b.point.miss ?? 0),
    )
    .map(({ point, at }): LabelWish => ({
      id: point.id,
      ...at,
      texts: [point.source.name, point.source.shortName].map((text) => ({ text, width: measure(ctx, palette, text) })),
      mustShow: isLookedAt(point),
      reach: RING_RADIUS,
      // Away from the diagonal, where the others lie.
      offSide: point.y > point.x ? 'above' : 'below',
    }));
  return placeLabels(wishes, obstacles, { ...chartArea, left: chartArea.left + AXIS_GAP });
}

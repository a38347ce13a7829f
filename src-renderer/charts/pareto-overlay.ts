import type { Chart } from 'chart.js';
import type { Palette } from './palette.ts';
import type { ParetoPoint, ParetoSpec } from './pareto-spec.ts';

/** What the drawing library has no word for: the target, the better corner, direct labels, the rings. */

/** What may change without a new spec. */
export interface ParetoMarks {
  selectedId: string | null;
  /** The point the keyboard stands on. */
  activeId: string | null;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const LABEL_HEIGHT = 14;
const LABEL_GAP = 9;
const RING_RADIUS = 9;
const HALO_WIDTH = 3.5;

/** Below the points: where the target is missed, and the line it is missed at. */
export function drawUnderlay(chart: Chart<'scatter'>, spec: ParetoSpec, palette: Palette): void {
  const x = chart.scales['x'];
  if (!spec.target || !x) return;
  const { ctx, chartArea } = chart;
  const at = x.getPixelForValue(spec.target.value);
  const missesLeft = spec.x.better === 'higher';
  ctx.save();
  ctx.beginPath();
  ctx.rect(
    missesLeft ? chartArea.left : at,
    chartArea.top,
    missesLeft ? at - chartArea.left : chartArea.right - at,
    chartArea.height,
  );
  ctx.clip();
  hatch(ctx, chartArea, palette.unstable);
  ctx.restore();
  ctx.save();
  ctx.strokeStyle = palette.target;
  ctx.lineWidth = 1.25;
  ctx.setLineDash([5, 3]);
  line(ctx, at, chartArea.top, at, chartArea.bottom);
  ctx.restore();
  const isNearRight = at > chartArea.right - 120;
  label(
    ctx,
    spec.target.label,
    at + (isNearRight ? -6 : 6),
    chartArea.top + 7,
    isNearRight ? 'right' : 'left',
    palette,
    palette.target,
  );
}

/** Above the points: rings, the names of the frontier, the better corner. */
export function drawOverlay(chart: Chart<'scatter'>, spec: ParetoSpec, palette: Palette, marks: ParetoMarks): void {
  const { ctx, chartArea } = chart;
  ctx.save();
  for (const point of spec.points) {
    if (point.id === marks.selectedId) ring(chart, point, palette.accent, []);
    if (point.id === marks.activeId) ring(chart, point, palette.text, [2, 2]);
  }
  drawLabels(chart, spec, palette, marks);
  const isRight = spec.x.better === 'higher';
  label(
    ctx,
    isRight ? 'better ↘' : '↙ better',
    isRight ? chartArea.right - 4 : chartArea.left + 4,
    chartArea.bottom - 9,
    isRight ? 'right' : 'left',
    palette,
    palette.text2,
  );
  ctx.restore();
}

/** Frontier and selection are named; a name that would cover another is dropped. */
function drawLabels(chart: Chart<'scatter'>, spec: ParetoSpec, palette: Palette, marks: ParetoMarks): void {
  const { ctx, chartArea } = chart;
  const named = spec.points
    .filter((point) => point.isFrontier || point.id === marks.selectedId)
    .sort((a, b) => Number(b.id === marks.selectedId) - Number(a.id === marks.selectedId));
  const taken: Box[] = spec.points.filter((point) => point.isFrontier).map((point) => around(place(chart, point), 5));
  ctx.font = `500 11px ${palette.font}`;
  for (const point of named) {
    const { x, y } = place(chart, point);
    const width = ctx.measureText(point.label).width;
    const spots: { x: number; y: number; align: CanvasTextAlign }[] = [
      { x: x + LABEL_GAP, y: y + LABEL_GAP, align: 'left' },
      { x: x - LABEL_GAP, y: y - LABEL_GAP, align: 'right' },
      { x: x - LABEL_GAP, y: y + LABEL_GAP, align: 'right' },
      { x: x + LABEL_GAP, y: y - LABEL_GAP, align: 'left' },
    ];
    for (const spot of spots) {
      const left = spot.align === 'left' ? spot.x : spot.x - width;
      const box = { left, right: left + width, top: spot.y - LABEL_HEIGHT / 2, bottom: spot.y + LABEL_HEIGHT / 2 };
      const isSelected = point.id === marks.selectedId;
      if (!inside(box, chartArea) || (!isSelected && taken.some((other) => overlaps(box, other)))) continue;
      taken.push(box);
      label(ctx, point.label, spot.x, spot.y, spot.align, palette, palette.text);
      break;
    }
  }
}

function place(chart: Chart<'scatter'>, point: ParetoPoint): { x: number; y: number } {
  return {
    x: chart.scales['x']?.getPixelForValue(point.x) ?? 0,
    y: chart.scales['y']?.getPixelForValue(point.y) ?? 0,
  };
}

const around = ({ x, y }: { x: number; y: number }, reach: number): Box => ({
  left: x - reach,
  right: x + reach,
  top: y - reach,
  bottom: y + reach,
});
const overlaps = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const inside = (box: Box, area: Box): boolean =>
  box.left >= area.left && box.right <= area.right && box.top >= area.top && box.bottom <= area.bottom;

function ring(chart: Chart<'scatter'>, point: ParetoPoint, color: string, dash: number[]): void {
  const { ctx } = chart;
  const { x, y } = place(chart, point);
  ctx.beginPath();
  ctx.setLineDash(dash);
  ctx.lineWidth = 2;
  ctx.strokeStyle = color;
  ctx.arc(x, y, RING_RADIUS, 0, 2 * Math.PI);
  ctx.stroke();
}

function hatch(ctx: CanvasRenderingContext2D, area: Box, color: string): void {
  const step = 8;
  const height = area.bottom - area.top;
  ctx.strokeStyle = color;
  ctx.globalAlpha = 0.3;
  ctx.lineWidth = 1;
  for (let x = area.left - height; x < area.right; x += step) line(ctx, x, area.bottom, x + height, area.top);
}

function line(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function label(
  ctx: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  align: CanvasTextAlign,
  palette: Palette,
  color: string,
): void {
  ctx.save();
  ctx.font = `500 11px ${palette.font}`;
  ctx.textAlign = align;
  ctx.textBaseline = 'middle';
  ctx.lineJoin = 'round';
  ctx.lineWidth = HALO_WIDTH;
  ctx.strokeStyle = palette.surface;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = color;
  ctx.fillText(text, x, y);
  ctx.restore();
}

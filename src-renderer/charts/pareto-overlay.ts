import { drawPoint } from 'chart.js/helpers';
import { drawLabels, hatch, label, measure, targetLine } from './canvas-marks.ts';
import { pixelOf, type ScatterChart } from './drawing.ts';
import { boxAround, boxesAlong, LABEL_HEIGHT, placeLabels, type Box, type LabelWish } from './label-places.ts';
import type { Palette } from './palette.ts';
import { HOLLOW_SLOT, type ParetoPoint, type ParetoSpec } from './pareto-spec.ts';

/** What is drawn around the frontier: points, rings, direct labels, the target, the better corner. */

/** What may change without a new spec. */
export interface ParetoMarks {
  selectedId: string | null;
  /** The point the keyboard stands on. */
  activeId: string | null;
}

const FRONTIER_RADIUS = 5;
const DOMINATED_RADIUS = 3.2;
/** Alpha of what is dominated: 75 %. */
const FAINT = 'bf';
const RING_RADIUS = 9;
const POINT_REACH = 5;
const FRONTIER_REACH = 6;
const LINE_REACH = 2;
/** Between the words of the better corner and a name beside them. */
const CORNER_GAP = 6;
/** A frontier of a sweep may have hundreds of points; looking for room for all their names would take a tenth of a second. */
const MOST_NAMES = 24;
/** Nearer to the right edge than this, the name of the target stands left of its line. */
const TARGET_LABEL_ROOM = 130;

/** Below the points: where the target is missed, and the line it is missed at. */
export function drawUnderlay(chart: ScatterChart, spec: ParetoSpec, palette: Palette): void {
  const x = chart.scales['x'];
  const { target } = spec;
  if (!target || !x) return;
  const { ctx, chartArea } = chart;
  const missed = missedBox(chartArea, x.getPixelForValue(target.value), spec.x.better);
  if (missed.right > missed.left) {
    hatch(ctx, missed, palette.unstable);
    const hasRoom = measure(ctx, palette, target.missed) + 8 < missed.right - missed.left;
    if (hasRoom) {
      label(ctx, palette, { text: target.missed, x: missed.left + 4, y: missed.bottom - 9, color: palette.text3 });
    }
  }
  if (target.value < spec.x.min || target.value > spec.x.max) return;
  const at = x.getPixelForValue(target.value);
  targetLine(ctx, palette, [at, chartArea.top], [at, chartArea.bottom]);
  const isNearRight = at > chartArea.right - TARGET_LABEL_ROOM;
  label(ctx, palette, {
    text: target.label,
    x: at + (isNearRight ? -6 : 6),
    y: chartArea.top + 7,
    align: isNearRight ? 'right' : 'left',
    color: palette.target,
  });
}

/** The part of the picture where a target is missed: slower than it, or later than it. Empty where that is out of sight. */
export function missedBox(area: Box, targetAt: number, better: 'lower' | 'higher'): Box {
  const edge = Math.min(area.right, Math.max(area.left, targetAt));
  const { top, bottom } = area;
  return better === 'higher'
    ? { left: area.left, right: edge, top, bottom }
    : { left: edge, right: area.right, top, bottom };
}

/** Above the points: rings, the names of the frontier, the better corner. */
export function drawOverlay(chart: ScatterChart, spec: ParetoSpec, palette: Palette, marks: ParetoMarks): void {
  const { ctx, chartArea } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(chartArea.left - 6, chartArea.top - 10, chartArea.width + 16, chartArea.height + 16);
  ctx.clip();
  drawPoints(chart, spec, palette);
  for (const point of spec.points) {
    if (point.id === marks.selectedId) ring(chart, point, palette.accent, []);
    if (point.id === marks.activeId) ring(chart, point, palette.text, [2, 2]);
  }
  drawLabels(ctx, palette, labelPlaces(chart, spec, palette, marks), () => palette.text);
  ctx.restore();
  const corner = betterCorner(spec, chartArea);
  label(ctx, palette, { ...corner, color: palette.text2 });
}

/** Faint ones first, so that the frontier lies on top. */
function drawPoints(chart: ScatterChart, { points }: ParetoSpec, palette: Palette): void {
  const { ctx } = chart;
  for (const isFrontier of [false, true]) {
    for (const point of points) {
      if (point.isFrontier !== isFrontier) continue;
      const { radius, stroke, fill } = inkOf(point, palette);
      const { x, y } = pixelOf(chart, point);
      ctx.strokeStyle = stroke;
      ctx.fillStyle = fill;
      drawPoint(ctx, { pointStyle: point.shape, radius, borderWidth: 1.5 }, x, y);
    }
  }
}

/** The frontier is large and solid, the rest small and faint; what misses a target and what has no color of its own is hollow. */
export function inkOf(point: Pick<ParetoPoint, 'slot' | 'isFrontier' | 'isExcluded'>, palette: Palette) {
  const color = palette.series[point.slot - 1] ?? palette.text;
  const isSolid = point.isFrontier || point.isExcluded || palette.isHighContrast;
  const stroke = isSolid ? color : color + FAINT;
  const isHollow = point.slot === HOLLOW_SLOT || point.isExcluded;
  return {
    radius: point.isFrontier ? FRONTIER_RADIUS : DOMINATED_RADIUS,
    stroke,
    fill: isHollow ? palette.surface : stroke,
  };
}

/** An arrow into the corner where both metrics are best. */
export function betterCorner(spec: Pick<ParetoSpec, 'x' | 'y'>, area: Box) {
  const isRight = spec.x.better === 'higher';
  const isTop = spec.y.better === 'higher';
  const arrows = isTop ? { left: '↖ better', right: 'better ↗' } : { left: '↙ better', right: 'better ↘' };
  return {
    text: isRight ? arrows.right : arrows.left,
    x: isRight ? area.right - 4 : area.left + 4,
    y: isTop ? area.top + 9 : area.bottom - 9,
    align: isRight ? ('right' as const) : ('left' as const),
  };
}

/** Where the words of the better corner stand, which names keep clear of. */
function cornerBox(ctx: CanvasRenderingContext2D, palette: Palette, corner: ReturnType<typeof betterCorner>): Box {
  const width = measure(ctx, palette, corner.text) + CORNER_GAP;
  const [left, right] = corner.align === 'right' ? [corner.x - width, corner.x] : [corner.x, corner.x + width];
  return { left, right, top: corner.y - LABEL_HEIGHT / 2, bottom: corner.y + LABEL_HEIGHT / 2 };
}

/** Frontier and selection are named; what finds no room beside all points and names is not. */
function labelPlaces(chart: ScatterChart, spec: ParetoSpec, palette: Palette, marks: ParetoMarks) {
  const { ctx, chartArea } = chart;
  const isSeen = ({ x, y }: ParetoPoint): boolean =>
    x >= spec.x.min && x <= spec.x.max && y >= spec.y.min && y <= spec.y.max;
  const seen = spec.points.filter(isSeen).map((point) => ({ point, at: pixelOf(chart, point) }));
  const frontier = seen.filter(({ point }) => point.isFrontier).map(({ at }) => at);
  const obstacles = [
    cornerBox(ctx, palette, betterCorner(spec, chartArea)),
    ...seen.map(({ point, at }) => boxAround(at.x, at.y, point.isFrontier ? FRONTIER_REACH : POINT_REACH)),
    ...boxesAlong(frontier, LINE_REACH),
  ];
  const isNamed = (id: string): boolean => id === marks.selectedId || id === marks.activeId;
  const every = Math.ceil(frontier.length / MOST_NAMES);
  let onFrontier = -1;
  const mayBeNamed = ({ isFrontier, id }: ParetoPoint): boolean => {
    if (isFrontier) onFrontier += 1;
    return (isFrontier && onFrontier % every === 0) || isNamed(id);
  };
  const wishes = seen
    .filter(({ point }) => mayBeNamed(point))
    .sort((a, b) => Number(isNamed(b.point.id)) - Number(isNamed(a.point.id)))
    .map(({ point, at }): LabelWish => ({
      id: point.id,
      ...at,
      // Only what is looked at is named in full: long names would push those of the others out.
      texts: (isNamed(point.id) ? [point.label, point.shortLabel] : [point.shortLabel]).map((text) => ({
        text,
        width: measure(ctx, palette, text),
      })),
      mustShow: isNamed(point.id),
      reach: isNamed(point.id) ? RING_RADIUS : 0,
    }));
  return placeLabels(wishes, obstacles, chartArea);
}

function ring(chart: ScatterChart, point: ParetoPoint, color: string, dash: number[]): void {
  const { ctx } = chart;
  const { x, y } = pixelOf(chart, point);
  ctx.beginPath();
  ctx.setLineDash(dash);
  ctx.lineWidth = 2;
  ctx.strokeStyle = color;
  ctx.arc(x, y, RING_RADIUS, 0, 2 * Math.PI);
  ctx.stroke();
  ctx.setLineDash([]);
}

import type { ChartDataset, Plugin } from 'chart.js';
import { arrow, drawLabels, hatch, label, line, measure, targetLine } from './canvas-marks.ts';
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
import { boxesAlong, LABEL_HEIGHT, overlaps, placeLabels, type Box, type LabelWish } from './label-places.ts';
import { STATISTIC_LOOKS } from './latency-kinds.ts';
import type { CurveLine, CurveSpec } from './load-curve-spec.ts';
import type { Palette } from './palette.ts';
import type { SimulatedMark } from './simulated-marks.ts';

/** From the spec of the load curve to the drawing library, and what is drawn around the curves. */

export interface CurveLink {
  spec: () => CurveSpec;
  palette: () => Palette;
  /** Stop the keyboard stands on, -1 = none. */
  active: () => number;
}

/** Names of the targets stand right of the picture. */
const TARGET_ROOM = 78;
const DOT_RADIUS = 3.5;

export function loadCurveConfiguration(spec: CurveSpec, palette: Palette, link: CurveLink): ScatterConfiguration {
  return {
    type: 'scatter',
    data: { datasets: spec.curves.map((curve) => lineOf(curve, palette)) },
    options: {
      ...basicOptions,
      // The keyboard and the readout say what is where; a tooltip on every computed point would hide the curves.
      events: [],
      layout: layoutWith(spec.targets.length > 0 ? TARGET_ROOM : 14),
      scales: { x: scaleOf(spec.x, palette, false), y: scaleOf(spec.y, palette, true) },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
    },
    plugins: [overlayOf(link)],
  };
}

const colorOf = (palette: Palette, { statistic }: Pick<CurveLine, 'statistic'>): string =>
  palette.series[STATISTIC_LOOKS[statistic].slot - 1] ?? palette.text;

function lineOf(curve: CurveLine, palette: Palette): ChartDataset<'scatter', PointDatum[]> {
  return {
    data: curve.points,
    showLine: true,
    borderColor: colorOf(palette, curve),
    borderWidth: 1.75,
    borderJoinStyle: 'round',
    borderDash: STATISTIC_LOOKS[curve.statistic].dash,
    pointRadius: 0,
    pointHitRadius: 0,
    pointHoverRadius: 0,
  };
}

function overlayOf({ spec, palette, active }: CurveLink): Plugin<'scatter'> {
  return overlayPlugin({
    palette,
    titles: () => ({ x: spec().x.title, y: spec().y.title }),
    under: (chart) => drawUnder(chart, spec(), palette()),
    over: (chart) => drawOver(chart, spec(), palette(), active()),
  });
}

function drawUnder(chart: ScatterChart, spec: CurveSpec, palette: Palette): void {
  const { ctx, chartArea } = chart;
  const from = pixelOf(chart, { x: spec.unstable.from, y: spec.y.max }).x;
  hatch(ctx, { left: from, right: chartArea.right, top: chartArea.top, bottom: chartArea.bottom }, palette.unstable);
  for (const { value } of spec.targets) {
    const { y } = pixelOf(chart, { x: 0, y: value });
    targetLine(ctx, palette, [chartArea.left, y], [chartArea.right, y]);
  }
}

function drawOver(chart: ScatterChart, spec: CurveSpec, palette: Palette, active: number): void {
  const { ctx, chartArea } = chart;
  const { left, right, top, bottom } = chartArea;
  const at = (rate: number): number => pixelOf(chart, { x: rate, y: spec.y.max }).x;
  ctx.save();
  const names = spreadLabels(chart, spec);
  for (const { value, y } of names) {
    const text = spec.targets.find((target) => target.value === value)?.label ?? '';
    label(ctx, palette, { text, x: right + 5, y, color: palette.target });
  }
  const plannedX = at(Math.min(spec.planned.value, spec.x.max));
  if (!spec.planned.isBeyond) upright(ctx, plannedX, chartArea, palette.text);
  const capacityX = spec.capacity && at(spec.capacity.value);
  if (capacityX !== null) upright(ctx, capacityX, chartArea, palette.met);
  const unstable = unstablePlace(
    { left: at(spec.unstable.from), right, top, bottom },
    measure(ctx, palette, 'unstable'),
    spec.targets.map(({ value }) => pixelOf(chart, { x: 0, y: value }).y).concat(names.map(({ y }) => y)),
  );
  label(ctx, palette, { text: 'unstable', ...unstable, align: 'right', color: palette.text3 });
  drawUprightLabels(chart, spec, palette, plannedX, capacityX);
  const { lines, uprights } = obstacles(chart, spec, plannedX, capacityX);
  const strip = spec.distance ? [drawDistance(chart, spec.distance, palette, lines)] : [];
  for (const curve of spec.curves) {
    if (curve.atPlanned !== null) dot(chart, { x: spec.planned.value, y: curve.atPlanned }, colorOf(palette, curve));
  }
  const marks = drawSimulated(chart, spec, palette);
  const places = placeLabels(curveWishes(chart, spec, palette), [...lines, ...uprights, ...strip, ...marks], {
    left,
    right: at(spec.unstable.from),
    top,
    bottom,
  });
  drawLabels(ctx, palette, places, (id) => {
    const curve = spec.curves.find(({ statistic }) => statistic === id);
    return curve ? colorOf(palette, curve) : palette.text;
  });
  const stop = spec.stops[active];
  if (stop) {
    ctx.setLineDash([2, 2]);
    upright(ctx, at(stop.rate), chartArea, palette.accent);
    ctx.setLineDash([]);
  }
  ctx.restore();
}

function upright(ctx: CanvasRenderingContext2D, x: number, area: Box, color: string): void {
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5;
  line(ctx, x, area.top - 2, x, area.bottom);
}

/** Names of targets that lie close together are moved apart, from the lowest up. */
function spreadLabels(chart: ScatterChart, spec: CurveSpec): { value: number; y: number }[] {
  const wanted = spec.targets
    .map(({ value }) => ({ value, y: pixelOf(chart, { x: 0, y: value }).y }))
    .sort((a, b) => b.y - a.y);
  let last = Infinity;
  return wanted.map(({ value, y }) => {
    last = Math.min(y, last - 13);
    return { value, y: last };
  });
}

const UNSTABLE_ABOVE = 34;
const UNSTABLE_STEP = 6;

/**
 * Where the unstable zone is named: near its foot, higher where a target or the name of one would cross it. A zone that is
 * narrower than its name lets it reach into the margin.
 */
export function unstablePlace(zone: Box, width: number, crossings: readonly number[]): { x: number; y: number } {
  const x = Math.max(zone.right - 4, zone.left + width + 4);
  for (let y = zone.bottom - UNSTABLE_ABOVE; y > zone.top + LABEL_HEIGHT; y -= UNSTABLE_STEP) {
    if (crossings.every((crossing) => Math.abs(crossing - y) >= LABEL_HEIGHT)) return { x, y };
  }
  return { x, y: zone.bottom - UNSTABLE_ABOVE };
}

/** The names of the two loads stand above the picture and outwards, so that they never meet. */
function drawUprightLabels(
  chart: ScatterChart,
  spec: CurveSpec,
  palette: Palette,
  plannedX: number,
  capacityX: number | null,
): void {
  const { ctx, chartArea } = chart;
  const isRight = spec.distance?.isShort ?? false;
  const name = (text: string, x: number, wantsRight: boolean, color: string): void => {
    const width = measure(ctx, palette, text);
    const fitsRight = x + 5 + width <= chart.width;
    const fitsLeft = x - 5 - width >= chartArea.left;
    const goesRight = wantsRight ? fitsRight || !fitsLeft : !fitsLeft;
    label(ctx, palette, {
      text,
      x: x + (goesRight ? 5 : -5),
      y: chartArea.top + 4,
      align: goesRight ? 'left' : 'right',
      color,
    });
  };
  if (spec.capacity && capacityX !== null) {
    const isNarrow = Math.abs(capacityX - plannedX) < measure(ctx, palette, spec.capacity.label) + 12;
    name(spec.capacity.label, capacityX, isNarrow && !isRight, palette.met);
  }
  name(spec.planned.label, plannedX, isRight, palette.text);
}

/** The arrow from planned load to capacity or back, with its figure; it needs a strip without curves and dashes. */
function drawDistance(
  chart: ScatterChart,
  { from, to, label: text, isShort }: NonNullable<CurveSpec['distance']>,
  palette: Palette,
  taken: readonly Box[],
): Box {
  const { ctx, chartArea } = chart;
  const color = isShort ? palette.missed : palette.met;
  const fromX = pixelOf(chart, { x: from, y: 1 }).x;
  const toX = pixelOf(chart, { x: to, y: 1 }).x;
  const width = measure(ctx, palette, text);
  const middle = (fromX + toX) / 2;
  const x = Math.min(chartArea.right - width / 2, Math.max(chartArea.left + width / 2, middle));
  const sides = { left: Math.min(fromX, toX, x - width / 2), right: Math.max(fromX, toX, x + width / 2) };
  const strip = freeStrip(sides, chartArea, taken);
  const y = strip.bottom - STRIP_BELOW;
  if (Math.abs(toX - fromX) > 8) arrow(ctx, fromX, toX - Math.sign(toX - fromX), y, color);
  label(ctx, palette, { text, x, y: y - 11, align: 'center', color });
  return strip;
}

const STRIP_HEIGHT = 26;
const STRIP_BELOW = 8;
const STRIP_STEP = 6;

/** The lowest strip of the area that touches nothing; the very lowest where all do. */
export function freeStrip(sides: { left: number; right: number }, area: Box, taken: readonly Box[]): Box {
  const at = (bottom: number): Box => ({ ...sides, top: bottom - STRIP_HEIGHT, bottom });
  for (let bottom = area.bottom; bottom - STRIP_HEIGHT > area.top; bottom -= STRIP_STEP) {
    if (!taken.some((box) => overlaps(at(bottom), box))) return at(bottom);
  }
  return at(area.bottom);
}

function dot(chart: ScatterChart, point: PointDatum, color: string): void {
  const { ctx } = chart;
  const { x, y } = pixelOf(chart, point);
  ctx.beginPath();
  ctx.fillStyle = color;
  ctx.arc(x, y, DOT_RADIUS, 0, 2 * Math.PI);
  ctx.fill();
}

const MARK_RADIUS = 3;
const WHISKER_CAP = 3;
const CROSS_REACH = 4;
/** Above the foot of the picture, where a load without a steady state is crossed. */
const CROSS_ABOVE = 9;

/** Simulated points with the bars of their intervals, and a cross at each load without a steady state; where all that lies. */
function drawSimulated(chart: ScatterChart, spec: CurveSpec, palette: Palette): Box[] {
  const { ctx, chartArea } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(chartArea.left, chartArea.top, chartArea.right - chartArea.left, chartArea.bottom - chartArea.top);
  ctx.clip();
  const boxes = spec.simulated.map((mark) => drawMark(chart, mark, spec.y.min, palette));
  ctx.strokeStyle = palette.missed;
  ctx.lineWidth = 1.75;
  for (const rate of spec.simulatedSaturated) {
    const { x } = pixelOf(chart, { x: rate, y: spec.y.max });
    const y = chartArea.bottom - CROSS_ABOVE;
    line(ctx, x - CROSS_REACH, y - CROSS_REACH, x + CROSS_REACH, y + CROSS_REACH);
    line(ctx, x - CROSS_REACH, y + CROSS_REACH, x + CROSS_REACH, y - CROSS_REACH);
  }
  ctx.restore();
  return boxes;
}

function drawMark(chart: ScatterChart, mark: SimulatedMark, least: number, palette: Palette): Box {
  const { ctx } = chart;
  const { x, y } = pixelOf(chart, mark);
  // A logarithmic axis has no zero.
  const bottom = pixelOf(chart, { x: mark.x, y: Math.max(mark.low, least) }).y;
  const top = pixelOf(chart, { x: mark.x, y: mark.high }).y;
  ctx.strokeStyle = colorOf(palette, mark);
  ctx.lineWidth = 1.5;
  // Bars that the ring hides are not drawn, so that their caps do not look like a part of it.
  if (bottom - top > 2 * MARK_RADIUS) {
    line(ctx, x, top, x, bottom);
    for (const end of [top, bottom]) line(ctx, x - WHISKER_CAP, end, x + WHISKER_CAP, end);
  }
  ctx.beginPath();
  ctx.fillStyle = palette.surface;
  ctx.arc(x, y, MARK_RADIUS, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  const reach = MARK_RADIUS + 1;
  return { left: x - reach, right: x + reach, top: Math.min(top, y - reach), bottom: Math.max(bottom, y + reach) };
}

/** Shares of the way to saturation where the name of a curve may stand, the best first. */
const NAME_SHARES = [0.68, 0.25, 0.5, 0.35, 0.8, 0.15, 0.58];

/**
 * One wish for each place along each curve; the first that finds room is taken. Of several curves the highest is named above
 * it and the others below, so that no name stands nearer to another curve.
 */
function curveWishes(chart: ScatterChart, spec: CurveSpec, palette: Palette): LabelWish[] {
  const isOne = spec.curves.length === 1;
  return spec.curves.flatMap(({ statistic, points }, index) => {
    const side = index === spec.curves.length - 1 ? 'above' : 'below';
    const text = STATISTIC_LOOKS[statistic].label;
    const width = measure(chart.ctx, palette, text);
    return NAME_SHARES.flatMap((share): LabelWish[] => {
      const wanted = spec.unstable.from * share;
      const point = points.reduce<PointDatum | null>(
        (best, other) => (!best || Math.abs(other.x - wanted) < Math.abs(best.x - wanted) ? other : best),
        null,
      );
      return point
        ? [{ id: statistic, ...pixelOf(chart, point), texts: [{ text, width }], ...(isOne ? {} : { side }) }]
        : [];
    });
  });
}

/** What names must not cover: the curves, the dashes of the targets, the names at the top; and the two upright lines. */
function obstacles(chart: ScatterChart, spec: CurveSpec, plannedX: number, capacityX: number | null) {
  const { left, right, top, bottom } = chart.chartArea;
  const reach = 2;
  const onCurves = spec.curves.flatMap(({ points }) =>
    boxesAlong(
      points.map((point) => pixelOf(chart, point)),
      reach,
    ),
  );
  const dashes = spec.targets.map(({ value }): Box => {
    const { y } = pixelOf(chart, { x: 0, y: value });
    return { left, right, top: y - reach, bottom: y + reach };
  });
  const names: Box = { left, right, top: top - 4, bottom: top + 12 };
  const uprights = [plannedX, ...(capacityX === null ? [] : [capacityX])].map((x): Box => ({
    left: x - reach,
    right: x + reach,
    top,
    bottom,
  }));
  return { lines: [...onCurves, ...dashes, names], uprights };
}

import { hatch, label, line, measure } from './canvas-marks.ts';
import { NAME_ROWS, type BreakEvenSpec } from './break-even-spec.ts';
import {
  basicOptions,
  layoutWith,
  overlayPlugin,
  pixelOf,
  scaleOf,
  type ScatterChart,
  type ScatterConfiguration,
} from './drawing.ts';
import type { Palette } from './palette.ts';
import type { StopsLink } from './stops-link.ts';

/** From the spec of break-evens to the drawing library: a line, the intervals in which the choice changes, and their names. */

const POINT_RADIUS = 3;
const NAME_STEP = 13;

export function breakEvenConfiguration(
  spec: BreakEvenSpec,
  palette: Palette,
  link: StopsLink & { spec: () => BreakEvenSpec },
): ScatterConfiguration {
  const color = palette.series[0] ?? palette.text;
  return {
    type: 'scatter',
    data: {
      datasets: [
        {
          data: spec.steps,
          showLine: true,
          spanGaps: false,
          borderColor: color,
          borderWidth: 1.75,
          pointRadius: 0,
          pointHoverRadius: 0,
        },
        {
          data: spec.points.map(({ x, y }) => ({ x, y })),
          pointRadius: POINT_RADIUS,
          pointHoverRadius: POINT_RADIUS,
          pointBackgroundColor: color,
          pointBorderColor: color,
        },
      ],
    },
    options: {
      ...basicOptions,
      events: [],
      layout: layoutWith(14),
      scales: { x: scaleOf(spec.x, palette, false), y: scaleOf(spec.y, palette, true) },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
    },
    plugins: [
      overlayPlugin({
        palette: link.palette,
        titles: () => ({ x: link.spec().x.title, y: link.spec().y.title }),
        under: (chart) => drawChanges(chart, link.spec(), link.palette()),
        over: (chart) => drawOver(chart, link.spec(), link.palette(), link.active()),
      }),
    ],
  };
}

function drawChanges(chart: ScatterChart, spec: BreakEvenSpec, palette: Palette): void {
  const { ctx, chartArea } = chart;
  for (const { from, to } of spec.changes) {
    const [left, right] = [from, to].map((x) => pixelOf(chart, { x, y: spec.y.max }).x) as [number, number];
    hatch(ctx, { left, right, top: chartArea.top, bottom: chartArea.bottom }, palette.text2);
  }
}

/** Names stand at the top of their interval, in rows, so that neighbours do not meet; one without room is left to the sentences. */
function drawOver(chart: ScatterChart, spec: BreakEvenSpec, palette: Palette, active: number): void {
  const { ctx, chartArea } = chart;
  const ends = Array.from({ length: NAME_ROWS }, () => -Infinity);
  for (const { from, to, name } of spec.changes) {
    const [left, right] = [from, to].map((x) => pixelOf(chart, { x, y: spec.y.max }).x) as [number, number];
    const width = measure(ctx, palette, name);
    const x = Math.max(chartArea.left + 2, Math.min((left + right - width) / 2, chartArea.right - width));
    const row = ends.findIndex((end) => x > end + 6);
    if (row < 0) continue;
    ends[row] = x + width;
    label(ctx, palette, { text: name, x, y: chartArea.top + 8 + row * NAME_STEP, color: palette.text });
  }
  const stop = spec.stops[active];
  if (!stop) return;
  ctx.save();
  ctx.strokeStyle = palette.accent;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([2, 2]);
  const { x } = pixelOf(chart, stop);
  line(ctx, x, chartArea.top, x, chartArea.bottom);
  ctx.restore();
}

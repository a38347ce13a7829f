import type { ChartDataset, Plugin } from 'chart.js';
import { label, line } from './canvas-marks.ts';
import {
  basicOptions,
  layoutWith,
  overlayPlugin,
  scaleOf,
  type PointDatum,
  type ScatterChart,
  type ScatterConfiguration,
} from './drawing.ts';
import { formatTick } from '../../src-worker/protocol/numbers.ts';
import type { Palette } from './palette.ts';
import type { TimelineSpec } from './timeline-spec.ts';

/** From the spec of the timeline to the drawing library: two panels over one axis of time. */

export interface TimelineLink {
  spec: () => TimelineSpec;
  palette: () => Palette;
  /** Piece the keyboard stands on, -1 = none. */
  active: () => number;
}

/** Shares of the height: requests above, the KV cache below. */
const REQUESTS_WEIGHT = 3;
const CACHE_WEIGHT = 2;
/** Between the panels, where the lower one has its title. */
const GAP_WEIGHT = 0.55;
/** Height of the tallest bar of preemptions, and their least. */
const PREEMPTION_HEIGHT = 26;
const LEAST_HEIGHT = 3;
const PREEMPTION_WIDTH = 2;
/** Above the lower panel. */
const TITLE_ABOVE = 11;
const WAITING_DASH = [4, 3];
/** Of the shade between an average and the highest (design, section 5: bands). */
const SHADE_ALPHA = 0.16;

/** The lower panel's axis; the upper one's is the usual `y`. */
const CACHE_AXIS = 'kv';

export function timelineConfiguration(spec: TimelineSpec, palette: Palette, link: TimelineLink): ScatterConfiguration {
  const requests = scaleOf(spec.requests, palette, true);
  const cache = scaleOf(spec.cache, palette, true, (value) => formatTick(value * 100));
  // Of the axes of one stack the later one stands above the earlier.
  const lower = { ...cache, stack: 'panels', stackWeight: CACHE_WEIGHT };
  const gap = {
    type: 'linear' as const,
    axis: 'y' as const,
    stack: 'panels',
    stackWeight: GAP_WEIGHT,
    ticks: { display: false },
    grid: { display: false },
    border: { display: false },
  };
  const upper = { ...requests, stack: 'panels', stackWeight: REQUESTS_WEIGHT };
  return {
    type: 'scatter',
    data: {
      datasets: [
        lineOf(spec.running, seriesOf(palette, 0), 'y', []),
        lineOf(spec.waiting, seriesOf(palette, 1), 'y', WAITING_DASH),
        lineOf(spec.kv, seriesOf(palette, 2), CACHE_AXIS, []),
      ],
    },
    options: {
      ...basicOptions,
      events: [],
      layout: layoutWith(14),
      scales: { x: scaleOf(spec.x, palette, false), [CACHE_AXIS]: lower, gap, y: upper },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
    },
    plugins: [overlayOf(link)],
  };
}

const seriesOf = (palette: Palette, index: number): string => palette.series[index] ?? palette.text;

function lineOf(
  data: PointDatum[],
  borderColor: string,
  yAxisID: string,
  borderDash: number[],
): ChartDataset<'scatter', PointDatum[]> {
  return {
    data,
    yAxisID,
    showLine: true,
    borderColor,
    borderDash,
    borderWidth: 1.5,
    borderJoinStyle: 'round',
    pointRadius: 0,
    pointHitRadius: 0,
    pointHoverRadius: 0,
  };
}

function overlayOf({ spec, palette, active }: TimelineLink): Plugin<'scatter'> {
  return overlayPlugin({
    palette,
    titles: () => ({ x: spec().x.title, y: spec().requests.title }),
    under: (chart) => drawShades(chart, spec(), palette()),
    over: (chart) => drawOver(chart, spec(), palette(), active()),
  });
}

/** From the averages up to the highest of each piece. */
function drawShades({ ctx, scales }: ScatterChart, spec: TimelineSpec, palette: Palette): void {
  const { running, waiting, kv, most } = spec;
  const shades = [
    { from: running, to: most.running, axis: 'y', color: seriesOf(palette, 0) },
    { from: waiting, to: most.waiting, axis: 'y', color: seriesOf(palette, 1) },
    { from: kv, to: most.kv, axis: CACHE_AXIS, color: seriesOf(palette, 2) },
  ];
  ctx.save();
  ctx.globalAlpha = SHADE_ALPHA;
  for (const { from, to, axis, color } of shades) {
    const place = ({ x, y }: PointDatum): [number, number] => [
      scales['x']?.getPixelForValue(x) ?? 0,
      scales[axis]?.getPixelForValue(y) ?? 0,
    ];
    ctx.fillStyle = color;
    ctx.beginPath();
    for (const point of from) ctx.lineTo(...place(point));
    for (const point of to.toReversed()) ctx.lineTo(...place(point));
    ctx.fill();
  }
  ctx.restore();
}

function drawOver(chart: ScatterChart, spec: TimelineSpec, palette: Palette, active: number): void {
  const { ctx, chartArea, scales } = chart;
  const lower = scales[CACHE_AXIS];
  const at = (x: number): number => scales['x']?.getPixelForValue(x) ?? 0;
  if (lower) {
    drawPreemptions(chart, spec, palette, { at, bottom: lower.bottom });
    label(ctx, palette, { text: spec.cache.title, x: 2, y: lower.top - TITLE_ABOVE, color: palette.text3 });
  }
  const stop = spec.stops[active];
  if (!stop) return;
  ctx.save();
  ctx.strokeStyle = palette.accent;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([2, 2]);
  line(ctx, at(stop.x), chartArea.top, at(stop.x), chartArea.bottom);
  ctx.restore();
}

function drawPreemptions(
  { ctx }: ScatterChart,
  { preemptions }: TimelineSpec,
  palette: Palette,
  place: { at: (x: number) => number; bottom: number },
): void {
  ctx.save();
  ctx.fillStyle = palette.missed;
  for (const { x, share } of preemptions) {
    const height = Math.max(LEAST_HEIGHT, share * PREEMPTION_HEIGHT);
    ctx.fillRect(place.at(x) - PREEMPTION_WIDTH / 2, place.bottom - height, PREEMPTION_WIDTH, height);
  }
  ctx.restore();
}

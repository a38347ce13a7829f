import { hatch, label, line } from './canvas-marks.ts';
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
import type { TornadoBar, TornadoSpec } from './tornado-spec.ts';

/** From the spec of a tornado to the drawing library: the axes are its own, the bars are drawn over them. */

/** Of the distance between two bars; each end has half of it, so that both are seen where they lie on one side. */
const BAR_SHARE = 0.56;
const NO_ANSWER_WIDTH = 54;
const LEAST_WIDTH = 2;

export function tornadoConfiguration(
  spec: TornadoSpec,
  palette: Palette,
  link: StopsLink & { spec: () => TornadoSpec },
): ScatterConfiguration {
  const nameAt = (at: number): string => spec.bars.find((bar) => bar.at === at)?.name ?? '';
  return {
    type: 'scatter',
    // The library scales to data; the ends of the bars are all it needs.
    data: { datasets: [{ data: [], pointRadius: 0 }] },
    options: {
      ...basicOptions,
      events: [],
      layout: layoutWith(18),
      scales: { x: scaleOf(spec.x, palette, true), y: { ...scaleOf(spec.y, palette, false, nameAt) } },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
    },
    plugins: [
      overlayPlugin({
        palette: link.palette,
        titles: () => ({ x: link.spec().x.title, y: '' }),
        over: (chart) => drawBars(chart, link.spec(), link.palette(), link.active()),
      }),
    ],
  };
}

function drawBars(chart: ScatterChart, spec: TornadoSpec, palette: Palette, active: number): void {
  const { ctx, chartArea } = chart;
  const pitch = Math.abs(pixelOf(chart, { x: spec.base, y: 2 }).y - pixelOf(chart, { x: spec.base, y: 1 }).y);
  const { x: baseX } = pixelOf(chart, { x: spec.base, y: 1 });
  ctx.save();
  for (const bar of spec.bars) drawBar(chart, bar, baseX, pitch * BAR_SHARE, palette);
  ctx.strokeStyle = palette.text;
  ctx.lineWidth = 1.5;
  line(ctx, baseX, chartArea.top, baseX, chartArea.bottom);
  const stop = spec.stops[active];
  if (stop) {
    const { y } = pixelOf(chart, stop);
    ctx.strokeStyle = palette.accent;
    ctx.strokeRect(chartArea.left + 1, y - pitch / 2 + 2, chartArea.right - chartArea.left - 2, pitch - 4);
  }
  ctx.restore();
}

/** The lower end above, the higher below. */
function drawBar(chart: ScatterChart, bar: TornadoBar, baseX: number, height: number, palette: Palette): void {
  const { ctx, chartArea } = chart;
  for (const [value, slot, shift] of [
    [bar.low, 0, -1],
    [bar.high, 1, 0],
  ] as const) {
    const top = pixelOf(chart, { x: 1, y: bar.at }).y + (shift * height) / 2;
    const bottom = top + height / 2;
    if (value === null) {
      const right = Math.min(baseX + NO_ANSWER_WIDTH, chartArea.right);
      hatch(ctx, { left: baseX, right, top, bottom }, palette.missed);
      label(ctx, palette, { text: 'no answer', x: baseX + 4, y: (top + bottom) / 2, color: palette.missed });
      continue;
    }
    const { x } = pixelOf(chart, { x: value, y: bar.at });
    const width = Math.max(LEAST_WIDTH, Math.abs(x - baseX));
    ctx.fillStyle = palette.series[slot] ?? palette.text;
    ctx.fillRect(x < baseX ? baseX - width : baseX, top, width, height / 2);
  }
}

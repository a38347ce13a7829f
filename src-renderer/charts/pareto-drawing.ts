import type { ChartDataset, Plugin } from 'chart.js';
import Zoom from 'chartjs-plugin-zoom';
import {
  basicOptions,
  layoutWith,
  metricTick,
  overlayPlugin,
  scaleOf,
  tooltipOf,
  type PointDatum,
  type ScatterConfiguration,
} from './drawing.ts';
import type { Palette } from './palette.ts';
import type { AxisSpec, ParetoZoom } from './pareto-axes.ts';
import { drawOverlay, drawUnderlay, type ParetoMarks } from './pareto-overlay.ts';
import { describePoint, type ParetoPoint, type ParetoSpec } from './pareto-spec.ts';
import { zoomOptions, type SeenRange } from './zoom-options.ts';

/** From a spec and the colors of the theme to what the drawing library wants. */

const HIT_RADIUS = 9;

/** What the overlay reads when it draws, and what is told when something is done to the picture. */
export interface ParetoLink {
  spec: () => ParetoSpec;
  palette: () => Palette;
  marks: () => ParetoMarks;
  onPick: (point: ParetoPoint) => void;
  onZoom: (zoom: ParetoZoom) => void;
}

export function paretoConfiguration(spec: ParetoSpec, palette: Palette, link: ParetoLink): ScatterConfiguration {
  return {
    type: 'scatter',
    data: { datasets: [pointsOf(spec), frontierOf(spec, palette)] },
    options: {
      ...basicOptions,
      interaction: { mode: 'nearest', intersect: true },
      onClick: (_event, elements) => {
        const point = spec.points[elements.find((element) => element.datasetIndex === 0)?.index ?? -1];
        if (point) link.onPick(point);
      },
      layout: layoutWith(14),
      scales: {
        x: scaleOf(spec.x, palette, false, metricTick(spec.x.metricId)),
        y: scaleOf(spec.y, palette, true, metricTick(spec.y.metricId)),
      },
      plugins: {
        legend: { display: false },
        tooltip: tooltipOf(
          palette,
          (index) => spec.points[index]?.label ?? '',
          (index) => {
            const point = spec.points[index];
            return point ? describePoint(spec, point) : [];
          },
          (item) => item.datasetIndex === 0,
        ),
        zoom: zoomOf(spec, palette, link),
      },
    },
    plugins: [overlayOf(link), Zoom],
  };
}

function zoomOf(spec: ParetoSpec, palette: Palette, link: ParetoLink) {
  const seen = ({ metricId }: AxisSpec, range: SeenRange | undefined) =>
    range ? { metricId, min: range.min, max: range.max } : null;
  const leastOf = ({ isLog, low }: AxisSpec): number => (isLog ? low / 1000 : 0);
  return zoomOptions(palette, { x: leastOf(spec.x), y: leastOf(spec.y) }, ({ x, y }) =>
    link.onZoom({ x: seen(spec.x, x), y: seen(spec.y, y) }),
  );
}

/**
 * Only where the points are and how near the pointer must come. The overlay draws them: here each would need looks of its
 * own, and to work those out takes the library 10 ms for 1,000 points.
 */
function pointsOf(spec: ParetoSpec): ChartDataset<'scatter', PointDatum[]> {
  return { data: spec.points, pointRadius: 0, pointHoverRadius: 0, pointHitRadius: HIT_RADIUS };
}

function frontierOf(spec: ParetoSpec, palette: Palette): ChartDataset<'scatter', PointDatum[]> {
  return {
    data: spec.points.filter((point) => point.isFrontier),
    showLine: true,
    borderColor: palette.frontier,
    borderWidth: 1.5,
    pointRadius: 0,
    pointHitRadius: 0,
    pointHoverRadius: 0,
  };
}

function overlayOf({ spec, palette, marks }: ParetoLink): Plugin<'scatter'> {
  return overlayPlugin({
    palette,
    titles: () => ({ x: spec().x.title, y: spec().y.title }),
    under: (chart) => drawUnderlay(chart, spec(), palette()),
    over: (chart) => drawOverlay(chart, spec(), palette(), marks()),
  });
}

import { Chart, LinearScale, LineElement, LogarithmicScale, PointElement, ScatterController, Tooltip } from 'chart.js';
import type { PointDatum, ScatterChart, ScatterConfiguration } from './drawing.ts';

Chart.register(LinearScale, LogarithmicScale, ScatterController, PointElement, LineElement, Tooltip);

/** A chart on a canvas that follows its configuration without being made anew. */
export class LiveChart {
  readonly #canvas: HTMLCanvasElement;
  #chart: ScatterChart | null = null;
  #configuration: ScatterConfiguration | null = null;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Series keep their place in `datasets`, so what is drawn is changed, not made again. Plugins are those of the first. */
  show(configuration: ScatterConfiguration): void {
    this.#configuration = configuration;
    if (!this.#chart) {
      this.#chart = new Chart<'scatter', PointDatum[]>(this.#canvas, configuration);
      return;
    }
    const { data, options } = this.#chart;
    configuration.data.datasets.forEach((dataset, index) => {
      const before = data.datasets[index];
      if (before) Object.assign(before, dataset);
      else data.datasets.push(dataset);
    });
    data.datasets.length = configuration.data.datasets.length;
    if (configuration.options && options) this.#chart.options = configuration.options;
    this.#chart.update('none');
  }

  /** Draws the same data again: rings moved, nothing else did. */
  redraw(): void {
    this.#chart?.draw();
  }

  /** What stands at a pixel of the canvas, in the units of the axes; null outside the area they span. */
  valueAt(x: number, y: number): PointDatum | null {
    const { chartArea: area, scales } = this.#chart ?? {};
    if (!area || x < area.left || x > area.right || y < area.top || y > area.bottom) return null;
    const [at, value] = [scales?.['x']?.getValueForPixel(x), scales?.['y']?.getValueForPixel(y)];
    return at === undefined || value === undefined ? null : { x: at, y: value };
  }

  /** The picture at twice the size in pixels, for a file. null before anything was drawn. */
  picture(): HTMLCanvasElement | null {
    if (!this.#chart || !this.#configuration) return null;
    const canvas = document.createElement('canvas');
    canvas.width = this.#chart.width;
    canvas.height = this.#chart.height;
    const { data, options, plugins = [] } = this.#configuration;
    const still = new Chart<'scatter', PointDatum[]>(canvas, {
      type: 'scatter',
      data: { datasets: data.datasets.map((dataset) => ({ ...dataset })) },
      options: { ...options, responsive: false, devicePixelRatio: 2 },
      plugins: plugins.filter(({ id }) => id !== 'zoom'),
    });
    const copy = document.createElement('canvas');
    copy.width = canvas.width;
    copy.height = canvas.height;
    copy.getContext('2d')?.drawImage(canvas, 0, 0);
    still.destroy();
    return copy;
  }

  destroy(): void {
    this.#chart?.destroy();
    this.#chart = null;
  }
}

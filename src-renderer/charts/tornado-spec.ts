import { metric } from '../../src-worker/protocol/metrics.ts';
import { endWords } from '../../src-worker/protocol/run-analysis-words.ts';
import type { SensitivityDocument, SensitivityEnd } from '../../src-worker/protocol/sensitivity.ts';
import { axisAround, type AxisRange } from './axis.ts';
import { metricCell, textCell, type ChartTable } from './chart-table.ts';

/** From a sensitivity answer to what is drawn: a bar for each input, the strongest on top. */
export interface TornadoSpec {
  x: AxisRange & { title: string };
  /** The bar of index i lies at height i; names stand where an axis has its figures. */
  y: AxisRange;
  base: number;
  bars: TornadoBar[];
  stops: { x: number; y: number; text: string }[];
  summary: string;
}

export interface TornadoBar {
  name: string;
  at: number;
  /** null = nothing meets the targets there. */
  low: number | null;
  high: number | null;
}

/** null where the question itself has no answer. */
export function tornadoSpec(document: SensitivityDocument): TornadoSpec | null {
  const { base, bars, metric: id, by_percent: by } = document;
  if (!base) return null;
  const shown = metric(id);
  const valueOf = ({ outcome }: SensitivityEnd): number | null => outcome?.[id] ?? null;
  const drawn = bars.map(({ input, low, high }, index): TornadoBar => ({
    name: input,
    at: bars.length - index,
    low: valueOf(low),
    high: valueOf(high),
  }));
  const values = [base[id], ...drawn.flatMap(({ low, high }) => [low, high])].filter((value) => value !== null);
  const [strongest] = bars;
  const words = (end: SensitivityEnd): string => {
    const value = valueOf(end);
    return `${end.change} ${endWords(end, base)}${value === null ? '' : `, ${shown.format(value)}`}`;
  };
  return {
    x: { ...axisAround(Math.min(...values), Math.max(...values)), title: `${shown.label}, ${shown.unit}` },
    y: { isLog: false, min: 0.4, max: bars.length + 0.6, ticks: drawn.map(({ at }) => at) },
    base: base[id],
    bars: drawn,
    stops: bars.map(({ input, low, high }, index) => ({
      x: base[id],
      y: bars.length - index,
      text: `${input}: ${words(low)}; ${words(high)}`,
    })),
    summary: `${shown.label} with each input ${by} % down and up, around ${shown.format(base[id])}${
      strongest ? `; ${strongest.input} moves it most` : ''
    }.`,
  };
}

export function tornadoTable({ bars, base, metric: id }: SensitivityDocument): ChartTable {
  const shown = metric(id);
  const head = (label: string) => ({ label, unit: shown.unit, isNumber: true });
  const text = (label: string) => ({ label, unit: '', isNumber: false });
  return {
    columns: [text('Input'), head('Down'), text('Then'), head('Up'), text('Then'), head('Swing')],
    rows: bars.map(({ input, low, high, swing }) => ({
      id: input,
      cells: [
        textCell(input),
        metricCell(shown, low.outcome?.[id] ?? null),
        textCell(`${low.change}: ${endWords(low, base)}`),
        metricCell(shown, high.outcome?.[id] ?? null),
        textCell(`${high.change}: ${endWords(high, base)}`),
        metricCell(shown, swing),
      ],
    })),
  };
}

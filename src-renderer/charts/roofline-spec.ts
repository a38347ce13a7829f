import type { Roofline, RooflinePoint } from '../../src-worker/protocol/documents.ts';
import { formatFixed, formatSignificant } from '../../src-worker/protocol/numbers.ts';
import { precisionLabel } from '../format/names.ts';
import { withTicks, type AxisRange } from './axis.ts';
import { numberCell, textCell, type ChartTable } from './chart-table.ts';

/** What the roofline draws: a pure function of the document. Both axes are logarithmic. */
export interface RooflineSpec {
  x: AxisRange & { title: string };
  y: AxisRange & { title: string };
  /** Left end, ridge, right end. */
  peakRoof: { x: number; y: number }[];
  reachedRoof: { x: number; y: number }[];
  ridge: { value: number; label: string };
  peakLabel: string;
  reachedLabel: string;
  /** Batches of decode steps, smallest first. */
  decode: RooflineMark[];
  prefill: RooflineMark[];
  summary: string;
}

export interface RooflineMark {
  x: number;
  y: number;
  isPlanned: boolean;
  /** On the picture: only of the planned ones and of the ends of the path. */
  label: string | null;
  /** Where the label finds no room. */
  shortLabel: string;
  text: string;
}

/** Room right of the last point for the names of the roofs. */
const RIGHT_OF_POINTS = 16;

/** Attainable rate in TFLOP/s: a TB/s times a FLOP per byte is a TFLOP/s. */
export const roofAt = (intensity: number, tflopsPerS: number, tbPerS: number): number =>
  Math.min(tflopsPerS, tbPerS * intensity);

export function rooflineSpec(roofline: Roofline): RooflineSpec {
  const { peak_tflops_per_s: peak, peak_bandwidth_tb_per_s: peakBandwidth } = roofline;
  const { reached_tflops_per_s: reached, reached_bandwidth_tb_per_s: reachedBandwidth } = roofline;
  const ridge = roofline.ridge_flop_per_byte;
  const points = roofline.points.filter((point) => point.flop_per_byte > 0 && point.tflops_per_s > 0);
  const intensities = [...points.map((point) => point.flop_per_byte), ridge];
  const x = logAxis(Math.min(...intensities) / 1.6, Math.max(...intensities) * RIGHT_OF_POINTS);
  const lowest = Math.min(roofAt(x.min, reached, reachedBandwidth), ...points.map((point) => point.tflops_per_s));
  const y = logAxis(lowest / 1.6, peak * 2.2);
  const batches = points.filter(({ phase }) => phase === 'decode').sort((a, b) => a.batch - b.batch);
  return {
    x: { ...x, title: 'FLOP per byte, log' },
    y: { ...y, title: 'TFLOP/s, log' },
    peakRoof: roof(x, peak, peakBandwidth),
    reachedRoof: roof(x, reached, reachedBandwidth),
    ridge: { value: ridge, label: `ridge ${formatSignificant(ridge)}` },
    peakLabel: `peak ${formatSignificant(peak)}`,
    reachedLabel: `reached ${formatSignificant(reached)}`,
    decode: batches.map((point, index) => decodeMark(point, index === 0 || index === batches.length - 1)),
    prefill: points.filter(({ phase }) => phase === 'prefill').map(prefillMark),
    summary: summaryOf(roofline),
  };
}

const logAxis = (min: number, max: number): AxisRange => withTicks(min, max, true);

function roof({ min, max }: AxisRange, tflopsPerS: number, tbPerS: number): { x: number; y: number }[] {
  const bends = tflopsPerS / tbPerS;
  return [min, ...(bends > min && bends < max ? [bends] : []), max].map((x) => ({
    x,
    y: roofAt(x, tflopsPerS, tbPerS),
  }));
}

const figures = ({ flop_per_byte: intensity, tflops_per_s: tflops }: RooflinePoint): string =>
  `${formatSignificant(intensity)} FLOP per byte, ${formatSignificant(tflops)} TFLOP/s`;

function decodeMark(point: RooflinePoint, isEnd: boolean): RooflineMark {
  const { batch, is_planned: isPlanned } = point;
  const running = `decode, ${formatFixed(batch)} running`;
  return {
    x: point.flop_per_byte,
    y: point.tflops_per_s,
    isPlanned,
    label: isPlanned ? running : isEnd ? formatFixed(batch) : null,
    shortLabel: formatFixed(batch),
    text: `${running}: ${figures(point)}`,
  };
}

function prefillMark(point: RooflinePoint): RooflineMark {
  const name = `prefill, ${formatFixed(point.tokens)} tokens`;
  const { flop_per_byte: x, tflops_per_s: y, is_planned: isPlanned } = point;
  return { x, y, isPlanned, label: name, shortLabel: 'prefill', text: `${name}: ${figures(point)}` };
}

/** Memory-bound below the ridge, compute-bound above it. */
const boundBy = (point: RooflinePoint, ridge: number): string => (point.flop_per_byte < ridge ? 'memory' : 'compute');

function summaryOf(roofline: Roofline): string {
  const ridge = roofline.ridge_flop_per_byte;
  const planned = roofline.points.filter((point) => point.is_planned);
  const phases = planned.map((point) => {
    const side = boundBy(point, ridge);
    return `${point.phase} at ${formatSignificant(point.flop_per_byte)} FLOP per byte is limited by ${side}`;
  });
  const roofs = `In ${precisionLabel(roofline.precision)} the ridge is at ${formatSignificant(ridge)} FLOP per byte`;
  return phases.length > 0 ? `${roofs}: ${phases.join('; ')}.` : `${roofs}.`;
}

export function rooflineTable(roofline: Roofline): ChartTable {
  const number = (label: string, unit: string) => ({ label, unit, isNumber: true });
  const words = (label: string) => ({ label, unit: '', isNumber: false });
  return {
    columns: [
      words('Step'),
      number('Sequences', ''),
      number('Tokens', ''),
      number('Intensity', 'FLOP per byte'),
      number('Rate', 'TFLOP/s'),
      words('Limited by'),
      words('Planned'),
    ],
    rows: roofline.points.map((point, index) => ({
      id: String(index),
      cells: [
        textCell(point.phase),
        numberCell(point.batch, (value) => formatFixed(value)),
        numberCell(point.tokens, (value) => formatFixed(value)),
        numberCell(point.flop_per_byte, (value) => formatSignificant(value)),
        numberCell(point.tflops_per_s, (value) => formatSignificant(value)),
        textCell(boundBy(point, roofline.ridge_flop_per_byte)),
        textCell(point.is_planned ? 'yes' : 'no'),
      ],
    })),
  };
}

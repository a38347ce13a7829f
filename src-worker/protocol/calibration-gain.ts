import type { CalibrationDocument, ErrorBasis, MetricError } from './calibration.ts';
import { formatSize } from './numbers.ts';

/** What a calibration is worth to whoever made it: errors on the rows it is for, before and after. */

/** `same`: no difference that the figures could show. */
export type Change = 'better' | 'worse' | 'same';

export interface MetricGain {
  metric: MetricError['metric'];
  label: string;
  points: number;
  /** Median errors over the rows, percent. */
  before: number | null;
  sameRows: number | null;
  /** Predicted by fits that had not seen the group of the row; null without such fits. */
  leftOut: number | null;
  change: Change;
}

export interface CalibrationGain {
  metrics: MetricGain[];
  /** What `change` is told by: only fits that had not seen a row say what to expect of others. */
  basis: 'left_out' | 'same_rows';
  improves: boolean;
  /** What gets worse, in a sentence; empty where nothing does. */
  warning: string;
}

const METRICS: readonly (readonly [MetricError['metric'], label: string])[] = [
  ['tpot', 'TPOT'],
  ['ttft', 'TTFT'],
  ['e2e', 'E2E'],
  ['throughput', 'Output rate'],
];

function changeOf(before: number | null, after: number | null): Change {
  if (before === null || after === null || formatSize(before) === formatSize(after)) return 'same';
  return after < before ? 'better' : 'worse';
}

export function calibrationGain({ name, base, errors }: CalibrationDocument): CalibrationGain {
  const errorOf = (basis: ErrorBasis, metric: MetricError['metric']): MetricError | null =>
    errors[basis]?.find((error) => error.metric === metric && error.points > 0) ?? null;
  const basis = METRICS.some(([metric]) => errorOf('group', metric) !== null) ? 'left_out' : 'same_rows';
  const metrics = METRICS.flatMap(([metric, label]): MetricGain[] => {
    const before = errorOf('before', metric);
    if (before === null) return [];
    const sameRows = errorOf('in_sample', metric)?.points_percent ?? null;
    const leftOut = errorOf('group', metric)?.points_percent ?? null;
    return [
      {
        metric,
        label,
        points: before.points,
        before: before.points_percent,
        sameRows,
        leftOut,
        change: changeOf(before.points_percent, basis === 'left_out' ? leftOut : sameRows),
      },
    ];
  });
  const worse = metrics.filter(({ change }) => change === 'worse');
  const improves = metrics.some(({ change }) => change === 'better');
  const warning = metrics.length === 0 ? '' : warningOf({ name, base, basis, improves, worse });
  return { metrics, basis, improves, warning };
}

function warningOf({
  name,
  base,
  basis,
  improves,
  worse,
}: Pick<CalibrationDocument, 'name' | 'base'> & Pick<CalibrationGain, 'basis' | 'improves'> & { worse: MetricGain[] }) {
  if (worse.length === 0) return improves ? '' : `${name} is no nearer to your rows than ${base}: keep ${base}.`;
  const figures = worse.map(({ label, before, sameRows, leftOut }) => {
    const after = basis === 'left_out' ? leftOut : sameRows;
    return `${label} ${formatSize(before)} → ${formatSize(after)} %`;
  });
  const where =
    basis === 'left_out' ? 'On rows of yours that a fit had not seen' : 'Even on your own rows, which it was fitted to';
  const advice = improves ? '' : ` Nothing gets better: keep ${base}.`;
  return `${where}, ${name} is further off than ${base}: ${figures.join(', ')}.${advice}`;
}

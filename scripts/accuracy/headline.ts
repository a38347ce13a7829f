import { UNCERTAIN_METRICS, type UncertainMetric } from '../../src-worker/engine/calibration/types.ts';
import { meanOf, medianOf } from '../../src-worker/engine/numerics/sample.ts';
import { errorPercent } from '../../src-worker/protocol/error-summary.ts';
import type { AccuracyDocument, AccuracyPoint, PointColumn } from '../../src-worker/protocol/accuracy.ts';

/** The columns that stand for a metric: the mean, else the median; output tokens, else requests. */
const HEADLINES: Readonly<Record<UncertainMetric, readonly string[]>> = {
  ttft: ['ttft_ms_mean', 'ttft_ms_p50'],
  tpot: ['tpot_ms_mean', 'tpot_ms_p50'],
  e2e: ['e2e_ms_mean', 'e2e_ms_p50'],
  throughput: ['output_tok_s', 'req_s'],
};

export const METRIC_WORDS: Readonly<Record<UncertainMetric, string>> = {
  tpot: 'TPOT',
  ttft: 'TTFT',
  e2e: 'E2E',
  throughput: 'throughput',
};
/** As tables show them. */
export const METRICS: readonly UncertainMetric[] = ['tpot', 'ttft', 'e2e', 'throughput'];
if (METRICS.length !== UNCERTAIN_METRICS.length) throw new Error('a metric is missing in METRICS');

/** One measured figure beside its prediction. */
export interface Figure extends PointColumn {
  point: AccuracyPoint;
  metric: UncertainMetric;
}

/** The figures of all points that stand for a metric. */
export function headlines({ points }: AccuracyDocument): Figure[] {
  return points.flatMap((point) =>
    METRICS.flatMap((metric) => {
      const column = HEADLINES[metric].find((name) => point.columns[name] !== undefined);
      return column === undefined ? [] : [{ ...(point.columns[column] as PointColumn), point, metric }];
    }),
  );
}

export const percentOff: (figure: Pick<Figure, 'predicted' | 'measured'>) => number = errorPercent;

/** Errors of some figures of one metric; null where there are none. */
export interface Errors {
  points: number;
  median: number;
  bias: number;
  /** Share inside the 80 % interval; null without intervals. */
  inside: number | null;
}

export function errorsOf(figures: readonly Figure[]): Errors | null {
  if (figures.length === 0) return null;
  const off = figures.map(percentOff);
  const ranged = figures.filter(({ lo, hi }) => lo !== null && hi !== null);
  const isInside = ({ measured, lo, hi }: Figure): number =>
    measured >= (lo as number) && measured <= (hi as number) ? 1 : 0;
  return {
    points: figures.length,
    median: medianOf(off.map(Math.abs)),
    bias: medianOf(off),
    inside: ranged.length === 0 ? null : meanOf(ranged.map(isInside)),
  };
}

/** Figures by a name of theirs, the most numerous first. */
export function grouped(figures: readonly Figure[], nameOf: (point: AccuracyPoint) => string): [string, Figure[]][] {
  const groups = new Map<string, Figure[]>();
  for (const figure of figures) {
    const name = nameOf(figure.point);
    const list = groups.get(name);
    if (list) list.push(figure);
    else groups.set(name, [figure]);
  }
  return [...groups].sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1));
}

/** What makes most points of a group (`source|GPU|model`) hard to predict, as far as the program knows. */
export function whyOfGroup(figures: readonly Figure[], group: string): string | null {
  const own = figures.filter(({ point }) => `${point.source_id}|${point.gpu}|${point.model}` === group);
  return grouped(own, ({ why }) => why ?? '')[0]?.[0] || null;
}

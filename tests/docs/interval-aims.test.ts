import { describe, expect, it } from 'vitest';
import { intervalAims } from '../../scripts/accuracy/interval-aims.ts';
import { UNCERTAIN_METRICS, type Novelty, type UncertainMetric } from '../../src-worker/engine/calibration/types.ts';
import type { ClassCoverage, MetricError } from '../../src-worker/protocol/calibration.ts';

const one = (metric: UncertainMetric, novelty: Novelty, coverage: number, median_width = 1.5): ClassCoverage => ({
  metric,
  novelty,
  points: 1234,
  coverage,
  median_width,
});
const error = (metric: UncertainMetric, median_width: number): MetricError => ({
  metric,
  macro_percent: 10,
  points_percent: 10,
  bias_percent: 0,
  groups: 3,
  points: 30,
  coverage: 0.8,
  median_width,
});
const text = (classes: ClassCoverage[], widths = { tpot: 1.5, ttft: 2.8, throughput: 2.6, e2e: 9 }): string =>
  intervalAims({
    interval_classes: classes,
    errors: { group: UNCERTAIN_METRICS.map((metric) => error(metric, widths[metric])) },
  });
/** Cells of the lines that begin with the metric: of its coverage, then of its width. */
const rows = (of: string, metric: string): string[][] =>
  of
    .split('\n')
    .filter((line) => line.startsWith(`| ${metric} |`))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe('what 80 % ranges were to be', () => {
  const classes = [
    one('ttft', 'group_seen', 0.64, 1.8),
    one('ttft', 'group_new', 0.89, 2.9),
    one('ttft', 'model_unseen', 0.76, 3.3),
    one('tpot', 'group_seen', 0.75),
    one('tpot', 'gpu_unseen', 0.88),
    one('throughput', 'gpu_unseen', 0.81),
    one('e2e', 'gpu_unseen', 0.749, 1.4),
  ];

  it('stands beside the class that holds least and the one that holds most, whatever they are', () => {
    expect(rows(text(classes), 'TTFT')[0]).toEqual([
      'TTFT',
      '64.0 % (GPU, engine and architecture measured together, 1,234 figures)',
      '89.0 % (each measured, not together, 1,234 figures)',
      '75 to 88 %',
      '1 of 3',
      'no',
    ]);
  });

  it('is reached at its ends, and missed just beyond them', () => {
    expect(rows(text(classes), 'TPOT')[0]?.slice(-2)).toEqual(['2 of 2', 'yes']);
    expect(rows(text(classes), 'E2E')[0]?.slice(1, 2)).toEqual(['74.9 % (GPU never measured, 1,234 figures)']);
    expect(rows(text(classes), 'E2E')[0]?.slice(-2)).toEqual(['0 of 1', 'no']);
  });

  it('is a width too, over all figures and in the widest class; of whole latencies none was asked', () => {
    expect(rows(text(classes), 'TTFT')[1]).toEqual([
      'TTFT',
      '× 2.80',
      '× 3.30 (architecture never measured, 1,234 figures)',
      'at most × 3.00',
      'yes',
      'no',
    ]);
    expect(rows(text(classes), 'throughput')[1]?.slice(-2)).toEqual(['no', 'yes']);
    expect(rows(text(classes), 'E2E')).toHaveLength(1);
  });

  it('has no row of a metric without figures', () => {
    expect(rows(text(classes.slice(0, 3)), 'TPOT')).toEqual([]);
    expect(text([])).not.toMatch(/NaN|undefined|Infinity/);
  });
});

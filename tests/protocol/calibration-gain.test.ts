import { expect, test } from 'vitest';
import { calibrationGain } from '../../src-worker/protocol/calibration-gain.ts';
import type { CalibrationDocument, ErrorBasis, MetricError } from '../../src-worker/protocol/calibration.ts';

/** Median errors by metric; null = no row was judged on it. */
type Errors = Partial<Record<MetricError['metric'], number | null>>;

const errorsOf = (errors: Errors): MetricError[] =>
  Object.entries(errors).map(([metric, percent]) => ({
    metric: metric as MetricError['metric'],
    macro_percent: percent,
    points_percent: percent,
    bias_percent: 0,
    groups: 1,
    points: percent === null ? 0 : 18,
    coverage: null,
    median_width: null,
  }));

/** Only what is read of it. */
const gainOf = (errors: Partial<Record<ErrorBasis, Errors>>) =>
  calibrationGain({
    name: 'ours',
    base: 'default',
    errors: Object.fromEntries(Object.entries(errors).map(([basis, of]) => [basis, errorsOf(of)])),
  } as CalibrationDocument);

test('every metric with rows is better, worse or the same; a difference nobody can see is none', () => {
  const { metrics, basis, improves } = gainOf({
    before: { tpot: 40, ttft: 5, e2e: null, throughput: 12.4 },
    in_sample: { tpot: 5, ttft: 9.2, e2e: null, throughput: 12.1 },
  });
  expect(basis).toBe('same_rows');
  expect(improves).toBe(true);
  expect(metrics.map(({ metric, change }) => [metric, change])).toEqual([
    ['tpot', 'better'],
    ['ttft', 'worse'],
    ['throughput', 'same'],
  ]);
});

test('what was left out decides, where there is such a figure', () => {
  const { metrics, basis, warning } = gainOf({
    before: { tpot: 10, ttft: 20 },
    in_sample: { tpot: 4, ttft: 6 },
    group: { tpot: 14, ttft: 15 },
  });
  expect(basis).toBe('left_out');
  expect(metrics.map(({ change }) => change)).toEqual(['worse', 'better']);
  expect(warning).toBe('On rows of yours that a fit had not seen, ours is further off than default: TPOT 10 → 14 %.');
});

test('of rows that were judged on nothing, nothing is said', () => {
  expect(gainOf({ before: { tpot: null }, in_sample: { tpot: null } })).toMatchObject({ metrics: [], warning: '' });
});

test.each([
  [{ tpot: 4.3 }, /TPOT 2\.4 → 4\.3 %\. Nothing gets better: keep default\.$/],
  [{ tpot: 2.4 }, /^ours is no nearer to your rows than default: keep default\.$/],
  [{ tpot: 1.1 }, /^$/],
])('2.4 %% before and %o after', (after, warning) => {
  expect(gainOf({ before: { tpot: 2.4 }, in_sample: after }).warning).toMatch(warning);
});

import { expect, test } from 'vitest';
import { calibrationReport } from '../../src-main/cli/report/calibration-report.ts';
import type { CalibrationDocument, MetricError } from '../../src-worker/protocol/calibration.ts';

const errorsOf = (percents: Record<MetricError['metric'], number>): MetricError[] =>
  Object.entries(percents).map(([metric, percent]) => ({
    metric: metric as MetricError['metric'],
    macro_percent: percent,
    points_percent: percent,
    bias_percent: 0,
    groups: 1,
    points: 4,
    coverage: null,
    median_width: null,
  }));

/** Only what is read of it. */
const documentOf = (tpotAfter: number, ttftAfter: number) =>
  ({
    name: 'ours',
    base: 'default',
    rows: 4,
    used: 4,
    repeated: 0,
    parameters: 3,
    informed: 1,
    moved: [],
    errors: {
      before: errorsOf({ tpot: 10, ttft: 20, e2e: 10, throughput: 10 }),
      in_sample: errorsOf({ tpot: tpotAfter, ttft: ttftAfter, e2e: 10, throughput: 10 }),
    },
    interval_classes: [],
    worst_groups: [],
    skipped: [],
    skipped_reasons: [],
  }) as unknown as CalibrationDocument;

const kept = { isKept: true, isUsed: false, isFresh: false, isOfOwnRows: true };
const said = (document: CalibrationDocument, use = kept): string =>
  calibrationReport(document, use).replaceAll(/\s+/g, ' ');

test('calibrate says what gets worse, and whether anything gets better, in the words of the window', () => {
  expect(said(documentOf(5, 31))).toContain(
    'Even on your own rows, which it was fitted to, ours is further off than default: TTFT 20 → 31 %. ',
  );
  expect(said(documentOf(14, 20))).toContain('TPOT 10 → 14 %. Nothing gets better: keep default.');
  expect(said(documentOf(10, 20))).toContain('ours is no nearer to your rows than default: keep default.');
});

test('nothing where all gets better, and of rows or profiles that the words do not fit', () => {
  const isSilent = (document: CalibrationDocument, use = kept) =>
    expect(said(document, use)).not.toMatch(/further off|no nearer/);
  isSilent(documentOf(5, 10));
  isSilent(documentOf(14, 31), { ...kept, isFresh: true });
  isSilent(documentOf(14, 31), { ...kept, isOfOwnRows: false });
});

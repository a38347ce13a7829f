import { describe, expect, test } from 'vitest';
import { answerAccuracy, joinedAccuracy } from '../../../src-worker/answers/calibration/accuracy.ts';
import { byCount, noMeasurements, skippedReasons } from '../../../src-worker/answers/calibration/benchmarks.ts';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import type { UncertainMetric } from '../../../src-worker/engine/calibration/types.ts';
import { percentileMultiplier } from '../../../src-worker/engine/uncertainty/factor.ts';
import { RESULT_COLUMNS, VALIDATION_METHODS } from '../../../src-worker/engine/validation/types.ts';
import type { AccuracyRequest } from '../../../src-worker/protocol/accuracy-request.ts';
import type { PointColumn } from '../../../src-worker/protocol/accuracy.ts';
import type { LeftOutPrediction } from '../../../src-worker/protocol/left-out.ts';
import { facts } from '../../engine/world.ts';
import { badRows, models, numbersIn, soundRows } from './measured.ts';

const ask = (given: Partial<AccuracyRequest> = {}) =>
  answerAccuracy(
    {
      rows: soundRows(),
      models,
      calibration: 'default',
      method: 'auto',
      leftOut: null,
      fittedRows: null,
      sourceTitles: { ours: 'Our own bench' },
      doubtful: {},
      skipped: [],
      unreadable: [],
      ...given,
    },
    facts,
  );

const quantile = (values: number[], p: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] as number;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] as number) - low);
};

describe('a profile held against measurements', () => {
  test('a profile that was never fitted has seen none of the points', () => {
    const document = ask({ calibration: 'seed' });
    expect(document).toMatchObject({ calibration: 'seed', basis: 'not_fitted' });
    expect(document.basis_sentence).toMatch(/never fitted/);
  });

  test.each<[string, string, number[] | null, string]>([
    ['all', 'in_sample', [...soundRows().keys()], 'The profile was fitted to these points: on other set-ups expect'],
    [
      'two',
      'in_sample',
      [0, 2],
      `The profile was fitted to 2 of these ${soundRows().length} points: on other set-ups expect`,
    ],
    ['none', 'unseen', [], 'The profile was fitted to other points, and to none of these.'],
    ['nobody knows which', 'in_sample', null, 'The profile may have been fitted to these points: on'],
  ])('says what the profile was fitted to: %s of the points', (_, basis, fittedRows, sentence) => {
    const document = ask({ fittedRows });
    expect(document).toMatchObject({ basis, fitted_points: fittedRows?.length ?? null });
    expect(document.basis_sentence).toContain(sentence);
    // A profile that was never fitted has seen nothing, whoever asks.
    expect(ask({ fittedRows, calibration: 'seed' }).basis).toBe('not_fitted');
  });

  test('every point, with finite numbers; a document with every key', () => {
    const document = ask();
    expect(Object.keys(document).sort()).toEqual(
      [
        'schema_version',
        'calibration',
        'calibrations',
        'basis',
        'basis_sentence',
        'metrics',
        'groups',
        'points',
        'judged_points',
        'fitted_points',
        'skipped',
        'skipped_reasons',
      ].sort(),
    );
    for (const [path, value] of numbersIn(document)) expect(Number.isFinite(value), path).toBe(true);
    expect(document.points.map(({ point_id }) => point_id)).toEqual(soundRows().map(({ pointId }) => pointId));
    expect(document).toMatchObject({ calibration: 'default', basis: 'in_sample', skipped: [], skipped_reasons: [] });
    expect(document.points[0]).toMatchObject({ source_title: 'Our own bench', engine: 'vllm 0.10.2', gpu_count: 1 });
    expect(document.points.at(-1)).toMatchObject({ source_title: 'theirs', gpu_count: 4, tensor_parallel: 4 });
  });

  test('the slower machine that the rows came from shows as such', () => {
    const { metrics } = ask();
    // Made 12 % slower than predicted: 1/1.12 - 1 = -10.7 %, noise of 5 % beside.
    expect(metrics['tpot_ms_mean']?.median_signed_percent).toBeGreaterThan(-14);
    expect(metrics['tpot_ms_mean']?.median_signed_percent).toBeLessThan(-7);
    expect(metrics['output_tok_s']?.median_signed_percent).toBeGreaterThan(8);
    expect(metrics['output_tok_s']?.median_signed_percent).toBeLessThan(16);
  });

  test('slices of the rows, joined, are the document of all of them', () => {
    const rows = [...soundRows(), ...badRows().map(({ row }) => row)];
    const unread = {
      skipped: [{ point_id: 'x', reason: 'isl is "long", not a number.' }],
      unreadable: [{ reason: 'isl is not a number', count: 1 }],
    };
    const slices = [rows.slice(0, 7), rows.slice(7, 20), rows.slice(20)].map((slice, index) =>
      ask({ rows: slice, fittedRows: index === 1 ? [0] : [] }),
    );
    const joined = joinedAccuracy(slices, unread);
    const whole = ask({ rows, ...unread, fittedRows: [7] });
    const byId = (skipped: typeof whole.skipped) => skipped.toSorted((a, b) => (a.point_id < b.point_id ? -1 : 1));
    expect({ ...joined, skipped: byId(joined.skipped) }).toEqual({ ...whole, skipped: byId(whole.skipped) });
  });

  test('the summaries are those of its points', () => {
    const { metrics, points, groups } = ask();
    for (const column of RESULT_COLUMNS) {
      const own = points.flatMap((point) => (point.columns[column] ? [point.columns[column]] : []));
      const summary = metrics[column];
      if (own.length === 0) {
        expect(summary).toBeUndefined();
        continue;
      }
      const off = own.map(({ measured, predicted }) => (predicted / measured - 1) * 100);
      const absolute = off.map(Math.abs);
      expect(summary?.count).toBe(own.length);
      expect(summary?.median_absolute_percent).toBeCloseTo(quantile(absolute, 0.5), 6);
      expect(summary?.p90_absolute_percent).toBeCloseTo(quantile(absolute, 0.9), 6);
      expect(summary?.mean_absolute_percent).toBeCloseTo(absolute.reduce((sum, one) => sum + one, 0) / own.length, 6);
      expect(summary?.median_signed_percent).toBeCloseTo(quantile(off, 0.5), 6);
      const inside = own.filter(({ measured, lo, hi }) => measured >= (lo ?? NaN) && measured <= (hi ?? NaN)).length;
      expect(summary?.interval_coverage).toBeCloseTo(inside / own.length, 9);
      const inGroups = groups.reduce((sum, group) => sum + (group.metrics[column]?.count ?? 0), 0);
      expect(inGroups, column).toBe(own.length);
    }
  });

  test('only what the regime lets be judged', () => {
    for (const { workload_kind, columns, point_id } of ask().points) {
      const names = Object.keys(columns);
      const row = soundRows().find(({ pointId }) => pointId === point_id);
      if (row?.regime === 'over_capacity') expect(names).toEqual(['tpot_ms_mean', 'req_s']);
      else if (workload_kind === 'open_loop') expect(names).toEqual(['ttft_ms_p50', 'tpot_ms_mean']);
      else expect(names.sort()).toEqual(Object.keys(row?.measured ?? {}).sort());
    }
  });

  test('intervals hold their prediction and are as wide on both sides', () => {
    for (const { columns } of ask().points) {
      for (const { predicted, lo, hi } of Object.values(columns)) {
        expect(lo).not.toBeNull();
        expect(predicted / (lo ?? NaN)).toBeCloseTo((hi ?? NaN) / predicted, 6);
        expect(predicted / (lo ?? NaN)).toBeGreaterThanOrEqual(1);
      }
    }
  });

  test('a profile without residuals gives no interval, and no coverage', () => {
    const { metrics, points } = ask({ calibration: 'seed' });
    for (const { columns } of points)
      for (const column of Object.values(columns)) expect(column).toMatchObject({ lo: null, hi: null });
    for (const summary of Object.values(metrics)) expect(summary.interval_coverage).toBeNull();
  });

  test.each(VALIDATION_METHODS)('by %s: finite and near', (method) => {
    const { points, metrics } = ask({ method });
    for (const [path, value] of numbersIn(points)) expect(Number.isFinite(value), path).toBe(true);
    expect(metrics['tpot_ms_mean']?.median_absolute_percent).toBeLessThan(20);
  });

  test('an unknown profile is refused with its name', () => {
    expect(() => ask({ calibration: 'nobody' })).toThrow(ConfigIqError);
    expect(() => ask({ calibration: 'nobody' })).toThrow(/nobody/);
  });
});

describe('rows that cannot be used', () => {
  test('are listed with their reason, and no average has them in it', () => {
    const bad = badRows();
    const clean = ask();
    const mixed = ask({ rows: [...bad.map(({ row }) => row), ...soundRows()] });
    expect(mixed.metrics).toEqual(clean.metrics);
    expect(mixed.groups).toEqual(clean.groups);
    expect(mixed.points).toEqual(clean.points);
    expect(mixed.skipped.map(({ point_id }) => point_id)).toEqual(bad.map(({ row }) => row.pointId));
    mixed.skipped.forEach(({ reason }, i) => expect(reason).toMatch(bad[i]?.reason ?? /^$/));
    expect(mixed.skipped_reasons.reduce((sum, { count }) => sum + count, 0)).toBe(bad.length);
  });

  test('doubtful rows are skipped, unreadable ones counted', () => {
    const [first, second] = soundRows().map(({ pointId }) => pointId);
    if (first === undefined || second === undefined) throw new Error('two rows');
    const document = ask({
      doubtful: { [first]: 'the source corrects it.', [second]: 'the source corrects it.' },
      skipped: [{ point_id: 'line 7', reason: 'isl is not a number: "x".' }],
      unreadable: [{ reason: 'isl is not a number', count: 5 }],
    });
    expect(document.points).toHaveLength(soundRows().length - 2);
    expect(document.skipped.map(({ point_id }) => point_id)).toEqual(['line 7', first, second]);
    expect(document.skipped_reasons.map(({ count }) => count)).toEqual([5, 2]);
  });

  test('a row of which nothing is judged is skipped with that reason', () => {
    const rows = soundRows()
      .filter(({ kind }) => kind === 'open_loop')
      .slice(0, 1);
    const document = ask({ rows: rows.map((row) => ({ ...row, measured: { req_s: 1 } })) });
    expect(document.points).toEqual([]);
    expect(document.skipped[0]?.reason).toMatch(/reports only what a prediction is not held against/);
    expect(document.metrics).toEqual({});
  });

  test('no rows at all is an empty document, not an error', () => {
    const document = ask({ rows: [] });
    expect(document).toMatchObject({ points: [], metrics: {}, groups: [], skipped: [] });
  });

  test('a point named like a property of objects is a point', () => {
    const [row] = soundRows();
    if (!row) throw new Error('a row');
    const document = ask({ rows: [{ ...row, pointId: 'constructor', sourceId: 'toString' }] });
    expect(document.points).toHaveLength(1);
    expect(document.points[0]).toMatchObject({ point_id: 'constructor', source_title: 'toString' });
  });

  test('reasons are whole sentences, those that differ in figures alone counted together', () => {
    expect(
      skippedReasons([
        { point_id: 'a', reason: 'impossible: TPOT of 1 ms.' },
        { point_id: 'b', reason: 'unknown model "x-2 7b".' },
        { point_id: 'c', reason: 'impossible: TPOT of 2.5e-3 ms.' },
        { point_id: 'd', reason: 'A100 has no FP8 units.' },
      ]),
    ).toEqual([
      { reason: 'Impossible: TPOT of 1 ms. (Figures of a; the others have their own.)', count: 2 },
      { reason: 'A100 has no FP8 units.', count: 1 },
      { reason: 'Unknown model "x-2 7b".', count: 1 },
    ]);
    // Of several files each reason stands once.
    expect(
      byCount([
        { reason: 'isl is not a number', count: 2 },
        { reason: 'osl is 0', count: 3 },
        { reason: 'isl is not a number', count: 2 },
      ]),
    ).toEqual([
      { reason: 'isl is not a number', count: 4 },
      { reason: 'osl is 0', count: 3 },
    ]);
  });

  test('an error tells as many reasons as it can tell whole, and how many more there are', () => {
    const long = (of: string) => ({ reason: `${of} ${'is not what it should be, '.repeat(7)}so.`, count: 1200 });
    const { message } = noMeasurements([long('a'), long('b'), long('c'), long('d')], 4800);
    expect(message).toMatch(
      /^No measurement of these can be used: a .*so \(1,200\); b .*so \(1,200\); and 2 more reasons, which validate lists\.$/,
    );
    expect(message.length).toBeLessThan(600);
    expect(noMeasurements([long('a')], 1).message).not.toContain('more reason');
  });
});

describe('predictions of fits that had not seen the group', () => {
  const inSample = ask();
  /** Headline figures 10 % above what the profile predicts, with intervals of 1.5. */
  const leftOut: LeftOutPrediction[] = inSample.points.flatMap(({ point_id, columns }) =>
    (['ttft', 'tpot'] as UncertainMetric[]).flatMap((metric) => {
      const column = columns[`${metric}_ms_mean`];
      return column
        ? [{ point_id, metric, predicted: column.predicted * 1.1, factor: 1.5, novelty: 'group_new' as const }]
        : [];
    }),
  );

  test('give the level, the profile the shape about it', () => {
    const document = ask({ leftOut });
    expect(document.basis).toBe('left_out');
    expect(document.basis_sentence).not.toBe(inSample.basis_sentence);
    const points = new Map(inSample.points.map((point) => [point.point_id, point]));
    let compared = 0;
    const residuals = facts.calibrations.find(({ name }) => name === 'default')?.residuals ?? expect.fail('no spread');
    const ofP99 = percentileMultiplier(residuals, 'ttft', 'p99');
    for (const { point_id, columns, workload_kind } of document.points) {
      if (workload_kind !== 'closed_loop') continue;
      for (const [name, column] of Object.entries(columns)) {
        const own = points.get(point_id)?.columns[name] as PointColumn;
        expect(column.predicted / own.predicted, `${point_id} ${name}`).toBeCloseTo(1.1, 6);
        const wider = name === 'ttft_ms_p99' ? ofP99 : 1;
        expect((column.hi ?? NaN) / column.predicted).toBeCloseTo(1.5 ** wider, 6);
        expect(column.predicted / (column.lo ?? NaN)).toBeCloseTo(1.5 ** wider, 6);
        compared += 1;
      }
      // P99 of TTFT comes along; E2E and throughput were not left out, and are not shown as if they were.
      expect(Object.keys(columns).sort()).toEqual(['tpot_ms_mean', 'ttft_ms_mean', 'ttft_ms_p99']);
    }
    expect(compared).toBe(27);
  });

  test('give the novelty and what follows from it: the profile has seen the row, they had not', () => {
    const seen = inSample.points.find(({ novelty }) => novelty !== 'gpu_unseen') ?? expect.fail('nothing seen');
    const unseen = leftOut.map((one) => ({ ...one, predicted: one.predicted * 2, novelty: 'gpu_unseen' as const }));
    const { points } = ask({ leftOut: unseen });
    expect(points.length).toBeGreaterThan(10);
    expect(points.find(({ point_id }) => point_id === seen.point_id)?.novelty).toBe('gpu_unseen');
    for (const { novelty, why } of points) {
      expect(novelty).toBe('gpu_unseen');
      expect(why).toBe('GPU hardly or never measured');
    }
  });

  test('rows without one are not judged on that basis', () => {
    const [first] = leftOut;
    if (!first) throw new Error('a prediction');
    const document = ask({ leftOut: leftOut.filter(({ point_id }) => point_id === first.point_id) });
    expect(document.points.map(({ point_id }) => point_id)).toEqual([first.point_id]);
    expect(document.skipped).toHaveLength(soundRows().length - 1);
    for (const { reason } of document.skipped) expect(reason).toBe('no fit that had not seen the row predicted it.');
  });

  test('of other rows than these do not make it left out', () => {
    expect(ask({ leftOut: leftOut.map((one) => ({ ...one, point_id: `other ${one.point_id}` })) })).toEqual(inSample);
    expect(ask({ leftOut: [] })).toEqual(inSample);
  });
});

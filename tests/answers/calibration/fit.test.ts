import { describe, expect, test } from 'vitest';
import { loadPriors } from '../../../src-main/catalogs/priors.ts';
import { answerCalibration } from '../../../src-worker/answers/calibration/calibrate.ts';
import { answerFit } from '../../../src-worker/answers/calibration/fit.ts';
import {
  LEAVE_OUTS,
  UNCERTAIN_METRICS,
  type CalibrationProfile,
} from '../../../src-worker/engine/calibration/types.ts';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import type { CalibrationRequest, FitRequest } from '../../../src-worker/protocol/calibration.ts';
import { calibrationFileSchema } from '../../../src-worker/protocol/catalog-files.ts';
import { calibrationOf, catalogsFolder, facts } from '../../engine/world.ts';
import { badRows, models, numbersIn, soundRows } from './measured.ts';

const request = (given: Partial<FitRequest> = {}): FitRequest => ({
  rows: soundRows(),
  models,
  profile: calibrationOf(),
  priors: loadPriors(catalogsFolder),
  startsFrom: 'priors',
  withheld: null,
  from: null,
  ...given,
});

const medianError = (figures: { predicted: number; measured: number }[]): number => {
  const sorted = figures.map(({ predicted, measured }) => Math.abs(predicted / measured - 1)).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};

describe('a fit', () => {
  test('predicts every judged headline figure, with finite numbers', () => {
    const answer = answerFit(request(), facts);
    const rows = soundRows();
    expect(answer.used).toBe(rows.length);
    expect(answer.skipped).toEqual([]);
    expect(answer.logs).toHaveLength(answer.parameters.length);
    expect(answer.remaining).toHaveLength(answer.parameters.length);
    for (const [path, value] of numbersIn(answer)) expect(Number.isFinite(value), path).toBe(true);
    expect(new Set(answer.figures.map(({ point_id }) => point_id))).toEqual(
      new Set(rows.map(({ pointId }) => pointId)),
    );
    for (const { novelties } of answer.figures) expect(novelties).toEqual(['group_seen']);
    expect(Object.keys(answer.parts)).toEqual([...LEAVE_OUTS]);
  });

  test('comes near to what was measured, both anew and moved', () => {
    const moved = answerFit(request({ startsFrom: 'profile' }), facts);
    const anew = answerFit(request(), facts);
    expect(medianError(moved.figures)).toBeLessThan(0.08);
    expect(medianError(anew.figures)).toBeLessThan(0.12);
  });

  test('rows that cannot be used change nothing', () => {
    const clean = answerFit(request(), facts);
    const bad = badRows();
    const mixed = answerFit(request({ rows: [...bad.map(({ row }) => row), ...soundRows()] }), facts);
    expect(mixed.logs).toEqual(clean.logs);
    expect(mixed.figures).toEqual(clean.figures);
    expect(mixed.skipped.map(({ point_id }) => point_id)).toEqual(bad.map(({ row }) => row.pointId));
    mixed.skipped.forEach(({ reason }, i) => expect(reason).toMatch(bad[i]?.reason ?? /^$/));
  });

  test('what is withheld never moves the fit', () => {
    const { parts } = answerFit(request(), facts);
    for (const by of ['group', 'gpu'] as const) {
      for (const keys of parts[by]) {
        const withheld = { by, keys };
        const one = answerFit(request({ withheld }), facts);
        const isWithheld = new Set(one.figures.map(({ point_id }) => point_id));
        expect(isWithheld.size).toBeGreaterThan(0);
        const rows = soundRows().map((row) =>
          isWithheld.has(row.pointId)
            ? {
                ...row,
                measured: Object.fromEntries(
                  Object.entries(row.measured).map(([column, value]) => [column, value * 1.3]),
                ),
              }
            : row,
        );
        const other = answerFit(request({ rows, withheld }), facts);
        expect(other.logs).toEqual(one.logs);
        expect(other.figures.map(({ predicted }) => predicted)).toEqual(one.figures.map(({ predicted }) => predicted));
        for (const figure of other.figures)
          expect(figure.novelties[0]).toBe(by === 'gpu' ? 'group_new' : figure.novelties[0]);
      }
    }
  });

  test('a fit that starts from that of everything forgets what was withheld', () => {
    const full = answerFit(request(), facts);
    for (const keys of full.parts.group) {
      const withheld = { by: 'group' as const, keys };
      const cold = answerFit(request({ withheld }), facts);
      const warm = answerFit(request({ withheld, from: full.logs }), facts);
      warm.figures.forEach(({ predicted }, i) => {
        expect(Math.abs(predicted / (cold.figures[i]?.predicted ?? NaN) - 1)).toBeLessThan(0.01);
      });
    }
  });

  test('a profile with zeros is moved where it is not zero', () => {
    const answer = answerFit(request({ profile: calibrationOf('seed'), startsFrom: 'profile' }), facts);
    for (const [path, value] of numbersIn(answer)) expect(Number.isFinite(value), path).toBe(true);
    expect(answer.logs.length).toBeGreaterThan(10);
    const held = answerFit(
      request({
        profile: calibrationOf('seed'),
        startsFrom: 'profile',
        withheld: { by: 'gpu', keys: ['nvidia-h100-80gb', 'nvidia-l40s'] },
      }),
      facts,
    );
    const moved = answer.logs.filter((value, i) => Math.abs(value - (held.logs[i] ?? NaN)) > 1e-3);
    expect(moved.length).toBeGreaterThan(3);
  });

  test('where nothing can be used, the reasons are said', () => {
    const rows = badRows().map(({ row }) => row);
    let error: unknown;
    try {
      answerFit(request({ rows }), facts);
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof ConfigIqError)) throw new Error('no error');
    expect(error.code).toBe('no_measurements');
    expect(error.details).toMatchObject({ rows: rows.length });
    expect(String(error.details?.['reasons'])).toContain('No lengths');
  });
});

/** The whole of a calibration, part by part, as the service asks for it. */
function calibration(startsFrom: FitRequest['startsFrom']): CalibrationRequest {
  const fit = request({ startsFrom });
  const full = answerFit(fit, facts);
  const kinds = startsFrom === 'priors' ? LEAVE_OUTS : (['group'] as const);
  return {
    name: 'made',
    description: 'Fitted to rows of the tests.',
    source: 'Rows of the tests.',
    fit,
    full,
    isBundled: false,
    repeated: [],
    leftOut: kinds.flatMap((by) =>
      full.parts[by].length < 2
        ? []
        : full.parts[by].map((keys) => ({
            by,
            answer: answerFit({ ...fit, withheld: { by, keys }, from: full.logs }, facts),
          })),
    ),
  };
}

describe('a calibration', () => {
  test.each(['priors', 'profile'] as const)(
    'from the %s: a document with every key and no missing number',
    (startsFrom) => {
      const asked = calibration(startsFrom);
      const document = answerCalibration(asked, facts);
      expect(Object.keys(document).sort()).toEqual(
        [
          'schema_version',
          'name',
          'base',
          'rows',
          'used',
          'repeated',
          'parameters',
          'informed',
          'moved',
          'errors',
          'worst_groups',
          'interval_classes',
          'skipped',
          'skipped_reasons',
          'profile',
          'left_out',
        ].sort(),
      );
      for (const [path, value] of numbersIn(document)) expect(Number.isFinite(value), path).toBe(true);
      expect(document).toMatchObject({ name: 'made', base: 'default', rows: 21, used: 21, skipped: [] });
      expect(document.informed).toBeGreaterThan(0);
      expect(document.informed).toBeLessThanOrEqual(document.parameters);
      // It is a profile like any other.
      calibrationFileSchema.parse(JSON.parse(JSON.stringify({ schema_version: 1, ...document.profile })));
      // Each figure was left out once with its group.
      const keys = document.left_out.map(({ point_id, metric }) => `${point_id} ${metric}`);
      expect(new Set(keys).size).toBe(keys.length);
      expect(new Set(keys)).toEqual(new Set(asked.full.figures.map(({ point_id, metric }) => `${point_id} ${metric}`)));
      for (const { factor } of document.left_out) expect(factor).toBeGreaterThanOrEqual(1);
      for (const metric of UNCERTAIN_METRICS) {
        const found = document.errors.in_sample?.find((one) => one.metric === metric);
        expect(found?.points).toBe(asked.full.figures.filter((figure) => figure.metric === metric).length);
      }
    },
  );

  test('from the profile it comes nearer to the rows than the profile was', () => {
    const { errors } = answerCalibration(calibration('profile'), facts);
    const of = (basis: 'before' | 'in_sample') =>
      errors[basis]?.find(({ metric }) => metric === 'tpot')?.points_percent ?? NaN;
    expect(of('in_sample')).toBeLessThan(of('before') * 0.8);
  });

  test('what moved is told with the values before and after, the furthest first', () => {
    const base = calibrationOf();
    const { moved, profile, parameters } = answerCalibration(calibration('profile'), facts);
    const numbers = (of: CalibrationProfile): Map<string, number> =>
      new Map([
        ...Object.entries(of.constants).map(([name, { value }]): [string, number] => [`constants.${name}`, value]),
        ...numbersIn({ families: of.families, generations: of.generations }).map(([path, value]): [string, number] => [
          path.slice(1),
          value,
        ]),
      ]);
    const [from, to] = [numbers(base), numbers(profile)];
    const told = moved.filter(({ parameter }) => from.has(parameter));
    expect(told.length).toBeGreaterThan(5);
    for (const one of told)
      expect(one, one.parameter).toEqual({
        parameter: one.parameter,
        from: from.get(one.parameter),
        to: to.get(one.parameter),
      });
    expect(moved.length).toBeLessThanOrEqual(parameters);
    const factors = moved.map(({ from: before, to: after }) => Math.abs(Math.log(after / before)));
    expect(factors).toEqual(factors.toSorted((a, b) => b - a));
    expect(factors.at(-1)).toBeGreaterThan(0);
    // Every constant that is another is told.
    const others = Object.keys(base.constants).filter(
      (name) => base.constants[name]?.value !== profile.constants[name]?.value,
    );
    expect(moved.map(({ parameter }) => parameter)).toEqual(
      expect.arrayContaining(others.map((name) => `constants.${name}`)),
    );
  });
});

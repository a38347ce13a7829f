import { expect, test } from 'vitest';
import { ownErrorsOf, widerErrors } from '../../../src-worker/engine/calibration/fit/own-errors.ts';

const figure = (group: string, percent: number) => ({
  group,
  metric: 'tpot' as const,
  logError: Math.log(1 + percent / 100),
});

test('own errors: the factor that holds four in five figures of a group, high or low', () => {
  const figures = [
    ...[1, 2, 3, 4, 5].map((percent) => figure('b', percent)),
    figure('a', 26),
    figure('a', 100 / 1.26 - 100),
  ];
  expect(ownErrorsOf(figures)).toEqual({ a: { tpot: 1.26 }, b: { tpot: 1.042 } });
});

test('of two fits the wider error stays, and what only one of them has seen', () => {
  expect(widerErrors({ a: { tpot: 1.2, e2e: 1.1 }, b: { ttft: 2 } }, { a: { tpot: 1.1, e2e: 1.3 }, c: {} })).toEqual({
    a: { tpot: 1.2, e2e: 1.3 },
    b: { ttft: 2 },
    c: {},
  });
});

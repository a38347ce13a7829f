import { describe, expect, test } from 'vitest';
import {
  asShown,
  NO_VALUE,
  formatBytes,
  formatCompact,
  formatDate,
  formatDiskSize,
  formatDuration,
  formatFixed,
  formatGap,
  formatMs,
  formatPercent,
  formatSignificant,
  formatTick,
  formatTimes,
  formatUsd,
  plural,
} from '../../../src-worker/protocol/numbers.ts';

test('what is shown alike is the same number', () => {
  // From what is shown as nothing to a million, some near to the next digit.
  for (let step = 0; step < 4000; step += 1) {
    const value = 1e-5 * 1.0065 ** step + (step % 7) * 1e-9;
    expect(asShown(value)).toBe(Number(formatSignificant(value).replaceAll(',', '')));
  }
  expect([asShown(0), asShown(351_338.72), asShown(0.2644)]).toEqual([0, 351_339, 0.264]);
});

describe('memory', () => {
  test.each([
    [0, '0 B'],
    [512, '512 B'],
    [98_304, '96 KiB'],
    [4.5 * 2 ** 20, '4.5 MiB'],
    [16_060_522_496, '14.96 GiB'],
    [2 ** 41, '2 TiB'],
    [2 ** 30 - 1, '1,024 MiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test('what is not a number is a dash', () => {
    expect([null, undefined, NaN, Infinity].map(formatBytes)).toEqual(Array(4).fill(NO_VALUE));
  });
});

describe('figures', () => {
  test.each([
    formatFixed,
    formatMs,
    formatUsd,
    formatPercent,
    formatGap,
    formatCompact,
    formatTimes,
    formatDuration,
    formatSignificant,
  ])('a value that does not exist is a dash, never NaN, undefined or Infinity (%o)', (format) => {
    for (const value of [null, undefined, NaN, Infinity, -Infinity]) expect(format(value)).toBe(NO_VALUE);
  });

  test('milliseconds are rounded to what is known', () => {
    expect([0.418, 6.94, 71.24, 179.83, 1243, 28_350].map(formatMs)).toEqual([
      '0.42',
      '6.9',
      '71',
      '180',
      '1,240',
      '28,400',
    ]);
  });

  test('money shows cents, and more digits only where cents would be nothing', () => {
    expect([1.861, 0.88, 0.264, 0.0187, 112.54, 23_404.2, 0].map(formatUsd)).toEqual([
      '$1.86',
      '$0.88',
      '$0.264',
      '$0.0187',
      '$112.54',
      '$23,404',
      '$0.00',
    ]);
  });

  test('three significant digits, whole numbers from 100 up', () => {
    expect([0.2641, 13.07, 1961.4].map((value) => formatSignificant(value))).toEqual(['0.264', '13.1', '1,961']);
  });

  test('what is above zero never reads as zero percent', () => {
    expect([0, 0.004, 0.47, 1].map(formatPercent)).toEqual(['0 %', '<1 %', '47 %', '100 %']);
  });

  test('gaps carry their sign, and zero has none', () => {
    expect([-81.2, 36, 0, 0.3, -0.2].map(formatGap)).toEqual(['−81 %', '+36 %', '0 %', '0 %', '0 %']);
  });

  test('counts are written short, multiples with their sign, durations with their unit', () => {
    expect([8.03e9, 671e9, 1.1e12, 350e6, 12].map(formatCompact)).toEqual(['8.03B', '671B', '1.10T', '350M', '12']);
    expect([1.33, 2.13, 78].map(formatTimes)).toEqual(['1.3×', '2.1×', '78×']);
    expect([38, 2400, 41_000, 150_000].map(formatDuration)).toEqual(['38 ms', '2.4 s', '41 s', '3 min']);
    const hour = 3_600_000;
    expect([1.5 * hour, 2 * hour, 2.51 * hour, 47 * hour, 48 * hour, 135.7 * hour].map(formatDuration)).toEqual([
      '90 min',
      '2 h 0 min',
      '2 h 31 min',
      '47 h 0 min',
      '2 d 0 h',
      '5 d 16 h',
    ]);
    expect([1, 999, 96_000, 4_500_000, 39.77e9].map(formatDiskSize)).toEqual([
      '1 byte',
      '999 bytes',
      '96 kB',
      '4.5 MB',
      '39.77 GB',
    ]);
    expect([20, 0.5, 1000].map(formatTick)).toEqual(['20', '0.5', '1,000']);
  });

  test('dates are as exact as they are known', () => {
    expect(['2026-07-20', '2026-07', '2026', '', null].map(formatDate)).toEqual([
      '20 Jul 2026',
      'Jul 2026',
      '2026',
      NO_VALUE,
      NO_VALUE,
    ]);
  });

  test('one is singular, everything else plural', () => {
    expect([plural(1, 'target'), plural(0, 'target'), plural(6, 'target')]).toEqual([
      '1 target',
      '0 targets',
      '6 targets',
    ]);
  });
});

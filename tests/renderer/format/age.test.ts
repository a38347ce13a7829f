import { describe, expect, test } from 'vitest';
import { ageText, datedText, isVeryOld } from '../../../src-renderer/format/age.ts';

const NOW = new Date(2026, 10, 25, 12);

describe('the age of a date', () => {
  test.each([
    ['2026-11-25', 'today'],
    ['2026-11-24', '1 day'],
    ['2026-09-26', '60 days'],
    ['2026-09-25', '2 months'],
    ['2026-07-20', '4 months'],
    ['2024-11-25', '24 months'],
    ['2024-08-01', '2.3 years'],
    ['2026-08', '3 months'],
    ['2026-11', 'this month'],
    // A year says nothing of months, and a day that is still to come has no age.
    ['2025', ''],
    ['2027-01-01', ''],
    [null, ''],
  ])('%s is %s', (iso, text) => {
    expect(ageText(iso, NOW)).toBe(text);
  });

  test('is worth a color beyond a year; a year counts from its end', () => {
    expect(isVeryOld('2025-11-25', NOW)).toBe(false);
    expect(isVeryOld('2025-11-24', NOW)).toBe(true);
    expect(isVeryOld('2025', NOW)).toBe(false);
    expect(isVeryOld('2024', NOW)).toBe(true);
    expect(isVeryOld(null, NOW)).toBe(false);
  });

  test('stands behind the date where it says more', () => {
    expect(datedText('2026-07-20', NOW)).toBe('20 Jul 2026, 4 months old');
    expect(datedText('2026-11-25', NOW)).toBe('25 Nov 2026');
    expect(datedText('2025', NOW)).toBe('2025');
    expect(datedText(null, NOW)).toBe('');
  });
});

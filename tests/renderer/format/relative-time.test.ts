import { expect, test } from 'vitest';
import { relativeTime } from '../../../src-renderer/format/relative-time.ts';
import { daysBetween, isOldPrice } from '../../../src-worker/protocol/price-age.ts';

const NOW = new Date(2026, 10, 24, 12, 0);
const ago = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();

test.each([
  [0, 'now'],
  [12, '12 min ago'],
  [59.9, '59 min ago'],
  [60, '1 h ago'],
  [11 * 60, '11 h ago'],
  [13 * 60, 'yesterday'],
  [35.9 * 60, 'yesterday'],
  [36.1 * 60, '22 Nov'],
  [400 * 24 * 60, '20 Oct 2025'],
])('%d minutes before noon reads as %s', (minutes, words) => {
  expect(relativeTime(ago(minutes), NOW)).toBe(words);
});

test('a clock that was set back and text that is no time still read as something', () => {
  expect(relativeTime(ago(-60 * 24 * 3), NOW)).toBe('27 Nov');
  expect(relativeTime('soon', NOW)).toBe('soon');
});

test('days are counted as a calendar counts them', () => {
  expect(daysBetween('2026-07-20', new Date(2026, 10, 24, 23, 59))).toBe(127);
  expect(daysBetween('2026-11-24', NOW)).toBe(0);
  expect(['2026-08-26', '2026-08-25'].map((date) => isOldPrice(date, NOW))).toEqual([false, true]);
});

import { formatDate, formatFixed, plural } from '../../src-worker/protocol/numbers.ts';
import { daysBetween } from '../../src-worker/protocol/price-age.ts';

/** Beyond a year a price or a fact is worth a second look: product lines are renewed about that often. */
const VERY_OLD_DAYS = 365;
/** Up to two months days are counted, beyond them months, beyond two years years. */
const MOST_DAYS = 60;
const MOST_MONTHS = 24;
/** Mean length of a month and of a year of the Gregorian calendar. */
const DAYS_PER_MONTH = 30.44;
const DAYS_PER_YEAR = 365.25;

/** How old something of this day, month or year is: `today`, `12 days`, `4 months`, `2.3 years`; empty where that is not known. */
export function ageText(iso: string | null, now: Date): string {
  if (iso === null || !/^\d{4}-\d{2}/.test(iso)) return '';
  const days = daysBetween(iso, now);
  if (days < 0) return '';
  const hasDay = iso.length > 'YYYY-MM'.length;
  if (hasDay && days === 0) return 'today';
  if (hasDay && days <= MOST_DAYS) return plural(days, 'day');
  const months = hasDay ? Math.round(days / DAYS_PER_MONTH) : monthsBetween(iso, now);
  if (months === 0) return 'this month';
  if (months <= MOST_MONTHS) return plural(months, 'month');
  return `${formatFixed(days / DAYS_PER_YEAR, 1)} years`;
}

/** As the calendar counts them. */
function monthsBetween(iso: string, now: Date): number {
  const [year = Number.NaN, month = Number.NaN] = iso.split('-').map(Number);
  return (now.getFullYear() - year) * 12 + now.getMonth() + 1 - month;
}

/** True beyond a year. A date that is only a year counts from its end. */
export function isVeryOld(iso: string | null, now: Date): boolean {
  if (iso === null) return false;
  return daysBetween(/^\d{4}$/.test(iso) ? `${iso}-12-31` : iso, now) > VERY_OLD_DAYS;
}

/** `12 Aug 2026, 4 months old`; the date alone where its age says nothing more. */
export function datedText(iso: string | null, now: Date): string {
  if (iso === null) return '';
  const age = ageText(iso, now);
  const isCounted = /\d/.test(age);
  return `${formatDate(iso)}${isCounted ? `, ${age} old` : ''}`;
}

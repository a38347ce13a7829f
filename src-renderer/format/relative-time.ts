import { dayNumber } from '../../src-worker/protocol/price-age.ts';
import { formatDate } from '../../src-worker/protocol/numbers.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long ago something was: `now`, `12 min ago`, `3 h ago`, `yesterday`, `19 Nov`, `2 Dec 2025`. */
export function relativeTime(iso: string, now: Date): string {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return iso;
  const agoMs = now.getTime() - then.getTime();
  const days = dayNumber(now) - dayNumber(then);
  if (agoMs < MINUTE_MS && agoMs > -MINUTE_MS) return 'now';
  if (agoMs > 0 && agoMs < HOUR_MS) return `${Math.floor(agoMs / MINUTE_MS)} min ago`;
  if (agoMs > 0 && days === 0) return `${Math.floor(agoMs / HOUR_MS)} h ago`;
  if (days === 1) return 'yesterday';
  const date = formatDate(localIso(then));
  return then.getFullYear() === now.getFullYear() ? date.replace(/ \d{4}$/, '') : date;
}

const localIso = (date: Date): string =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;

export const MS_PER_DAY = 86_400_000;

/** A quarter of a year: price lists of clouds change about that often. */
export const OLD_PRICE_DAYS = 90;

/** Whole days between two dates as a calendar counts them; `fromIso` is an ISO date. NaN where it is none. */
export function daysBetween(fromIso: string, to: Date): number {
  return dayNumber(to) - dayNumber(new Date(fromIso));
}

/** True where a price of this ISO date is to be checked before it is relied on. */
export const isOldPrice = (fromIso: string, now: Date): boolean => daysBetween(fromIso, now) > OLD_PRICE_DAYS;

/** Days as the clock on the wall counts them. */
export const dayNumber = (date: Date): number =>
  Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / MS_PER_DAY);

import { MS_PER_DAY } from '../../../src-worker/protocol/price-age.ts';
import { doubtful, offerEntries, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/** Before this no cloud rented GPUs that vLLM starts on: Volta came in 2017. */
const EARLIEST_YEAR = 2017;

/**
 * Prices of one catalog are read within weeks or months of each other. Nine in ten of the bundled ones are of 2026-01 to
 * 2026-08, the newest of 2026-11.
 */
const MOST_DAYS_AHEAD = 366;
const MOST_YEARS_BEHIND = 5;

const DAYS_PER_YEAR = 365.25;

/** What counts as the catalog's own time: a few dates beyond it do not move it. */
const NEARLY_NEWEST = 0.95;

export const priceDates: CatalogRule = {
  name: 'price-dates',
  sentence: 'Price dates are days that exist, and none lies far ahead of the rest or years behind.',
  check: ({ instances }) => {
    const dated = offerEntries(instances).flatMap(({ entry, offer: { priceAsOf } }) =>
      priceAsOf === null ? [] : [{ entry, priceAsOf, day: dayOf(priceAsOf) }],
    );
    const days = dated.flatMap(({ day }) => day ?? []).sort((a, b) => a - b);
    const newest = days[Math.floor(NEARLY_NEWEST * (days.length - 1))] ?? 0;
    return dated.flatMap(({ entry, priceAsOf, day }): Finding[] => {
      if (day === null) return [wrong(entry, 'as_of', priceAsOf, 'is no day: write YYYY-MM-DD, YYYY-MM or YYYY.')];
      if (day > newest + MOST_DAYS_AHEAD) {
        const text = `lies more than a year ahead of the other prices (${written(newest)}): check the year.`;
        return [wrong(entry, 'as_of', priceAsOf, text)];
      }
      if (day < Date.UTC(EARLIEST_YEAR) / MS_PER_DAY) {
        return [wrong(entry, 'as_of', priceAsOf, `is before ${EARLIEST_YEAR}: check the year.`)];
      }
      if (day < newest - MOST_YEARS_BEHIND * DAYS_PER_YEAR) {
        const text = `is over ${MOST_YEARS_BEHIND} years older than the other prices: read it again.`;
        return [doubtful(entry, 'as_of', priceAsOf, text)];
      }
      return [];
    });
  },
};

/** Days since 1970; a year or a month counts as its first day; null = no such day. */
function dayOf(date: string): number | null {
  const [, year, month = '01', day = '01'] = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?/.exec(date) ?? [];
  const ms = year === undefined ? Number.NaN : Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(ms)) return null;
  return new Date(ms).getUTCDate() === Number(day) ? ms / MS_PER_DAY : null;
}

const written = (day: number): string => new Date(day * MS_PER_DAY).toISOString().slice(0, 'YYYY-MM-DD'.length);

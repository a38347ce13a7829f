import type { CatalogListing } from '../../../src-worker/protocol/app-api.ts';
import { formatDate, formatFixed } from '../../../src-worker/protocol/numbers.ts';
import { providerLabel } from '../../format/names.ts';
import { daysBetween, isOldPrice, OLD_PRICE_DAYS } from '../../../src-worker/protocol/price-age.ts';

/** `AWS prices are from 20 Jul 2026, 127 days old.` for the clouds with old prices; empty where none are. */
export function oldPricesSentence(catalog: CatalogListing | null, now: Date): string {
  const oldestByProvider = new Map<string, string>();
  for (const { provider, priceAsOf } of catalog?.instances ?? []) {
    const known = oldestByProvider.get(provider);
    if (priceAsOf !== null && (known === undefined || priceAsOf < known)) oldestByProvider.set(provider, priceAsOf);
  }
  const old = [...oldestByProvider].filter(([, date]) => isOldPrice(date, now));
  const [first] = old.sort((a, b) => a[1].localeCompare(b[1]));
  if (!first) return '';
  const [, oldest] = first;
  const names = old.filter(([, date]) => date === oldest).map(([provider]) => providerLabel(provider));
  const others = old.length - names.length;
  // Some price lists only say their year.
  const age = /^\d{4}-\d{2}-\d{2}/.test(oldest) ? `, ${formatFixed(daysBetween(oldest, now))} days old` : '';
  const more =
    others === 0
      ? ''
      : ` ${others === 1 ? 'One more cloud has' : `${others} more clouds have`} prices older than ${OLD_PRICE_DAYS} days.`;
  return `${list(names)} prices are from ${formatDate(oldest)}${age}.${more}`;
}

const list = (names: string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;

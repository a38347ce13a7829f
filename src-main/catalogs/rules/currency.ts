import { wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

/** Other currencies and other times of billing, as price lists write them. */
const OTHERS = /[€£¥₹]|\b(EUR|GBP|CNY|RMB|JPY|INR|CHF|CAD|AUD)\b|\bper (month|minute|second|day|year|GPU)\b/i;

export const currency: CatalogRule = {
  name: 'currency',
  sentence: 'Prices are in USD per hour, and their terms say so.',
  checkSheets: ({ clouds }) =>
    clouds.flatMap(({ provider, currency: own, terms }) => {
      const other = OTHERS.exec(terms)?.[0];
      const isUsd = own === 'USD' && terms.includes('USD') && /\bper hour\b/i.test(terms);
      if (isUsd && other === undefined) return [];
      const text = other === undefined ? 'do not say "USD per hour"' : `say "${other}"`;
      return [
        wrong(provider, 'terms', terms, `the terms ${text}: convert the prices to USD per hour of the instance.`),
      ];
    }),
};

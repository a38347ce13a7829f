import { requestsPerSByRate } from '../../src-worker/engine/validation/measured-figures.ts';
import type { Measurement } from '../../src-worker/engine/validation/types.ts';
import { MOST_RATE_DISAGREEMENT } from '../../src-worker/engine/validation/plausibility.ts';

/**
 * Rates of a row that cannot be the requests of its other rates, going by its lengths: two that agree outvote the third, and
 * of two that do not agree neither is believed.
 */
export function oddRates({ inputTokens, outputTokens, measured }: Measurement): string[] {
  if (outputTokens === null) return [];
  const rates = requestsPerSByRate(measured, { inputTokens, outputTokens });
  if (rates.length < 2) return [];
  const agree = (one: number, other: number): boolean =>
    Math.max(one, other) <= MOST_RATE_DISAGREEMENT * Math.min(one, other);
  return rates
    .filter(({ column, perS }) => !rates.some((other) => other.column !== column && agree(other.perS, perS)))
    .map(({ column }) => column);
}

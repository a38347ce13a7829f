import { RATE_COLUMNS, type Measurement } from '../../src-worker/engine/validation/types.ts';
import { MOST_RATE_DISAGREEMENT } from '../../src-worker/engine/validation/plausibility.ts';

/**
 * Rates of a row that cannot be the requests of its other rates, going by its lengths: two that agree outvote the third, and
 * of two that do not agree neither is believed.
 */
export function oddRates({ inputTokens, outputTokens, measured }: Measurement): string[] {
  if (outputTokens === null) return [];
  const tokens: Readonly<Record<string, number | null>> = {
    req_s: 1,
    output_tok_s: outputTokens,
    total_tok_s: inputTokens === null ? null : inputTokens + outputTokens,
  };
  const rates = RATE_COLUMNS.flatMap((column) => {
    const [rate, perRequest] = [measured[column], tokens[column] ?? null];
    return rate === undefined || perRequest === null ? [] : [{ column, perS: rate / perRequest }];
  });
  if (rates.length < 2) return [];
  const agree = (one: number, other: number): boolean =>
    Math.max(one, other) <= MOST_RATE_DISAGREEMENT * Math.min(one, other);
  return rates
    .filter(({ column, perS }) => !rates.some((other) => other.column !== column && agree(other.perS, perS)))
    .map(({ column }) => column);
}

import type { LatencyMetric } from '../calibration/types.ts';
import { RATE_COLUMNS, type Measurement } from './types.ts';

/** Figures of a row that can be taken from one column or another. */

type Measured = Measurement['measured'];

/** ms of a latency: the mean, else the median; undefined where the row has neither. */
export const meanOrMedianMs = (measured: Measured, metric: LatencyMetric): number | undefined =>
  measured[`${metric}_ms_mean`] ?? measured[`${metric}_ms_p50`];

/** Requests per second that a row says were served, counted or by the output tokens of each. */
export function requestsServedPerS(measured: Measured, outputTokens: number): number | undefined {
  const tokensPerS = measured['output_tok_s'];
  return measured['req_s'] ?? (tokensPerS === undefined ? undefined : tokensPerS / outputTokens);
}

/** Output tokens per second that a row says were made, counted or by the requests served. */
export function outputTokensPerS(measured: Measured, outputTokens: number): number | undefined {
  const requestsPerS = measured['req_s'];
  return measured['output_tok_s'] ?? (requestsPerS === undefined ? undefined : requestsPerS * outputTokens);
}

/** Requests per second by each rate of a row, going by the tokens of a request; a rate whose tokens are not known says nothing. */
export function requestsPerSByRate(
  measured: Measured,
  { inputTokens, outputTokens }: { inputTokens: number | null; outputTokens: number },
): { column: string; perS: number }[] {
  const tokens: Readonly<Record<string, number | null>> = {
    req_s: 1,
    output_tok_s: outputTokens,
    total_tok_s: inputTokens === null ? null : inputTokens + outputTokens,
  };
  return RATE_COLUMNS.flatMap((column) => {
    const [rate, perRequest] = [measured[column], tokens[column] ?? null];
    return rate === undefined || perRequest === null ? [] : [{ column, perS: rate / perRequest }];
  });
}

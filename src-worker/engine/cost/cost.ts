import { HOURS_PER_MONTH, SECONDS_PER_HOUR } from '../units.ts';

export interface CostQuestion {
  usdPerHourPerInstance: number;
  instances: number;
  /** Of the whole deployment, at the planned load. */
  rateReqPerS: number;
  promptTokensMean: number;
  outputTokensMean: number;
}

export interface Cost {
  usdPerHourPerInstance: number;
  usdPerHour: number;
  usdPerMonth: number;
  usdPerRequest: number;
  /** Prompt and output tokens alike. */
  usdPer1kTokens: number;
  usdPer1mOutputTokens: number;
}

/**
 * Cost at the sized load (NUMBERS.md, Prices): $/request = $/hour of all instances / (3600 · rate).
 * Example: 2 instances at $3.60 for 2 requests/s: 7.2 / 7200 = $0.001 a request.
 *
 * Every figure is the price times what an instance at a dollar an hour would cost. So the rows of a sweep, which multiply a
 * price by that, have the same numbers to the last bit, also where a price ends in a five at the last digit shown.
 */
export function costOf(question: CostQuestion): Cost {
  const price = question.usdPerHourPerInstance;
  const hoursPerRequest = question.instances / (SECONDS_PER_HOUR * question.rateReqPerS);
  return {
    usdPerHourPerInstance: price,
    usdPerHour: price * question.instances,
    usdPerMonth: price * (question.instances * HOURS_PER_MONTH),
    usdPerRequest: price * hoursPerRequest,
    usdPer1kTokens: price * ((hoursPerRequest / (question.promptTokensMean + question.outputTokensMean)) * 1000),
    usdPer1mOutputTokens: price * ((hoursPerRequest / question.outputTokensMean) * 1e6),
  };
}

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
 */
export function costOf(question: CostQuestion): Cost {
  const usdPerHour = question.usdPerHourPerInstance * question.instances;
  const usdPerRequest = usdPerHour / (SECONDS_PER_HOUR * question.rateReqPerS);
  return {
    usdPerHourPerInstance: question.usdPerHourPerInstance,
    usdPerHour,
    // Hours of all instances first, which are whole: prices have few digits, and a month's cost often ends in a five at the last
    // digit shown. Rounded once, it falls the same way here and in the rows of a sweep, which multiply the price by the rest.
    usdPerMonth: question.usdPerHourPerInstance * (question.instances * HOURS_PER_MONTH),
    usdPerRequest,
    usdPer1kTokens: (usdPerRequest / (question.promptTokensMean + question.outputTokensMean)) * 1000,
    usdPer1mOutputTokens: (usdPerRequest / question.outputTokensMean) * 1e6,
  };
}

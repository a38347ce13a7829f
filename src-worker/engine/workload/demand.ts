import { invalidInput } from '../errors.ts';
import { MS_PER_S } from '../units.ts';
import type { Workload } from './types.ts';

/** How many requests arrive, and where the figure comes from. */
export interface Demand {
  rateReqPerS: number;
  users: number | null;
  thinkTimeS: number;
  /** In words, with its figures. */
  explanation: string;
}

export type DemandQuestion = { users: number; thinkTimeS: number } | { rateReqPerS: number };

const targetOf = (workload: Workload, metric: string): number | undefined =>
  workload.targets.find((target) => target.metric === metric)?.targetMs;

/**
 * Users become a rate by the pace the targets promise, so that every plan is compared at equal work (NUMBERS.md, Load):
 * rate = users / (think time + TTFT P50 target + (mean output - 1) · TPOT P50 target).
 * Example: 100 users of chat without pause: 100 / (0.2 + 149 · 0.05) = 13.07 requests per second.
 */
export function demandOf(workload: Workload, question: DemandQuestion): Demand {
  if ('rateReqPerS' in question) {
    const rate = question.rateReqPerS;
    return { rateReqPerS: rate, users: null, thinkTimeS: 0, explanation: `${formatNumber(rate)} requests/s as given` };
  }
  const ttftMs = targetOf(workload, 'ttft_p50');
  const tpotMs = targetOf(workload, 'tpot_p50');
  if (ttftMs === undefined || tpotMs === undefined) {
    throw invalidInput(
      'rate_needed',
      `Workload "${workload.name}" has no ${ttftMs === undefined ? 'TTFT' : 'TPOT'} P50 target, so users cannot be turned into a rate: give --rate in requests per second, or a target with --sla.`,
      { workload: workload.name },
    );
  }
  const tokens = Math.max(0, workload.output.mean - 1);
  const cycleS = question.thinkTimeS + (ttftMs + tokens * tpotMs) / MS_PER_S;
  const rateReqPerS = question.users / cycleS;
  const think = question.thinkTimeS > 0 ? `${formatNumber(question.thinkTimeS)} s to think, ` : '';
  const explanation =
    `${formatNumber(question.users)} ${question.users === 1 ? 'user' : 'users'} at the pace of the P50 targets: ${think}${formatNumber(ttftMs / MS_PER_S)} s to the first token, then ` +
    `${formatNumber(tokens)} tokens at ${formatNumber(tpotMs)} ms, and again: ${formatNumber(rateReqPerS)} requests/s`;
  return { rateReqPerS, users: question.users, thinkTimeS: question.thinkTimeS, explanation };
}

const numberFormat = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
const formatNumber = (value: number): string => numberFormat.format(value);

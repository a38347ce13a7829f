import type { LatencyPercentiles } from '../../engine/batching/spread.ts';
import { MS_PER_S } from '../../engine/units.ts';
import { metric } from '../../protocol/metrics.ts';
import { formatMs, formatSignificant } from '../../protocol/numbers.ts';
import { simulatedRun } from '../simulated-remarks.ts';
import { accountOf, bindingText, type Account } from './calculations.ts';
import type { Explained } from './subject.ts';

/** What is simulated follows from no formula: how it was simulated stands in the place of one. */
export interface SimulatedAccount extends Account {
  /** In words, in the place of the registry's. */
  formula: string;
}

const STEP_BY_STEP =
  "vLLM's scheduler is simulated step by step, with steps as long as the calibration profile has them; requests that came while the replica filled are discarded, and the figure is that of all who follow.";

const NAMES: Record<keyof LatencyPercentiles, string> = {
  mean: 'Mean',
  p50: 'P50',
  p90: 'P90',
  p95: 'P95',
  p99: 'P99',
};

/** `P95 of 20,000 requests at 3.2 a second on one replica, seed 1: 412 ± 9 ms (95 % confidence)`. */
function latencyText({ chosen, plan }: Explained, id: string, value: number): string {
  const { simulated } = chosen.latency;
  const [kind, statistic] = id.split('_') as ['ttft' | 'tpot' | 'e2e', keyof LatencyPercentiles];
  if (!simulated) throw new Error(`${id} of ${chosen.id} is explained as simulated and was not`);
  const width = simulated.halfWidths[`${kind}Ms`]?.[statistic] ?? null;
  const confidence = width === null ? '' : ` ± ${formatMs(width)}`;
  return `${NAMES[statistic]} of ${simulatedRun(simulated, chosen, plan.prepared.subject.router)}: ${formatMs(value)}${confidence} ms${width === null ? '' : ' (95 % confidence)'}.`;
}

const capacityText = ({ chosen, ...about }: Explained, value: number): string => {
  const saturation = formatSignificant(chosen.load.saturation().perMs * MS_PER_S);
  const { format, unit } = metric('capacity_requests_per_s');
  return `At ${format(value)} ${unit} every target is still met in the simulation; just above, ${bindingText({ chosen, ...about })}. In closed form the replica saturates at ${saturation} requests/s.`;
};

/** The account of a metric that method simulation simulates; null for what is worked out all the same: costs, memory, steps. */
export function simulatedAccountOf(id: string): SimulatedAccount | null {
  const account = accountOf(id);
  if (/^(ttft|tpot|e2e)_/.test(id)) {
    const calculation: Account['calculation'] = (about, value) => latencyText(about, id, value);
    return { ...account, parts: () => [], formula: STEP_BY_STEP, calculation };
  }
  if (id !== 'capacity_requests_per_s') return null;
  return {
    ...account,
    formula:
      'Simulated at one rate after another, with the same random numbers, from the capacity of the closed form on, until the first target breaks; searched to 0.1 %.',
    calculation: capacityText,
  };
}

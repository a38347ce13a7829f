import type { SteadySimulation } from '../engine/simulation/steady-state.ts';
import { metricLabel } from '../engine/sizing/plan-refusals.ts';
import { simulatedStatistic, SIZING_SEED, verdictOn } from '../engine/sizing/simulated-load.ts';
import type { SizedPlan, SizingSubject } from '../engine/sizing/types.ts';
import { MS_PER_S } from '../engine/units.ts';
import type { Target } from '../engine/workload/types.ts';
import type { Remark, TrustKind } from '../protocol/documents.ts';
import { formatFixed, formatMs, formatSignificant } from '../protocol/numbers.ts';

/** What is said of figures that are simulated themselves, in the place of a closed form. */

export const SIMULATED_ALREADY =
  'The figures are simulated themselves (method simulation): there is nothing left to confirm.';

/** Their errors are those of step times, which the closed form has, too (decision 28). */
export const SAME_STEPS = 'They are the errors of method batching, which times steps as the simulation does.';

/** Requests per second that are written in full below this. */
const LEAST_SHOWN_RATE = 0.001;

const perS = (ratePerMs: number): string => {
  const rate = ratePerMs * MS_PER_S;
  // What is above zero never reads as zero.
  return rate < LEAST_SHOWN_RATE ? String(Number(rate.toPrecision(3))) : formatSignificant(rate);
};

type Routed = Pick<SizedPlan, 'replicas' | 'ratePerReplicaPerMs'>;

const SHARED_BY: Record<SizingSubject['router'], (replicas: string) => string> = {
  random: () => 'on one replica',
  round_robin: (replicas) => `on one of ${replicas} replicas, dealt in turn`,
  least_loaded: (replicas) => `on each of ${replicas} replicas, sent to the least loaded`,
};

/** `20,000 requests at 3.2 a second on one replica, seed 1`. */
export const simulatedRun = (
  { numMeasured }: SteadySimulation,
  { replicas, ratePerReplicaPerMs }: Routed,
  router: SizingSubject['router'],
): string =>
  `${formatFixed(numMeasured)} requests at ${perS(ratePerReplicaPerMs)} a second ${SHARED_BY[replicas > 1 ? router : 'random'](formatFixed(replicas))}, seed ${SIZING_SEED}`;

/** `TTFT P95 is 480 ± 30 ms, target 500 ms`. */
function nearnessOf(simulated: SteadySimulation, { metric, targetMs }: Target): string {
  const figure = simulatedStatistic(simulated, metric);
  const width = figure?.halfWidthMs ?? null;
  return `${metricLabel(metric)} is ${formatMs(figure?.valueMs ?? null)}${width === null ? '' : ` ± ${formatMs(width)}`} ms, target ${formatMs(targetMs)} ms`;
}

/** Sure where every gating target lies outside of its 95 % interval; what lies inside is named. */
export function simulatedTrust(
  simulated: SteadySimulation,
  plan: Routed,
  { targets, router }: Pick<SizingSubject, 'targets' | 'router'>,
): Remark<TrustKind> {
  const about = `Simulated with vLLM's scheduler in steady state: ${simulatedRun(simulated, plan, router)}.`;
  const open = targets.filter((target) => target.isGating && verdictOn(simulated, target) === 'unknown');
  if (open.length === 0) {
    return { kind: 'ok', sentence: `${about} Every target is clear of the simulation's uncertainty.` };
  }
  const near = open.map((target) => nearnessOf(simulated, target)).join('; ');
  return {
    kind: 'uncertain',
    sentence: `${about} By its figures every target is met, but not with 95 % confidence: ${near}.`,
  };
}

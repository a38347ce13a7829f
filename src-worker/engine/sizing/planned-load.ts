import { MS_PER_S } from '../units.ts';
import type { Target } from '../workload/types.ts';
import { latencyOf } from './capacity.ts';
import { metricLabel } from './plan-refusals.ts';
import { replicasAt } from './replica-capacity.ts';
import type { CountedPlan, LoadOutcome, PlanGroup, Refusal, SizingDemand } from './types.ts';

/* What of a demand a replica is planned to carry, and whether it meets the targets there. */

/** Does a steady state keep every target that gates? What saturates keeps none. */
export function meetsTargets(outcome: LoadOutcome, targets: Target[]): boolean {
  if (outcome.kind === 'saturated') return false;
  return targets.every((target) => !target.isGating || latencyOf(outcome, target.metric) <= target.targetMs);
}

/** Replicas that a load needs where one may be planned with a share of its capacity (NUMBERS.md, Headroom); at least one. */
export const replicasFor = (ratePerMs: number, utilizationTarget: number, capacityPerMs: number): number =>
  replicasAt(ratePerMs / utilizationTarget, capacityPerMs);

/** The replicas of a plan that share a demand, and what each of them is planned to carry. */
export function plannedShare(
  load: NonNullable<PlanGroup['load']>,
  { rateReqPerS, headroom }: Pick<SizingDemand, 'rateReqPerS' | 'headroom'>,
): { replicas: number; ratePerReplicaPerMs: number } {
  const ratePerMs = rateReqPerS / MS_PER_S;
  const replicas = load.replicasFor(ratePerMs / headroom.utilizationTarget);
  return { replicas, ratePerReplicaPerMs: ratePerMs / replicas };
}

/** The load curve need not be monotone: a plan whose planned load misses although its capacity was found says so. */
export function plannedLoadRefusal(
  { load, ratePerReplicaPerMs }: CountedPlan,
  latency: LoadOutcome,
  targets: Target[],
): Refusal {
  const missed =
    latency.kind === 'steady'
      ? targets.find((target) => target.isGating && latencyOf(latency, target.metric) > target.targetMs)
      : undefined;
  if (latency.kind === 'saturated' || !missed) {
    const value = ratePerReplicaPerMs * MS_PER_S;
    const limit = load.saturation().perMs * MS_PER_S;
    const detail = `The planned load of ${value.toPrecision(3)} requests/s saturates a replica, which carries ${limit.toPrecision(3)}.`;
    return { reason: 'sla_missed', detail, margin: { metric: 'requests_per_s', value, limit, unit: 'requests/s' } };
  }
  const value = latencyOf(latency, missed.metric);
  return {
    reason: 'sla_missed',
    detail: `Latency is not monotone in load here: at the planned load ${metricLabel(missed.metric)} is ${value.toFixed(1)} ms, target ${missed.targetMs.toFixed(1)} ms.`,
    margin: { metric: missed.metric, value, limit: missed.targetMs, unit: 'ms' },
  };
}

import { gpuGroup, replicasPerInstance } from '../../engine/sizing/plan-groups.ts';
import { loadWithoutCapacity, replicaOf, type Replica } from '../../engine/sizing/replica-subject.ts';
import type { LoadOutcome, ReplicaLoad, SteadyLoad } from '../../engine/sizing/types.ts';
import { MS_PER_S } from '../../engine/units.ts';
import { isPassing, type FoundPlan } from './find-plan.ts';

/** A replica of the plan under the load it is planned for, or would have to carry. */
export interface PlannedReplica {
  replica: Replica;
  load: ReplicaLoad;
  /** null where even an idle replica misses a target. */
  capacityPerMs: number | null;
  plannedPerMs: number;
  /** null where the planned load saturates the replica. */
  planned: SteadyLoad | null;
}

const steady = (outcome: LoadOutcome): SteadyLoad | null => (outcome.kind === 'steady' ? outcome : null);

/** Replicas that share the load: as sized; else as many as the filters allow, or as one instance holds. */
function replicasOf({ row, instance, group, sizing }: FoundPlan, capacityPerMs: number | null): number {
  if (isPassing(row)) return row.chosen.replicas;
  const { gpus } = gpuGroup(instance);
  const perInstance = Math.max(1, replicasPerInstance(instance, group));
  const allowed = sizing.maxGpus === null ? Infinity : Math.floor(sizing.maxGpus / gpus) * perInstance;
  if (capacityPerMs === null) return Math.min(perInstance, Math.max(1, allowed));
  const wanted = Math.ceil(sizing.rateReqPerS / MS_PER_S / (sizing.headroom.utilizationTarget * capacityPerMs) - 1e-9);
  return Math.max(1, Math.min(wanted, allowed));
}

/** null where no step of the plan runs: it does not fit, or the GPU lacks the format. */
export function plannedReplica(plan: FoundPlan): PlannedReplica | null {
  const { prepared, group, instance, sizing, row } = plan;
  const replica = replicaOf(prepared.subject, group, instance);
  if (!replica) return null;
  const load = group.load ?? loadWithoutCapacity(prepared.subject, replica);
  const capacityPerMs = group.load?.ratePerMsAtCapacity ?? null;
  const plannedPerMs = isPassing(row)
    ? row.chosen.ratePerReplicaPerMs
    : sizing.rateReqPerS / MS_PER_S / replicasOf(plan, capacityPerMs);
  return { replica, load, capacityPerMs, plannedPerMs, planned: steady(load.at(plannedPerMs)) };
}

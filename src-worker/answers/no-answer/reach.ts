import type { Instance } from '../../engine/hardware/types.ts';
import { chooseOffer } from '../../engine/sizing/offers.ts';
import { gpuGroup, replicasPerInstance } from '../../engine/sizing/plan-groups.ts';
import { gpusUsed } from '../../engine/sizing/plan-order.ts';
import { hostMemoryRefusal } from '../../engine/sizing/host-memory.ts';
import type { PlanGroup, ReplicaLoad, SizingDemand } from '../../engine/sizing/types.ts';
import { MS_PER_S } from '../../engine/units.ts';
import type { Probe } from './probe.ts';

/** A plan that meets the targets at some load, and how far it gets within the GPUs allowed. */
export interface Reach {
  instance: Instance;
  group: PlanGroup;
  load: ReplicaLoad;
  /** US$ an hour, or GPUs where hardware of one's own has no price: what answers are compared by. */
  expensePerInstance: number;
  gpusPerInstance: number;
  replicasPerInstance: number;
  /** Replicas that `max_gpus` allows; Infinity without it, 0 where not even one instance is allowed. */
  mostReplicas: number;
  /** Requests/s one replica carries within the targets, with the headroom asked for. */
  carriesPerS: number;
}

/** Replicas that `gpus` GPUs hold on whole instances; all that are wanted where `gpus` is null. */
export function replicasWithin(instance: Instance, group: PlanGroup, gpus: number | null): number {
  const perInstance = gpuGroup(instance).gpus;
  if (gpus === null) return Infinity;
  return Math.floor(gpus / perInstance) * replicasPerInstance(instance, group);
}

export const carriedPerS = (load: ReplicaLoad, { headroom }: SizingDemand): number =>
  headroom.utilizationTarget * load.ratePerMsAtCapacity * MS_PER_S;

/** Has everything in scope a price? Own machines without one are compared by their GPUs, and then all of them are. */
const arePriced = ({ prepared: { facts }, sizing }: Pick<Probe, 'prepared' | 'sizing'>): boolean =>
  facts.instances.every((instance) => !instance.own || priceOf(instance, sizing) !== null);

function priceOf(instance: Instance, sizing: SizingDemand): number | null {
  const choice = chooseOffer(instance, sizing);
  return choice.kind === 'offer' ? choice.usdPerHour : null;
}

/** What the cheapest answer takes, in the measure of `reachOf`; Infinity where there is none. */
export function leastExpense(probe: Pick<Probe, 'prepared' | 'sizing' | 'outcome'>): number {
  const isPriced = arePriced(probe);
  const expenses = probe.outcome.rows.map(({ chosen }) =>
    isPriced ? (chosen.cost?.usdPerHour ?? Infinity) : gpusUsed(chosen),
  );
  return Math.min(...expenses, Infinity);
}

/** Every plan in the place and at the pricing asked for that carries any load at all. */
export function reachOf({ prepared, sizing }: Pick<Probe, 'prepared' | 'sizing'>): Reach[] {
  const { subject, evaluated } = prepared;
  const isPriced = arePriced({ prepared, sizing });
  return evaluated.candidates.flatMap(({ instance, plans }) => {
    const choice = chooseOffer(instance, sizing);
    if (choice.kind !== 'offer') return [];
    const { gpus } = gpuGroup(instance);
    return plans.flatMap((group): Reach[] => {
      const { load } = group;
      if (!load || group.refusal || hostMemoryRefusal(subject, instance, group)) return [];
      return [
        {
          instance,
          group,
          load,
          expensePerInstance: isPriced ? (choice.usdPerHour ?? Infinity) : instance.gpuCount,
          gpusPerInstance: gpus,
          replicasPerInstance: replicasPerInstance(instance, group),
          mostReplicas: replicasWithin(instance, group, sizing.maxGpus),
          carriesPerS: carriedPerS(load, sizing),
        },
      ];
    });
  });
}

import { costOf } from '../cost/cost.ts';
import type { Instance } from '../hardware/types.ts';
import { gpuGroup, replicasPerInstance } from './plan-groups.ts';
import { plannedShare } from './planned-load.ts';
import type { CountedPlan, PlacelessDemand, PlanGroup, RefusedPlan, SizedPlan, SizingSubject } from './types.ts';

/** `provider/instance/region/tpXppY/quantization`: names a plan in every document. */
export const planId = (
  { provider, name }: Instance,
  region: string,
  { tensorParallel, pipelineParallel, precision }: PlanGroup,
): string => `${provider}/${name}/${region}/tp${tensorParallel}pp${pipelineParallel}/${precision}`;

/** The cheapest offer of an instance: $ per hour of one of them, null where it has no price. */
export interface PricedOffer {
  offer: SizedPlan['offer'];
  usdPerHour: number | null;
  otherRegions: number;
}

/** A plan with the replicas and instances that a demand takes; refused where these are more GPUs than allowed. */
export function countPlan(
  instance: Instance,
  group: PlanGroup,
  load: NonNullable<PlanGroup['load']>,
  demand: PlacelessDemand,
): CountedPlan | RefusedPlan {
  const { replicas, ratePerReplicaPerMs } = plannedShare(load, demand);
  const { gpus } = gpuGroup(instance);
  const perInstance = replicasPerInstance(instance, group);
  const instances = Math.ceil(replicas / perInstance);
  const gpusInAll = instances * gpus;
  if (demand.maxGpus !== null && gpusInAll > demand.maxGpus) {
    const detail = `Needs ${gpusInAll} GPUs (${instances} × ${instance.name}); the limit is ${demand.maxGpus}.`;
    const margin = { metric: 'gpus', value: gpusInAll, limit: demand.maxGpus, unit: 'GPUs' };
    return { group, refusal: { reason: 'max_gpus', detail, margin } };
  }
  return { instance, group, load, replicas, replicasPerInstance: perInstance, instances, ratePerReplicaPerMs };
}

/** A counted plan at an offer: where it stands and what it costs. */
export function placedPlan<Plan extends CountedPlan>(
  { lengths: { moments } }: SizingSubject,
  plan: Plan,
  rateReqPerS: number,
  { offer, otherRegions, usdPerHour }: PricedOffer,
): Plan & SizedPlan {
  const cost =
    usdPerHour === null
      ? null
      : costOf({
          usdPerHourPerInstance: usdPerHour,
          instances: plan.instances,
          rateReqPerS,
          promptTokensMean: moments.promptMean,
          outputTokensMean: moments.outputMean,
        });
  return { ...plan, id: planId(plan.instance, offer.region, plan.group), offer, otherRegions, cost };
}

import { costOf } from '../cost/cost.ts';
import type { Instance } from '../hardware/types.ts';
import { gpuGroup, replicasPerInstance } from './plan-groups.ts';
import { plannedShare } from './planned-load.ts';
import type { PlanGroup, RefusedPlan, SizedPlan, SizingDemand, SizingSubject } from './types.ts';

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

/** A plan with the replicas, instances and cost that a demand takes; refused where these are more GPUs than allowed. */
export function sizePlan(
  subject: SizingSubject,
  instance: Instance,
  group: PlanGroup,
  load: NonNullable<PlanGroup['load']>,
  demand: SizingDemand,
  priced: PricedOffer,
): SizedPlan | RefusedPlan {
  const { moments } = subject.lengths;
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
  return {
    id: planId(instance, priced.offer.region, group),
    instance,
    offer: priced.offer,
    otherRegions: priced.otherRegions,
    group,
    load,
    replicas,
    replicasPerInstance: perInstance,
    instances,
    ratePerReplicaPerMs,
    cost:
      priced.usdPerHour === null
        ? null
        : costOf({
            usdPerHourPerInstance: priced.usdPerHour,
            instances,
            rateReqPerS: demand.rateReqPerS,
            promptTokensMean: moments.promptMean,
            outputTokensMean: moments.outputMean,
          }),
  };
}

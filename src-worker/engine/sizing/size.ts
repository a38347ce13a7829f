import type { Instance } from '../hardware/types.ts';
import type { Candidate, EvaluatedPlans } from './evaluated-plans.ts';
import { hostMemoryRefusal } from './host-memory.ts';
import { chooseOffer } from './offers.ts';
import { gpuGroup, parallelName, replicaGpus } from './plan-groups.ts';
import { byCost, byPrice, byReplica, nearestRefusal } from './plan-order.ts';
import { meetsTargets, plannedLoadRefusal } from './planned-load.ts';
import { sizePlan } from './sized-plan.ts';
import type {
  ExcludedRow,
  Refusal,
  RefusedPlan,
  SizedPlan,
  SizedRow,
  SizeOutcome,
  SizingDemand,
  SizingSubject,
} from './types.ts';

const isSized = (plan: SizedPlan | RefusedPlan): plan is SizedPlan => 'replicas' in plan;
const isRefused = (plan: SizedPlan | RefusedPlan): plan is RefusedPlan => !isSized(plan);

/** Sizes every candidate for a demand and ranks what passes. */
export function sizeForDemand(evaluated: EvaluatedPlans, demand: SizingDemand): SizeOutcome {
  const rows: SizedRow[] = [];
  const excluded: ExcludedRow[] = [];
  for (const candidate of evaluated.candidates) {
    const outcome = sizeCandidate(evaluated.subject, candidate, demand);
    if ('chosen' in outcome) rows.push(outcome);
    else excluded.push(outcome);
  }
  for (const instance of evaluated.retired) {
    const detail = `${instance.provider} ${instance.name} is withdrawn from sale; --include-retired looks at it all the same.`;
    excluded.push({ instance, region: null, group: null, refusal: { reason: 'retired', detail, margin: null } });
  }
  rows.sort((a, b) => byCost(a.chosen, b.chosen));
  return { rows, excluded };
}

/** The cheapest plan of one instance that meets every target at its planned load, or why none does. */
function sizeCandidate(subject: SizingSubject, candidate: Candidate, demand: SizingDemand): SizedRow | ExcludedRow {
  const { instance } = candidate;
  const choice = chooseOffer(instance, demand);
  if (choice.kind === 'refused') return { instance, region: null, group: null, refusal: choice.refusal };
  const { offer, usdPerHour, otherRegions } = choice;
  const region = offer.region;
  if (candidate.plans.length === 0) return { instance, region, group: null, refusal: gpusRefusal(subject, instance) };
  const plans = candidate.plans.map((group): SizedPlan | RefusedPlan => {
    const refusal = group.refusal ?? hostMemoryRefusal(subject, instance, group);
    if (refusal || !group.load) {
      if (!refusal) throw new Error(`plan ${group.key} has neither a load nor a refusal`);
      return { group, refusal };
    }
    return sizePlan(subject, instance, group, group.load, demand, { offer, usdPerHour, otherRegions });
  });
  const cheapestFirst = plans.filter(isSized).sort((a, b) => byPrice(a, b) || byReplica(a, b));
  for (const plan of cheapestFirst) {
    const latency = plan.load.at(plan.ratePerReplicaPerMs);
    if (latency.kind === 'steady' && meetsTargets(latency, subject.targets)) {
      return { chosen: { ...plan, latency }, others: plans.filter((other) => other !== plan) };
    }
    plans[plans.indexOf(plan)] = { group: plan.group, refusal: plannedLoadRefusal(plan, latency, subject.targets) };
  }
  const nearest = nearestRefusal(plans.filter(isRefused));
  return { instance, region, group: nearest.group, refusal: nearest.refusal };
}

/** The replica asked for has more GPUs than the instance. */
function gpusRefusal({ tensorParallel, pipelineParallel }: SizingSubject, instance: Instance): Refusal {
  const { gpus } = gpuGroup(instance);
  const group = { tensorParallel: tensorParallel ?? 1, pipelineParallel };
  const needed = replicaGpus(group);
  const name = pipelineParallel > 1 ? `${parallelName(group)} is ${needed} GPUs,` : `TP ${needed} needs`;
  return {
    reason: 'link_domain',
    detail: `${name} more ${pipelineParallel > 1 ? '' : 'GPUs '}than the ${gpus} of ${instance.name}.`,
    margin: {
      metric: pipelineParallel > 1 ? 'gpus' : 'tensor_parallel',
      value: needed,
      limit: gpus,
      unit: 'GPUs',
    },
  };
}

import type { Instance } from '../hardware/types.ts';
import type { Candidate, EvaluatedPlans } from './evaluated-plans.ts';
import { hostMemoryRefusal } from './host-memory.ts';
import { chooseOffer } from './offers.ts';
import { gpuGroup, parallelName, replicaGpus } from './plan-groups.ts';
import { byCost, byInstances, nearestRefusal } from './plan-order.ts';
import { meetsTargets, plannedLoadRefusal } from './planned-load.ts';
import { countPlan, placedPlan } from './sized-plan.ts';
import type {
  CountedPlan,
  ExcludedRow,
  PlacelessDemand,
  PlanGroup,
  Refusal,
  RefusedPlan,
  SizedRow,
  SizeOutcome,
  SizingDemand,
  SizingSubject,
  TakenPlan,
} from './types.ts';

const isCounted = (plan: CountedPlan | RefusedPlan): plan is CountedPlan => 'replicas' in plan;
const isRefused = (plan: CountedPlan | RefusedPlan): plan is RefusedPlan => !isCounted(plan);

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
    excluded.push({ instance, region: null, group: null, refusal: retiredRefusal(instance) });
  }
  rows.sort((a, b) => byCost(a.chosen, b.chosen));
  return { rows, excluded };
}

function sizeCandidate(subject: SizingSubject, candidate: Candidate, demand: SizingDemand): SizedRow | ExcludedRow {
  const { instance } = candidate;
  const choice = chooseOffer(instance, demand);
  if (choice.kind === 'refused') return { instance, region: null, group: null, refusal: choice.refusal };
  const taken = choosePlan(subject, candidate, demand);
  if ('refusal' in taken) return { instance, region: choice.offer.region, ...taken };
  const placed = <Plan extends CountedPlan>(plan: Plan) => placedPlan(subject, plan, demand.rateReqPerS, choice);
  const others = taken.others.map((plan) => (isCounted(plan) ? placed(plan) : plan));
  return { chosen: placed(taken.chosen), others };
}

/** What an instance runs, or why it runs nothing. */
export type PlanChoice =
  { chosen: TakenPlan; others: (CountedPlan | RefusedPlan)[] } | { group: PlanGroup | null; refusal: Refusal };

/**
 * The cheapest plan of one instance that meets every target at its planned load, or why none does. Where it stands and what it
 * costs plays no part: the plan that takes the fewest instances is the cheapest at any price.
 */
export function choosePlan(
  subject: SizingSubject,
  { instance, plans: groups }: Candidate,
  demand: PlacelessDemand,
): PlanChoice {
  if (groups.length === 0) return { group: null, refusal: gpusRefusal(subject, instance) };
  const plans = groups.map((group): CountedPlan | RefusedPlan => {
    const refusal = group.refusal ?? hostMemoryRefusal(subject, instance, group);
    if (refusal || !group.load) {
      if (!refusal) throw new Error(`plan ${group.key} has neither a load nor a refusal`);
      return { group, refusal };
    }
    return countPlan(instance, group, group.load, demand);
  });
  for (const plan of plans.filter(isCounted).sort(byInstances)) {
    const latency = plan.load.at(plan.ratePerReplicaPerMs);
    if (latency.kind === 'steady' && meetsTargets(latency, subject.targets)) {
      return { chosen: { ...plan, latency }, others: plans.filter((other) => other !== plan) };
    }
    plans[plans.indexOf(plan)] = { group: plan.group, refusal: plannedLoadRefusal(plan, latency, subject.targets) };
  }
  return nearestRefusal(plans.filter(isRefused));
}

export const retiredRefusal = ({ provider, name }: Instance): Refusal => ({
  reason: 'retired',
  detail: `${provider} ${name} is withdrawn from sale; --include-retired looks at it all the same.`,
  margin: null,
});

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

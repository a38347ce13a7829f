import type { Facts } from '../facts.ts';
import type { Gpu, Instance } from '../hardware/types.ts';
import type { Precision } from '../model/types.ts';
import { evaluatePlanGroup, gpuGroup, gpuOf, planKey, tensorParallelChoices } from './plan-groups.ts';
import { isInScope } from './scope.ts';
import type { PlanCapacity, PlanGroup, SizingScope, SizingSubject } from './types.ts';

/* Which plans of which instances are in scope, and the capacity of each. */

/** An instance with every plan that could run on it. */
export interface Candidate {
  instance: Instance;
  gpu: Gpu;
  plans: PlanGroup[];
}

/** The capacity of every plan of every instance in scope: independent of users, place and price. */
export interface EvaluatedPlans {
  subject: SizingSubject;
  candidates: Candidate[];
  retired: Instance[];
}

/** Instances in scope with their GPUs, in the order of the catalog, and those that are only withdrawn from sale. */
function instancesIn(scope: SizingScope, facts: Facts): { offered: Omit<Candidate, 'plans'>[]; retired: Instance[] } {
  const gpus = new Map(facts.gpus.map((gpu) => [gpu.id, gpu]));
  const offered: Omit<Candidate, 'plans'>[] = [];
  const retired: Instance[] = [];
  for (const instance of facts.instances) {
    if (!isInScope(scope, instance)) continue;
    const gpu = gpuOf(instance, gpus);
    if (!gpu) continue;
    if (instance.status === 'retired' && !scope.includeRetired) retired.push(instance);
    else offered.push({ instance, gpu });
  }
  return { offered, retired };
}

/** The plans of one instance. */
const planNamesOf = (
  { precisions, tensorParallel, pipelineParallel }: SizingSubject,
  instance: Instance,
): { key: string; precision: Precision; tp: number }[] =>
  precisions.flatMap((precision) =>
    tensorParallelChoices(gpuGroup(instance).gpus, tensorParallel, pipelineParallel).map((tp) => ({
      key: planKey(instance, tp, precision, pipelineParallel),
      precision,
      tp,
    })),
  );

/** Keys of the plans in scope, of all instances or of those asked for, each once. */
export function plansInScope(
  subject: SizingSubject,
  scope: SizingScope,
  facts: Facts,
  isAsked: (instance: Instance) => boolean = () => true,
): string[] {
  const keys = instancesIn(scope, facts).offered.flatMap(({ instance }) =>
    isAsked(instance) ? planNamesOf(subject, instance).map(({ key }) => key) : [],
  );
  return [...new Set(keys)];
}

/** Keys of the plans in scope that `known` does not hold, each once. */
export const unknownPlans = (
  subject: SizingSubject,
  scope: SizingScope,
  facts: Facts,
  known: ReadonlyMap<string, PlanGroup>,
): string[] => plansInScope(subject, scope, facts).filter((key) => !known.has(key));

export interface PlanSources {
  /** Plans that were evaluated for the same subject (precisions and tensor parallelism may differ); receives the new ones. */
  known?: Map<string, PlanGroup>;
  /** Capacities that were searched for the same subject elsewhere. */
  capacities?: readonly PlanCapacity[];
  /** Only these plans are evaluated; all in scope where it is left out. */
  keys?: ReadonlySet<string>;
  /** Only the plans of these instances are; those of all in scope where it is left out. */
  isAsked?: (instance: Instance) => boolean;
}

/** Runs every capacity search in scope that is not known; instances with equal groups of GPUs share one. */
export function evaluatePlans(
  subject: SizingSubject,
  scope: SizingScope,
  facts: Facts,
  { known = new Map<string, PlanGroup>(), capacities = [], keys, isAsked = () => true }: PlanSources = {},
): EvaluatedPlans {
  const found = new Map(capacities.map((entry) => [entry.key, entry]));
  const { offered, retired } = instancesIn(scope, facts);
  const candidates = offered.map(({ instance, gpu }): Candidate => {
    const names = isAsked(instance) ? planNamesOf(subject, instance).filter(({ key }) => keys?.has(key) ?? true) : [];
    const plans = names.map(({ key, precision, tp }) => {
      const { capacity, loads = [] } = found.get(key) ?? {};
      const plan = known.get(key) ?? evaluatePlanGroup(subject, gpu, instance, tp, precision, capacity);
      known.set(key, plan);
      for (const { ratePerMs, outcome } of loads) plan.load?.adopt(ratePerMs, outcome);
      return plan;
    });
    return { instance, gpu, plans };
  });
  return { subject, candidates, retired };
}

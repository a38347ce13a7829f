import { replicaGpus } from './plan-groups.ts';
import type { CountedPlan, Refusal, RefusedPlan, SizedPlan } from './types.ts';

/* Which plan goes before which, and which refusal speaks for an instance. */

/** GPUs of all its instances: what hardware without a price is ranked by. */
export const gpusUsed = ({ instances, instance }: Pick<CountedPlan, 'instances' | 'instance'>): number =>
  instances * instance.gpuCount;

/**
 * Cheapest first: $/request, then id (NUMBERS.md, Prices). All are planned for one load, so that $/request goes with $/hour, which
 * is compared because it has no rounding of a division in it. What has no price comes after what has one, the fewest GPUs first.
 */
export function byCost(a: SizedPlan, b: SizedPlan): number {
  return byPrice(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The price alone; below 0 where `a` is cheaper. */
const byPrice = (a: SizedPlan, b: SizedPlan): number =>
  a.cost && b.cost
    ? a.cost.usdPerHour - b.cost.usdPerHour
    : Number(a.cost === null) - Number(b.cost === null) || gpusUsed(a) - gpusUsed(b);

/**
 * Plans of one instance, cheapest first: each of its instances costs the same, whatever that is. At the same price the one whose
 * replicas need the fewest GPUs, with the fewest stages.
 */
export const byInstances = (a: CountedPlan, b: CountedPlan): number =>
  a.instances - b.instances ||
  replicaGpus(a.group) - replicaGpus(b.group) ||
  a.group.pipelineParallel - b.group.pipelineParallel;

/** How near a refused plan came: a missed target by its ratio, then what is wrong for good. */
const REASON_ORDER: Refusal['reason'][] = [
  'max_gpus',
  'sla_missed',
  'memory',
  'host_memory',
  'tp_heads',
  'pp_layers',
  'context_exceeded',
  'dtype_unsupported',
  'model_unsupported',
  'compute_capability',
];

/** The refusal that is told of an instance none of whose plans passes. Throws where there is none. */
export function nearestRefusal(refused: readonly RefusedPlan[]): RefusedPlan {
  const rank = ({ refusal }: RefusedPlan): number => {
    const order = REASON_ORDER.indexOf(refusal.reason);
    return order < 0 ? REASON_ORDER.length : order;
  };
  const ratio = ({ refusal }: RefusedPlan): number =>
    refusal.margin && refusal.margin.limit > 0
      ? Math.abs(Math.log(Math.max(refusal.margin.value, 1e-12) / refusal.margin.limit))
      : Infinity;
  const [nearest] = [...refused].sort(
    (a, b) => rank(a) - rank(b) || ratio(a) - ratio(b) || (a.group.key < b.group.key ? -1 : 1),
  );
  if (!nearest) throw new Error('an instance without plans was asked for its nearest refusal');
  return nearest;
}

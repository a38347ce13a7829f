import { costOf } from '../cost/cost.ts';
import type { Facts } from '../facts.ts';
import type { Gpu, Instance } from '../hardware/types.ts';
import type { Precision } from '../model/types.ts';
import { weightBytes } from '../model/weights.ts';
import { bytesFromGib, gibFromBytes, MS_PER_S } from '../units.ts';
import type { Target } from '../workload/types.ts';
import { latencyOf } from './capacity.ts';
import { chooseOffer } from './offers.ts';
import {
  evaluatePlanGroup,
  gpuGroup,
  gpuOf,
  parallelName,
  planKey,
  replicaGpus,
  replicasPerInstance,
  tensorParallelChoices,
} from './plan-groups.ts';
import { metricLabel } from './plan-refusals.ts';
import { replicasAt } from './replica-capacity.ts';
import { precisionOnDisk } from './vllm-command.ts';
import type {
  ExcludedRow,
  LoadOutcome,
  PlanCapacity,
  PlanGroup,
  RefusedPlan,
  Refusal,
  SizedPlan,
  SizedRow,
  SizeOutcome,
  SizingDemand,
  SizingScope,
  SizingSubject,
} from './types.ts';

/** An instance with every plan that could run on it. */
interface Candidate {
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

/** Host memory a start needs beside the checkpoint (NUMBERS.md, "Host memory"). */
const HOST_RESERVE_BYTES = bytesFromGib(4);

/** Instances in scope with their GPUs, in the order of the catalog, and those that are only withdrawn from sale. */
function instancesIn(scope: SizingScope, facts: Facts): { offered: Omit<Candidate, 'plans'>[]; retired: Instance[] } {
  const gpus = new Map(facts.gpus.map((gpu) => [gpu.id, gpu]));
  const offered: Omit<Candidate, 'plans'>[] = [];
  const retired: Instance[] = [];
  for (const instance of facts.instances) {
    if (scope.providers.length > 0 && !scope.providers.includes(instance.provider)) continue;
    if (scope.gpuIds.length > 0 && !scope.gpuIds.includes(instance.gpuId)) continue;
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

export function meetsTargets(outcome: LoadOutcome, targets: Target[]): boolean {
  if (outcome.kind === 'saturated') return false;
  return targets.every((target) => !target.isGating || latencyOf(outcome, target.metric) <= target.targetMs);
}

/** `provider/instance/region/tpXppY/quantization`: names a plan in every document. */
export const planId = (
  { provider, name }: Instance,
  region: string,
  { tensorParallel, pipelineParallel, precision }: PlanGroup,
): string => `${provider}/${name}/${region}/tp${tensorParallel}pp${pipelineParallel}/${precision}`;

const isSized = (plan: SizedPlan | RefusedPlan): plan is SizedPlan => 'replicas' in plan;

/** GPUs of all its instances: what hardware without a price is ranked by. */
export const gpusUsed = ({ instances, instance }: Pick<SizedPlan, 'instances' | 'instance'>): number =>
  instances * instance.gpuCount;

/**
 * Cheapest first: $/request, then $/hour, then id (NUMBERS.md, Prices). What has no price comes after what has one, the
 * fewest GPUs first.
 */
export function byCost(a: SizedPlan, b: SizedPlan): number {
  return byPrice(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

const byPrice = (a: SizedPlan, b: SizedPlan): number =>
  a.cost && b.cost
    ? a.cost.usdPerRequest - b.cost.usdPerRequest || a.cost.usdPerHour - b.cost.usdPerHour
    : Number(a.cost === null) - Number(b.cost === null) || gpusUsed(a) - gpusUsed(b);

/** Plans of one instance at the same price: the one whose replicas need the fewest GPUs, with the fewest stages. */
const byReplica = (a: SizedPlan, b: SizedPlan): number =>
  replicaGpus(a.group) - replicaGpus(b.group) || a.group.pipelineParallel - b.group.pipelineParallel;

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
  const nearest = nearestRefusal(plans.filter((plan) => !isSized(plan)));
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

/** Bytes of the file that is read, which vLLM may quantize only while loading. */
const checkpointBytes = ({ model, engine }: SizingSubject, { precision }: PlanGroup): number =>
  weightBytes(model, precisionOnDisk(precision, model.checkpoint, engine));

export function hostMemoryRefusal(subject: SizingSubject, instance: Instance, group: PlanGroup): Refusal | null {
  if (instance.hostMemoryBytes === null) return null;
  const checkpoint = checkpointBytes(subject, group);
  const least = checkpoint / 4 + HOST_RESERVE_BYTES;
  if (instance.hostMemoryBytes >= least) return null;
  return {
    reason: 'host_memory',
    detail: `Loading ${gibFromBytes(checkpoint).toFixed(1)} GiB of weights needs at least ${gibFromBytes(least).toFixed(1)} GiB of host memory; ${instance.name} has ${gibFromBytes(instance.hostMemoryBytes).toFixed(1)}.`,
    margin: {
      metric: 'host_memory',
      value: gibFromBytes(instance.hostMemoryBytes),
      limit: gibFromBytes(least),
      unit: 'GiB',
    },
  };
}

/** True where the checkpoint does not fit into host memory at once: loading works, but from disk. */
export function isHostMemoryTight(subject: SizingSubject, plan: SizedPlan): boolean {
  const bytes = plan.instance.hostMemoryBytes;
  return bytes !== null && bytes < checkpointBytes(subject, plan.group) + HOST_RESERVE_BYTES;
}

/** Bytes of the checkpoint where the instance's own disks are known to be too small for it; null otherwise. */
export function bytesBeyondDisk(subject: SizingSubject, { instance, group }: SizedPlan): number | null {
  const bytes = checkpointBytes(subject, group);
  return instance.localSsdBytes !== null && instance.localSsdBytes < bytes ? bytes : null;
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

interface PricedOffer {
  offer: SizedPlan['offer'];
  usdPerHour: number | null;
  otherRegions: number;
}

function sizePlan(
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

/** The load curve need not be monotone: a plan whose planned load misses although its capacity was found says so. */
function plannedLoadRefusal(
  { load, ratePerReplicaPerMs }: SizedPlan,
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

function nearestRefusal(plans: (SizedPlan | RefusedPlan)[]): RefusedPlan {
  const refused = plans.filter((plan): plan is RefusedPlan => !isSized(plan));
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

import type { Candidate } from '../engine/uncertainty/decision.ts';
import { capacityRange, meetsProbability, type PlanSpread } from '../engine/uncertainty/capacity-spread.ts';
import { targetCurve } from '../engine/uncertainty/target-curve.ts';
import { gpuGroup } from '../engine/sizing/replica-gpus.ts';
import { supportOf } from '../engine/sizing/plan-refusals.ts';
import { replicasFor } from '../engine/sizing/planned-load.ts';
import type { ChosenPlan, ReplicaLoad, SizingMethod } from '../engine/sizing/types.ts';
import { MS_PER_S } from '../engine/units.ts';
import type { IntervalBasis, IntervalDocument, IntervalRange, Recommendation } from '../protocol/documents.ts';
import { sizingDemand } from './demand.ts';
import type { RowContext } from './replica-part.ts';
import { rounded } from '../protocol/rounded.ts';
import { SAME_STEPS } from './simulated-remarks.ts';
import { latencyRanges, noRangeReason, uncertaintyOf, type Uncertainty } from './uncertainty.ts';

/** How sure the figures of a plan are at its planned load. */
export interface PlanUncertainty {
  uncertainty: Uncertainty;
  spread: PlanSpread;
  meetsTargetsProbability: number;
  /** Rates per ms of one replica. */
  capacity: [low: number, high: number];
  latency: IntervalDocument;
}

/**
 * No chance is given as surer than this: of figures left out of the fit 1 to 4 % lie beyond three standard deviations, where
 * the normal law that chances are made from has 0.3 %.
 */
const SUREST_CHANCE = 0.98;
const believable = (chance: number): number => Math.min(SUREST_CHANCE, Math.max(1 - SUREST_CHANCE, chance));

/** The latest of a load, which belongs to one question's subject: instances that share a plan, and other places, ask the same. */
const latest = new WeakMap<ReplicaLoad, { ratePerMs: number; known: PlanUncertainty | null }>();

/** null where nothing is known of the errors: `noRangeReason` of the question says why. */
export function planUncertainty(plan: ChosenPlan, context: RowContext): PlanUncertainty | null {
  const { load, ratePerReplicaPerMs: ratePerMs } = plan;
  const before = latest.get(load);
  if (before?.ratePerMs === ratePerMs) return before.known;
  const known = workedOut(plan, context);
  latest.set(load, { ratePerMs, known });
  return known;
}

function workedOut(plan: ChosenPlan, { prepared: { subject } }: RowContext): PlanUncertainty | null {
  const { group, load, latency, ratePerReplicaPerMs } = plan;
  const decodeParts = load.stepParts(latency.meanRunning, ratePerReplicaPerMs, latency.meanStepMs).decode;
  const uncertainty = uncertaintyOf({
    ...subject,
    gpu: group.gpu,
    isWeightOnly: supportOf(subject, group.gpu, group.precision).kind === 'weight_only',
    decodeParts,
    utilization: ratePerReplicaPerMs / load.saturation().perMs,
    trust: latency.trust,
  });
  if (!uncertainty) return null;
  const { stepSigma, firstTokenSigma } = uncertainty;
  const leastStep = Math.min(1, load.stepFloorMs / (decodeParts['total'] ?? load.stepFloorMs));
  const spread = { stepSigma, firstTokenSigma, leastStep };
  const curve = targetCurve(load);
  const hasTokenTimes = subject.lengths.moments.outputMean > 1;
  return {
    uncertainty,
    spread,
    meetsTargetsProbability: believable(meetsProbability(curve, spread, ratePerReplicaPerMs)),
    capacity: capacityRange(curve, spread),
    latency: latencyRanges(
      { ...latency, tpotMs: hasTokenTimes ? latency.tpotMs : null },
      uncertainty,
      load.stepFloorMs,
    ),
  };
}

/** Replicas that the demand needs of a plan by what one of them carries; infinitely many where it carries nothing. */
function replicasBy({ prepared, demand }: RowContext): (capacityPerMs: number) => number {
  const { utilizationTarget } = sizingDemand(prepared, demand, null).headroom;
  const ratePerMs = demand.rateReqPerS / MS_PER_S;
  return (capacityPerMs) => (capacityPerMs > 0 ? replicasFor(ratePerMs, utilizationTarget, capacityPerMs) : Infinity);
}

const instancesOf = ({ replicasPerInstance }: ChosenPlan, replicas: number): number =>
  Math.ceil(replicas / replicasPerInstance);

/** The ranges of a row: its latencies, the capacity of a replica, and what would be needed at either end of that. */
function intervalOf(plan: ChosenPlan, context: RowContext, { latency, capacity }: PlanUncertainty): IntervalDocument {
  const [low, high] = capacity;
  const replicasFrom = replicasBy(context);
  const [most, least] = [replicasFrom(low), replicasFrom(high)];
  if (least === Infinity) throw new Error(`${plan.id} passes and yet carries nothing at the upper end of its capacity`);
  const { cost } = plan;
  const costWith = (usd: number, replicas: number): number =>
    rounded(usd * (instancesOf(plan, replicas) / plan.instances));
  const times = (usd: number): IntervalRange => [costWith(usd, least), most === Infinity ? null : costWith(usd, most)];
  return {
    ...latency,
    capacity_requests_per_s: [rounded(low * MS_PER_S), rounded(high * MS_PER_S)],
    replicas: [least, most === Infinity ? null : most],
    ...(cost && { usd_per_hour: times(cost.usdPerHour), usd_per_request: times(cost.usdPerRequest) }),
  };
}

export type UncertaintyPart = Pick<
  Recommendation,
  'interval' | 'interval_reason' | 'interval_basis' | 'meets_targets_probability'
>;

const without = (reason: string): UncertaintyPart => ({
  interval: null,
  interval_reason: reason,
  interval_basis: null,
  meets_targets_probability: null,
});

const FAR_DOWN = 'Ranges are worked out for the first rows of an answer, and for a configuration that is opened.';

/** What a row says of how sure its figures are; `isWorkedOut` false where nobody asked for it. */
export function uncertaintyPart(plan: ChosenPlan, context: RowContext, isWorkedOut: boolean): UncertaintyPart {
  const { subject } = context.prepared;
  const reason = noRangeReason(subject);
  if (reason !== null || !isWorkedOut) return without(reason ?? FAR_DOWN);
  const about = planUncertainty(plan, context);
  if (!about) return without(FAR_DOWN);
  return {
    interval: intervalOf(plan, context, about),
    interval_reason: null,
    interval_basis: basisOf(about.uncertainty, subject.method),
    meets_targets_probability: rounded(about.meetsTargetsProbability),
  };
}

/** A simulation has the errors of the step times that the closed form has. */
const basisOf = ({ basis }: Uncertainty, method: SizingMethod): IntervalBasis =>
  method === 'simulation' ? { ...basis, sentence: `${basis.sentence} ${SAME_STEPS}` } : basis;

/** A row as a candidate of a decision. */
export function candidateOf(plan: ChosenPlan, context: RowContext, { spread }: PlanUncertainty): Candidate {
  const { maxGpus } = sizingDemand(context.prepared, context.demand, null);
  const { gpus } = gpuGroup(plan.instance);
  // Hardware without a price is ranked by the GPUs it takes.
  const replicasFrom = replicasBy(context);
  const perInstance = plan.cost?.usdPerHourPerInstance ?? plan.instance.gpuCount;
  return {
    gpuId: plan.group.gpu.id,
    planKey: plan.group.key,
    curve: targetCurve(plan.load),
    spread,
    costAt(capacityPerMs) {
      const instances = instancesOf(plan, replicasFrom(capacityPerMs));
      return maxGpus !== null && instances * gpus > maxGpus ? Infinity : instances * perInstance;
    },
  };
}

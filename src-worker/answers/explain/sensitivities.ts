import type { Gpu } from '../../engine/hardware/types.ts';
import { evaluatePlanGroup } from '../../engine/sizing/plan-groups.ts';
import type { ChosenPlan, SizedRow, SizingSubject } from '../../engine/sizing/types.ts';
import { costOf } from '../../engine/cost/cost.ts';
import type { Demand } from '../../engine/workload/demand.ts';
import type { Recommendation, Sensitivity } from '../../protocol/documents.ts';
import type { Metric } from '../../protocol/metrics.ts';
import type { SizeInput } from '../../protocol/requests.ts';
import { betterHitRate, longerAnswers, longerPrompts, withQuestion } from '../changed-question.ts';
import { rounded } from '../common.ts';
import { recommendationOf } from '../recommendation.ts';
import type { Explained } from './subject.ts';

const GROWTH = 1.1;
const MOST_LISTED = 3;
/** Changes smaller than this share of the figure are the tolerance of a search, not an answer to the input. */
const NOISE_SHARE = 2e-3;

/** The same configuration with one input changed and everything else held, replicas included. */
export interface Perturbed {
  input: string;
  change: string;
  recommendation: Recommendation;
}

interface Change {
  input: string;
  question?: Partial<SizeInput>;
  gpu?: (gpu: Gpu) => Gpu;
  loadFactor?: number;
}

function changesOf({ plan }: Explained): Change[] {
  const { prepared } = plan;
  const hitRate = betterHitRate(prepared, GROWTH);
  return [
    { input: 'prompt length', question: longerPrompts(prepared, GROWTH) },
    { input: 'answer length', question: longerAnswers(prepared, GROWTH) },
    { input: 'load of a replica', loadFactor: GROWTH },
    {
      input: 'memory bandwidth reached',
      gpu: (gpu) => ({ ...gpu, memoryBandwidthBytesPerS: gpu.memoryBandwidthBytesPerS * GROWTH }),
    },
    ...(hitRate ? [{ input: 'prefix hit rate', question: hitRate }] : []),
  ];
}

/** The figures of the changed replica; null where it has no capacity or no steady state at its load. */
function recompute({ plan, row, chosen, recommendation }: Explained, change: Change): Recommendation | null {
  const { prepared } = plan;
  const subject: SizingSubject = change.question ? withQuestion(prepared, change.question) : prepared.subject;
  const { instance, group } = chosen;
  const gpu = change.gpu?.(group.gpu) ?? group.gpu;
  const changed =
    change.question || change.gpu
      ? evaluatePlanGroup(subject, gpu, instance, group.tensorParallel, group.precision)
      : group;
  if (!changed.load) return null;
  const factor = change.loadFactor ?? 1;
  const demand: Demand = { ...plan.demand, rateReqPerS: plan.demand.rateReqPerS * factor };
  const ratePerReplicaPerMs = chosen.ratePerReplicaPerMs * factor;
  const latency = changed.load.at(ratePerReplicaPerMs);
  if (latency.kind === 'saturated') return null;
  const cost =
    chosen.cost &&
    costOf({
      usdPerHourPerInstance: chosen.cost.usdPerHourPerInstance,
      instances: chosen.instances,
      rateReqPerS: demand.rateReqPerS,
      promptTokensMean: subject.lengths.moments.promptMean,
      outputTokensMean: subject.lengths.moments.outputMean,
    });
  const plans: ChosenPlan = { ...chosen, group: changed, load: changed.load, ratePerReplicaPerMs, latency, cost };
  const changedRow: SizedRow = { ...row, chosen: plans };
  const context = { prepared: { ...prepared, subject }, demand, zone: prepared.input.zone };
  return recommendationOf(changedRow, recommendation.rank, context);
}

/** The configuration once more for every input that can be changed; its replicas stay as they are. */
export function perturbations(about: Explained): Perturbed[] {
  return changesOf(about).flatMap((change) => {
    const recommendation = recompute(about, change);
    return recommendation ? [{ input: change.input, change: '+10 %', recommendation }] : [];
  });
}

/** The inputs a metric answers to most, the strongest first. */
export function sensitivitiesOf(
  metric: Metric,
  recommendation: Recommendation,
  perturbed: readonly Perturbed[],
): Sensitivity[] {
  const value = metric.value(recommendation);
  if (value === null) return [];
  return perturbed
    .flatMap(({ input, change, recommendation: changed }): Sensitivity[] => {
      const after = metric.value(changed);
      if (after === null || Math.abs(after - value) <= NOISE_SHARE * Math.abs(value)) return [];
      return [{ input, change, delta: rounded(after - value) }];
    })
    .sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta))
    .slice(0, MOST_LISTED);
}

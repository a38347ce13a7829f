import { scvOfShare } from '../engine/simulation/arrivals.ts';
import { arrivalLawOf } from '../engine/sizing/arrival-law.ts';
import { bottleneckOf } from '../engine/sizing/bottleneck.ts';
import { latencyOf } from '../engine/sizing/capacity.ts';
import { simulatedStatistic, SIZING_SEED } from '../engine/sizing/simulated-load.ts';
import { headroomRule } from '../engine/sizing/headroom.ts';
import { meetsTargets } from '../engine/sizing/planned-load.ts';
import type { CountedPlan, ReplicaLoad, TakenPlan } from '../engine/sizing/types.ts';
import { MS_PER_S, percentFromFraction } from '../engine/units.ts';
import type { Demand } from '../engine/workload/demand.ts';
import type { BurstDocument, Recommendation, SlaRow, SlaStatus, ThroughputDocument } from '../protocol/documents.ts';
import { latencySummary, memoryDocument, rounded, stepTimeDocument } from './common.ts';
import type { PreparedSizing } from './prepared.ts';
import { simulationDocument } from './simulated-figures.ts';
import { simulatedTrust } from './simulated-remarks.ts';
import { trustRemark, type TrustedArrivals } from './trust-words.ts';

export interface RowContext {
  prepared: PreparedSizing;
  demand: Demand;
  zone: string | null;
  /** False where nobody reads how the flags of the commands came about: a sweep has none of it in its rows. */
  explainsCommands?: boolean;
  /** Which rows say how sure they are: none by default, the first of an answer, or each one that is asked about. */
  ranges?: 'none' | 'first' | 'all';
}

/** A target missed by up to this factor is near (NUMBERS.md, Meeting the targets). */
const NEAR_FACTOR = 1.2;

export function slaStatus(predictedMs: number, targetMs: number): SlaStatus {
  if (predictedMs <= targetMs) return 'met';
  return predictedMs <= NEAR_FACTOR * targetMs ? 'near' : 'missed';
}

function slaRows(plan: TakenPlan, { prepared }: RowContext): SlaRow[] {
  return prepared.subject.targets.map(({ metric, targetMs, isGating, outputTokens }) => {
    const predictedMs = latencyOf(plan.latency, metric);
    const { simulated } = plan.latency;
    const halfWidthMs = (simulated && simulatedStatistic(simulated, metric)?.halfWidthMs) ?? null;
    return {
      metric,
      target_ms: targetMs,
      predicted_ms: rounded(predictedMs),
      half_width_ms: halfWidthMs === null ? null : rounded(halfWidthMs),
      status: slaStatus(predictedMs, targetMs),
      gap_percent: rounded(percentFromFraction((predictedMs - targetMs) / targetMs)),
      gating: isGating,
      output_tokens: metric.startsWith('e2e') ? Math.round(prepared.subject.lengths.moments.outputMean) : null,
      target_output_tokens: outputTokens,
    };
  });
}

function throughputAt(rateReqPerS: number, { prepared }: RowContext): ThroughputDocument {
  const { promptMean, outputMean } = prepared.subject.lengths.moments;
  return {
    requests_per_s: rounded(rateReqPerS),
    output_tokens_per_s: rounded(rateReqPerS * outputMean),
    total_tokens_per_s: rounded(rateReqPerS * (promptMean + outputMean)),
  };
}

/** An answer of one token has no time per token after the first. */
const hasTokenTimes = ({ prepared }: RowContext): boolean => prepared.subject.lengths.moments.outputMean > 1;

/** Rate per replica / the rate at which a replica saturates. */
const utilizationOf = (plan: CountedPlan): number => plan.ratePerReplicaPerMs / plan.load.saturation().perMs;

function burstDocument(plan: CountedPlan, context: RowContext): BurstDocument {
  const factor = headroomRule(context.prepared.input.headroom, context.prepared.facts.headroom).burstFactor;
  const latency = plan.load.at(plan.ratePerReplicaPerMs * factor);
  const targetsHold = meetsTargets(latency, context.prepared.subject.targets);
  const steady = latency.kind === 'steady' ? latency : null;
  const rate = context.demand.rateReqPerS * factor;
  return {
    factor: rounded(factor),
    ttft_ms: latencySummary(steady && steady.ttftMs),
    tpot_ms: latencySummary(steady && steady.tpotMs),
    requests_per_s: rounded(rate),
    // Beyond saturation nothing leaves at the rate that arrives.
    output_tokens_per_s: steady ? throughputAt(rate, context).output_tokens_per_s : null,
    utilization: rounded(utilizationOf(plan) * factor),
    targets_hold: targetsHold,
  };
}

/** What a row says of one replica and its load: the same for every instance that runs the same plan. */
type ReplicaPart = Pick<
  Recommendation,
  | 'sla'
  | 'ttft_ms'
  | 'tpot_ms'
  | 'e2e_ms'
  | 'throughput'
  | 'utilization'
  | 'capacity_requests_per_s'
  | 'capacity_share'
  | 'batch'
  | 'memory'
  | 'step_time_ms'
  | 'trust'
  | 'simulation'
  | 'bottleneck'
  | 'burst'
>;

/**
 * Replica parts of the rows of one answer. A demand gives a plan one load, so its load stands for both. Rows share the parts
 * themselves: structured clones send them once.
 */
const replicaParts = new WeakMap<RowContext, Map<ReplicaLoad, ReplicaPart>>();

export function replicaPartOf(plan: TakenPlan, context: RowContext): ReplicaPart {
  const parts = replicaParts.get(context) ?? new Map<ReplicaLoad, ReplicaPart>();
  replicaParts.set(context, parts);
  const part = parts.get(plan.load) ?? replicaPart(plan, context);
  parts.set(plan.load, part);
  return part;
}

/** What a replica gets of all that comes, for what is said of it. */
export function arrivalsOf({ replicas }: TakenPlan, { prepared }: RowContext): TrustedArrivals {
  const law = arrivalLawOf(prepared.subject);
  const { router } = prepared.input;
  return router === 'round_robin' ? { ...law, scv: scvOfShare(law.scv, { router, replicas, streams: 1 }) } : law;
}

function replicaPart(plan: TakenPlan, context: RowContext): ReplicaPart {
  const { group, load, latency } = plan;
  if (!group.memory) throw new Error('a passing plan has no memory fit');
  const { subject } = context.prepared;
  const { simulated } = latency;
  const step = load.stepParts(latency.meanRunning, plan.ratePerReplicaPerMs, latency.meanStepMs);
  return {
    sla: slaRows(plan, context),
    ttft_ms: latencySummary(latency.ttftMs),
    tpot_ms: latencySummary(hasTokenTimes(context) ? latency.tpotMs : null),
    e2e_ms: latencySummary(latency.e2eMs),
    throughput: throughputAt(context.demand.rateReqPerS, context),
    utilization: rounded(utilizationOf(plan)),
    capacity_requests_per_s: rounded(load.ratePerMsAtCapacity * MS_PER_S),
    capacity_share: rounded(plan.ratePerReplicaPerMs / load.ratePerMsAtCapacity),
    batch: { mean_running: rounded(latency.meanRunning), max_running: latency.maxRunning },
    memory: memoryDocument(group.memory),
    step_time_ms: { decode: stepTimeDocument(step.decode), prefill: stepTimeDocument(step.prefill) },
    trust: simulated
      ? simulatedTrust(simulated, plan, subject)
      : trustRemark(latency.trust, subject.method, arrivalsOf(plan, context)),
    simulation: simulated
      ? simulationDocument(
          {
            kind: 'steady',
            served: simulated,
            halfWidths: simulated.halfWidths,
            isPrecise: simulated.isPrecise,
            router: plan.replicas > 1 ? subject.router : null,
            isDrawn: true,
          },
          SIZING_SEED,
        )
      : null,
    bottleneck: bottleneckOf({
      saturation: null,
      ttftP95Ms: latency.ttftMs.p95,
      unhinderedTtftP95Ms: latency.unhinderedTtftP95Ms,
      meanRunning: latency.meanRunning,
      step,
    }),
    burst: burstDocument(plan, context),
  };
}

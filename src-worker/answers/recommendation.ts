import { bottleneckOf } from '../engine/sizing/bottleneck.ts';
import { latencyOf } from '../engine/sizing/capacity.ts';
import { headroomRule } from '../engine/sizing/headroom.ts';
import { isHostMemoryTight, meetsTargets, planId } from '../engine/sizing/size.ts';
import type { ChosenPlan, ExcludedRow, RefusedPlan, SizedPlan, SizedRow } from '../engine/sizing/types.ts';
import { needsQuantizedCheckpoint, vllmCommand } from '../engine/sizing/vllm-command.ts';
import { servedContextTokens } from '../engine/sizing/served-context.ts';
import { gibFromBytes, MS_PER_S, percentFromFraction } from '../engine/units.ts';
import type { Demand } from '../engine/workload/demand.ts';
import type {
  BurstDocument,
  CostDocument,
  Exclusion,
  OtherPlan,
  Recommendation,
  SlaRow,
  SlaStatus,
  ThroughputDocument,
  Warning,
} from '../protocol/documents.ts';
import {
  extrapolatedGpu,
  latencySummary,
  memoryDocument,
  NO_INTERVAL,
  rounded,
  stepTimeDocument,
  trustRemark,
} from './common.ts';
import type { PreparedSizing } from './prepared.ts';

export interface RowContext {
  prepared: PreparedSizing;
  demand: Demand;
  zone: string | null;
}

const NO_SIMULATION = 'The scheduler simulation that confirms answers is not built yet.';
/** A target missed by up to this factor is near (NUMBERS.md, Meeting the targets). */
const NEAR_FACTOR = 1.2;
/** GiB of KV cache per GPU below which memory counts as tight (the original's warning). */
const TIGHT_KV_GIB = 8;

export function slaStatus(predictedMs: number, targetMs: number): SlaStatus {
  if (predictedMs <= targetMs) return 'met';
  return predictedMs <= NEAR_FACTOR * targetMs ? 'near' : 'missed';
}

function slaRows(plan: ChosenPlan, { prepared }: RowContext): SlaRow[] {
  return prepared.subject.targets.map(({ metric, targetMs, isGating, outputTokens }) => {
    const predictedMs = latencyOf(plan.latency, metric);
    return {
      metric,
      target_ms: targetMs,
      predicted_ms: rounded(predictedMs),
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
const utilizationOf = (plan: SizedPlan): number => plan.ratePerReplicaPerMs / plan.load.saturation().perMs;

function burstDocument(plan: SizedPlan, context: RowContext): BurstDocument {
  const factor = headroomRule(context.prepared.input.headroom).burstFactor;
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

function costDocument({ cost, offer }: SizedPlan): CostDocument {
  return {
    usd_per_hour_instance: rounded(cost.usdPerHourPerInstance),
    usd_per_hour: rounded(cost.usdPerHour),
    usd_per_month: rounded(cost.usdPerMonth),
    usd_per_request: rounded(cost.usdPerRequest),
    usd_per_1k_tokens: rounded(cost.usdPer1kTokens),
    usd_per_1m_output_tokens: rounded(cost.usdPer1mOutputTokens),
    price_as_of: offer.priceAsOf,
    price_source: offer.priceSource,
  };
}

const isSized = (plan: SizedPlan | RefusedPlan): plan is SizedPlan => 'replicas' in plan;

function otherPlan(plan: SizedPlan | RefusedPlan, chosen: SizedPlan): OtherPlan {
  const { tensorParallel, precision } = plan.group;
  const sized = isSized(plan) ? plan : null;
  return {
    id: planId(chosen.instance, chosen.offer.region, plan.group),
    tensor_parallel: tensorParallel,
    pipeline_parallel: 1,
    quantization: precision,
    meets_sla: sized !== null,
    replicas: sized?.replicas ?? null,
    instances: sized?.instances ?? null,
    usd_per_hour: sized ? rounded(sized.cost.usdPerHour) : null,
    reason: isSized(plan) ? null : plan.refusal.reason,
    detail: isSized(plan) ? null : plan.refusal.detail,
  };
}

/** Months between two ISO dates (or months, or years: counted from their first month). */
function monthsBetween(earlier: string, later: string): number {
  const months = (date: string): number => {
    const [year = 0, month = 1] = date.split('-').map(Number);
    return year * 12 + month;
  };
  return months(later) - months(earlier);
}

/** A price this many months older than the newest of the catalog is marked. */
const OLD_PRICE_MONTHS = 6;

function oldPrice({ offer }: SizedPlan, { prepared }: RowContext): Warning[] {
  const [newest = ''] = prepared.facts.versions.catalog.split('+');
  if (offer.priceAsOf === null || !/^\d{4}/.test(newest)) return [];
  const months = monthsBetween(offer.priceAsOf, newest);
  if (months < OLD_PRICE_MONTHS) return [];
  return [
    {
      code: 'old_price',
      sentence: `The price is of ${offer.priceAsOf}, ${months} months older than the newest in the catalog.`,
    },
  ];
}

function warningsOf(plan: SizedPlan, context: RowContext): Warning[] {
  const { prepared } = context;
  const warnings: Warning[] = [...plan.group.warnings];
  if (!plan.group.isGpuMeasured) warnings.push(extrapolatedGpu(plan.group.gpu.name));
  warnings.push(...oldPrice(plan, context));
  const kvGib = gibFromBytes(plan.group.memory?.kvCacheBytes ?? 0);
  if (kvGib < TIGHT_KV_GIB) {
    const sentence = `Only ${kvGib.toFixed(1)} GiB per GPU are left for KV cache: memory is ${kvGib < TIGHT_KV_GIB / 2 ? 'very tight' : 'tight'}.`;
    warnings.push({ code: 'memory_tight', sentence });
  }
  if (isHostMemoryTight(prepared.subject, plan)) {
    const sentence = `${plan.instance.name} has less host memory than the checkpoint plus 4 GiB: loading will be slow.`;
    warnings.push({ code: 'host_memory_tight', sentence });
  }
  if (needsQuantizedCheckpoint(plan.group.precision, prepared.model.checkpoint)) {
    const sentence = `${prepared.model.id} holds ${prepared.model.checkpoint.precision}; ${plan.group.precision} needs a checkpoint that holds it: put its id in place in the command.`;
    warnings.push({ code: 'needs_quantized_checkpoint', sentence });
  }
  return warnings;
}

function commandOf(plan: SizedPlan, { prepared }: RowContext): string {
  const { workload } = prepared.subject;
  return vllmCommand({
    modelId: prepared.model.id,
    checkpoint: prepared.model.checkpoint,
    precision: plan.group.precision,
    kvCacheDtype: prepared.input.kv_cache_dtype,
    tensorParallel: plan.group.tensorParallel,
    limits: plan.group.limits,
    servedTokens: servedContextTokens(prepared.subject),
    hasPrefixCache: workload.prefixCache !== null || prepared.input.prefix_cache,
  });
}

/** One passing row as the documents show it. */
export function recommendationOf(row: SizedRow, rank: number, context: RowContext): Recommendation {
  const plan = row.chosen;
  const { instance, offer, group, load, latency } = plan;
  if (!group.memory) throw new Error('a passing plan has no memory fit');
  const step = load.stepParts(latency.meanRunning, plan.ratePerReplicaPerMs, latency.meanStepMs);
  const bottleneck = bottleneckOf({
    saturation: null,
    ttftP95Ms: latency.ttftMs.p95,
    unhinderedTtftP95Ms: latency.unhinderedTtftP95Ms,
    meanRunning: latency.meanRunning,
    step,
  });
  return {
    id: plan.id,
    rank,
    provider: instance.provider,
    instance: instance.name,
    gpu: instance.gpuId,
    gpu_count: instance.gpuCount,
    region: offer.region,
    zone: context.zone,
    zones: context.zone === null ? offer.zones : [context.zone],
    other_regions: plan.otherRegions,
    catalog: instance.layer,
    tensor_parallel: group.tensorParallel,
    pipeline_parallel: 1,
    replicas: plan.replicas,
    replicas_per_instance: plan.replicasPerInstance,
    spare_replicas: plan.instances * plan.replicasPerInstance - plan.replicas,
    instances: plan.instances,
    quantization: group.precision,
    kv_cache_dtype: context.prepared.input.kv_cache_dtype,
    meets_sla: true,
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
    trust: trustRemark(latency.trust, context.prepared.subject.method),
    simulation_check: null,
    simulation_check_reason: NO_SIMULATION,
    bottleneck,
    interval: null,
    interval_reason: NO_INTERVAL,
    burst: burstDocument(plan, context),
    cost: costDocument(plan),
    cost_reason: null,
    other_plans: row.others.map((other) => otherPlan(other, plan)),
    vllm_command: commandOf(plan, context),
    warnings: warningsOf(plan, context),
  };
}

export function exclusionOf({ instance, region, group, refusal }: ExcludedRow): Exclusion {
  const { margin } = refusal;
  return {
    id: group && region !== null ? planId(instance, region, group) : null,
    provider: instance.provider,
    instance: instance.name,
    region,
    gpu: instance.gpuId,
    tensor_parallel: group?.tensorParallel ?? null,
    quantization: group?.precision ?? null,
    reason: refusal.reason,
    detail: refusal.detail,
    margin: margin && { ...margin, value: rounded(margin.value), limit: rounded(margin.limit) },
  };
}

import { engineName } from '../engine/memory/engine-name.ts';
import { priceDate, priceDoubt, zonesOfPrice } from '../engine/sizing/offers.ts';
import { bytesBeyondDisk, isHostMemoryTight } from '../engine/sizing/host-memory.ts';
import { planId } from '../engine/sizing/sized-plan.ts';
import type {
  ChosenPlan,
  CountedPlan,
  ExcludedRow,
  RefusedPlan,
  SizedPlan,
  SizedRow,
  SizingMethod,
} from '../engine/sizing/types.ts';
import { gpuGroup, replicaGpus } from '../engine/sizing/plan-groups.ts';
import { needsQuantizedCheckpoint } from '../engine/sizing/vllm-command.ts';
import { gibFromBytes } from '../engine/units.ts';
import type { CostDocument, Exclusion, OtherPlan, Recommendation, Warning } from '../protocol/documents.ts';
import { plural } from '../protocol/numbers.ts';
import { extrapolatedGpu, rounded } from './common.ts';
import { benchCommand, commandArithmetic, commandTexts, dataParallelOf } from './commands.ts';
import { uncertaintyPart } from './plan-uncertainty.ts';
import { replicaPartOf, type RowContext } from './replica-part.ts';
import { SIMULATED_ALREADY } from './simulated-remarks.ts';

export { slaStatus, type RowContext } from './replica-part.ts';

/** A closed form answers at once; whoever wants it confirmed asks for that (simulation-check.ts). */
const NO_CHECK: Record<SizingMethod, string> = {
  batching: 'Not simulated in this answer: the figures are those of the closed form.',
  mg1: 'Not simulated in this answer: the figures are those of the closed form.',
  simulation: SIMULATED_ALREADY,
};
/** GiB of KV cache per GPU below which memory counts as tight (the original's warning). */
const TIGHT_KV_GIB = 8;

/** Why the cost of hardware of one's own is null. */
const OWN_HARDWARE = 'own_hardware';

const roundedOrNull = (value: number | undefined): number | null => (value === undefined ? null : rounded(value));

function costDocument({ cost, offer }: SizedPlan, { prepared, zone }: RowContext): CostDocument {
  return {
    usd_per_hour_instance: roundedOrNull(cost?.usdPerHourPerInstance),
    usd_per_hour: roundedOrNull(cost?.usdPerHour),
    usd_per_month: roundedOrNull(cost?.usdPerMonth),
    usd_per_request: roundedOrNull(cost?.usdPerRequest),
    usd_per_1k_tokens: roundedOrNull(cost?.usdPer1kTokens),
    usd_per_1m_output_tokens: roundedOrNull(cost?.usdPer1mOutputTokens),
    price_as_of: priceDate(offer, prepared.input.pricing),
    price_source: offer.priceSource,
    price_zones: zone === null ? zonesOfPrice(offer, prepared.input.pricing) : null,
  };
}

const isSized = (plan: SizedPlan | RefusedPlan): plan is SizedPlan => 'replicas' in plan;

function otherPlan(plan: SizedPlan | RefusedPlan, chosen: SizedPlan): OtherPlan {
  const { tensorParallel, pipelineParallel, precision } = plan.group;
  const sized = isSized(plan) ? plan : null;
  return {
    id: planId(chosen.instance, chosen.offer.region, plan.group),
    tensor_parallel: tensorParallel,
    pipeline_parallel: pipelineParallel,
    quantization: precision,
    meets_sla: sized !== null,
    replicas: sized?.replicas ?? null,
    instances: sized?.instances ?? null,
    usd_per_hour: roundedOrNull(sized?.cost?.usdPerHour),
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
  const date = priceDate(offer, prepared.input.pricing);
  if (date === null || !/^\d{4}/.test(newest)) return [];
  const months = monthsBetween(date, newest);
  if (months < OLD_PRICE_MONTHS) return [];
  return [
    {
      code: 'old_price',
      sentence: `The price is of ${date}, ${months} months older than the newest in the catalog.`,
    },
  ];
}

function doubtfulPrice({ offer, cost }: SizedPlan, { prepared, zone }: RowContext): Warning[] {
  const sentence = cost && priceDoubt(offer, prepared.input.pricing, zone);
  return sentence === null ? [] : [{ code: 'doubtful_price', sentence }];
}

/** GPUs of an instance that no whole replica takes. */
const idleGpus = ({ instance, group, replicasPerInstance }: SizedPlan): number =>
  gpuGroup(instance).gpus - replicasPerInstance * replicaGpus(group);

export const spareReplicas = ({ instances, replicas, replicasPerInstance }: CountedPlan): number =>
  instances * replicasPerInstance - replicas;

/** Machines that are there anyway: what of them the load leaves free. Rented ones are paid for, and ranked by it. */
function spareOwnReplicas(plan: SizedPlan): Warning[] {
  const spare = spareReplicas(plan);
  if (!plan.instance.own || spare === 0) return [];
  const { replicas, instances, instance, group } = plan;
  const gpus = spare * replicaGpus(group);
  const sentence = `The load needs ${plural(replicas, 'replica')} of the ${replicas + spare} that ${instances} × ${instance.name} can hold: ${plural(gpus, 'GPU')} ${gpus === 1 ? 'is' : 'are'} free.`;
  return [{ code: 'spare_replicas', sentence }];
}

function warningsOf(plan: SizedPlan, context: RowContext): Warning[] {
  const { prepared } = context;
  const warnings: Warning[] = [...(plan.instance.own?.remarks ?? []), ...plan.group.warnings];
  if (!plan.group.isGpuMeasured) warnings.push(extrapolatedGpu(plan.group.gpu, prepared.subject.calibration));
  warnings.push(...doubtfulPrice(plan, context), ...oldPrice(plan, context));
  const kvGib = gibFromBytes(plan.group.memory?.kvCacheBytes ?? 0);
  if (kvGib < TIGHT_KV_GIB) {
    const sentence = `Only ${kvGib.toFixed(1)} GiB per GPU are left for KV cache: memory is ${kvGib < TIGHT_KV_GIB / 2 ? 'very tight' : 'tight'}.`;
    warnings.push({ code: 'memory_tight', sentence });
  }
  if (isHostMemoryTight(prepared.subject, plan)) {
    const sentence = `${plan.instance.name} has less host memory than the checkpoint plus 4 GiB: loading will be slow.`;
    warnings.push({ code: 'host_memory_tight', sentence });
  }
  const diskBytes = bytesBeyondDisk(prepared.subject, plan);
  if (diskBytes !== null) {
    const sentence = `The checkpoint takes ${gibFromBytes(diskBytes).toFixed(1)} GiB, the local disks of ${plan.instance.name} hold ${gibFromBytes(plan.instance.localSsdBytes ?? 0).toFixed(1)} GiB: keep it on a volume of its own.`;
    warnings.push({ code: 'disk', sentence });
  }
  const idle = idleGpus(plan);
  if (idle > 0) {
    const { gpus } = gpuGroup(plan.instance);
    const sentence = `${plan.replicasPerInstance === 1 ? 'One replica leaves' : `${plan.replicasPerInstance} replicas leave`} ${idle} of the ${gpus} GPUs of ${plan.instance.name} idle.`;
    warnings.push({ code: 'idle_gpus', sentence });
  }
  warnings.push(...spareOwnReplicas(plan));
  const { problem } = prepared.model.checkpoint;
  if (problem !== undefined) {
    const sentence = `${problem} The figures are for ${plan.group.precision}.`;
    warnings.push({ code: 'checkpoint_unknown', sentence });
  } else if (needsQuantizedCheckpoint(plan.group.precision, prepared.model.checkpoint, prepared.subject.engine)) {
    const sentence = `${prepared.model.id} holds ${prepared.model.checkpoint.precision}; ${plan.group.precision} needs a checkpoint that holds it, and the figures are for such a one.`;
    warnings.push({ code: 'needs_quantized_checkpoint', sentence });
  }
  return warnings;
}

/** The flag stays out of the commands: whether a repository's code may run is not ours to decide. */
function remoteCode({ prepared: { model, subject } }: RowContext): Warning[] {
  if (!model.needsRemoteCode) return [];
  const sentence = `The repository of ${model.id} brings code of its own (auto_map), and vLLM is not known to have its class ${model.architecture}: ${engineName(subject.engine)} is likely to stop at the start and ask for --trust-remote-code. That flag runs the repository's code with the rights of the server, so the commands leave it out: read the code, then add it.`;
  return [{ code: 'remote_code', sentence }];
}

type CommandPart = Pick<
  Recommendation,
  | 'vllm_command'
  | 'vllm_command_reason'
  | 'vllm_commands'
  | 'vllm_command_flags'
  | 'vllm_command_replicas'
  | 'bench_command'
>;

/** Rows whose commands come with their arithmetic and whose figures with ranges; of the others the detail of a row works it out. */
const MOST_EXPLAINED = 20;

function commandsOf(plan: ChosenPlan, { prepared }: RowContext, isExplained: boolean): CommandPart {
  const replicas = dataParallelOf(plan, prepared);
  const { instance, group, latency } = plan;
  const about = { prepared, instance, group, sized: plan, replicas, meanRunning: latency.meanRunning };
  const { highPerformance: command, safe, refusal } = commandTexts(about);
  return {
    vllm_command: command,
    vllm_command_reason: refusal,
    vllm_commands: { safe, high_performance: command },
    vllm_command_flags: isExplained ? commandArithmetic(about) : null,
    vllm_command_replicas: replicas,
    bench_command: command && benchCommand(prepared, plan.ratePerReplicaPerMs * replicas),
  };
}

/** One passing row as the documents show it. */
export function recommendationOf(row: SizedRow, rank: number, context: RowContext): Recommendation {
  const plan = row.chosen;
  const { instance, offer, group } = plan;
  const replica = replicaPartOf(plan, context);
  const { ranges = 'none' } = context;
  const hasRanges = ranges === 'all' || (ranges === 'first' && rank <= MOST_EXPLAINED);
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
    pipeline_parallel: group.pipelineParallel,
    replicas: plan.replicas,
    replicas_per_instance: plan.replicasPerInstance,
    spare_replicas: spareReplicas(plan),
    instances: plan.instances,
    quantization: group.precision,
    kv_cache_dtype: context.prepared.input.kv_cache_dtype,
    meets_sla: true,
    sla: replica.sla,
    ttft_ms: replica.ttft_ms,
    tpot_ms: replica.tpot_ms,
    e2e_ms: replica.e2e_ms,
    throughput: replica.throughput,
    utilization: replica.utilization,
    capacity_requests_per_s: replica.capacity_requests_per_s,
    capacity_share: replica.capacity_share,
    batch: replica.batch,
    memory: replica.memory,
    step_time_ms: replica.step_time_ms,
    trust: replica.trust,
    simulation_check: null,
    simulation_check_reason: NO_CHECK[context.prepared.subject.method],
    simulation: replica.simulation,
    bottleneck: replica.bottleneck,
    ...uncertaintyPart(plan, context, hasRanges),
    burst: replica.burst,
    cost: costDocument(plan, context),
    cost_reason: plan.cost ? null : OWN_HARDWARE,
    other_plans: row.others.map((other) => otherPlan(other, plan)),
    ...commandsOf(plan, context, rank <= MOST_EXPLAINED && (context.explainsCommands ?? true)),
    warnings: [...warningsOf(plan, context), ...remoteCode(context)],
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
    pipeline_parallel: group?.pipelineParallel ?? null,
    quantization: group?.precision ?? null,
    reason: refusal.reason,
    detail: refusal.detail,
    margin: margin && { ...margin, value: rounded(margin.value), limit: rounded(margin.limit) },
  };
}

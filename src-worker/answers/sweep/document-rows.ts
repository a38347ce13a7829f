import type { Exclusion, Recommendation } from '../../protocol/documents.ts';
import { LATENCIES, STATISTICS, type LatencyColumn, type SweepColumnName } from '../../protocol/sweep-columns.ts';
import type { CellValue } from '../column-builder.ts';

/** Where a row stands on the axes; null = the point leaves it open. */
export interface SweepPoint {
  pointId: number;
  users: number | null;
  quantization: string | null;
  /** Stands in rows that no plan came near. */
  tensorParallel: number | null;
  zone: string | null;
}

/** The cell of a row by column name. */
export type Cells = (column: string) => CellValue;
type Reader<Row> = (row: Row, point: SweepPoint) => CellValue;

/** Cells of a passing row. */
export function recommendationCells(point: SweepPoint, row: Recommendation): Cells {
  return (column) => recommendationReaders.get(column)?.(row, point) ?? null;
}

/** Cells of a row that no plan passes: where it stands, what was looked at, and why it was rejected. */
export function exclusionCells(point: SweepPoint, row: Exclusion): Cells {
  return (column) => exclusionReaders.get(column)?.(row, point) ?? null;
}

type ReasonColumn = 'reason' | 'detail' | 'margin_metric' | 'margin_value' | 'margin_limit' | 'margin_unit';

const latencyReaders = Object.fromEntries(
  LATENCIES.flatMap((latency) =>
    STATISTICS.map((statistic): [string, (part: ReplicaFigures) => CellValue] => [
      `${latency}_${statistic}`,
      (row) => row[latency][statistic],
    ]),
  ),
  // Both lists are those the names are made of; fromEntries forgets the keys.
) as Record<LatencyColumn, (part: ReplicaFigures) => CellValue>;

/** What a row says of one replica and its load. */
export type ReplicaFigures = Pick<
  Recommendation,
  | 'ttft_ms'
  | 'tpot_ms'
  | 'e2e_ms'
  | 'throughput'
  | 'utilization'
  | 'capacity_share'
  | 'batch'
  | 'step_time_ms'
  | 'trust'
  | 'bottleneck'
  | 'burst'
>;

/** Columns that follow from the load of a replica, whatever instance it runs on. */
export const replicaReaders = {
  ...latencyReaders,
  throughput_requests_per_s: (row: ReplicaFigures) => row.throughput.requests_per_s,
  throughput_output_tokens_per_s: (row: ReplicaFigures) => row.throughput.output_tokens_per_s,
  throughput_total_tokens_per_s: (row: ReplicaFigures) => row.throughput.total_tokens_per_s,
  utilization: (row: ReplicaFigures) => row.utilization,
  capacity_share: (row: ReplicaFigures) => row.capacity_share,
  batch_mean_running: (row: ReplicaFigures) => row.batch.mean_running,
  batch_max_running: (row: ReplicaFigures) => row.batch.max_running,
  step_time_ms_decode_total: (row: ReplicaFigures) => row.step_time_ms.decode['total'] ?? null,
  step_time_ms_prefill_total: (row: ReplicaFigures) => row.step_time_ms.prefill['total'] ?? null,
  trust_kind: (row: ReplicaFigures) => row.trust.kind,
  bottleneck_kind: (row: ReplicaFigures) => row.bottleneck.kind,
  burst_factor: (row: ReplicaFigures) => row.burst.factor,
  burst_ttft_ms_p95: (row: ReplicaFigures) => row.burst.ttft_ms.p95,
  burst_tpot_ms_p95: (row: ReplicaFigures) => row.burst.tpot_ms.p95,
  burst_requests_per_s: (row: ReplicaFigures) => row.burst.requests_per_s,
  burst_utilization: (row: ReplicaFigures) => row.burst.utilization,
  burst_targets_hold: (row: ReplicaFigures) => row.burst.targets_hold,
} satisfies Record<string, (part: ReplicaFigures) => CellValue>;

// A record over the column names, so that the compiler asks for a reader when a column is added.
const RECOMMENDATION: Record<Exclude<SweepColumnName, ReasonColumn>, Reader<Recommendation>> = {
  point_id: (_, point) => point.pointId,
  users: (_, point) => point.users,
  quantization: (row, point) => point.quantization ?? row.quantization,
  zone: (_, point) => point.zone,
  rank: (row) => row.rank,
  id: (row) => row.id,
  provider: (row) => row.provider,
  instance: (row) => row.instance,
  gpu: (row) => row.gpu,
  gpu_count: (row) => row.gpu_count,
  region: (row) => row.region,
  other_regions: (row) => row.other_regions,
  catalog: (row) => row.catalog,
  tensor_parallel: (row) => row.tensor_parallel,
  pipeline_parallel: (row) => row.pipeline_parallel,
  replicas: (row) => row.replicas,
  replicas_per_instance: (row) => row.replicas_per_instance,
  spare_replicas: (row) => row.spare_replicas,
  instances: (row) => row.instances,
  kv_cache_dtype: (row) => row.kv_cache_dtype,
  meets_sla: (row) => row.meets_sla,
  ...replicaReaders,
  capacity_requests_per_s: (row) => row.capacity_requests_per_s,
  memory_weights_gib: (row) => row.memory.weights_gib,
  memory_kv_cache_gib: (row) => row.memory.kv_cache_gib,
  memory_kv_cache_tokens: (row) => row.memory.kv_cache_tokens,
  memory_activation_gib: (row) => row.memory.activation_gib,
  memory_overhead_gib: (row) => row.memory.overhead_gib,
  memory_free_gib: (row) => row.memory.free_gib,
  memory_total_gib: (row) => row.memory.total_gib,
  cost_usd_per_hour_instance: (row) => row.cost.usd_per_hour_instance,
  cost_usd_per_hour: (row) => row.cost.usd_per_hour,
  cost_usd_per_month: (row) => row.cost.usd_per_month,
  cost_usd_per_request: (row) => row.cost.usd_per_request,
  cost_usd_per_1k_tokens: (row) => row.cost.usd_per_1k_tokens,
  cost_usd_per_1m_output_tokens: (row) => row.cost.usd_per_1m_output_tokens,
  cost_price_as_of: (row) => row.cost.price_as_of,
  cost_reason: (row) => row.cost_reason,
  vllm_command: (row) => row.vllm_command,
};

const EXCLUSION: Partial<Record<SweepColumnName, Reader<Exclusion>>> = {
  point_id: (_, point) => point.pointId,
  users: (_, point) => point.users,
  quantization: (row, point) => point.quantization ?? row.quantization,
  zone: (_, point) => point.zone,
  provider: (row) => row.provider,
  instance: (row) => row.instance,
  gpu: (row) => row.gpu,
  region: (row) => row.region,
  tensor_parallel: (row, point) => row.tensor_parallel ?? point.tensorParallel,
  pipeline_parallel: (row) => row.pipeline_parallel,
  meets_sla: () => false,
  reason: (row) => row.reason,
  detail: (row) => row.detail,
  margin_metric: (row) => row.margin?.metric ?? null,
  margin_value: (row) => row.margin?.value ?? null,
  margin_limit: (row) => row.margin?.limit ?? null,
  margin_unit: (row) => row.margin?.unit ?? null,
};

const recommendationReaders = new Map<string, Reader<Recommendation>>(Object.entries(RECOMMENDATION));
const exclusionReaders = new Map<string, Reader<Exclusion>>(Object.entries(EXCLUSION));

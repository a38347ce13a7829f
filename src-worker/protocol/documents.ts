import type { Novelty, UncertainMetric, UncertainTrait } from '../engine/calibration/types.ts';
import type { ErrorInfo } from '../engine/errors.ts';
import type { PredictInput, QueueInput } from './requests.ts';

/**
 * The answers that cross a boundary, exactly as `--json` prints them: snake_case keys with units, every number finite or
 * null, a schema_version, no clock and no host name. The window reads the same documents.
 */

export const SCHEMA_VERSION = 1;

export interface Versions {
  configiq: string;
  engine: string;
  catalog: string;
  calibration: string;
}

/** ms; null where there is no steady state. */
export interface LatencySummary {
  mean: number | null;
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
}

export type BottleneckKind =
  'memory_bandwidth' | 'compute' | 'communication' | 'overhead' | 'kv_capacity' | 'seats' | 'queueing';
export type TrustKind = 'ok' | 'critical' | 'kv_pressure' | 'slot_pressure' | 'bursty' | 'uncertain';
export type SlaStatus = 'met' | 'near' | 'missed';

export interface Remark<Kind extends string> {
  kind: Kind;
  sentence: string;
}

export interface Warning {
  code: string;
  sentence: string;
}

export interface MemoryDocument {
  fits: boolean;
  /** Per GPU. */
  weights_gib: number;
  kv_cache_gib: number;
  /** Tokens of KV cache a replica holds. */
  kv_cache_tokens: number;
  activation_gib: number;
  /** NCCL, CUDA context and graphs. */
  overhead_gib: number;
  /** Outside gpu_memory_utilization: left to the driver and to others. */
  free_gib: number;
  total_gib: number;
  /** Missing memory per GPU; null when it fits. */
  shortfall_gib: number | null;
}

export interface ThroughputDocument {
  requests_per_s: number | null;
  output_tokens_per_s: number | null;
  total_tokens_per_s: number | null;
}

/** ms of one step by named part; the parts add up to `total`. */
export type StepTimeDocument = Record<string, number>;

export interface SlaRow {
  metric: string;
  target_ms: number;
  predicted_ms: number | null;
  /** Of its 95 % confidence interval, where it is simulated (method simulation); null elsewhere. */
  half_width_ms: number | null;
  status: SlaStatus;
  gap_percent: number | null;
  gating: boolean;
  /** Mean output length an E2E prediction is for; null for other metrics. */
  output_tokens: number | null;
  /** Output length the target itself is meant for, where that is another (the seed's 512); null elsewhere. */
  target_output_tokens: number | null;
}

export interface CostDocument {
  usd_per_hour_instance: number | null;
  usd_per_hour: number | null;
  usd_per_month: number | null;
  usd_per_request: number | null;
  /** Prompt + output tokens. */
  usd_per_1k_tokens: number | null;
  usd_per_1m_output_tokens: number | null;
  price_as_of: string | null;
  price_source: string | null;
  /** Zones of the region that ask this price, where others of it ask more; null = all of them do. */
  price_zones: string[] | null;
}

export interface BurstDocument {
  factor: number;
  ttft_ms: LatencySummary;
  tpot_ms: LatencySummary;
  requests_per_s: number;
  output_tokens_per_s: number | null;
  utilization: number | null;
  targets_hold: boolean;
}

/** A plan of the same instance that was not chosen. */
export interface OtherPlan {
  id: string;
  tensor_parallel: number;
  pipeline_parallel: number;
  quantization: string;
  meets_sla: boolean;
  replicas: number | null;
  instances: number | null;
  usd_per_hour: number | null;
  /** Reason code where the plan was refused, with its sentence. */
  reason: string | null;
  detail: string | null;
}

/** Low and high end of an 80 % range; null where there is no upper end: no number of replicas would do. */
export type IntervalRange = [low: number, high: number | null];

export type IntervalKey =
  | `${'ttft' | 'tpot' | 'e2e'}_ms_${'mean' | 'p50' | 'p90' | 'p95' | 'p99'}`
  | 'requests_per_s'
  | 'output_tokens_per_s'
  | 'total_tokens_per_s'
  | 'capacity_requests_per_s'
  | 'replicas'
  | 'usd_per_hour'
  | 'usd_per_request';

/** 80 % ranges by figure: about four in five measured values lie within. Only figures that are predicted have one. */
export type IntervalDocument = Partial<Record<IntervalKey, IntervalRange>>;

/** What the ranges rest on. */
export interface IntervalBasis {
  novelty: Novelty[];
  traits: UncertainTrait[];
  /** A prediction x has the range x / factor to x · factor, its lower end not below what physics allows. */
  factors: Record<UncertainMetric, number>;
  sentence: string;
}

/** How sure the first recommendation is. */
export interface DecisionDocument {
  /** Chance that it meets every gating target as planned. */
  meets_targets_probability: number;
  /** Chance that, at the true speeds, no other candidate planned by the same rule would cost less. */
  cheapest_probability: number;
  /** Recommendations compared, itself included: the first of the list. */
  candidates: number;
  sentence: string;
}

/** A latency that was promised, in closed form and simulated at the planned load of a replica. */
export interface SimulationCheckRow {
  /** `ttft_p95`. */
  metric: string;
  target_ms: number;
  gating: boolean;
  closed_form_ms: number;
  /** null where the simulation has no steady state, and of a time per token where every answer has one token. */
  simulated_ms: number | null;
  /** Half width of its 95 % confidence interval. */
  half_width_ms: number | null;
  /** (closed form - simulated) / simulated. */
  difference_percent: number | null;
  status: 'met' | 'near' | 'missed';
}

/**
 * A recommendation simulated at its planned load. Confirmed: every gating target is met there, too. Refuted: one is missed by
 * more than the interval. Unsettled: the interval holds the target. Saturated: no steady state.
 */
export interface SimulationCheck {
  status: 'confirmed' | 'refuted' | 'unsettled' | 'saturated';
  sentence: string;
  seed: number;
  /** Requests measured; 0 where there is no steady state. */
  requests: number;
  /** Planned load of a replica. */
  requests_per_s: number;
  rows: SimulationCheckRow[];
  /** The fewest replicas beyond the planned ones that meet the targets when simulated, of some; null where none is needed or was found. */
  enough: { replicas: number; instances: number; usd_per_hour: number | null } | null;
}

/** What a check came to: either it, or why there is none. */
export interface SimulationCheckAnswer {
  simulation_check: SimulationCheck | null;
  simulation_check_reason: string | null;
}

export interface Recommendation {
  /** `provider/instance/region/tpXppY/quantization`. */
  id: string;
  rank: number;
  provider: string;
  instance: string;
  gpu: string;
  gpu_count: number;
  region: string;
  /** The zone asked for, else null. */
  zone: string | null;
  /** Zones of the region that sell it; empty = not known per zone. */
  zones: string[];
  /** Other regions with a price within the filters. */
  other_regions: number;
  /** Which catalog layer the row comes from. */
  catalog: 'bundled' | 'imported' | 'file';
  tensor_parallel: number;
  pipeline_parallel: number;
  replicas: number;
  replicas_per_instance: number;
  spare_replicas: number;
  instances: number;
  quantization: string;
  kv_cache_dtype: string;
  meets_sla: boolean;
  sla: SlaRow[];
  ttft_ms: LatencySummary;
  tpot_ms: LatencySummary;
  e2e_ms: LatencySummary;
  /** Whole deployment at the planned load. */
  throughput: ThroughputDocument;
  /** Rate per replica / rate at which the replica saturates. */
  utilization: number;
  /** Largest rate of one replica with every gating target met. */
  capacity_requests_per_s: number;
  /** Planned rate per replica / capacity. */
  capacity_share: number;
  batch: { mean_running: number; max_running: number };
  memory: MemoryDocument;
  step_time_ms: { decode: StepTimeDocument; prefill: StepTimeDocument };
  trust: Remark<TrustKind>;
  /** The planned load simulated; null where it was not (yet): the sibling says why. */
  simulation_check: SimulationCheck | null;
  simulation_check_reason: string | null;
  /** How the figures were simulated, with their half widths; null for other methods, whose figures are worked out. */
  simulation: SimulationDocument | null;
  bottleneck: Remark<BottleneckKind>;
  /** null where nothing is known of the errors, and from row 21 on; the sibling says why. Never in sweeps. */
  interval: IntervalDocument | null;
  interval_reason: string | null;
  interval_basis: IntervalBasis | null;
  /** Chance that the replicas as planned meet every gating target at the planned load; null with `interval`. */
  meets_targets_probability: number | null;
  burst: BurstDocument;
  cost: CostDocument;
  /** Why a cost is null; null when there is a price. */
  cost_reason: string | null;
  other_plans: OtherPlan[];
  /** The command that was sized (`vllm_commands.high_performance`); null where vLLM would not come up with it. */
  vllm_command: string | null;
  /** Why there is no command, and what is needed instead; null where there is one. */
  vllm_command_reason: string | null;
  vllm_commands: VllmCommands;
  /** The flags of both as data, in their order, each with the arithmetic behind its value; null from row 21 on and in sweeps. */
  vllm_command_flags: { safe: CommandFlag[]; high_performance: CommandFlag[] } | null;
  /** Replicas that one start of the command serves. */
  vllm_command_replicas: number;
  /** `vllm bench serve` at the planned load of what one start serves; null without a command. */
  bench_command: string | null;
  warnings: Warning[];
}

/** Two ways to start the same plan; the answer's figures hold for `high_performance`. */
export interface VllmCommands {
  /** Conservative memory share, and no more sequences at once than the KV cache holds at P99 lengths. */
  safe: string | null;
  /** What was sized: the defaults of the engine's version, and no more seats than the KV cache fills at mean lengths. */
  high_performance: string | null;
}

export interface Margin {
  metric: string;
  value: number;
  limit: number;
  unit: string;
}

export interface Exclusion {
  /** Id of the plan that came nearest on this instance (see Recommendation.id); null where no plan was evaluated. */
  id: string | null;
  provider: string;
  instance: string;
  region: string | null;
  gpu: string;
  tensor_parallel: number | null;
  pipeline_parallel: number | null;
  quantization: string | null;
  /** Reason code of NUMBERS.md. */
  reason: string;
  /** The reason as a sentence with its figures. */
  detail: string;
  margin: Margin | null;
}

/** One single change to the question that brings an answer; it was computed. */
export interface Relaxation {
  /** What would be changed, for people: `TTFT P95 500 -> 640 ms`. */
  change: string;
  from: string;
  to: string;
  /** Keys of the question and the values that make it so: the question with these laid over it has this answer. */
  set: Record<string, unknown>;
  /** The cheapest configuration it brings. */
  id: string;
  instance: string;
  instances: number;
  gpu: string;
  tensor_parallel: number;
  pipeline_parallel: number;
  quantization: string;
  usd_per_hour: number | null;
  capacity_share: number;
  ttft_p95_ms: number | null;
  /** Gating targets, all of which are then met. */
  targets: number;
  tightest: string;
  /** What else it brings with it (spot can be taken back, the price is old); null when nothing. */
  note: string | null;
}

/** A change that was tried because people would try it, and why it brings nothing. */
export interface UnhelpfulChange {
  change: string;
  why: string;
}

/** What stands in the way when nothing meets the targets. */
export interface NoAnswer {
  /** The limit that binds the nearest configuration (`kind` is a reason code or a bottleneck), in words. */
  limit: Remark<string>;
  /** The configuration that came nearest; null where none could be compared. */
  nearest: Exclusion | null;
  /** What one replica of the nearest carries, and what it would have to; null where that is not what it misses. */
  carries_requests_per_s: number | null;
  needed_requests_per_s: number | null;
  unhelpful: UnhelpfulChange[];
}

/** As the workload states them, before its bounds and the context cut them. */
export interface LengthsDocument {
  mean: number;
  std: number;
  min: number;
  max: number;
  /** True where the workload gives no maximum: `max` is then the context of the model. */
  max_is_context: boolean;
}

/** Everything the answer rests on, with defaults resolved. */
export interface AssumptionsDocument {
  model: string;
  architecture: string;
  estimated: boolean;
  total_parameters: number;
  active_parameters: number;
  max_context_tokens: number;
  workload: string;
  prompt_tokens: LengthsDocument;
  output_tokens: LengthsDocument;
  /** Prompt tokens computed on average, after prefix-cache hits: of the mean above, or of the requests as cut. */
  effective_prompt_tokens: number;
  prefix_cache: { hit_rate: number; cacheable_ratio: number } | null;
  arrival: string;
  /** Spread of the arrivals as `simulate --arrival-cv` takes it: of gaps, of counts in the long run with hawkes. */
  arrival_cv: number;
  /** How fast what an arrival brings dies away; null unless arrivals are hawkes. */
  arrival_decay_per_s: number | null;
  users: number | null;
  think_time_s: number;
  rate_requests_per_s: number;
  /** How users became a rate, in words with the figures. */
  rate_explanation: string;
  headroom_percent: number;
  utilization_target: number;
  burst_factor: number;
  quantization: string[];
  kv_cache_dtype: string;
  pricing: string;
  router: string;
  engine: string;
  engine_version: string;
  method: string;
  calibration: string;
  notes: string[];
}

export interface SizeDocument {
  schema_version: number;
  input: Record<string, unknown>;
  assumptions: AssumptionsDocument;
  /** Passing (provider, instance) rows in all, before `top`. */
  num_passing: number;
  recommendations: Recommendation[];
  excluded: Exclusion[];
  /** Cheapest first; empty while something passes. */
  relaxations: Relaxation[];
  /** null while something passes. */
  no_answer: NoAnswer | null;
  /** null where nothing is recommended or nothing is known of the errors; the sibling says why. Never in sweeps. */
  decision: DecisionDocument | null;
  decision_reason: string | null;
  warnings: Warning[];
  versions: Versions;
}

/** A term of an explanation: a figure with its unit and where it comes from (a catalog with date, a profile, the question). */
export interface ExplanationPart {
  label: string;
  value: number | null;
  unit: string;
  source: string;
}

/** How the figure answers to one input, all else equal: computed, not derived. */
export interface Sensitivity {
  /** `prompt length`. */
  input: string;
  /** `+10 %`. */
  change: string;
  /** Change of the figure, in its unit. */
  delta: number;
}

/** Where one figure comes from. */
export interface Explanation {
  /** Id in the metric registry. */
  metric: string;
  label: string;
  unit: string;
  value: number | null;
  /** 80 % range of the value; null where it has none. */
  interval: IntervalRange | null;
  kind: 'predicted' | 'computed' | 'catalog' | 'given';
  /** In words, from the metric registry, then with the figures of this configuration. */
  formula: string;
  calculation: string;
  /** Terms that add up to the value; empty where it is no sum. */
  parts: ExplanationPart[];
  /** What it is worked out from. */
  inputs: ExplanationPart[];
  /** The inputs it answers to most, the strongest first. */
  sensitivities: Sensitivity[];
  assumptions: string[];
}

export interface ExplainDocument {
  schema_version: number;
  input: Record<string, unknown>;
  /** The configuration explained: id and name (`1 × g6e.xlarge`), and its rank in the answer. */
  configuration: { id: string; name: string; rank: number };
  explanations: Explanation[];
  versions: Versions;
}

/** Latency of one replica at one rate. */
export interface LoadCurvePoint {
  requests_per_s: number;
  ttft_ms: LatencySummary;
  tpot_ms: LatencySummary;
  e2e_ms: LatencySummary;
}

/** Latency of one replica over its load. */
export interface LoadCurve {
  /** Rates rise; every point is below saturation. */
  points: LoadCurvePoint[];
  /** What one replica is planned to carry, or, where nothing passes, would have to. */
  planned_requests_per_s: number;
  /** null where even an idle replica misses a target. */
  capacity_requests_per_s: number | null;
  saturation_requests_per_s: number;
  saturation_cause: 'compute' | 'kv' | 'seats';
}

/** What a simulation gave at one load of a replica. */
export interface SimulatedLoad {
  requests_per_s: number;
  /** The load the configuration is planned for, its capacity, or one beside them. */
  role: 'planned' | 'capacity' | 'between';
  /** What stops it from having a steady state; figures and half widths are then null. */
  saturated: 'compute' | 'kv' | 'seats' | null;
  ttft_ms: LatencySummary;
  tpot_ms: LatencySummary;
  e2e_ms: LatencySummary;
  /** null where the requests are too few to tell, too. */
  half_width: HalfWidthDocument | null;
  requests: number;
}

/** The load curve of a configuration once more, by simulation. */
export interface SimulatedLoadsDocument {
  schema_version: number;
  input: Record<string, unknown>;
  id: string;
  /** Rates rise; empty where there is nothing to simulate. */
  loads: SimulatedLoad[];
  seed: number;
  /** Why there are none; null where there are. */
  reason: string | null;
  /** How they were simulated, and what the intervals are. */
  sentence: string;
  versions: Versions;
}

export interface RooflinePoint {
  phase: 'prefill' | 'decode';
  /** Sequences in the step (decode), 1 for a prompt. */
  batch: number;
  /** Tokens computed in the step. */
  tokens: number;
  flop_per_byte: number;
  tflops_per_s: number;
  /** True for the batch at the planned load and for the mean prompt. */
  is_planned: boolean;
}

/** One GPU: what it could do, what the calibration says it reaches, and where the steps of this plan stand. */
export interface Roofline {
  precision: string;
  peak_tflops_per_s: number;
  reached_tflops_per_s: number;
  peak_bandwidth_tb_per_s: number;
  reached_bandwidth_tb_per_s: number;
  /** FLOP per byte where the reached roofs meet. */
  ridge_flop_per_byte: number;
  points: RooflinePoint[];
}

/** One flag of the command, and how its value came about. */
export interface CommandFlag {
  flag: string;
  value: string | null;
  why: string;
}

/** A configuration whose instances cost less an hour than the one looked at, and why it is not the answer. */
export interface CheaperCandidate {
  name: string;
  usd_per_hour: number | null;
  why: string;
}

/** Everything about one configuration of an answer that the answer itself does not carry. */
export interface DetailDocument {
  schema_version: number;
  input: Record<string, unknown>;
  id: string;
  name: string;
  /** null for a configuration that is excluded. */
  recommendation: Recommendation | null;
  /** null for a configuration that passes. */
  exclusion: Exclusion | null;
  /** null where the plan was refused before its load was looked at. */
  load_curve: LoadCurve | null;
  roofline: Roofline | null;
  memory: MemoryDocument | null;
  kv_use: {
    tokens_that_fit: number;
    /** Mean tokens held at the planned load; null for an excluded plan. */
    tokens_in_use: number | null;
    /** Sequences of mean length that the KV cache holds. */
    sequences_by_kv: number;
    max_num_seqs: number;
    /** Which of the two limits the sequences, in words. */
    sentence: string;
  } | null;
  /** What was sized; null where no step of the plan runs, or vLLM would not come up. */
  serve_command: string | null;
  command_flags: CommandFlag[];
  safe_command: string | null;
  safe_command_flags: CommandFlag[];
  /** Why vLLM would not come up, and what is needed instead. */
  serve_command_reason: string | null;
  /** Replicas that one start of the command serves. */
  serve_command_replicas: number;
  /** `vllm bench serve` at the planned load of what one start serves, which would check the prediction. */
  bench_command: string | null;
  cheaper: CheaperCandidate[];
  versions: Versions;
}

/** A sweep before it starts. */
/** The part of a sweep that one of several machines has: figures as those of the whole. */
export interface ShardPlanDocument extends Pick<
  SweepPlanDocument,
  'points' | 'rows' | 'estimated_bytes' | 'searches' | 'estimated_ms'
> {
  /** From 1. */
  index: number;
  of: number;
}

export interface SweepPlanDocument {
  schema_version: number;
  /** The shard that is asked for, where one is; all other figures are of the whole sweep. */
  shard?: ShardPlanDocument;
  points: number;
  /** One for each point and instance in scope. */
  rows: number;
  /** About what they take in the history. */
  estimated_bytes: number;
  /** Free on the disk of the history; absent where the system does not say. A sweep that takes more is refused. */
  free_bytes?: number;
  axes: { axis: string; count: number }[];
  /** Capacity searches left: one for each precision, TP and kind of GPU group. */
  searches: number;
  instances: number;
  /** Rough, from how fast this machine answered before; null when it has not yet. */
  estimated_ms: number | null;
  /** Combinations of instance, precision and TP that are known to be impossible before anything is computed. */
  removed: { reason: string; sentence: string; plans: number }[];
  /** All of them, those removed included. */
  plans: number;
  versions: Versions;
}

/** Half widths of 95 % confidence intervals, beside what they are of. */
export interface HalfWidthDocument {
  ttft_ms: LatencySummary;
  tpot_ms: LatencySummary;
  e2e_ms: LatencySummary;
}

/** How a simulation was run, beside the figures it gives. */
export interface SimulationDocument {
  /** Steady state with the first requests discarded; a run from empty to the last answer; the requests of a trace. */
  kind: 'steady' | 'run' | 'trace';
  /** null where nothing is drawn, as of most traces. */
  seed: number | null;
  /** How requests come to the replicas; `even`: dealt out beforehand, as many to each. null = there is one. */
  router: PredictInput['router'] | 'even' | null;
  /** Requests that the figures are of, and those that the whole KV cache could not hold. */
  requests: number;
  rejected_requests: number;
  /** null where the requests are too few to tell. */
  half_width: HalfWidthDocument | null;
  /** Is every interval as narrow as asked for? null for runs and traces, which are what they are. */
  is_precise: boolean | null;
  /** From the first request to the last answer; null in steady state. */
  wall_s: number | null;
  preemptions_per_request: number;
  /** Prompt tokens found in the prefix cache / all prompt tokens. */
  cached_fraction: number;
  /** By urgency, the most urgent first; null where all are alike. */
  classes:
    | { priority: number; requests: number; ttft_ms: LatencySummary; tpot_ms: LatencySummary; e2e_ms: LatencySummary }[]
    | null;
}

/** The course of a simulation in pieces of equal length; columns as long as each other. One replica's where there are several. */
export interface TimelineDocument {
  bin_s: number;
  from_s: number[];
  /** Time averages: sequences running, requests waiting, share of the KV cache in use. */
  running: number[];
  waiting: number[];
  kv_cache_fraction: number[];
  /** The highest of the three at any time within a piece. */
  max_running: number[];
  max_waiting: number[];
  max_kv_cache_fraction: number[];
  /** Counts. */
  preemptions: number[];
}

/** What was read of a trace. */
export interface TraceDocument {
  file: string;
  format: string;
  requests: number;
  duration_s: number;
  /** null where all come at once. */
  requests_per_s: number | null;
  mean_input_tokens: number;
  mean_output_tokens: number;
  /** What was taken how, in words. */
  notes: string[];
  skipped_rows: number;
  /** The first of them. */
  skipped: { line: number; reason: string }[];
}

export interface PredictDocument {
  schema_version: number;
  input: Record<string, unknown>;
  ttft_ms: LatencySummary;
  tpot_ms: LatencySummary;
  e2e_ms: LatencySummary;
  throughput: ThroughputDocument;
  utilization: number | null;
  saturated: boolean;
  saturation: Remark<'compute' | 'kv' | 'seats'> | null;
  batch: { mean_running: number | null; max_running: number | null };
  memory: MemoryDocument;
  step_time_ms: { decode: StepTimeDocument; prefill: StepTimeDocument } | null;
  bottleneck: Remark<BottleneckKind> | null;
  trust: Remark<TrustKind> | null;
  interval: IntervalDocument | null;
  /** Why there is no interval; null where there is one. */
  interval_reason: string | null;
  interval_basis: IntervalBasis | null;
  /** How it was simulated; null for other methods, and where there are no figures. */
  simulation: SimulationDocument | null;
  /** Only where it was asked for (`simulate`). */
  timeline: TimelineDocument | null;
  trace: TraceDocument | null;
  warnings: Warning[];
  method: string;
  calibration: string;
  versions: Versions;
}

export interface QuantileSummary {
  mean: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface QueueDocument {
  schema_version: number;
  /** With the spreads that were used. */
  input: QueueInput;
  /** Arrival rate times mean service time, over the servers. */
  utilization: number;
  /** false from utilization 1 on: times and wait_probability are null. */
  stable: boolean;
  /** From arrival to the start of service; 0 where the exact wait is 0. */
  wait_ms: QuantileSummary;
  /** From arrival to the end of service. */
  response_ms: QuantileSummary;
  wait_probability: number | null;
  /** Which model, and whether it is exact, numerically exact or approximate (then with its error in words). */
  method: string;
}

export interface LayerSummary {
  /** How many consecutive layers are alike. */
  count: number;
  /** Number of the first of them, from 0. */
  first: number;
  attention: string;
  ffn: string;
  /** Of one layer, all experts included. */
  parameters: number;
  /** Of one layer: routed experts reduced to those a token uses. */
  active_parameters: number;
  kv_bytes_per_token_fp16: number;
  /** The layer keeps only the last tokens; null = the whole context, or a state of constant size. */
  window_tokens: number | null;
  /** What one sequence keeps in the layer whatever its length. */
  state_bytes_per_sequence: number;
  /** FLOP of one token through one layer, at the context of `flops_per_token`. */
  flops_per_token: number;
}

/** Stored tensors beside what was counted from the config. */
export interface SafetensorsCheck {
  elements_by_dtype: Record<string, number>;
  /** Parameters the stored tensors amount to; null where their formats do not tell. */
  stored_parameters: number | null;
  counted_parameters: number;
  /** stored / counted - 1. */
  difference_fraction: number | null;
  sentence: string;
}

export interface ModelDocument {
  schema_version: number;
  /** The canonical id: of an alias whose config is equal in every field, that of the model it stands for. */
  id: string;
  /** The bundled model whose config was read for an alias; null for a model whose own config this is. */
  facts_of: string | null;
  architecture: string;
  estimated: boolean;
  assumptions: string[];
  hidden_size: number;
  vocabulary_size: number;
  num_layers: number;
  total_parameters: number;
  active_parameters: number;
  /** A block for multi-token prediction that comes on top of the total. */
  mtp_parameters: number;
  /** Vision and audio parts, within the total. */
  tower_parameters: number;
  components: Record<string, number>;
  /** As stored, scales and zero points counted. */
  weight_bytes: Record<string, number>;
  /** What a quantized checkpoint leaves at 16 bit, by component, norms and biases included. */
  kept_16_bit: { class: string; parameters: number }[];
  /** How the weights are stored; `bytes` is null and `problem` says why where that cannot be told. */
  checkpoint: { precision: string; method: string | null; bytes: number | null; problem: string | null };
  /** Of all layers, while no window is full. */
  kv_bytes_per_token: { fp16: number; fp8: number };
  /** Of the layers that keep the whole context: what a token adds once every window is full. */
  kv_bytes_per_token_full: { fp16: number; fp8: number };
  /** Layers that keep only the last tokens, by their window, shortest first. */
  windows: { window_tokens: number; kv_bytes_per_token_fp16: number; layers: number }[];
  state_bytes_per_sequence: number;
  flops_per_token: { context_tokens: number; components: Record<string, number>; total: number };
  /** Degrees that divide the attention heads. */
  tensor_parallel: number[];
  max_context_tokens: number;
  layers: LayerSummary[];
  origin: string;
  source: string;
  /** Commit of the repository; null where it is not known. */
  revision: string | null;
  /** ISO time at which it was kept, or its file was written; null for bundled models. */
  added_at: string | null;
  safetensors: SafetensorsDocument | null;
}

/** What the checkpoint's files store, beside our count; null in `ModelDocument` where nothing is known of them. */
export interface SafetensorsDocument {
  /** As stored: packed formats hold several weights in an element. */
  elements_by_dtype: Record<string, number>;
  /** null where elements are no weights. */
  stored_parameters: number | null;
  counted_parameters: number;
  /** (stored - counted) / counted, of parameters or else of bytes; null where neither can be compared. */
  difference_fraction: number | null;
  sentence: string;
}

/** One line of `model list`; a config that cannot be analysed says why. */
export interface ModelListEntry {
  id: string;
  /** bundled, imported, file, hub or hf_cache. */
  origin: string;
  architecture: string | null;
  total_parameters: number | null;
  active_parameters: number | null;
  max_context_tokens: number | null;
  estimated: boolean;
  /** `GQA 32/8`, `MHA 32`, `MQA`, `MLA`; with `, sliding` where some layers have a window. */
  attention: string | null;
  kv_bytes_per_token_fp16: number | null;
  state_bytes_per_sequence: number | null;
  /** At the precision of the checkpoint. */
  weight_bytes: number | null;
  checkpoint_precision: string | null;
  is_moe: boolean | null;
  modalities: string[];
  supported: boolean;
  reason: string | null;
  alias_of: string | null;
  source: string;
  revision: string | null;
  added_at: string | null;
}

/** What the fullest GPU of a pipeline stage holds. */
export interface StageHolds {
  stage: number;
  /** 0-based number of its first layer. */
  first_layer: number;
  num_layers: number;
  /** By component, copies and padding counted. */
  parameters: Record<string, number>;
  weight_bytes: Record<string, number>;
  total_parameters: number;
  total_bytes: number;
  kv_bytes_per_token: { fp16: number; fp8: number };
  state_bytes_per_sequence: number;
}

/** What a group of GPUs that share a model hold. */
export interface ModelHoldsDocument {
  schema_version: number;
  input: { model: string; tp: number; pp: number; ep: number; quantization: string };
  /** Those of the whole model, for comparison. */
  model_bytes: number;
  /** Number of the stage whose GPUs hold the most. */
  fullest_stage: number;
  stages: StageHolds[];
}

/** One precision of a model on one GPU. */
export interface ModelFit {
  precision: string;
  /** Fewest GPUs that hold the model and one request; null where not even the most allowed do. */
  tensor_parallel: number | null;
  /** Weights on each of them. */
  weights_gib: number | null;
  /** What the KV cache of the replica holds. */
  kv_cache_tokens: number | null;
  /** Requests of the asked length at once: what the KV cache holds, at most the seats (max_num_seqs). */
  requests: number | null;
  /** Why none; beside a fit, what is to be known of the format on this GPU. */
  sentence: string | null;
}

export interface GpuFits {
  gpu: string;
  name: string;
  memory_gib: number;
  /** GPUs of the largest instance of the catalog; null where none has this GPU. */
  largest_instance_gpus: number | null;
  /** One for each precision, 16-bit first; empty where vLLM does not run on the GPU. */
  fits: ModelFit[];
  /** Why vLLM does not run. */
  sentence: string | null;
}

/** What fits on which GPU, at the defaults of the engine. */
export interface ModelFitsDocument {
  schema_version: number;
  input: { model: string; tokens: number };
  /** null where the format of the checkpoint cannot be told. */
  checkpoint_precision: string | null;
  /** Tensor parallelism that was tried. */
  tensor_parallel: number[];
  engine: string;
  engine_version: string;
  gpus: GpuFits[];
  versions: Versions;
}

/** The text `--json` prints and every host sends: one place, so that the bytes are equal. */
export function documentText(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Characters of a part of a document's text. */
const PIECE_CHARACTERS = 2 ** 16;

/** The same text in parts: with hundreds of thousands of rows it is longer than one text can be. */
export function* documentPieces(document: object): Generator<string> {
  let piece = '';
  for (const part of documentParts(document)) {
    piece += part;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function* documentParts(document: object): Generator<string> {
  const entries: [string, unknown][] = Object.entries(document).filter(([, value]) => value !== undefined);
  yield '{';
  for (const [index, [key, value]] of entries.entries()) {
    yield `${index === 0 ? '' : ','}\n  ${JSON.stringify(key)}: `;
    if (!Array.isArray(value) || value.length === 0) {
      yield indentedJson(value, '  ');
      continue;
    }
    const items: readonly unknown[] = value;
    for (const [place, item] of items.entries()) yield `${place === 0 ? '[' : ','}\n    ${indentedJson(item, '    ')}`;
    yield '\n  ]';
  }
  yield entries.length === 0 ? '}\n' : '\n}\n';
}

/** A text of JSON holds no line break but those between its lines; what has no JSON is null in a list. */
const indentedJson = (value: unknown, indent: string): string =>
  (JSON.stringify(value ?? null, null, 2) ?? 'null').replaceAll('\n', `\n${indent}`);

export type { ErrorInfo };

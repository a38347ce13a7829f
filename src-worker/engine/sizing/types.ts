import type { TrustKind } from '../batching/trust.ts';
import type { LatencyPercentiles } from '../batching/spread.ts';
import type { SaturationKind } from '../batching/subject.ts';
import type { CalibrationProfile } from '../calibration/types.ts';
import type { Cost } from '../cost/cost.ts';
import type { Gpu, Instance, RegionOffer } from '../hardware/types.ts';
import type { EngineLimits, MemoryFit } from '../memory/fit.ts';
import type { EngineDefaults } from '../memory/types.ts';
import type { Model, Precision } from '../model/types.ts';
import type { RouterPolicy } from '../simulation/router.ts';
import type { SteadySimulation } from '../simulation/steady-state.ts';
import type { RequestLengths } from '../workload/lengths.ts';
import type { LatencyMetric, Target, Workload } from '../workload/types.ts';
import type { HeadroomRule } from './headroom.ts';

/** Codes of NUMBERS.md, "What size lists". */
export type ReasonCode =
  | 'memory'
  | 'tp_heads'
  | 'link_domain'
  | 'compute_capability'
  | 'dtype_unsupported'
  | 'host_memory'
  | 'context_exceeded'
  | 'sla_missed'
  | 'price_unknown'
  | 'spot_unknown'
  | 'retired'
  | 'zone_unknown'
  | 'not_in_zone'
  | 'region_filtered'
  | 'max_gpus'
  | 'pp_layers'
  | 'model_unsupported';

export interface Margin {
  metric: string;
  value: number;
  limit: number;
  unit: string;
}

/** Why something is not on offer: a code, a sentence with its figures, and by how much. */
export interface Refusal {
  reason: ReasonCode;
  detail: string;
  margin: Margin | null;
}

/** How a deployment's capacity and latency are worked out. */
export type SizingMethod = 'batching' | 'mg1' | 'simulation';

/** What does not depend on users, place or price: the subject of the capacity searches. */
export interface SizingSubject {
  model: Model;
  workload: Workload;
  lengths: RequestLengths;
  targets: Target[];
  /** Squared coefficient of variation of the arrival gaps. */
  scvArrival: number;
  /** Who of the replicas gets a request. */
  router: RouterPolicy;
  /**
   * Requests per ms of all replicas together, where what each gets follows from how many share them; null where it does not, or
   * where each is taken to get bursts whole.
   */
  sharedPerMs: number | null;
  precisions: Precision[];
  kvBytesPerElement: 1 | 2;
  /** null = powers of two up to the GPUs of the instance. */
  tensorParallel: number | null;
  /** Stages of a replica, all on one instance. */
  pipelineParallel: number;
  calibration: CalibrationProfile;
  engine: EngineDefaults;
  method: SizingMethod;
  strictContext: boolean;
}

/** Which instances are looked at. Empty lists and nulls = all. */
export interface SizingScope {
  providers: string[];
  gpuIds: string[];
  /** `provider/name`. */
  instanceIds: string[];
  includeRetired: boolean;
}

/** Where, how much and at what price: everything a capacity search does not need. */
export interface SizingDemand {
  rateReqPerS: number;
  headroom: HeadroomRule;
  pricing: 'ondemand' | 'spot';
  zone: string | null;
  region: string | null;
  maxGpus: number | null;
}

/** Latency of one replica at a rate, by whichever method. */
export type LoadOutcome = SteadyLoad | { kind: 'saturated'; cause: SaturationKind };

export interface SteadyLoad {
  kind: 'steady';
  ttftMs: LatencyPercentiles;
  tpotMs: LatencyPercentiles;
  e2eMs: LatencyPercentiles;
  meanRunning: number;
  maxRunning: number;
  meanStepMs: number;
  /** P95 of the TTFT of a request that waits for nobody: what is above it is waiting. */
  unhinderedTtftP95Ms: number;
  trust: TrustKind;
  /** Distance to the KV and seat limits in standard deviations; a method without that notion gives Infinity. */
  pressureZ: number;
  /** What was simulated; absent where the figures were worked out. */
  simulated?: SteadySimulation;
}

export interface FoundCapacity {
  kind: 'found';
  ratePerMs: number;
  binding: LatencyMetric | SaturationKind;
}

export type Capacity =
  | FoundCapacity
  | { kind: 'missed_when_idle'; metric: LatencyMetric; targetMs: number; predictedMs: number }
  | { kind: 'no_room'; cause: SaturationKind };

/** The capacity of a plan by its key: plain data, so that what one thread has searched another need not. */
export interface PlanCapacity {
  key: string;
  capacity: Capacity;
  /** Loads of the plan's replica that were simulated there. */
  loads?: readonly { ratePerMs: number; outcome: LoadOutcome }[];
}

/** A plan that another thread may simulate; `capacity` is null where that is still to be searched. */
export interface PlanToSimulate {
  key: string;
  capacity: Capacity | null;
}

/** How many sequences a replica is started for (`--max-num-seqs`), and what it follows from. Bytes are per GPU. */
export interface Seats {
  seats: number;
  /** Default of the engine's version on this GPU. */
  byDefault: number;
  /** What is left for cache and sampling buffers beside weights, batched tokens and overhead. */
  roomBytes: number;
  /** Cache of a running sequence of mean length, and the sampling buffer of its seat. */
  bytesPerSequence: number;
  /** Tokens a running sequence holds on average. */
  tokensPerSequence: number;
}

/** One way to run the model on one kind of GPU group, shared by every instance that has such a group. */
export interface PlanGroup {
  key: string;
  gpu: Gpu;
  gpuShare: number;
  tensorParallel: number;
  pipelineParallel: number;
  precision: Precision;
  /** As the plan is sized and started: the version's defaults, with the seats of `seats`. */
  limits: EngineLimits;
  /** null where the plan does not fit, or was refused before. */
  seats: Seats | null;
  isGpuMeasured: boolean;
  /** null when refused before memory was worked out. */
  memory: MemoryFit | null;
  refusal: Refusal | null;
  warnings: { code: string; sentence: string }[];
  /** Searches its capacity, once; null where it was refused before. */
  capacity: (() => Capacity) | null;
  /** null when refused. */
  load: ReplicaLoad | null;
}

/**
 * How far a rate is from the targets, by what an error of the first token or of the step would move: ln(predicted / target) of
 * the worst gating target of each, -Infinity where none gates. `pressureZ` is the distance to the KV cache and the seats.
 */
export interface TargetMargins {
  firstToken: number;
  later: number;
  pressureZ: number;
}

/** Capacity of one replica and its latency at any rate; evaluations are remembered for the life of the answer. */
export interface ReplicaLoad {
  /** Searched when they are asked for. */
  readonly ratePerMsAtCapacity: number;
  readonly capacity: FoundCapacity;
  /** The least number of replicas that carry `sharedPerMs` together, ⌈sharedPerMs / ratePerMsAtCapacity⌉, mostly without a search. */
  replicasFor(sharedPerMs: number): number;
  at(ratePerMs: number): LoadOutcome;
  /** The same for a curve of many rates, not remembered: the closed form where `at` is simulated. */
  curveAt(ratePerMs: number): LoadOutcome;
  /** Remembers what another thread's `at` gave. */
  adopt(ratePerMs: number, outcome: LoadOutcome): void;
  /** Whether `at` answers at once. */
  remembers(ratePerMs: number): boolean;
  /** Distance to the targets at a rate, not remembered; null where the replica does not carry it. */
  marginsAt(ratePerMs: number): TargetMargins | null;
  /** ms: no step is faster, weights read once at the peak bandwidth. */
  stepFloorMs: number;
  saturation(): { perMs: number; cause: SaturationKind };
  stepParts(meanRunning: number, ratePerMs: number, meanStepMs: number): StepView;
}

export interface StepView {
  decode: Record<string, number>;
  prefill: Record<string, number>;
  roofsMs: Record<'memory_bandwidth' | 'compute' | 'communication' | 'overhead', number>;
}

/** The part of a demand that decides how many replicas and instances a plan takes: place and price have none. */
export type PlacelessDemand = Pick<SizingDemand, 'rateReqPerS' | 'headroom' | 'maxGpus'>;

/** A plan on an instance with the replicas and instances that a demand takes, wherever they stand. */
export interface CountedPlan {
  instance: Instance;
  group: PlanGroup;
  load: ReplicaLoad;
  replicas: number;
  replicasPerInstance: number;
  instances: number;
  ratePerReplicaPerMs: number;
}

/** The plan of an instance that is taken, with its percentiles at the planned load. */
export interface TakenPlan extends CountedPlan {
  latency: SteadyLoad;
}

/** A plan on an instance at an offer, sized for a demand. */
export interface SizedPlan extends CountedPlan {
  id: string;
  offer: RegionOffer;
  otherRegions: number;
  /** null = hardware of one's own without a price. */
  cost: Cost | null;
}

/** The plan that is recommended, with its percentiles at the planned load. */
export interface ChosenPlan extends SizedPlan {
  latency: SteadyLoad;
}

export interface RefusedPlan {
  group: PlanGroup;
  refusal: Refusal;
}

export interface SizedRow {
  chosen: ChosenPlan;
  others: (SizedPlan | RefusedPlan)[];
}

export interface ExcludedRow {
  instance: Instance;
  region: string | null;
  group: PlanGroup | null;
  refusal: Refusal;
}

export interface SizeOutcome {
  rows: SizedRow[];
  excluded: ExcludedRow[];
}

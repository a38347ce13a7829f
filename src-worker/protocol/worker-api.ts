import type { Facts } from '../engine/facts.ts';
import type { ModelSource } from '../engine/model/types.ts';
import type { PlanCapacity, PlanToSimulate } from '../engine/sizing/types.ts';
import type { PlannedUnit } from '../engine/sweep/types.ts';
import type { RequestTrace } from '../engine/workload/trace.ts';
import type { AccuracyRequest } from './accuracy-request.ts';
import type { AccuracyDocument } from './accuracy.ts';
import type { CalibrationDocument, CalibrationRequest, FitAnswer, FitRequest } from './calibration.ts';
import type { ColumnBatch } from './columns.ts';
import type {
  DetailDocument,
  ExplainDocument,
  ModelDocument,
  ModelFitsDocument,
  PredictDocument,
  QueueDocument,
  SimulatedLoadsDocument,
  SimulationCheckAnswer,
  SizeDocument,
} from './documents.ts';
import type { SensitivityDocument, SensitivityRequest } from './sensitivity.ts';
import type { ModelFitsInput, PlanQuestion, PredictInput, QueueInput, SimulateInput, SizeInput } from './requests.ts';
import type { Result } from './result.ts';

/** Points of a sweep that share one capacity search (engine/sweep/plan.ts). */
export type SweepUnit = PlannedUnit<SizeInput>;

/** A trace as its file was read. */
export interface TraceToReplay {
  trace: RequestTrace;
  /** What the person calls the file, and what it was read as. */
  file: string;
  format: string;
  /** What is not replayed as the file has it, as sentences. */
  notes: string[];
  skippedRows: number;
  /** The first of them. */
  skipped: { line: number; reason: string }[];
}

/** Layout of the shared Int32Array between pool and worker. */
export const CONTROL_CANCEL = 0;
export const CONTROL_DONE_POINTS = 1;
export const CONTROL_LENGTH = 2;

/** Rows of a unit in the form in which they are kept (pool/packed-batch.ts). */
export interface PackedBatch {
  rows: number;
  data: Uint8Array;
}

/** What is told of a unit's rows while the sweep runs. */
export interface UnitSummary {
  /** Rows that meet every target. */
  passing: number;
  /** Points without an answer, by the commonest reason of each. */
  excluded: Record<string, number>;
  /** The cheapest row of all points; no row where nothing passes. */
  best: ColumnBatch;
  /** The best row of some points, those that are shown while the sweep runs. */
  live: ColumnBatch;
}

/** Cancelled: rows of the points computed by then. */
export interface SweepUnitOutcome {
  kind: 'done' | 'cancelled';
  packed: PackedBatch;
  summary: UnitSummary;
}

/** What a worker thread offers (src-worker/worker.ts). Every call returns a Result; only plain data crosses. */
export interface WorkerApi {
  /** Hands over the catalogs. Must come first; may come again when catalogs change. */
  load(facts: Facts): Result<{ instances: number }>;
  /** `capacities` were searched by other threads for the same input. */
  size(input: SizeInput, model: ModelSource, capacities?: readonly PlanCapacity[]): Result<SizeDocument>;
  /** Keys of the plans that the answer would have to search on this thread. */
  missingPlans(input: SizeInput, model: ModelSource): Result<string[]>;
  /** Searches these plans, some of `total` that are missing, and keeps them. */
  searchPlans(input: SizeInput, model: ModelSource, keys: readonly string[], total: number): Result<PlanCapacity[]>;
  /** Plans that an answer by method simulation would have to simulate on this thread. */
  plansToSimulate(input: SizeInput, model: ModelSource): Result<PlanToSimulate[]>;
  /** Simulates these plans, capacity and planned load, and keeps them. */
  simulatePlans(input: SizeInput, model: ModelSource, plans: readonly PlanToSimulate[]): Result<PlanCapacity[]>;
  detail(question: PlanQuestion, model: ModelSource): Result<DetailDocument>;
  simulateLoads(question: PlanQuestion, model: ModelSource): Result<SimulatedLoadsDocument>;
  explain(question: PlanQuestion, model: ModelSource): Result<ExplainDocument>;
  /** The question sized anew for every input that is varied: a dozen sizings, some seconds. */
  sensitivity(request: SensitivityRequest, model: ModelSource): Result<SensitivityDocument>;
  /** Simulates the planned load of one configuration. */
  checkBySimulation(question: PlanQuestion, model: ModelSource): Result<SimulationCheckAnswer>;
  predict(input: PredictInput, model: ModelSource): Result<PredictDocument>;
  /**
   * `trace` null = a load that is drawn. May be cancelled: looks at `control[CONTROL_CANCEL]` every few milliseconds, and then
   * fails with `simulation_cancelled`.
   */
  simulate(
    input: SimulateInput,
    trace: TraceToReplay | null,
    model: ModelSource,
    control: Int32Array,
  ): Result<PredictDocument>;
  queue(input: QueueInput): Result<QueueDocument>;
  showModel(model: ModelSource): Result<ModelDocument>;
  modelFits(input: ModelFitsInput, model: ModelSource): Result<ModelFitsDocument>;
  /** Holds a profile against measurements. */
  accuracy(request: AccuracyRequest): Result<AccuracyDocument>;
  /** One fit of a calibration, which takes seconds. */
  fit(request: FitRequest): Result<FitAnswer>;
  /** Puts a profile together from its fits. */
  finishCalibration(request: CalibrationRequest): Result<CalibrationDocument>;
  /**
   * May be cancelled: yields between points and looks at `control[CONTROL_CANCEL]`. The best row of every `liveEvery`-th point is
   * told beside the rows.
   */
  sweepUnit(
    unit: SweepUnit,
    model: ModelSource,
    control: Int32Array,
    liveEvery: number,
  ): Promise<Result<SweepUnitOutcome>>;
}

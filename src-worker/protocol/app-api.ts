import type { BenchmarkApi } from './benchmark-api.ts';
import type { CalibrationApi } from './calibration-api.ts';
import type { CatalogApi, CatalogLayer } from './catalog-api.ts';
import type {
  DetailDocument,
  ExplainDocument,
  ModelDocument,
  ModelFitsDocument,
  ModelHoldsDocument,
  ModelListEntry,
  PredictDocument,
  QueueDocument,
  SimulatedLoadsDocument,
  SimulationCheckAnswer,
  SizeDocument,
  SweepPlanDocument,
} from './documents.ts';
import type {
  ModelFitsDraft,
  LINKS,
  ModelHoldsDraft,
  PRECISIONS,
  PlanQuestionDraft,
  PredictInputDraft,
  QueueInputDraft,
  SimulateInputDraft,
  SizeInputDraft,
  SweepSpecDraft,
  TraceFile,
} from './requests.ts';
import type { Result } from './result.ts';
import type { RunAnalysisDocument, RunAnalysisDraft } from './run-analysis.ts';
import type { SensitivityDocument, SensitivityDraft } from './sensitivity.ts';
import type { Shortfall } from './shortfall.ts';
import type { RunRowsDraft } from './run-rows.ts';
import type { RunApi, RunEntry } from './run-api.ts';

export type { RunEntry } from './run-api.ts';

export type HostKind = 'electron' | 'browser' | 'cli';

export interface AppInfo {
  host: HostKind;
  versions: { configiq: string; engine: string; catalog: string; node: string; sqlite: string };
  /** Oldest and newest price date in the bundled catalogs, ISO. */
  priceDates: { oldest: string; newest: string };
  workers: number;
  /** Things that went wrong at the start and were survived, as sentences: a database set aside, say. */
  notices: string[];
}

export interface GpuEntry {
  id: string;
  name: string;
  memoryGib: number;
  /** As the data sheet counts it; null = not known. */
  memoryGb: number | null;
  /** Links it can have to others. */
  links: (typeof LINKS)[number][];
  /** Formats of weights that run on it, if only as storage. */
  precisions: (typeof PRECISIONS)[number][];
  source: string;
}

export interface InstanceEntry {
  provider: string;
  instance: string;
  gpu: string;
  gpuCount: number;
  /** Where it comes from; above `bundled` it is the user's. */
  layer: CatalogLayer;
  regions: number;
  cheapestOnDemandUsdPerHour: number | null;
  cheapestSpotUsdPerHour: number | null;
  priceAsOf: string | null;
}

export interface ZoneEntry {
  provider: string;
  region: string;
  zone: string;
  instances: string[];
  /** Prices that are other than the region's; absent = none. */
  ownPrices?: { instance: string; onDemandUsdPerHour: number | null; spotUsdPerHour: number | null }[];
}

export interface CatalogListing {
  gpus: GpuEntry[];
  instances: InstanceEntry[];
  zones: ZoneEntry[];
  providers: { id: string; name: string; hasZones: boolean }[];
  regions: { provider: string; region: string }[];
}

export interface TargetEntry {
  metric: string;
  targetMs: number;
  gating: boolean;
}

/** A workload preset as forms show it. */
export interface WorkloadEntry {
  name: string;
  description: string;
  promptTokens: number;
  outputTokens: number;
  targets: TargetEntry[];
  prefixHitRate: number | null;
  cacheableRatio: number | null;
  source: string;
}

export interface SweepStart {
  /** Chosen by the caller; progress and cancel refer to it. */
  taskId: string;
  spec: SweepSpecDraft;
  /** Name of the stored run; empty = made from the spec. */
  name: string;
}

export interface SweepResume {
  /** Chosen by the caller, as of `SweepStart`. */
  taskId: string;
  /** A sweep that was interrupted, cancelled or failed, or of which points had no answer. */
  runId: number;
}

export interface ModelPull {
  /** `owner/name` as the hub has it. */
  id: string;
  /** Branch, tag or commit; null = the main branch. */
  revision: string | null;
  /** Chosen by the caller; `cancelTask` refers to it. */
  taskId: string;
}

export interface PulledModelEntry {
  model: ModelDocument;
  /** What was missing and was survived, as sentences: headers that could not be read, say. */
  notes: string[];
}

export interface SweepSummary {
  runId: number;
  status: 'done' | 'cancelled' | 'failed';
  points: number;
  donePoints: number;
  rows: number;
  passingRows: number;
  /** Points whose unit failed, with the sentence; empty when all went well. */
  problems: string[];
}

/** One row of a stored run: the axes first, then the keys of a recommendation flattened with `_`. */
export type RunRow = Record<string, number | string | null>;

export interface RunDetail {
  entry: RunEntry;
  input: unknown;
  versions: Record<string, string>;
  columns: string[];
  /**
   * Cheapest passing row of each point, by point id; at most MOST_SHOWN_ROWS. Lean, so that thousands travel at once: a
   * cell without a value is absent, and so is `vllm_command`, which the export and the detail have.
   */
  bestRows: RunRow[];
  /** Points with an answer in all; more than `bestRows` holds when the run is larger. */
  answeredPoints: number;
  /** Points without an answer: the axes, and the commonest `reason` with a `detail`; at most MOST_SHOWN_ROWS. */
  emptyRows: RunRow[];
  emptyPoints: number;
  /** Why those have none, all of them. */
  shortfall: Shortfall;
  /** The answer itself, for a saved answer. */
  document: SizeDocument | null;
}

/** Rows of one run a window holds; beyond it the export has them all. */
export const MOST_SHOWN_ROWS = 20_000;

/** Some rows of a stored run, as they were asked for. */
export interface RunRowsPage {
  rows: RunRow[];
  /** Where each of the rows stands among all rows of the run, from 0: it names the row whatever is asked for. */
  places: number[];
  /** Rows that pass the filters. */
  total: number;
  /** All columns the run has. */
  columns: string[];
}

/** A point of a running sweep with its cheapest passing row: what the live chart draws. */
export interface LivePoint {
  pointId: number;
  users: number | null;
  id: string;
  instance: string;
  gpu: string;
  instances: number;
  tensorParallel: number;
  quantization: string;
  zone: string | null;
  usdPerHour: number | null;
  usdPer1mOutputTokens: number | null;
  tpotMsP50: number | null;
  ttftMsP95: number | null;
}

/** A sweep that runs in this program. */
export interface TaskEntry {
  taskId: string;
  name: string;
  spec: SweepSpecDraft;
  /** ISO time. */
  startedAt: string;
  /** The stored run that it goes on with; null = it makes a new one. */
  resumedRunId: number | null;
  /** What was last told of it; `live` holds every point told so far. */
  progress: ProgressEvent;
}

/** Pushed beside the calls on the same channel: comlink ignores messages without an id. */
export interface ProgressEvent {
  type: 'configiq:progress';
  taskId: string;
  phase: 'planning' | 'computing' | 'storing';
  done: number;
  total: number;
  /** Cheapest passing row so far, in words. */
  best: string | null;
  /** Points answered since the last event, thinned so that a sweep tells at most MOST_LIVE_POINTS in all. */
  live: LivePoint[];
  /** Points without an answer so far, by the commonest reason of each. */
  excluded: Record<string, number>;
  /** What went wrong and was survived: `One worker stopped and was restarted.` */
  notes: string[];
}

export const MOST_LIVE_POINTS = 1000;

/**
 * What every host offers to its front: the window over a MessagePort, the page over a WebSocket, the CLI in its own
 * process. Requests are outside input and are checked against the schemas again.
 */
export interface AppApi extends CatalogApi, BenchmarkApi, CalibrationApi, RunApi {
  info(): Promise<Result<AppInfo>>;
  /**
   * With `simulation_check`, the default, it takes some tenths of a second for every row that is simulated. By method simulation
   * it takes seconds: `taskId` is chosen by the caller; progress tells of it plan by plan, and `cancelTask` ends it.
   */
  size(request: SizeInputDraft, taskId?: string): Promise<Result<SizeDocument>>;
  /** The planned load of one configuration simulated; what `size` says of its first rows. */
  checkBySimulation(request: PlanQuestionDraft): Promise<Result<SimulationCheckAnswer>>;
  /** Curves, roofs, commands and the cheaper neighbours of one configuration, passing or not. */
  detail(request: PlanQuestionDraft): Promise<Result<DetailDocument>>;
  /** The load curve of a configuration by simulation, with 95 % confidence intervals: some tenths of a second. */
  simulateLoads(request: PlanQuestionDraft): Promise<Result<SimulatedLoadsDocument>>;
  /** Where every figure of a passing configuration comes from. */
  explain(request: PlanQuestionDraft): Promise<Result<ExplainDocument>>;
  /** How the cheapest answer follows each input, raised and lowered by some percent: some seconds. */
  sensitivity(request: SensitivityDraft): Promise<Result<SensitivityDocument>>;
  predict(request: PredictInputDraft): Promise<Result<PredictDocument>>;
  /**
   * A simulation with its timeline, under a load that is drawn or with the requests of a trace. It may take long: `cancelTask`
   * with the id that the caller chose ends it, and so does another one under the same id.
   */
  simulate(
    request: SimulateInputDraft,
    trace: TraceFile | null,
    taskId?: string | null,
  ): Promise<Result<PredictDocument>>;
  queue(request: QueueInputDraft): Promise<Result<QueueDocument>>;
  listModels(): Promise<Result<ModelListEntry[]>>;
  showModel(id: string): Promise<Result<ModelDocument>>;
  /** `text` is the content of a config.json; `id` overrides the name derived from `fileName`. */
  importModel(request: { text: string; fileName: string; id: string | null }): Promise<Result<ModelDocument>>;
  /**
   * Fetches config.json and what the safetensors files say of themselves from the hub, and keeps both. Takes as long as
   * the network; `cancelTask` ends it, and nothing is changed then.
   */
  pullModel(request: ModelPull): Promise<Result<PulledModelEntry>>;
  /** Forgets an imported or pulled model; one that covers a bundled model gives way to it again. */
  removeModel(id: string): Promise<Result<null>>;
  /** Puts back what this program removed, or replaced by an import of the same id, last. */
  restoreModel(id: string): Promise<Result<null>>;
  /** The config.json of a model as JSON text, also of one that is not supported. */
  readModelConfig(id: string): Promise<Result<string>>;
  /** The fewest GPUs of each kind that hold the model and one request of `tokens` tokens, by precision. */
  modelFits(request: ModelFitsDraft): Promise<Result<ModelFitsDocument>>;
  /** What the fullest GPU of each pipeline stage holds when a group of GPUs shares the model. */
  modelHolds(request: ModelHoldsDraft): Promise<Result<ModelHoldsDocument>>;
  listCatalog(): Promise<Result<CatalogListing>>;
  listWorkloads(): Promise<Result<WorkloadEntry[]>>;
  /** Stores the answer of a size question in the history. */
  saveSizeRun(request: SizeInputDraft, name: string): Promise<Result<RunEntry>>;
  /** Size and rough duration of a sweep; computes nothing. */
  planSweep(spec: SweepSpecDraft): Promise<Result<SweepPlanDocument>>;
  /** Resolves when the sweep ends, is cancelled or fails; partial results are kept. */
  startSweep(request: SweepStart): Promise<Result<SweepSummary>>;
  /**
   * Goes on with a stored sweep where it was cut short: whole batches are kept, the rest is computed. Refused where the results
   * would mix (`run_of_other_versions`), where nothing is missing (`run_done`) and while it is computed (`run_running`).
   */
  resumeSweep(request: SweepResume): Promise<Result<SweepSummary>>;
  /** Stops a sweep, a simulation, a size question or a pull within half a second. Unknown or finished tasks are ignored. */
  cancelTask(taskId: string): Promise<Result<null>>;
  /** The sweeps that run: a window that was opened anew watches and stops them. */
  listTasks(): Promise<Result<TaskEntry[]>>;
  listRuns(): Promise<Result<RunEntry[]>>;
  showRun(id: number): Promise<Result<RunDetail>>;
  /** An answer over all rows of a run: frontier, break-evens, a comparison of two values of an axis, goodput. */
  analyzeRun(request: RunAnalysisDraft): Promise<Result<RunAnalysisDocument>>;
  /** A page of the rows of a run, sorted and filtered here: a window need not hold them. */
  runRows(question: RunRowsDraft): Promise<Result<RunRowsPage>>;
  /**
   * A run as text, for hosts that print it; one too long for a text is refused, and `offerExport` has it. `missingRows` = of a
   * damaged run, those that could not be read.
   */
  exportRun(
    id: number,
    format: 'csv' | 'json',
  ): Promise<Result<{ fileName: string; text: string; missingRows: number }>>;
  /** What a window put away under a name: drafts, where it was left. null when there is nothing (or it was damaged). */
  readNote(name: string): Promise<Result<string | null>>;
  writeNote(name: string, text: string): Promise<Result<null>>;
}

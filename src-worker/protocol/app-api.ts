import type { ModelDocument, ModelListEntry, PredictDocument, QueueDocument, SizeDocument } from './documents.ts';
import type { PredictInputDraft, QueueInputDraft, SizeInputDraft, SweepSpecDraft } from './requests.ts';
import type { Result } from './result.ts';

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
  source: string;
}

export interface InstanceEntry {
  provider: string;
  instance: string;
  gpu: string;
  gpuCount: number;
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

export interface RunEntry {
  id: number;
  kind: 'size' | 'sweep';
  name: string;
  /** ISO time. */
  createdAt: string;
  status: 'running' | 'done' | 'cancelled' | 'failed' | 'interrupted';
  model: string;
  points: number;
  rows: number;
}

/** One row of a stored run: the axes first, then the keys of a recommendation flattened with `_`. */
export type RunRow = Record<string, number | string | null>;

export interface RunDetail {
  entry: RunEntry;
  input: unknown;
  versions: Record<string, string>;
  columns: string[];
  /** Cheapest passing row of each point, by point id. */
  bestRows: RunRow[];
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
}

/**
 * What every host offers to its front: the window over a MessagePort, the page over a WebSocket, the CLI in its own
 * process. Requests are outside input and are checked against the schemas again.
 */
export interface AppApi {
  info(): Promise<Result<AppInfo>>;
  size(request: SizeInputDraft): Promise<Result<SizeDocument>>;
  predict(request: PredictInputDraft): Promise<Result<PredictDocument>>;
  queue(request: QueueInputDraft): Promise<Result<QueueDocument>>;
  listModels(): Promise<Result<ModelListEntry[]>>;
  showModel(id: string): Promise<Result<ModelDocument>>;
  /** `text` is the content of a config.json; `id` overrides the name derived from `fileName`. */
  importModel(request: { text: string; fileName: string; id: string | null }): Promise<Result<ModelDocument>>;
  listCatalog(): Promise<Result<CatalogListing>>;
  listWorkloads(): Promise<Result<WorkloadEntry[]>>;
  /** Stores the answer of a size question in the history. */
  saveSizeRun(request: SizeInputDraft, name: string): Promise<Result<RunEntry>>;
  /** Resolves when the sweep ends, is cancelled or fails; partial results are kept. */
  startSweep(request: SweepStart): Promise<Result<SweepSummary>>;
  /** Stops within half a second. Unknown or finished tasks are ignored. */
  cancelTask(taskId: string): Promise<Result<null>>;
  listRuns(): Promise<Result<RunEntry[]>>;
  showRun(id: number): Promise<Result<RunDetail>>;
  exportRun(id: number, format: 'csv' | 'json'): Promise<Result<{ fileName: string; text: string }>>;
}

import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import type { FactSubject, FactValue } from '../../src-worker/protocol/catalog-api.ts';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { PackedBatch } from '../../src-worker/protocol/worker-api.ts';

/** A `config.json` in the config store: given by the user, or pulled from a hub. */
export interface StoredModel extends ModelSource {
  origin: 'imported' | 'hub';
  /** ISO time. */
  addedAt: string;
}

/** A catalog the user brought along. */
export interface CatalogImport {
  id: number;
  name: string;
  /** Whose format the file had: `configiq`, `seed`, `skypilot`. */
  format: string;
  layer: string;
  source: string;
  /** ISO time. */
  importedAt: string;
  /** Entries of the file that could not be used. */
  leftOut: number;
  /** Rows that were passed over as of no use. */
  skipped: number;
  /** Tells the same file again, as it was read; empty = imported by a version that kept none. */
  fingerprint: string;
  /** What of it is used, as JSON (src-main/catalogs/content.ts). */
  content: string;
}

/** A row as it lay in the file, readable or not, to be put back. */
export type RemovedImport = Record<string, string | number | null>;

/** A person's own value of one fact. */
export interface StoredCorrection {
  subject: FactSubject;
  /** Id of the entry: a GPU's, `provider/instance`, `provider/instance/region`. */
  id: string;
  key: string;
  value: FactValue;
  note: string;
  /** ISO time. */
  correctedAt: string;
}

export type RunKind = 'size' | 'sweep';
export type RunStatus = 'running' | 'done' | 'cancelled' | 'failed' | 'interrupted';

/** What a run starts from. */
export interface NewRun {
  name: string;
  model: string;
  /** ISO time. */
  createdAt: string;
  /** The question with every default filled in. */
  input: object;
  versions: Record<string, string>;
}

export interface NewSweepRun extends NewRun {
  /** Names the program that computes the run, so that a later one can tell whether it still lives. */
  owner: string;
  /** Points planned. */
  points: number;
}

/** What the list of runs says of one without opening it. */
export interface RunAnswer {
  /** The cheapest configuration in words; null where nothing passes, or where it was not worked out yet. */
  answer: string | null;
  usdPerHour: number | null;
}

export interface NewSizeRun extends NewRun, RunAnswer {
  /** Text of the answer, exactly as `--json` prints it. */
  document: string;
  rows: number;
  passing: number;
}

export interface StoredRun extends NewRun, RunAnswer {
  id: number;
  kind: RunKind;
  status: RunStatus;
  /** Points planned. */
  points: number;
  donePoints: number;
  rows: number;
  /** Rows that meet every gating target. */
  passing: number;
  /** Sentences about points that failed. */
  problems: string[];
}

/** A batch of a run, without its rows. Earlier versions counted neither points nor passing rows; on a damaged page all counts are 0. */
export interface StoredChunk {
  seq: number;
  rows: number;
  points: number | null;
  passing: number | null;
}

/** A batch as it lies in the database, to be carried to another one: what `columns` describes, `data` holds (batch-blob.ts). */
export interface PackedChunk extends StoredChunk {
  columns: string;
  data: Uint8Array;
}

/** Rows that can be read, and a sentence for each that cannot: those stay in the file as they are. */
export interface Listing<Row> {
  rows: Row[];
  problems: string[];
}

/**
 * Everything that is kept between two starts, behind verbs. Synchronous; one connection per store. Every verb throws
 * ConfigIqError of family `file` when the database is full, locked, forbidden or damaged. No verb knows the time: dates
 * are arguments.
 */
/** A calibration profile that was fitted here. */
export interface StoredCalibration {
  name: string;
  /** The profile, as a calibration file. */
  document: string;
  /** JSON: what was predicted while it was left out of the fit. */
  leftOut: string;
  /** ISO time. */
  createdAt: string;
  isInUse: boolean;
}

export interface Store {
  /** Adds the config or replaces the one with the same id (letter case does not count). */
  saveModel(model: StoredModel): void;
  /** By name. */
  listCalibrations(): Listing<StoredCalibration>;
  /** Adds it; the one of the same name becomes the earlier one of that name. */
  saveCalibration(profile: StoredCalibration): void;
  /** It becomes the earlier one of its name. False when there is none of that name. */
  removeCalibration(name: string): boolean;
  /** Which one questions are answered with that name none; null = the bundled one. An earlier one loses its claim. */
  useCalibration(name: string | null): void;
  /** The one of that name that was removed or replaced last; null = none is kept. */
  readEarlierCalibration(name: string): StoredCalibration | null;
  /** Puts the earlier one back; the one that is there of the same name becomes the earlier one in turn. */
  restoreCalibration(profile: StoredCalibration): void;

  /** Null when there is none; throws `row_unreadable` when there is one that cannot be read. */
  readModel(id: string): StoredModel | null;
  /** By id. */
  listModels(): Listing<StoredModel>;
  /** False when there was none. */
  removeModel(id: string): boolean;

  /** Starts a sweep with status `running`; returns its number. */
  createRun(run: NewSweepRun): number;
  /** Adds the batch of that place in the order of the run and counts it, both or neither. */
  appendChunk(
    runId: number,
    seq: number,
    batch: PackedBatch | ColumnBatch,
    counts: { points: number; passing: number },
  ): void;
  /** Places of the batches a run has, in order, without their rows. */
  listChunks(runId: number): StoredChunk[];
  /** Takes a batch out and its counts back; nothing where there is none at that place. Throws `run_damaged` where its page is. */
  removeChunk(runId: number, seq: number): void;
  /** One batch; null where there is none, or none that can be read, which is reported. */
  readChunk(runId: number, seq: number, report: (problem: string) => void): ColumnBatch | null;
  /** Batches of a run in order as they lie there, one at a time. Throws `run_damaged` where the page of one is. */
  readPackedChunks(runId: number): Generator<PackedChunk>;
  /** `appendChunk` of a batch that another database has packed, and the batch; throws `row_unreadable` for what is none. */
  appendPackedChunk(runId: number, chunk: PackedChunk & { points: number; passing: number }): ColumnBatch;
  /** A run that has ended is `running` again, by this owner and without problems. False where it runs already. */
  reopenRun(runId: number, owner: string): boolean;
  finishRun(runId: number, outcome: { status: Exclude<RunStatus, 'running'>; problems: string[] }): void;
  /** What the list says of a run, where it is known only after `createRun`. */
  setAnswer(runId: number, answer: RunAnswer): void;
  /** Stores the answer of one size question as a finished run. */
  saveSizeRun(run: NewSizeRun): number;
  /** Newest first. */
  listRuns(): Listing<StoredRun>;
  /** Null when there is none; throws `row_unreadable` when there is one that cannot be read. */
  readRun(id: number): StoredRun | null;
  /** The answer of a size run, exactly as it was saved; null for sweeps. */
  readDocument(id: number): string | null;
  /** Whether or not the rest of the run can be read; null when there is none. */
  readRunStatus(id: number): string | null;
  /** What a run has, where its batches tell otherwise than what was counted. */
  setCounts(id: number, counts: { points: number; rows: number; passing: number }): void;
  /** Removes a run with its rows, damaged or not. False when there is none, or when it is still computed. */
  deleteRun(id: number): boolean;
  /** Gives the room of what was removed back to the disk, as far as it can be had; returns the bytes of the file before and after. */
  compact(): { before: number; after: number };
  /** Batches of a run in order, one at a time, so that memory stays flat. Those that cannot be read are skipped and reported. */
  readChunks(runId: number, report: (problem: string) => void): Generator<ColumnBatch>;
  /** Runs still `running` whose owner is gone become `interrupted`; what they stored stays. Returns their numbers. */
  markInterruptedRuns(isOwnerAlive: (owner: string) => boolean): number[];

  /** Changes whenever another connection has written to the file; one's own writes leave it (`PRAGMA data_version`). */
  dataVersion(): number;
  /** Differs whenever imports, corrections or calibration profiles do. */
  catalogState(): string;
  importCatalog(entry: Omit<CatalogImport, 'id'>): number;
  /** Oldest first: later ones win. */
  listCatalogImports(): Listing<CatalogImport>;
  /** The row, whatever is in it; null when there is none of that number. */
  removeCatalogImport(id: number): RemovedImport | null;
  /** Under the number it had. */
  restoreCatalogImport(row: RemovedImport): void;
  /** Adds it or replaces the one of the same fact. */
  saveCorrection(correction: StoredCorrection): void;
  /** By subject, id and key. */
  listCorrections(): Listing<StoredCorrection>;
  /** `key` null = of every fact of the entry. How many there were. */
  removeCorrections(subject: FactSubject, id: string, key: string | null): number;

  /** Null when there is none; throws `row_unreadable` when there is one that cannot be read. */
  readNote(name: string): string | null;
  writeNote(name: string, text: string, updatedAt: string): void;

  sqliteVersion(): string;
  close(): void;
}

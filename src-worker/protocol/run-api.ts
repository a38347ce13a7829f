import type { ExportFormat } from './export-formats.ts';
import type { Result } from './result.ts';
import type { RunDiffDocument } from './run-diff.ts';

export interface RunEntry {
  id: number;
  kind: 'size' | 'sweep';
  name: string;
  /** ISO time. */
  createdAt: string;
  status: 'running' | 'done' | 'cancelled' | 'failed' | 'interrupted';
  model: string;
  points: number;
  /** Points that were computed: fewer than `points` where a sweep did not come to its end. */
  donePoints: number;
  rows: number;
  /** `chat, 100 users`, or the axes of a sweep. */
  question: string;
  /** The cheapest configuration, in words; null where nothing meets the targets or nothing was computed. */
  answer: string | null;
  /** Its cost; null for a sweep of several points. */
  usdPerHour: number | null;
}

/** A run without its rows: what is needed to ask it again. */
export interface RunHead {
  entry: RunEntry;
  input: unknown;
  versions: Record<string, string>;
  problems: string[];
}

export interface DeletedRuns {
  runs: RunEntry[];
  /** Numbers of those that could not be read, and are gone all the same. */
  unreadable: number[];
  /** Bytes of the database before and after. */
  bytesBefore: number;
  bytesAfter: number;
}

/** The history of a host. */
export interface RunApi {
  readRun(id: number): Promise<Result<RunHead>>;
  /** All of them or none: one that is not there, or is still computed, is refused. Their room goes back to the disk. */
  deleteRuns(ids: number[]): Promise<Result<DeletedRuns>>;
  /** What differs between two runs: question, versions, answers. */
  diffRuns(before: number, after: number): Promise<Result<RunDiffDocument>>;
  /**
   * An export of any size as a file to be fetched: `path`, below where the page came from, once and within a minute. A
   * run that is still computed is refused.
   */
  offerExport(id: number, format: ExportFormat): Promise<Result<{ fileName: string; path: string }>>;
}

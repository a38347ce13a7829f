import type { RunDraft } from './run-draft.ts';

/** A file as far as it can be told without knowing whose it is. */
export type FileShape =
  /** A document, the entries of a list, or the lines of a JSON Lines file; and why lines of it cannot be read. */
  { kind: 'documents'; documents: unknown[]; unreadable: string[] } | { kind: 'text'; text: string };

export interface RunContext {
  /** As the person knows it. */
  fileName: string;
  /** Configurations that lie beside the file. */
  beside: readonly unknown[];
}

/** A run that gives no row, and why. */
export interface SkippedRun {
  skipped: string;
}

export type ReadRun = RunDraft | SkippedRun;

/** One format: one file beside this one and its line in `registry.ts`. */
export interface BenchmarkReader {
  format: string;
  /** What it is, for people. */
  words: string;
  /** By content alone, never by the file's name. */
  recognizes(document: unknown): boolean;
  /** One run under one load each. */
  read(document: unknown, context: RunContext): ReadRun[];
}

export const isSkipped = (run: ReadRun): run is SkippedRun => 'skipped' in run;

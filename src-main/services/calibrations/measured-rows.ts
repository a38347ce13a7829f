import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import type { Measurement } from '../../../src-worker/engine/validation/types.ts';
import type { MeasurementText, SkippedReason } from '../../../src-worker/protocol/accuracy.ts';
import type { MeasuredSet } from '../../../src-worker/protocol/calibration.ts';
import { skippedReasons } from '../../../src-worker/answers/calibration/benchmarks.ts';
import { bundledMeasurements, measurementSources } from '../../measurements/bundled.ts';
import { MOST_MEASUREMENTS, readMeasurements, refuseTooMany } from '../../measurements/read.ts';
import type { SkippedRow } from '../../measurements/skipped.ts';
import type { ModelStore } from '../model-store.ts';

/** Measurements to be used, with what is to be said of those that cannot be. */
export interface MeasuredRows {
  rows: Measurement[];
  skipped: SkippedRow[];
  /** Of all rows that cannot be read, however many. */
  unreadable: SkippedReason[];
  /** What else is to be said of the files: columns that are not known, figures that were left out. */
  notes: string[];
  titles: Record<string, string>;
  doubtful: Record<string, string>;
  isBundled: boolean;
}

/** A file that rows are read from, and what the person calls it. */
export interface NamedFile {
  path: string;
  name: string;
}

/** Rows of files; null = the ones that ship with the program. */
export function readRows(catalogsFolder: string, files: readonly NamedFile[] | null): Promise<MeasuredRows> {
  return files === null ? bundledRows(catalogsFolder) : rowsOfFiles(catalogsFolder, files);
}

async function bundledRows(catalogsFolder: string): Promise<MeasuredRows> {
  const { measurements, skipped, sources, doubtful } = await bundledMeasurements(catalogsFolder);
  return {
    rows: measurements,
    skipped,
    unreadable: reasonsOf(skipped),
    notes: [],
    titles: Object.fromEntries(sources.map(({ source_id: id, title }) => [id, title])),
    doubtful: Object.fromEntries(doubtful),
    isBundled: true,
  };
}

async function rowsOfFiles(catalogsFolder: string, files: readonly NamedFile[]): Promise<MeasuredRows> {
  const sources = measurementSources(catalogsFolder);
  const read: MeasuredRows = {
    rows: [],
    skipped: [],
    unreadable: [],
    notes: [],
    titles: Object.fromEntries(sources.map(({ source_id: id, title }) => [id, title])),
    doubtful: {},
    isBundled: false,
  };
  let count = 0;
  for (const file of files) {
    const { measurements, skipped, reasons, notes } = await readMeasurements(file.path, file.name);
    read.notes.push(...notes.map((note) => `${file.name}: ${note}`));
    count += measurements.length;
    // Of more than can be used the rest is only counted.
    if (count <= MOST_MEASUREMENTS) for (const row of measurements) read.rows.push(row);
    read.skipped.push(...skipped);
    read.unreadable.push(...reasons.map(({ reason, count: rows }) => ({ reason, count: rows })));
  }
  refuseTooMany(count, `What was given (${files.length} files)`);
  return read;
}

export const reasonsOf = (rows: readonly SkippedRow[]): SkippedReason[] =>
  skippedReasons(rows.map(({ pointId, reason }) => ({ point_id: pointId, reason })));

/** The configs of the models that rows name; a name nobody knows has none, and the sentence that says so. */
export function withModels(rows: Measurement[], models: Pick<ModelStore, 'resolve'>): MeasuredSet {
  const known: MeasuredSet['models'] = {};
  const problems: Record<string, string> = {};
  for (const name of new Set(rows.map(({ model }) => model))) {
    try {
      known[name] = models.resolve(name);
    } catch (thrown) {
      if (!(thrown instanceof ConfigIqError)) throw thrown;
      problems[name] = thrown.message;
    }
  }
  return { rows, models: known, modelProblems: problems };
}

/** The window's texts as files, so that there is one reader. */
export async function overTexts<Value>(
  texts: readonly MeasurementText[] | null,
  work: (files: NamedFile[] | null) => Promise<Value>,
): Promise<Value> {
  if (texts === null) return work(null);
  const folder = await mkdtemp(join(tmpdir(), 'configiq-'));
  try {
    const files = texts.map(({ name }, index) => ({ path: join(folder, `${index + 1}.csv`), name }));
    await Promise.all(texts.map(({ text }, index) => writeFile((files[index] as NamedFile).path, text)));
    return await work(files);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

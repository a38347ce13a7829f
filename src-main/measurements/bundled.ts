import { join } from 'node:path';
import type { Measurement } from '../../src-worker/engine/validation/types.ts';
import { measurementSourcesSchema, type MeasurementSource } from '../../src-worker/protocol/catalog-files.ts';
import { catalogError, readCatalogFile } from '../catalogs/files.ts';
import { readMeasurements, type SkippedRow } from './read.ts';

const FOLDER = 'measurements';
const SOURCES = `${FOLDER}/sources.json`;

export interface BundledMeasurements {
  measurements: Measurement[];
  /** Rows that cannot be read, with the reason. */
  skipped: SkippedRow[];
  /** Where the rows come from, in the order of their files. */
  sources: MeasurementSource[];
  /** Reasons by point id of rows that contradict themselves; they are among the measurements. */
  doubtful: Map<string, string>;
}

/** Where the bundled measurements come from. Throws fileError. */
export function measurementSources(catalogsFolder: string): MeasurementSource[] {
  const { sources } = readCatalogFile(catalogsFolder, SOURCES, measurementSourcesSchema).content;
  const seen = new Set<string>();
  for (const { source_id: id } of sources) {
    if (seen.has(id)) throw catalogError(SOURCES, `sources[${id}]`, 'is there twice: remove one.');
    seen.add(id);
  }
  return sources;
}

/**
 * The measured points that ship with the program, file after file. The list of sources decides which files are read. Throws
 * fileError: a missing file, one whose rows are of another source, or not as many as its source says.
 */
export async function bundledMeasurements(catalogsFolder: string): Promise<BundledMeasurements> {
  const sources = measurementSources(catalogsFolder);
  const measurements: Measurement[] = [];
  const skipped: SkippedRow[] = [];
  for (const { source_id: id, rows } of sources) {
    const path = `${FOLDER}/${id}.csv`;
    const file = await readMeasurements(join(catalogsFolder, path));
    const stray = file.measurements.find(({ sourceId }) => sourceId !== id);
    if (stray)
      throw catalogError(path, `source_id of ${stray.pointId}`, `is "${stray.sourceId}": the file is of ${id}.`);
    if (file.rows !== rows)
      throw catalogError(SOURCES, `rows of ${id}`, `are ${rows}, and ${path} has ${file.rows}: correct it.`);
    measurements.push(...file.measurements);
    skipped.push(...file.skipped);
  }
  const doubts = sources.flatMap(({ doubtful }) => doubtful);
  const doubtful = new Map(doubts.flatMap(({ point_ids: ids, reason }) => ids.map((pointId) => [pointId, reason])));
  return { measurements, skipped, sources, doubtful };
}

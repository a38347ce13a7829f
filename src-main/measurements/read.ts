import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import {
  RESULT_COLUMNS,
  WORKLOAD_KINDS,
  type Measurement,
  type WorkloadKind,
} from '../../src-worker/engine/validation/measurement.ts';
import { fileError } from '../../src-worker/engine/errors.ts';

/** A row that cannot be used, and why. */
export interface SkippedRow {
  pointId: string;
  reason: string;
}

export interface MeasurementFile {
  measurements: Measurement[];
  skipped: SkippedRow[];
}

type Row = Record<string, string>;

const NEEDED_COLUMNS = ['point_id', 'model', 'gpu', 'engine', 'workload_kind', 'isl', 'osl'];

/** Thrown for one row, so that the others can go on. */
class BadCell extends Error {}

function numberOf(row: Row, column: string): number | null {
  const text = row[column]?.trim() ?? '';
  if (text === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new BadCell(`${column} is "${text.slice(0, 40)}", not a number.`);
  if (value < 0) throw new BadCell(`${column} is ${text}: a measured value is not below zero.`);
  return value;
}

function countOf(row: Row, column: string): number | null {
  const value = numberOf(row, column);
  if (value === null) return null;
  if (!Number.isInteger(value) || value < 1)
    throw new BadCell(`${column} is ${value}: a whole number from 1 is needed.`);
  return value;
}

const textOf = (row: Row, column: string): string | null => {
  const text = row[column]?.trim() ?? '';
  return text === '' ? null : text;
};

function neededText(row: Row, column: string): string {
  const text = textOf(row, column);
  if (text === null) throw new BadCell(`${column} is empty.`);
  return text;
}

function kindOf(row: Row): WorkloadKind {
  const text = neededText(row, 'workload_kind');
  const kind = WORKLOAD_KINDS.find((known) => known === text);
  if (!kind) throw new BadCell(`workload_kind "${text.slice(0, 40)}" is none of ${WORKLOAD_KINDS.join(', ')}.`);
  return kind;
}

function measurementOf(row: Row): Measurement {
  const measured: Record<string, number> = {};
  for (const column of RESULT_COLUMNS) {
    const value = numberOf(row, column);
    if (value === null) continue;
    if (value === 0) throw new BadCell(`${column} is 0: nothing was measured.`);
    measured[column] = value;
  }
  return {
    pointId: neededText(row, 'point_id'),
    sourceId: textOf(row, 'source_id') ?? 'unknown',
    model: neededText(row, 'model'),
    gpu: neededText(row, 'gpu'),
    gpuCount: countOf(row, 'gpu_count'),
    tensorParallel: countOf(row, 'tp'),
    pipelineParallel: countOf(row, 'pp'),
    expertParallel: countOf(row, 'ep'),
    dataParallel: countOf(row, 'dp'),
    engine: neededText(row, 'engine').toLowerCase(),
    engineVersion: textOf(row, 'engine_version'),
    engineGeneration: textOf(row, 'engine_generation'),
    weightDtype: textOf(row, 'weight_dtype'),
    kvDtype: textOf(row, 'kv_dtype'),
    kind: kindOf(row),
    inputTokens: numberOf(row, 'isl'),
    outputTokens: numberOf(row, 'osl'),
    inputTokensNominal: numberOf(row, 'isl_nominal'),
    outputTokensNominal: numberOf(row, 'osl_nominal'),
    batchOrConcurrency: numberOf(row, 'batch_or_concurrency'),
    requestRatePerS: numberOf(row, 'request_rate_rps'),
    numPrompts: numberOf(row, 'num_prompts'),
    arrival: textOf(row, 'arrival'),
    prefixTokens: numberOf(row, 'prefix_tokens'),
    coldRequests: numberOf(row, 'cold_requests'),
    maxNumSeqs: countOf(row, 'max_num_seqs'),
    maxNumBatchedTokens: countOf(row, 'max_num_batched_tokens'),
    gpuMemoryUtilization: numberOf(row, 'gpu_memory_utilization'),
    regime: textOf(row, 'regime'),
    measured,
  };
}

/**
 * Reads a measurement file (CSV, one point a line). Rows that cannot be read are skipped with the reason; a file without the
 * needed columns is a file error. The file is streamed: a million rows take no more memory than what is kept of them.
 */
export async function readMeasurements(path: string): Promise<MeasurementFile> {
  const measurements: Measurement[] = [];
  const skipped: SkippedRow[] = [];
  const parser = parse({ columns: true, bom: true, skip_empty_lines: true, relax_column_count: true, info: true });
  const stream = createReadStream(path);
  // A pipe does not hand errors on: without this a missing file would never end.
  stream.on('error', (error) => parser.destroy(error));
  stream.pipe(parser);
  let isChecked = false;
  try {
    for await (const { record: row, info } of parser as AsyncIterable<{ record: Row; info: { lines: number } }>) {
      if (!isChecked) {
        checkColumns(path, row);
        isChecked = true;
      }
      try {
        measurements.push(measurementOf(row));
      } catch (error) {
        if (!(error instanceof BadCell)) throw error;
        skipped.push({ pointId: textOf(row, 'point_id') ?? `line ${info.lines}`, reason: error.message });
      }
    }
  } catch (error) {
    throw readError(path, error);
  }
  return { measurements, skipped };
}

function checkColumns(path: string, row: Row): void {
  const missing = NEEDED_COLUMNS.filter((column) => !(column in row));
  if (missing.length === 0) return;
  throw fileError(
    'measurements_columns',
    `${path} has no column ${missing.join(', ')}: it is no file of measurements.`,
    {
      path,
      missing,
    },
  );
}

function readError(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return fileError('file_missing', `${path} does not exist.`, { path });
  if (typeof code === 'string' && (code.startsWith('CSV_') || code.startsWith('E'))) {
    return fileError('file_unreadable', `${path} cannot be read: ${message}`, { path });
  }
  return error;
}

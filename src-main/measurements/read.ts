import { createReadStream, statSync } from 'node:fs';
import { RESULT_COLUMNS, type Measurement } from '../../src-worker/engine/validation/types.ts';
import { ConfigIqError, fileError } from '../../src-worker/engine/errors.ts';
import { unneutralized } from '../../src-worker/protocol/csv-text.ts';
import { MEASUREMENT_COLUMNS } from '../../src-worker/protocol/measurement-columns.ts';
import { suggestNames } from '../../src-worker/protocol/suggest.ts';
import { BadRecord, csvRecords } from './csv-records.ts';
import { checkedRow, LONGEST_SHOWN, type RowProblem } from './checked-row.ts';
import { oddRates } from './odd-rates.ts';
import { SkippedRows, type SkippedRow, type SkipReason } from './skipped.ts';
import { zeroBytes } from './zero-bytes.ts';

export type { SkippedRow, SkipReason } from './skipped.ts';

/** What is to be said of a file besides its measurements. */
export interface MeasurementSummary {
  /** Rows the file has, usable or not. */
  rows: number;
  /** The first ten thousand rows that cannot be used. */
  skipped: SkippedRow[];
  /** All of them. */
  skippedCount: number;
  /** Why, the commonest reason first: however many rows, a few lines. */
  reasons: SkipReason[];
  /** Columns that are not known, and figures that were left out of rows, as sentences. */
  notes: string[];
}

export interface MeasurementFile extends MeasurementSummary {
  measurements: Measurement[];
}

const NEEDED_COLUMNS = ['point_id', 'model', 'gpu', 'engine', 'workload_kind', 'isl', 'osl'];
/** Of these no cell may be empty; a row without lengths is for others to judge. */
const NEEDED_CELLS = ['model', 'gpu', 'engine', 'workload_kind'] as const;

/** A million rows with long notes have less than half of it. */
const MAX_MEASUREMENT_BYTES = 900_000_000;
const PIECE_BYTES = 2 ** 20;

/**
 * Reads a measurement file (CSV, one point a line). Rows that cannot be used are skipped with the reason, never averaged in;
 * a file that is none of measurements is a file error. `name`: what the person calls the file.
 */
export async function readMeasurements(path: string, name = path): Promise<MeasurementFile> {
  const measurements: Measurement[] = [];
  let count = 0;
  const summary = await eachMeasurement(
    path,
    (measurement) => {
      count += 1;
      // Beyond what can be used they are only counted, so that the refusal says how many there are.
      if (count <= MOST_MEASUREMENTS) measurements.push(measurement);
    },
    name,
  );
  refuseTooMany(count, name);
  return { measurements, ...summary };
}

/** Rows that are held against predictions at once: two minutes and 2 GB on two cores. */
export const MOST_MEASUREMENTS = 500_000;

/** Throws where more rows than that are to be compared; `where` says of what. */
export function refuseTooMany(rows: number, where: string): void {
  if (rows <= MOST_MEASUREMENTS) return;
  const [given, most] = [rows, MOST_MEASUREMENTS].map((count) => count.toLocaleString('en-US'));
  throw fileError(
    'too_many_measurements',
    `${where} has ${given} measurements, and at most ${most} are compared at once: split it, or draw some of its rows.`,
    { where, rows, most: MOST_MEASUREMENTS },
  );
}

/** The same one by one, for whoever need not keep them: the file is streamed, and memory does not grow with it. */
export async function eachMeasurement(
  path: string,
  take: (measurement: Measurement) => void | Promise<void>,
  name = path,
): Promise<MeasurementSummary> {
  const skipped = new SkippedRows();
  const odd = new Map<string, { count: number; example: string }>();
  let table: Table | null = null;
  let rows = 0;
  try {
    checkSize(path, name);
    const pieces = createReadStream(path, { encoding: 'utf8', highWaterMark: PIECE_BYTES });
    for await (const records of csvRecords(pieces as AsyncIterable<string>)) {
      for (const { cells, line } of records) {
        if (!table) {
          table = tableOf(name, cells);
          continue;
        }
        rows += 1;
        const measurement = measurementAt(table, cells, line, skipped);
        const sound = measurement && withoutOddRates(measurement, odd, skipped);
        const taken = sound ? take(sound) : undefined;
        if (taken) await taken;
      }
    }
  } catch (error) {
    throw readError(name, error);
  }
  if (!table) throw fileError('measurements_empty', `${name} is empty: give a file of measurements.`, { path: name });
  if (rows === 0) {
    throw fileError('measurements_empty', `${name} has a header and no row: there is nothing to compare with.`, {
      path: name,
    });
  }
  const notes = [...table.notes, ...[...odd].map(([column, { count, example }]) => oddNote(column, count, example))];
  return { rows, skipped: skipped.rows, skippedCount: skipped.count, reasons: skipped.reasons, notes };
}

const oddNote = (column: string, count: number, example: string): string =>
  `${column} was left out of ${count.toLocaleString('en-US')} row${count === 1 ? '' : 's'} (${example} is the first): by isl and osl it counts other requests than the other rates of the row; correct it, or leave it empty.`;

/** The measurement without the rates that contradict the others; null where none of its results is left. */
function withoutOddRates(
  measurement: Measurement,
  odd: Map<string, { count: number; example: string }>,
  skipped: SkippedRows,
): Measurement | null {
  const columns = oddRates(measurement);
  if (columns.length === 0) return measurement;
  const { pointId } = measurement;
  const measured = Object.fromEntries(
    Object.entries(measurement.measured).filter(([column]) => !columns.includes(column)),
  );
  if (Object.keys(measured).length === 0) {
    const sentence = `By isl and osl ${columns.join(' and ')} are not the same requests: correct them, or the lengths.`;
    skipped.add({ pointId, reason: sentence }, 'its rates contradict each other');
    return null;
  }
  for (const column of columns) {
    const known = odd.get(column);
    if (known) known.count += 1;
    else odd.set(column, { count: 1, example: pointId });
  }
  return { ...measurement, measured };
}

function checkSize(path: string, name: string): void {
  const stats = statSync(path);
  if (stats.isDirectory())
    throw fileError('file_unreadable', `${name} is a folder: give the path of a file.`, { path: name });
  if (stats.size <= MAX_MEASUREMENT_BYTES) return;
  throw fileError(
    'file_too_large',
    `${name} has ${stats.size.toLocaleString('en-US')} bytes, and at most ${MAX_MEASUREMENT_BYTES.toLocaleString('en-US')} are read: split it.`,
    { path: name, bytes: stats.size },
  );
}

/** The columns of a file, and texts that many rows share. */
class Table {
  readonly columns: readonly string[];
  readonly notes: string[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #texts = new Map<string, string>();

  constructor(columns: readonly string[], notes: string[]) {
    this.columns = columns;
    this.notes = notes;
    this.#places = new Map(columns.map((column, index) => [column, index]));
  }

  cell(cells: readonly string[], column: string): string {
    const place = this.#places.get(column);
    return place === undefined ? '' : (cells[place]?.trim() ?? '');
  }

  /** The text of its own, not as a part of the file that would be kept with it. */
  own(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const copy = copyOf(text);
    if (this.#texts.size < MOST_SHARED_TEXTS) this.#texts.set(copy, copy);
    return copy;
  }
}

const MOST_SHARED_TEXTS = 10_000;
const copyOf = (text: string): string => Buffer.from(text).toString();

function tableOf(path: string, header: readonly string[]): Table {
  const columns = header.map((name) => name.trim().toLowerCase());
  const missing = NEEDED_COLUMNS.filter((column) => !columns.includes(column));
  if (missing.length > 0) throw columnsError(path, header, missing);
  const twice = columns.find((column, index) => column !== '' && columns.indexOf(column) !== index);
  if (twice !== undefined) {
    throw fileError(
      'measurements_columns',
      `${path} has the column ${twice} twice: which of them holds is not known.`,
      {
        path,
        column: twice,
      },
    );
  }
  const known: readonly string[] = MEASUREMENT_COLUMNS;
  const notes = columns
    .filter((column) => column !== '' && !known.includes(column))
    .map((column) => {
      const [near] = suggestNames(column, known);
      const name = column.slice(0, LONGEST_SHOWN);
      return `The column "${name}" is not known and was passed over${near === undefined ? '' : `: did you mean ${near}?`}`;
    });
  if (!RESULT_COLUMNS.some((column) => columns.includes(column))) {
    throw fileError('measurements_columns', `${path} has no column of results (ttft_ms_mean, output_tok_s, …).`, {
      path,
    });
  }
  return new Table(columns, notes.slice(0, MOST_NOTES));
}

const MOST_NOTES = 20;

const ZERO_BYTE_CURES = {
  utf16: 'its text is UTF-16, and UTF-8 is read: save it as CSV UTF-8',
  some: 'its first line holds a zero byte, which no text has: save it anew, or get it once more',
} as const;

function columnsError(path: string, header: readonly string[], missing: readonly string[]): Error {
  const [first = '', ...others] = header;
  const isJson = /^\s*[[{]/.test(first);
  const zeros = zeroBytes(header.join(','));
  const cure = zeros
    ? ZERO_BYTE_CURES[zeros]
    : isJson
      ? 'it is JSON: configiq import-benchmark makes rows of the results of benchmarks'
      : others.length === 0 && /[;\t]/.test(first)
        ? 'write commas between the cells'
        : 'it is no file of measurements';
  const sentence = `${path} has no column ${missing.join(', ')}: ${cure}.`;
  return fileError('measurements_columns', sentence, { path, missing: [...missing] });
}

function readError(path: string, error: unknown): unknown {
  if (error instanceof ConfigIqError) return error;
  if (error instanceof BadRecord) {
    const sentence = `${path} cannot be read from line ${error.line} on: ${error.message}; mend it there, or get the file anew.`;
    return fileError('file_unreadable', sentence, { path, line: error.line }, error);
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return fileError('file_missing', `${path} does not exist: check the path.`, { path });
  if (typeof code === 'string' && code.startsWith('E')) {
    return fileError('file_unreadable', `${path} cannot be read: ${message}`, { path }, error);
  }
  return error;
}

/** The measurement of a row, or null with the reason put to the others. */
function measurementAt(table: Table, cells: string[], line: number, skipped: SkippedRows): Measurement | null {
  const checked =
    cellCountProblem(table, cells) ??
    checkedRow(
      { cell: (column) => table.cell(cells, column), own: (text) => table.own(text) },
      { id: `line ${line}`, needed: NEEDED_CELLS },
    );
  if ('pointId' in checked) return checked;
  skipped.add({ pointId: copyOf(idOf(table, cells, line)), reason: copyOf(checked.sentence) }, checked.kind);
  return null;
}

function cellCountProblem({ columns }: Table, cells: readonly string[]): RowProblem | null {
  const [wanted, given] = [columns.length, cells.length];
  if (given === wanted || (given > wanted && cells.slice(wanted).every((cell) => cell.trim() === ''))) return null;
  return {
    kind: 'the row has another number of cells than the header',
    sentence: `It has ${given} cells, and the header ${wanted}: put quotes around a cell that holds a comma.`,
  };
}

const LONGEST_ID = 200;
const idOf = (table: Table, cells: readonly string[], line: number): string =>
  unneutralized(table.cell(cells, 'point_id')).slice(0, LONGEST_ID) || `line ${line}`;

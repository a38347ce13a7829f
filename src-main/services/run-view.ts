import { columnBuilder } from '../../src-worker/answers/column-builder.ts';
import { exclusionCells, recommendationCells } from '../../src-worker/answers/sweep-cells.ts';
import { fileError, invalidInput } from '../../src-worker/engine/errors.ts';
import type { RunDetail, RunEntry, RunRow } from '../../src-worker/protocol/app-api.ts';
import { cell, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { SWEEP_COLUMNS } from '../../src-worker/protocol/sweep-columns.ts';
import type { Store, StoredRun } from '../store/store.ts';
import { csvPieces, exportFileName, jsonPieces } from './run-export.ts';

/** Longest text a program can hold is about 530 million characters; beyond this an export is refused beforehand. */
const MAX_EXPORT_CHARACTERS = 500_000_000;

export function runEntry({ id, kind, name, createdAt, status, model, points, rows }: StoredRun): RunEntry {
  return { id, kind, name, createdAt, status, model, points, rows };
}

/** A run with the cheapest passing row of each point. Batches that cannot be read are left out and go to `report`. */
export function runDetail(store: Store, id: number, report: (problem: string) => void): RunDetail {
  const run = requiredRun(store, id);
  const columns = columnsOf(store, run, report);
  const { input, versions } = run;
  return { entry: runEntry(run), input, versions, columns, bestRows: bestRows(batchesOf(store, run, report), columns) };
}

/** A run as a file. The answer of a size question is its document, byte for byte. */
export function exportedRun(
  store: Store,
  id: number,
  format: 'csv' | 'json',
  report: (problem: string) => void,
  limit = MAX_EXPORT_CHARACTERS,
): { fileName: string; text: string } {
  const run = requiredRun(store, id);
  const fileName = exportFileName(run, format);
  const document = format === 'json' ? store.readDocument(id) : null;
  if (document !== null) return { fileName, text: document };
  const columns = columnsOf(store, run, report);
  const batches = batchesOf(store, run, report);
  const pieces = format === 'csv' ? csvPieces(columns, batches) : jsonPieces(run, columns, batches);
  return { fileName, text: joined(pieces, { id, format, limit }) };
}

function joined(pieces: Iterable<string>, what: { id: number; format: 'csv' | 'json'; limit: number }): string {
  const parts: string[] = [];
  let characters = 0;
  for (const piece of pieces) {
    parts.push(piece);
    characters += piece.length;
    if (characters > what.limit) throw exportTooLarge(what);
  }
  return parts.join('');
}

/** JSON names every column in every row, so CSV holds several times the rows. */
function exportTooLarge({ id, format, limit }: { id: number; format: 'csv' | 'json'; limit: number }): Error {
  const cure =
    format === 'json'
      ? 'export it as CSV, which needs a fraction of the room for the same rows.'
      : 'its rows are kept; to export them, sweep one zone or precision at a time.';
  return fileError(
    'export_too_large',
    `Run ${id} as ${format.toUpperCase()} has more than ${limit} characters, the most one file may have: ${cure}`,
    { id, format, limit },
  );
}

function requiredRun(store: Store, id: number): StoredRun {
  const run = store.readRun(id);
  if (run) return run;
  throw invalidInput('unknown_run', `There is no run ${id}: the list of runs shows those there are.`, { id });
}

const COLUMN_NAMES: readonly string[] = SWEEP_COLUMNS.map(({ name }) => name);

/** The columns the run was stored with, which an earlier version may have had others of. */
function columnsOf(store: Store, run: StoredRun, report: (problem: string) => void): string[] {
  for (const { order } of batchesOf(store, run, report)) return order;
  return [...COLUMN_NAMES];
}

function* batchesOf(store: Store, run: StoredRun, report: (problem: string) => void): Generator<ColumnBatch> {
  if (run.kind === 'sweep') {
    yield* store.readChunks(run.id, report);
    return;
  }
  const text = store.readDocument(run.id);
  // The store has checked that it is a size document; this program wrote it.
  if (text !== null) yield sizeRows(JSON.parse(text) as SizeDocument);
}

/** The answer of a size question in the shape of a sweep of one point. */
function sizeRows({ input, recommendations, excluded }: SizeDocument): ColumnBatch {
  const builder = columnBuilder(SWEEP_COLUMNS);
  const point = {
    pointId: 0,
    users: numberOrNull(input['users']),
    quantization: null,
    zone: textOrNull(input['zone']),
  };
  for (const row of recommendations) builder.add(recommendationCells(point, row));
  for (const row of excluded) builder.add(exclusionCells(point, row));
  return builder.build();
}

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A passing row and what it is ranked by: $/request, then $/hour, then id; no price comes last. */
interface Candidate {
  usdPerRequest: number;
  usdPerHour: number;
  id: string;
  row: RunRow;
}

function bestRows(batches: Iterable<ColumnBatch>, columns: readonly string[]): RunRow[] {
  const best = new Map<number, Candidate>();
  for (const batch of batches) {
    for (let row = 0; row < batch.rows; row += 1) {
      if (cell(batch, 'meets_sla', row) !== 1) continue;
      const point = Number(cell(batch, 'point_id', row));
      const usdPerRequest = usd(batch, 'cost_usd_per_request', row);
      const usdPerHour = usd(batch, 'cost_usd_per_hour', row);
      const id = String(cell(batch, 'id', row));
      const leader = best.get(point);
      if (leader && !isCheaper({ usdPerRequest, usdPerHour, id }, leader)) continue;
      best.set(point, { usdPerRequest, usdPerHour, id, row: rowOf(batch, columns, row) });
    }
  }
  return [...best.entries()].sort(([one], [other]) => one - other).map(([, { row }]) => row);
}

export function isCheaper(one: Omit<Candidate, 'row'>, other: Omit<Candidate, 'row'>): boolean {
  if (one.usdPerRequest !== other.usdPerRequest) return one.usdPerRequest < other.usdPerRequest;
  if (one.usdPerHour !== other.usdPerHour) return one.usdPerHour < other.usdPerHour;
  return one.id < other.id;
}

function usd(batch: ColumnBatch, column: string, row: number): number {
  const value = cell(batch, column, row);
  return typeof value === 'number' ? value : Number.POSITIVE_INFINITY;
}

const rowOf = (batch: ColumnBatch, columns: readonly string[], row: number): RunRow =>
  Object.fromEntries(columns.map((column) => [column, cell(batch, column, row)]));

import { columnBuilder } from '../../src-worker/answers/column-builder.ts';
import { exclusionCells, recommendationCells } from '../../src-worker/answers/sweep/document-rows.ts';
import { ConfigIqError, fileError, invalidInput } from '../../src-worker/engine/errors.ts';
import type { RunDetail, RunEntry } from '../../src-worker/protocol/app-api.ts';
import { pickedRows, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { SWEEP_COLUMNS } from '../../src-worker/protocol/sweep-columns.ts';
import type { Store, StoredRun } from '../store/store.ts';
import { bestSoFar, type BestSoFar } from './best-so-far.ts';
import { inSlices } from './in-slices.ts';
import { csvPieces, exportFileName, jsonPieces } from './run-export.ts';
import { runQuestion } from './run-question.ts';
import { shownRows } from './shown-rows.ts';

/** Longest text a program can hold is about 530 million characters; beyond this an export is refused beforehand. */
const MAX_EXPORT_CHARACTERS = 500_000_000;

export function runEntry(run: StoredRun): RunEntry {
  const { id, kind, name, createdAt, status, model, points, donePoints, rows, answer, usdPerHour } = run;
  const question = runQuestion(run);
  return { id, kind, name, createdAt, status, model, points, donePoints, rows, question, answer, usdPerHour };
}

/**
 * A run with the cheapest passing row of each point and, for each point without one, the axes and the commonest reason.
 * Batches that cannot be read are left out and go to `report`. Works in slices, so that a long run holds nobody up.
 */
export async function runDetail(store: Store, id: number, report: (problem: string) => void): Promise<RunDetail> {
  const run = requiredRun(store, id);
  const columns = columnsOf(store, run, report);
  const best = bestSoFar();
  const shown = shownRows(run);
  for await (const chosen of inSlices(chosenOf(store, run, report, (batch) => shown.choose(batch)))) {
    best.add(chosen);
    shown.add(chosen);
  }
  const answered = withAnswer(store, run, best, report);
  const { input, versions } = run;
  return { entry: runEntry(answered), input, versions, columns, ...shown.rows(), document: documentOf(store, run) };
}

/** Sweeps of the first version, and those a kill cut short, have no answer in the list: it is put there now. */
function withAnswer(store: Store, run: StoredRun, best: BestSoFar, report: (problem: string) => void): StoredRun {
  if (run.kind === 'size' || run.status === 'running' || run.answer !== null) return run;
  const answer = best.answer(run.points);
  if (answer.answer === null) return run;
  try {
    store.setAnswer(run.id, answer);
  } catch (thrown) {
    // Looking at a run must work where nothing can be written.
    if (!(thrown instanceof ConfigIqError)) throw thrown;
    report(thrown.message);
  }
  return { ...run, ...answer };
}

/** A run as a file. The answer of a size question is its document, byte for byte. */
export async function exportedRun(
  store: Store,
  id: number,
  format: 'csv' | 'json',
  report: (problem: string) => void,
  limit = MAX_EXPORT_CHARACTERS,
): Promise<{ fileName: string; text: string }> {
  const run = requiredRun(store, id);
  const fileName = exportFileName(run, format);
  const document = format === 'json' ? store.readDocument(id) : null;
  if (document !== null) return { fileName, text: document };
  const columns = columnsOf(store, run, report);
  const batches = batchesOf(store, run, report);
  const pieces = format === 'csv' ? csvPieces(columns, batches) : jsonPieces(run, columns, batches);
  return { fileName, text: await joined(pieces, { id, format, limit }) };
}

async function joined(
  pieces: Iterable<string>,
  what: { id: number; format: 'csv' | 'json'; limit: number },
): Promise<string> {
  const parts: string[] = [];
  let characters = 0;
  for await (const piece of inSlices(pieces)) {
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

export function requiredRun(store: Store, id: number): StoredRun {
  const run = store.readRun(id);
  if (run) return run;
  throw invalidInput('unknown_run', `There is no run ${id}: the list of runs shows those there are.`, { id });
}

const COLUMN_NAMES: readonly string[] = SWEEP_COLUMNS.map(({ name }) => name);

/** The columns the run was stored with, which an earlier version may have had others of. */
function columnsOf(store: Store, run: StoredRun, report: (problem: string) => void): string[] {
  for (const { order } of chosenOf(store, run, report, () => [])) return order;
  return [...COLUMN_NAMES];
}

export function* batchesOf(store: Store, run: StoredRun, report: (problem: string) => void): Generator<ColumnBatch> {
  if (run.kind === 'sweep') {
    yield* store.readChunks(run.id, report);
    return;
  }
  const document = documentOf(store, run);
  if (document) yield sizeRows(document);
}

function* chosenOf(
  store: Store,
  run: StoredRun,
  report: (problem: string) => void,
  choose: (batch: ColumnBatch) => number[],
): Generator<ColumnBatch> {
  for (const batch of batchesOf(store, run, report)) yield pickedRows(batch, choose(batch));
}

function documentOf(store: Store, run: StoredRun): SizeDocument | null {
  const text = run.kind === 'size' ? store.readDocument(run.id) : null;
  // The store has checked that it is a size document; this program wrote it.
  return text === null ? null : (JSON.parse(text) as SizeDocument);
}

/** The answer of a size question in the shape of a sweep of one point. */
function sizeRows({ input, recommendations, excluded }: SizeDocument): ColumnBatch {
  const builder = columnBuilder(SWEEP_COLUMNS);
  const point = {
    pointId: 0,
    users: numberOrNull(input['users']),
    quantization: null,
    tensorParallel: numberOrNull(input['tp']),
    zone: textOrNull(input['zone']),
  };
  for (const row of recommendations) builder.add(recommendationCells(point, row));
  for (const row of excluded) builder.add(exclusionCells(point, row));
  return builder.build();
}

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

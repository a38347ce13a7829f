import { columnBuilder } from '../../src-worker/answers/column-builder.ts';
import { exclusionCells, recommendationCells } from '../../src-worker/answers/sweep/document-rows.ts';
import { ConfigIqError, invalidInput } from '../../src-worker/engine/errors.ts';
import type { RunDetail, RunEntry } from '../../src-worker/protocol/app-api.ts';
import { pickedRows, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { SWEEP_COLUMNS } from '../../src-worker/protocol/sweep-columns.ts';
import type { Store, StoredRun } from '../store/store.ts';
import { bestSoFar, type BestSoFar } from './best-so-far.ts';
import { inSlices } from './in-slices.ts';
import { runQuestion } from './run-question.ts';
import { shownRows } from './shown-rows.ts';
import { storedBatches } from './stored-batches.ts';

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

export function requiredRun(store: Store, id: number): StoredRun {
  const run = store.readRun(id);
  if (run) return run;
  throw unknownRun(id);
}

export const unknownRun = (id: number): Error => invalidInput('unknown_run', `There is no run ${id}.`, { id });

const COLUMN_NAMES: readonly string[] = SWEEP_COLUMNS.map(({ name }) => name);

/** The columns the run was stored with, which an earlier version may have had others of. */
function columnsOf(store: Store, run: StoredRun, report: (problem: string) => void): string[] {
  for (const { order } of chosenOf(store, run, report, () => [])) return order;
  return [...COLUMN_NAMES];
}

/** The rows of a run, one batch at a time; those of a size question are one. Returns how many of its rows are missing. */
export function* batchesOf(
  store: Store,
  run: StoredRun,
  report: (problem: string) => void,
): Generator<ColumnBatch, number> {
  if (run.kind === 'sweep') return yield* storedBatches(store, run, report);
  const document = documentOf(store, run);
  if (document) yield sizeRows(document);
  return 0;
}

function* chosenOf(
  store: Store,
  run: StoredRun,
  report: (problem: string) => void,
  choose: (batch: ColumnBatch) => number[],
): Generator<ColumnBatch> {
  for (const batch of batchesOf(store, run, report)) yield pickedRows(batch, choose(batch));
}

export function documentOf(store: Store, run: StoredRun): SizeDocument | null {
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

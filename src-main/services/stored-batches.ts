import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';
import type { Store, StoredRun } from '../store/store.ts';

/** The batches of `numberedBatches` alone. */
export function* storedBatches(
  store: Store,
  run: StoredRun,
  report: (problem: string) => void,
): Generator<ColumnBatch, number> {
  const batches = numberedBatches(store, run, report);
  for (;;) {
    const next = batches.next();
    if (next.done) return next.value;
    yield next.value.batch;
  }
}

/**
 * Batches of a sweep in order, one at a time, with their numbers, those that cannot be read left out. Returns how many of the rows
 * that were stored are missing, which is reported in one sentence with what helps: an answer over such a run is one over a part of
 * it.
 */
export function* numberedBatches(
  store: Store,
  run: StoredRun,
  report: (problem: string) => void,
): Generator<{ seq: number; batch: ColumnBatch }, number> {
  const unreadable: string[] = [];
  let rows = 0;
  for (const { seq } of store.listChunks(run.id)) {
    const batch = store.readChunk(run.id, seq, (problem) => unreadable.push(problem));
    if (!batch) continue;
    rows += batch.rows;
    yield { seq, batch };
  }
  const missing = Math.max(0, run.rows - rows);
  if (missing === 0 && unreadable.length === 0) return 0;
  const status = store.readRunStatus(run.id);
  // Deleted or gone on with meanwhile: what it lacks is no damage.
  if (status === null || status === 'running' || run.status === 'running') return missing;
  const [first] = unreadable;
  if (first !== undefined) report(first);
  report(lossOf(run, missing, unreadable.length, cureOf(store, run)));
  return missing;
}

function lossOf({ id, rows }: StoredRun, missing: number, unreadable: number, cure: string): string {
  const why = unreadable > 0 ? ` (${plural(unreadable, 'batch', 'batches')} cannot be read)` : '';
  return `Run ${id} has lost ${formatFixed(missing)} of its ${plural(rows, 'row')}${why}; what it says is of the others alone. ${cure}`;
}

function cureOf(store: Store, { id }: StoredRun): string {
  const isOlder = store.listChunks(id).some(({ points }) => points === null);
  return isOlder ? `"configiq runs rerun ${id}" asks it anew.` : `"configiq sweep resume ${id}" computes them again.`;
}

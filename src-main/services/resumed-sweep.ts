import { invalidInput } from '../../src-worker/engine/errors.ts';
import { inSlices } from './in-slices.ts';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sweepSpecSchema, type SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { SweepUnit } from '../../src-worker/protocol/worker-api.ts';
import type { Store, StoredRun } from '../store/store.ts';
import { isOwnerAlive } from './owner.ts';
import { checkRequest } from './check-request.ts';
import { versionDifferences, type SweepVersions } from './sweep-versions.ts';

/**
 * The run and its spec, if it is a sweep that has ended. Throws `unknown_run`, `run_not_a_sweep`, `run_running`,
 * `run_older`; what `refuseWhole` throws is left to it.
 */
export function resumableRun(store: Store, runId: number): { run: StoredRun; spec: SweepSpec } {
  // Whoever computed it may have been killed since this program was started.
  store.markInterruptedRuns(isOwnerAlive);
  const run = store.readRun(runId);
  const refuse = (code: string, sentence: string): Error => invalidInput(code, sentence, { id: runId });
  if (!run) throw refuse('unknown_run', `There is no run ${runId}.`);
  if (run.kind !== 'sweep') {
    throw refuse('run_not_a_sweep', `Run ${runId} is a saved answer, which is whole: only sweeps can go on.`);
  }
  if (run.status === 'running') throw isRunning(runId);
  if (store.listChunks(runId).some(({ points }) => points === null)) {
    throw refuse(
      'run_older',
      `Run ${runId} was stored by an earlier version, which did not count the points of its batches, so it cannot go on. Ask it anew: configiq runs rerun ${runId}.`,
    );
  }
  return { run, spec: checkRequest(sweepSpecSchema, run.input, `Spec of run ${runId}`) };
}

export const isRunning = (runId: number): Error =>
  invalidInput('run_running', `Run ${runId} is being computed by a program that runs: wait for it, or stop it there.`, {
    id: runId,
  });

/**
 * Throws `run_done` where all points of a run are there, as far as its batches can be read: what was counted tells nothing of what is
 * left. Works in slices, as a long run takes seconds.
 */
export async function refuseWhole(store: Store, { id, status, points, donePoints }: StoredRun): Promise<void> {
  if (status !== 'done' || donePoints < points) return;
  let found = 0;
  for await (const chunk of inSlices(store.listChunks(id))) {
    if (store.readChunk(id, chunk.seq, () => undefined)) found += chunk.points ?? 0;
  }
  if (found < points) return;
  throw invalidInput('run_done', `Run ${id} is done: all of its ${points} points are there. Export it.`, { id });
}

/** Throws `run_of_other_versions`: rows of two versions must not stand in one run. */
export function refuseOtherVersions({ id, versions }: StoredRun, now: SweepVersions): void {
  const differences = versionDifferences(versions, now);
  if (differences.length === 0) return;
  const words = differences.map(({ key, one, other }) => `${key} ${one}, now ${other}`).join('; ');
  throw invalidInput(
    'run_of_other_versions',
    `Run ${id} cannot go on, its results would mix: it was computed with ${words}. Ask it anew: configiq runs rerun ${id}.`,
    { id, differences: differences.map(({ key }) => key) },
  );
}

export interface KeptBatch {
  seq: number;
  batch: ColumnBatch;
  points: number;
  passing: number;
}

/**
 * The batches of a run that hold all points of their unit, in order. The others, cut short by a cancel or not readable, are
 * taken out: their units are computed again, and what the run has is counted anew. Throws `run_damaged` where one cannot be.
 */
export function* keptBatches(store: Store, runId: number, units: readonly SweepUnit[]): Generator<KeptBatch> {
  const pointsOf = new Map(units.map(({ seq, points }) => [seq, points]));
  const counts = { points: 0, rows: 0, passing: 0 };
  for (const { seq, points, passing } of store.listChunks(runId)) {
    const isWhole = points !== null && passing !== null && points === pointsOf.get(seq);
    // Nothing is said of a batch that cannot be read: it is as good as one that was never there.
    const batch = isWhole ? store.readChunk(runId, seq, () => undefined) : null;
    if (batch && isWhole) {
      counts.points += points;
      counts.rows += batch.rows;
      counts.passing += passing;
      yield { seq, batch, points, passing };
    } else store.removeChunk(runId, seq);
  }
  // Batches that are gone were counted all the same.
  store.setCounts(runId, counts);
}

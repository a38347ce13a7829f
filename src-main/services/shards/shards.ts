import { ConfigIqError, fileError, invalidInput } from '../../../src-worker/engine/errors.ts';
import type { SweepSummary } from '../../../src-worker/protocol/app-api.ts';
import type { ColumnBatch } from '../../../src-worker/protocol/columns.ts';
import { sweepSpecSchema, type SweepSpec } from '../../../src-worker/protocol/requests.ts';
import type { Store, StoredRun } from '../../store/store.ts';
import { writePiecesAtomically } from '../atomic-write.ts';
import { bestSoFar } from '../best-so-far.ts';
import { checkRequest } from '../check-request.ts';
import { inSlices } from '../in-slices.ts';
import { thisProcess } from '../owner.ts';
import { refuseOtherVersions } from '../resumed-sweep.ts';
import { failRun, modelsOf } from '../stored-sweep.ts';
import type { PlannedSweep } from '../sweeps.ts';
import { damagedShard, openShardFile, shardChunks, shardPieces, type CountedChunk } from './shard-file.ts';
import { shardSet } from './shard-set.ts';

/** For hosts whose user may read and write this machine's files. */
export interface Shards {
  /**
   * Writes the batches of a finished run as a shard file, of the whole sweep where the run has no shard; answers what the sweep
   * answered. Throws `unknown_run`,
   * `run_of_other_versions`, `shard_unfinished`, `run_damaged`, `file_not_writable`.
   */
  export(runId: number, path: string): Promise<SweepSummary>;
  /**
   * Stores the sweep that the files are the shards of as a finished run; `name` empty = as the shards are called. Throws what
   * `openShardFile` and `shardSet` throw before anything is stored, and `shard_damaged`: a merge that fails leaves no run. Memory stays flat.
   */
  merge(paths: readonly string[], name: string): Promise<SweepSummary>;
}

interface ShardParts {
  store: Store;
  now: () => Date;
  /** How a spec is planned and answered now. */
  plan: (spec: SweepSpec) => PlannedSweep;
}

export const createShards = ({ store, now, plan }: ShardParts): Shards => ({
  async export(runId, path) {
    const run = store.readRun(runId);
    if (run?.kind !== 'sweep') throw invalidInput('unknown_run', `There is no sweep ${runId}.`, { id: runId });
    if (run.status !== 'done' || run.donePoints !== run.points) throw unfinished(run);
    const { shard = { index: 1, of: 1 }, ...spec } = checkRequest(sweepSpecSchema, run.input, `Spec of run ${runId}`);
    const planned = plan({ ...spec, shard });
    refuseOtherVersions(run, planned.versions);
    const found = store.listChunks(runId).reduce((sum, chunk) => sum + (chunk.points ?? 0), 0);
    if (found < run.points) throw runDamaged(runId, `${found} of its ${run.points} points are there.`);
    const header = {
      schema_version: 1 as const,
      name: run.name,
      spec,
      versions: run.versions,
      shard,
      points: planned.plan.points,
      units: planned.plan.unitsInAll,
      shard_points: run.points,
      shard_units: planned.plan.units.length,
    };
    await writePiecesAtomically(path, shardPieces(header, countedChunks(store, run)));
    const { points, rows, passing: passingRows } = run;
    return { runId, status: 'done', points, donePoints: points, rows, passingRows, problems: [] };
  },

  async merge(paths, name) {
    const { header, batches } = shardSet(paths.map(openShardFile));
    const { spec, versions, points } = header;
    const best = bestSoFar();
    const runId = store.createRun({
      name: name.trim() || header.name,
      model: modelsOf(checkRequest(sweepSpecSchema, spec, 'Spec of the shards')),
      createdAt: now().toISOString(),
      owner: thisProcess,
      input: spec,
      versions,
      points,
    });
    const counts = { rows: 0, passingRows: 0 };
    try {
      for await (const chunk of inSlices(shardChunks(batches))) {
        best.add(stored(store, runId, chunk, batches[chunk.seq]?.path ?? ''));
        counts.rows += chunk.rows;
        counts.passingRows += chunk.passing;
      }
      store.setAnswer(runId, best.answer(points));
      store.finishRun(runId, { status: 'done', problems: [] });
    } catch (thrown) {
      // Half a merge is of no use: the files are there, and are merged again.
      failRun(store, runId, thrown);
      removeRun(store, runId);
      throw thrown;
    }
    return { runId, status: 'done', points, donePoints: points, ...counts, problems: [] };
  },
});

/** Throws `shard_damaged` for a batch that the store cannot take. */
function stored(store: Store, runId: number, chunk: CountedChunk, path: string): ColumnBatch {
  try {
    return store.appendPackedChunk(runId, chunk);
  } catch (thrown) {
    if (!(thrown instanceof ConfigIqError) || thrown.code !== 'row_unreadable') throw thrown;
    throw damagedShard(path, `batch ${chunk.seq}`, thrown);
  }
}

function removeRun(store: Store, runId: number): void {
  try {
    store.deleteRun(runId);
    store.compact();
  } catch (again) {
    // A full disk refuses this too: the run stays among the runs, as failed. The first error counts.
    if (!(again instanceof ConfigIqError)) throw again;
  }
}

/** Throws `run_damaged` for a batch that cannot be read, which no merge would take. */
function* countedChunks(store: Store, { id }: StoredRun): Generator<CountedChunk> {
  for (const { points, passing, ...chunk } of store.readPackedChunks(id)) {
    if (points === null || passing === null) throw new Error(`batch ${chunk.seq} of run ${id} has no counts`);
    store.readChunk(id, chunk.seq, (problem) => {
      throw runDamaged(id, problem);
    });
    yield { ...chunk, points, passing };
  }
}

const runDamaged = (id: number, problem: string): Error =>
  fileError(
    'run_damaged',
    `Run ${id} is damaged, and a shard is merged whole: configiq sweep resume ${id} computes again what is missing.\n${problem}`,
    { id },
  );

const unfinished = ({ id, points, donePoints }: StoredRun): Error =>
  fileError(
    'shard_unfinished',
    `Run ${id} has ${donePoints} of its ${points} points, and a shard is merged whole: go on with configiq sweep resume ${id} --export FILE.`,
    { id },
  );

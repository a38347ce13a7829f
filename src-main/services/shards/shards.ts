import { fileError, invalidInput } from '../../../src-worker/engine/errors.ts';
import type { SweepSummary } from '../../../src-worker/protocol/app-api.ts';
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
import { openShardFile, shardChunks, shardPieces, type CountedChunk } from './shard-file.ts';
import { shardSet } from './shard-set.ts';

/** For hosts whose user may read and write this machine's files. */
export interface Shards {
  /**
   * Writes the batches of a finished run as a shard file, of the whole sweep where the run has no shard; answers what the sweep
   * answered. Throws `unknown_run`,
   * `run_of_other_versions`, `shard_unfinished`, `file_not_writable`.
   */
  export(runId: number, path: string): Promise<SweepSummary>;
  /**
   * Stores the sweep that the files are the shards of as a finished run; `name` empty = as the shards are called. Throws what
   * `openShardFile` and `shardSet` throw before anything is stored. Memory stays flat.
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
        best.add(store.appendPackedChunk(runId, chunk));
        counts.rows += chunk.rows;
        counts.passingRows += chunk.passing;
      }
      store.setAnswer(runId, best.answer(points));
      store.finishRun(runId, { status: 'done', problems: [] });
    } catch (thrown) {
      failRun(store, runId, thrown);
      throw thrown;
    }
    return { runId, status: 'done', points, donePoints: points, ...counts, problems: [] };
  },
});

function* countedChunks(store: Store, { id }: StoredRun): Generator<CountedChunk> {
  for (const { points, passing, ...chunk } of store.readPackedChunks(id)) {
    if (points === null || passing === null) throw new Error(`batch ${chunk.seq} of run ${id} has no counts`);
    yield { ...chunk, points, passing };
  }
}

const unfinished = ({ id, points, donePoints }: StoredRun): Error =>
  fileError(
    'shard_unfinished',
    `Run ${id} has ${donePoints} of its ${points} points, and a shard is merged whole: go on with configiq sweep resume ${id} --export FILE.`,
    { id },
  );

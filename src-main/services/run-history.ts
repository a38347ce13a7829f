import { differencesOf } from '../../src-worker/answers/runs/difference.ts';
import { sizeDifference } from '../../src-worker/answers/runs/size-difference.ts';
import { axisColumns, SweepComparison, type SurveyedBatch } from '../../src-worker/answers/runs/sweep-difference.ts';
import { ConfigIqError, invalidInput } from '../../src-worker/engine/errors.ts';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { SCHEMA_VERSION } from '../../src-worker/protocol/documents.ts';
import { sweepSpecSchema, type SweepSpec } from '../../src-worker/protocol/requests.ts';
import type { DeletedRuns, RunEntry, RunHead } from '../../src-worker/protocol/run-api.ts';
import type { RunDiffDocument } from '../../src-worker/protocol/run-diff.ts';
import type { Store, StoredRun } from '../store/store.ts';
import { inSlices } from './in-slices.ts';
import { numberedBatches } from './stored-batches.ts';
import { documentOf, requiredRun, runEntry, unknownRun } from './run-view.ts';

export function runHead(store: Store, id: number): RunHead {
  const run = requiredRun(store, id);
  const { input, versions, problems } = run;
  return { entry: runEntry(run), input, versions, problems };
}

/**
 * Removes all of the runs or, where one cannot be removed, none; then gives their room back to the disk. A run that cannot be read
 * is removed like any other.
 */
export function deleteRuns(store: Store, ids: readonly number[]): DeletedRuns {
  const known = [...new Set(ids)].map((id) => ({ id, status: store.readRunStatus(id) }));
  const unknown = known.find(({ status }) => status === null);
  if (unknown) throw unknownRun(unknown.id);
  const running = known.find(({ status }) => status === 'running');
  if (running) {
    const { id } = running;
    throw invalidInput('run_running', `Run ${id} is still computed: stop it first, then delete it.`, { id });
  }
  const runs = known.map(({ id }) => ({ id, entry: readableEntry(store, id) }));
  for (const { id } of runs) store.deleteRun(id);
  const { before, after } = store.compact();
  return {
    runs: runs.flatMap(({ entry }) => (entry ? [entry] : [])),
    unreadable: runs.flatMap(({ id, entry }) => (entry ? [] : [id])),
    bytesBefore: before,
    bytesAfter: after,
  };
}

/** null = the row of the run cannot be read. */
function readableEntry(store: Store, id: number): RunEntry | null {
  try {
    return runEntry(requiredRun(store, id));
  } catch (thrown) {
    if (thrown instanceof ConfigIqError && thrown.code === 'row_unreadable') return null;
    throw thrown;
  }
}

/** What differs between two runs. Works in slices, so that long ones hold nobody up. */
export async function runDifference(
  store: Store,
  ids: { before: number; after: number },
  report: (problem: string) => void,
): Promise<RunDiffDocument> {
  const [before, after] = [requiredRun(store, ids.before), requiredRun(store, ids.after)];
  return {
    schema_version: SCHEMA_VERSION,
    kinds: { before: before.kind, after: after.kind },
    input: differencesOf(before.input, after.input),
    versions: differencesOf(before.versions, after.versions),
    ...(await answersCompared(store, before, after, report)),
  };
}

type Compared = Pick<RunDiffDocument, 'rows' | 'points' | 'reason'>;

async function answersCompared(
  store: Store,
  before: StoredRun,
  after: StoredRun,
  report: (problem: string) => void,
): Promise<Compared> {
  const nothing: Compared = { rows: null, points: null, reason: null };
  if (before.kind !== after.kind) return { ...nothing, reason: 'One is a sweep and the other a single question.' };
  if (before.kind === 'size') {
    const [one, other] = [documentOf(store, before), documentOf(store, after)];
    return one && other
      ? { ...nothing, rows: sizeDifference(one, other) }
      : { ...nothing, reason: 'One of them was stored without its answer.' };
  }
  const [axes, otherAxes] = [axesOf(before), axesOf(after)];
  const [names, otherNames] = [axisColumns(axes), axisColumns(otherAxes)];
  if (names.join() !== otherNames.join()) {
    return { ...nothing, reason: `Their axes differ: ${wordsOf(names)} against ${wordsOf(otherNames)}.` };
  }
  const comparison = new SweepComparison(axes);
  const surveyed = { before: new Map<number, SurveyedBatch>(), after: new Map<number, SurveyedBatch>() };
  for (const [name, run] of [['before', before] as const, ['after', after] as const]) {
    for await (const { seq, batch } of inSlices(numberedBatches(store, run, report))) {
      surveyed[name].set(seq, comparison.survey(batch, name));
    }
  }
  for (const { needs, addBefore, addAfter } of comparison.windows()) {
    const needed = (batches: Map<number, SurveyedBatch>) =>
      new Set([...batches].flatMap(([seq, batch]) => (needs(batch) ? [seq] : [])));
    const [ofBefore, ofAfter] = [needed(surveyed.before), needed(surveyed.after)];
    for await (const { batch } of inSlices(batchesIn(store, before, ofBefore))) addBefore(batch);
    for await (const { batch } of inSlices(batchesIn(store, after, ofAfter))) addAfter(batch);
  }
  return { ...nothing, points: comparison.difference() };
}

/** Batches that were read before, once more, one at a time. */
function* batchesIn(store: Store, { id }: StoredRun, seqs: ReadonlySet<number>): Generator<{ batch: ColumnBatch }> {
  for (const seq of seqs) {
    // What it lacks was told when it was surveyed.
    const batch = store.readChunk(id, seq, () => undefined);
    if (batch) yield { batch };
  }
}

const wordsOf = (columns: readonly string[]): string => (columns.length > 0 ? columns.join(', ') : 'none');

// The store has checked it against the schema when it was read.
const axesOf = ({ input }: StoredRun): SweepSpec['axes'] => sweepSpecSchema.parse(input).axes;

import { transferables, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { OrderedRows, RunBatches, RunBatch } from '../../src-worker/answers/run-rows/rows-page.ts';
import type { StoredRun } from '../store/store.ts';
import { inSlices } from './in-slices.ts';
import { pointsIn } from '../../src-worker/answers/sweep/points.ts';

/** Bytes of batches that are held at most: two runs of five million rows, which take about 100 MB each. */
export const MOST_HELD_BYTES = 256e6;

/** A run whose rows are looked at. */
export interface HeldRun extends RunBatches {
  columns: string[];
  /** Any of its batches, for what is alike in all; null = it has none. */
  sample: ColumnBatch | null;
  /** The rows that were last asked for: a further page of the same ones is quick. */
  last: { key: string; rows: OrderedRows } | null;
}

export interface HeldRuns {
  /** The batches of a run: those that are held where it has not changed since, else as `read` gives them. */
  open(run: StoredRun, read: () => Iterable<ColumnBatch>): Promise<HeldRun>;
}

interface Entry {
  state: string;
  held: Promise<HeldRun>;
  /** 0 = nothing is held: the run is read anew for every pass. */
  bytes: number;
}

/** Keeps the batches of the runs that were looked at last; one too large to be held is read anew each time, a batch at a time. */
export function createHeldRuns(mostBytes = MOST_HELD_BYTES): HeldRuns {
  // The last is the one that was asked for last.
  const entries = new Map<number, Entry>();

  const take = (entry: Entry, bytes: number): void => {
    entry.bytes = bytes;
    let sum = [...entries.values()].reduce((total, other) => total + other.bytes, 0);
    for (const [id, other] of entries) {
      if (sum <= mostBytes || other === entry) return;
      entries.delete(id);
      sum -= other.bytes;
    }
  };

  const load = async (
    run: StoredRun,
    read: () => Iterable<ColumnBatch>,
    hold: (bytes: number, isWhole: boolean) => void,
  ): Promise<HeldRun> => {
    const batches: RunBatch[] = [];
    let bytes = 0;
    let rows = 0;
    let sample: ColumnBatch | null = null;
    for await (const batch of inSlices(read())) {
      sample ??= batch;
      bytes += bytesOf(batch);
      rows += batch.rows;
      if (bytes > mostBytes) break;
      batches.push(runBatch(batch));
    }
    const isHeld = bytes <= mostBytes;
    hold(isHeld ? bytes : 0, !isHeld || rows >= run.rows);
    return {
      columns: sample?.order ?? [],
      sample,
      last: null,
      textRanks: new Map(),
      batches: isHeld ? () => batches : () => readBatches(read),
    };
  };

  return {
    open(run, read) {
      const state = `${run.status} ${run.rows} ${run.donePoints}`;
      const known = entries.get(run.id);
      entries.delete(run.id);
      if (known?.state === state) {
        entries.set(run.id, known);
        return known.held;
      }
      const forget = (): void => {
        if (entries.get(run.id) === entry) entries.delete(run.id);
      };
      const held = load(run, read, (bytes, isWhole) => {
        // A damaged run looks the same once it is mended: it is read anew the next time.
        if (isWhole) take(entry, bytes);
        else forget();
      });
      const entry: Entry = { state, bytes: 0, held };
      // What could not be read is read anew the next time.
      entry.held.catch(forget);
      entries.set(run.id, entry);
      return entry.held;
    },
  };
}

function* readBatches(read: () => Iterable<ColumnBatch>): Generator<RunBatch> {
  for (const batch of read()) yield runBatch(batch);
}

function runBatch(batch: ColumnBatch): RunBatch {
  let best: Uint32Array | null = null;
  return {
    batch,
    best: () =>
      (best ??= Uint32Array.from(pointsIn(batch).flatMap(({ best: row }) => (row === null ? [] : [row]))).sort()),
  };
}

const bytesOf = (batch: ColumnBatch): number =>
  transferables(batch).reduce((sum, { byteLength }) => sum + byteLength, 0);

import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { describeIssues } from '../../src-worker/protocol/requests.ts';
import { packed, unpacked } from '../../src-worker/pool/packed-batch.ts';
import { fileError, type ConfigIqError } from '../../src-worker/engine/errors.ts';
import { isDamage } from './errors.ts';
import { flatColumnsSchema, unpackFlat } from './flat-blob.ts';
import { jsonText, unreadable } from './rows.ts';
import type { PackedChunk, Store, StoredChunk } from './store.ts';

type ChunkVerbs = Pick<
  Store,
  'appendChunk' | 'readChunks' | 'readChunk' | 'listChunks' | 'removeChunk' | 'readPackedChunks' | 'appendPackedChunk'
>;
type Counts = Pick<StoredChunk, 'rows' | 'points' | 'passing'>;

const chunkRow = z.strictObject({
  seq: z.number().int().min(0),
  rows: z.number().int().min(0),
  columns: jsonText(z.union([z.strictObject({ form: z.literal('packed') }), flatColumnsSchema])),
  data: z.instanceof(Uint8Array),
});

/** What `columns` says where the batch describes itself; earlier versions described it there. */
const PACKED = JSON.stringify({ form: 'packed' });

/** Result rows of sweeps, a batch at a time. */
export function chunkVerbs(db: Database): ChunkVerbs {
  const insert = db.prepare<[number, number, number, number, number, string, Uint8Array]>(
    'INSERT INTO run_chunk (run_id, seq, rows, points, passing, columns, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const add = db.prepare<[number, number, number, number]>(
    'UPDATE run SET done_points = done_points + ?, rows = rows + ?, passing = passing + ? WHERE id = ?',
  );
  // Places come from the index alone, so that a page that is damaged costs its own batch and no other. One query per batch
  // instead of one open cursor: a cursor would keep the connection from writing meanwhile.
  const nextPlace = db
    .prepare<[number, number], number>('SELECT seq FROM run_chunk WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT 1')
    .pluck();
  const counts = db.prepare<[number, number], Counts>(
    'SELECT rows, points, passing FROM run_chunk WHERE run_id = ? AND seq = ?',
  );
  const remove = db.prepare<[number, number]>('DELETE FROM run_chunk WHERE run_id = ? AND seq = ?');
  const one = db.prepare<[number, number], { seq: number }>(
    'SELECT seq, rows, columns, data FROM run_chunk WHERE run_id = ? AND seq = ?',
  );
  const onePacked = db.prepare<[number, number], PackedChunk>(
    'SELECT seq, rows, points, passing, columns, data FROM run_chunk WHERE run_id = ? AND seq = ?',
  );
  function* places(runId: number): Generator<number> {
    for (let seq = nextPlace.get(runId, -1); seq !== undefined; seq = nextPlace.get(runId, seq)) yield seq;
  }

  const store = db.transaction(
    (
      runId: number,
      { seq, rows, points, passing, columns, data }: PackedChunk & { points: number; passing: number },
    ) => {
      insert.run(runId, seq, rows, points, passing, columns, data);
      add.run(points, rows, passing, runId);
    },
  );
  const takeOut = db.transaction((runId: number, seq: number) => {
    const gone = onSoundPages(
      () => counts.get(runId, seq),
      () => undefined,
    );
    remove.run(runId, seq);
    if (gone) add.run(-(gone.points ?? 0), -gone.rows, -(gone.passing ?? 0), runId);
  });

  return {
    appendChunk(runId, seq, batch, counts) {
      const { rows, data } = 'tables' in batch ? packed(batch) : batch;
      store.immediate(runId, { seq, rows, ...counts, columns: PACKED, data });
    },
    appendPackedChunk(runId, chunk) {
      const { seq, rows, columns, data } = chunk;
      const what = `batch ${seq}`;
      const batch = readable(what, { seq, rows, columns, data }, (problem) => {
        throw unreadable(what, problem);
      });
      // What cannot be read was thrown.
      if (!batch) throw unreadable(what, `${what}: it holds no rows.`);
      store.immediate(runId, chunk);
      return batch;
    },
    readChunk(runId, seq, report) {
      const what = `run ${runId}, batch ${seq}`;
      const row = onSoundPages(
        () => one.get(runId, seq),
        () => report(unreadable(what, `${what}: ${PAGE_DAMAGED}.`).message),
      );
      return row ? readable(what, row, report) : null;
    },
    *readPackedChunks(runId) {
      for (const seq of places(runId)) {
        const row = onSoundPages(
          () => onePacked.get(runId, seq),
          (thrown) => {
            throw damagedRun(runId, seq, thrown);
          },
        );
        if (row) yield row;
      }
    },
    listChunks(runId) {
      const chunks: StoredChunk[] = [];
      for (const seq of places(runId)) {
        const found = onSoundPages(
          () => counts.get(runId, seq),
          () => undefined,
        );
        chunks.push({ seq, ...(found ?? { rows: 0, points: 0, passing: 0 }) });
      }
      return chunks;
    },
    removeChunk(runId, seq) {
      onSoundPages(
        () => takeOut.immediate(runId, seq),
        (thrown) => {
          throw damagedRun(runId, seq, thrown);
        },
      );
    },
    *readChunks(runId, report) {
      for (const seq of places(runId)) {
        const batch = this.readChunk(runId, seq, report);
        if (batch) yield batch;
      }
    },
  };
}

const PAGE_DAMAGED = 'the database is damaged there';

/** What `work` finds; where a page that it needs is damaged, `whereDamaged` is called and there is nothing. */
function onSoundPages<Value>(work: () => Value, whereDamaged: (thrown: unknown) => void): Value | undefined {
  try {
    return work();
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    whereDamaged(thrown);
    return undefined;
  }
}

/** A batch that can be neither read nor replaced where it lies. */
const damagedRun = (runId: number, seq: number, cause: unknown): ConfigIqError =>
  fileError(
    'run_damaged',
    `Run ${runId} is damaged: its batch ${seq} lies on a page of the database that cannot be read. "configiq runs rerun ${runId}" asks it anew, ` +
      `"configiq runs delete ${runId}" removes it; other runs are not touched.`,
    { id: runId, batch: seq },
    cause,
  );

/** The batch of a row; null, and reported, when it cannot be read. */
function readable(what: string, row: unknown, report: (problem: string) => void): ColumnBatch | null {
  const checked = chunkRow.safeParse(row);
  if (!checked.success) {
    report(unreadable(what, describeIssues(checked.error, what)).message);
    return null;
  }
  const { columns, data, rows } = checked.data;
  try {
    return 'form' in columns ? unpacked({ rows, data }) : unpackFlat(columns, data, rows);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    report(unreadable(what, `${what}: ${thrown.message}.`).message);
    return null;
  }
}

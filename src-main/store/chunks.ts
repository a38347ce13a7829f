import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { describeIssues } from '../../src-worker/protocol/requests.ts';
import { packed, unpacked } from '../../src-worker/pool/packed-batch.ts';
import { flatColumnsSchema, unpackFlat } from './flat-blob.ts';
import { jsonText, unreadable } from './rows.ts';
import type { PackedChunk, Store } from './store.ts';

type ChunkVerbs = Pick<
  Store,
  'appendChunk' | 'readChunks' | 'readChunk' | 'listChunks' | 'removeChunk' | 'readPackedChunks' | 'appendPackedChunk'
>;

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
  const all = db.prepare<[number], { seq: number; rows: number; points: number | null; passing: number | null }>(
    'SELECT seq, rows, points, passing FROM run_chunk WHERE run_id = ? ORDER BY seq',
  );
  const remove = db.prepare<[number, number], { rows: number; points: number | null; passing: number | null }>(
    'DELETE FROM run_chunk WHERE run_id = ? AND seq = ? RETURNING rows, points, passing',
  );
  // One query per batch instead of one open cursor: a cursor would keep the connection from writing meanwhile.
  const next = db.prepare<[number, number], { seq: number }>(
    'SELECT seq, rows, columns, data FROM run_chunk WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT 1',
  );
  const one = db.prepare<[number, number], { seq: number }>(
    'SELECT seq, rows, columns, data FROM run_chunk WHERE run_id = ? AND seq = ?',
  );
  const nextPacked = db.prepare<[number, number], PackedChunk>(
    'SELECT seq, rows, points, passing, columns, data FROM run_chunk WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT 1',
  );

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
    const chunk = remove.get(runId, seq);
    if (chunk) add.run(-(chunk.points ?? 0), -chunk.rows, -(chunk.passing ?? 0), runId);
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
      const row = one.get(runId, seq);
      return row ? readable(`run ${runId}, batch ${seq}`, row, report) : null;
    },
    *readPackedChunks(runId) {
      for (let row = nextPacked.get(runId, -1); row; row = nextPacked.get(runId, row.seq)) yield row;
    },
    listChunks: (runId) => all.all(runId),
    removeChunk: (runId, seq) => takeOut.immediate(runId, seq),
    *readChunks(runId, report) {
      for (let row = next.get(runId, -1); row; row = next.get(runId, row.seq)) {
        const batch = readable(`run ${runId}, batch ${row.seq}`, row, report);
        if (batch) yield batch;
      }
    },
  };
}

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

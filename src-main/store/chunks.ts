import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { describeIssues } from '../../src-worker/protocol/requests.ts';
import { unpackRows } from './chosen-rows.ts';
import { chunkColumnsSchema, packBatch, unpackBatch } from './column-blob.ts';
import { jsonText, unreadable } from './rows.ts';
import type { Store } from './store.ts';

type ChunkVerbs = Pick<Store, 'appendChunk' | 'readChunks' | 'readChosen'>;

const chunkRow = z.strictObject({
  seq: z.number().int().min(0),
  rows: z.number().int().min(0),
  columns: jsonText(chunkColumnsSchema),
  data: z.instanceof(Uint8Array),
});

/** Result rows of sweeps, a batch at a time. */
export function chunkVerbs(db: Database): ChunkVerbs {
  const insert = db.prepare<[number, number, number, string, Buffer]>(
    `INSERT INTO run_chunk (run_id, seq, rows, columns, data)
     VALUES (?, (SELECT COALESCE(MAX(seq) + 1, 0) FROM run_chunk WHERE run_id = ?), ?, ?, ?)`,
  );
  const add = db.prepare<[number, number, number, number]>(
    'UPDATE run SET done_points = done_points + ?, rows = rows + ?, passing = passing + ? WHERE id = ?',
  );
  // One query per batch instead of one open cursor: a cursor would keep the connection from writing meanwhile.
  const next = db.prepare<[number, number], { seq: number }>(
    'SELECT seq, rows, columns, data FROM run_chunk WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT 1',
  );

  const store = db.transaction((runId: number, batch: ColumnBatch, counts: { donePoints: number; passing: number }) => {
    const { columns, data } = packBatch(batch);
    insert.run(runId, runId, batch.rows, JSON.stringify(columns), data);
    add.run(counts.donePoints, batch.rows, counts.passing, runId);
  });

  return {
    appendChunk: (runId, batch, counts) => store.immediate(runId, batch, counts),
    *readChunks(runId, report, columns) {
      for (let row = next.get(runId, -1); row; row = next.get(runId, row.seq)) {
        const batch = readable(`run ${runId}, batch ${row.seq}`, row, report, ({ columns: packed, data, rows }) =>
          unpackBatch(packed, data, rows, columns),
        );
        if (batch) yield batch;
      }
    },
    *readChosen(runId, report, columns, choose) {
      for (let row = next.get(runId, -1); row; row = next.get(runId, row.seq)) {
        const batch = readable(`run ${runId}, batch ${row.seq}`, row, report, ({ columns: packed, data, rows }) =>
          unpackRows(packed, data, rows, choose(unpackBatch(packed, data, rows, columns))),
        );
        if (batch) yield batch;
      }
    },
  };
}

/** What `unpack` makes of a batch; null, and reported, when the batch cannot be read. */
function readable(
  what: string,
  row: unknown,
  report: (problem: string) => void,
  unpack: (chunk: z.output<typeof chunkRow>) => ColumnBatch,
): ColumnBatch | null {
  const checked = chunkRow.safeParse(row);
  if (!checked.success) {
    report(unreadable(what, describeIssues(checked.error, what)).message);
    return null;
  }
  try {
    return unpack(checked.data);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    report(unreadable(what, `${what}: ${thrown.message}.`).message);
    return null;
  }
}

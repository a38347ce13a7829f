import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { sizeInputSchema, sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { isDamage } from './errors.ts';
import { jsonText, readRow, readRows, unreadable } from './rows.ts';
import type { Store, StoredRun } from './store.ts';

type RunVerbs = Pick<
  Store,
  | 'createRun'
  | 'reopenRun'
  | 'finishRun'
  | 'setAnswer'
  | 'saveSizeRun'
  | 'listRuns'
  | 'readRun'
  | 'readDocument'
  | 'readRunStatus'
  | 'setCounts'
  | 'deleteRun'
  | 'markInterruptedRuns'
>;

const counter = z.number().int().min(0);
const common = {
  id: counter,
  name: z.string(),
  model: z.string(),
  created_at: z.string(),
  status: z.enum(['running', 'done', 'cancelled', 'failed', 'interrupted']),
  versions: jsonText(z.record(z.string(), z.string())),
  points: counter,
  done_points: counter,
  rows: counter,
  passing: counter,
  problems: jsonText(z.array(z.string())),
  answer: z.string().nullable(),
  usd_per_hour: z.number().nullable(),
};

const runRow = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...common, kind: z.literal('size'), input: jsonText(sizeInputSchema) }),
    z.strictObject({ ...common, kind: z.literal('sweep'), input: jsonText(sweepSpecSchema) }),
  ])
  .transform(({ created_at, done_points, usd_per_hour, ...rest }): StoredRun => ({
    ...rest,
    createdAt: created_at,
    donePoints: done_points,
    usdPerHour: usd_per_hour,
  }));

/** What must hold of a stored answer before it is handed on as text. */
const storedDocument = jsonText(z.looseObject({ schema_version: z.number(), recommendations: z.array(z.unknown()) }));

const nameOf = (row: unknown): string =>
  `run ${typeof row === 'object' && row !== null && 'id' in row ? String(row.id) : 'without a number'}`;

const cureOf = (row: unknown): string => `"configiq runs delete ${nameOf(row).slice('run '.length)}" removes it.`;

const COLUMNS =
  'id, kind, name, model, created_at, status, input, versions, points, done_points, rows, passing, problems, answer, usd_per_hour';

/** Runs: questions with their versions, state and counts. Result rows of sweeps are in chunks.ts. */
export function runVerbs(db: Database): RunVerbs {
  const create = db.prepare<[string, string, string, string, string, string, number]>(
    `INSERT INTO run (kind, name, model, created_at, status, owner, input, versions, points)
     VALUES ('sweep', ?, ?, ?, 'running', ?, ?, ?, ?)`,
  );
  const saveSize = db.prepare<
    [string, string, string, string, string, number, number, string | null, number | null, string]
  >(
    `INSERT INTO run (kind, name, model, created_at, status, input, versions, points, done_points, rows, passing, answer,
                      usd_per_hour, document)
     VALUES ('size', ?, ?, ?, 'done', ?, ?, 1, 1, ?, ?, ?, ?, ?)`,
  );
  const finish = db.prepare<[string, string, number]>(
    'UPDATE run SET status = ?, problems = ?, owner = NULL WHERE id = ?',
  );
  const reopen = db.prepare<[string, number]>(
    "UPDATE run SET status = 'running', owner = ?, problems = '[]' WHERE id = ? AND status <> 'running'",
  );
  const setAnswer = db.prepare<[string | null, number | null, number]>(
    'UPDATE run SET answer = ?, usd_per_hour = ? WHERE id = ?',
  );
  const all = db.prepare<[], unknown>(`SELECT ${COLUMNS} FROM run ORDER BY created_at DESC, id DESC`);
  const one = db.prepare<[number], unknown>(`SELECT ${COLUMNS} FROM run WHERE id = ?`);
  const documentOf = db.prepare<[number], { document: string | null }>('SELECT document FROM run WHERE id = ?');
  const statusOf = db.prepare<[number], string>('SELECT status FROM run WHERE id = ?').pluck();
  const setCounts = db.prepare<[number, number, number, number]>(
    'UPDATE run SET done_points = ?, rows = ?, passing = ? WHERE id = ?',
  );
  const remove = db.prepare<[number]>("DELETE FROM run WHERE id = ? AND status <> 'running'");
  const placesOf = db.prepare<[number], number>('SELECT seq FROM run_chunk WHERE run_id = ?').pluck();
  const removeBatch = db.prepare<[number, number]>('DELETE FROM run_chunk WHERE run_id = ? AND seq = ?');
  /** Rows on pages that are damaged cannot be taken out: they stay, of no run, and their room with them. */
  const removeDamaged = (id: number): boolean => {
    for (const seq of placesOf.all(id)) {
      try {
        removeBatch.run(id, seq);
      } catch (thrown) {
        if (!isDamage(thrown)) throw thrown;
      }
    }
    db.pragma('foreign_keys = OFF');
    try {
      return remove.run(id).changes > 0;
    } finally {
      db.pragma('foreign_keys = ON');
    }
  };
  const running = db.prepare<[], { id: number; owner: string | null }>(
    "SELECT id, owner FROM run WHERE status = 'running' ORDER BY id",
  );
  const interrupt = db.prepare<[number]>(
    "UPDATE run SET status = 'interrupted', owner = NULL WHERE id = ? AND status = 'running'",
  );
  const markInterrupted = db.transaction((isOwnerAlive: (owner: string) => boolean) => {
    const dead = running.all().filter(({ owner }) => owner === null || !isOwnerAlive(owner));
    for (const { id } of dead) interrupt.run(id);
    return dead.map(({ id }) => id);
  });

  return {
    createRun: ({ name, model, createdAt, owner, input, versions, points }) =>
      Number(
        create.run(name, model, createdAt, owner, JSON.stringify(input), JSON.stringify(versions), points)
          .lastInsertRowid,
      ),
    saveSizeRun: ({ name, model, createdAt, input, versions, rows, passing, answer, usdPerHour, document }) => {
      const [question, stand] = [JSON.stringify(input), JSON.stringify(versions)];
      return Number(
        saveSize.run(name, model, createdAt, question, stand, rows, passing, answer, usdPerHour, document)
          .lastInsertRowid,
      );
    },
    finishRun(runId, { status, problems }) {
      finish.run(status, JSON.stringify(problems), runId);
    },
    reopenRun: (runId, owner) => reopen.run(owner, runId).changes === 1,
    setAnswer(runId, { answer, usdPerHour }) {
      setAnswer.run(answer, usdPerHour, runId);
    },
    listRuns: () => readRows(runRow, all.all(), nameOf, cureOf),
    readRun(id) {
      const row = one.get(id);
      return row === undefined ? null : readRow(runRow, row, nameOf(row), cureOf(row));
    },
    readDocument(id) {
      const text = documentOf.get(id)?.document ?? null;
      if (text === null) return null;
      const checked = storedDocument.safeParse(text);
      if (!checked.success) throw unreadable(`run ${id}`, `run ${id}: its answer is not a size document.`);
      return text;
    },
    readRunStatus: (id) => statusOf.get(id) ?? null,
    setCounts(id, { points, rows, passing }) {
      setCounts.run(points, rows, passing, id);
    },
    deleteRun(id) {
      try {
        // Its rows go with it (ON DELETE CASCADE).
        return remove.run(id).changes > 0;
      } catch (thrown) {
        if (!isDamage(thrown)) throw thrown;
        return statusOf.get(id) !== 'running' && removeDamaged(id);
      }
    },
    markInterruptedRuns: (isOwnerAlive) => markInterrupted.immediate(isOwnerAlive),
  };
}

import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { readRows } from './rows.ts';
import type { Store, StoredCalibration } from './store.ts';

type CalibrationVerbs = Pick<Store, 'listCalibrations' | 'saveCalibration' | 'removeCalibration' | 'useCalibration'>;

const COLUMNS = 'name, document, left_out, created_at, in_use';

const calibrationRow = z
  .strictObject({
    name: z.string(),
    document: z.string(),
    left_out: z.string(),
    created_at: z.string(),
    in_use: z.number().int(),
  })
  .transform(({ name, document, left_out: leftOut, created_at: createdAt, in_use: inUse }): StoredCalibration => ({
    name,
    document,
    leftOut,
    createdAt,
    isInUse: inUse === 1,
  }));

const namedRow = z.object({ name: z.string() });
const nameOf = (row: unknown): string => namedRow.safeParse(row).data?.name ?? '?';

/** Calibration profiles that were fitted here. */
export function calibrationVerbs(db: Database): CalibrationVerbs {
  const all = db.prepare<[], unknown>(`SELECT ${COLUMNS} FROM calibration_profile ORDER BY name`);
  const save = db.prepare<[string, string, string, string, number]>(
    `INSERT INTO calibration_profile (${COLUMNS}) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET document = excluded.document, left_out = excluded.left_out,
       created_at = excluded.created_at, in_use = excluded.in_use`,
  );
  const remove = db.prepare<[string]>('DELETE FROM calibration_profile WHERE name = ?');
  const useOne = db.prepare<[string]>('UPDATE calibration_profile SET in_use = (name = ?)');
  const useNone = db.prepare<[]>('UPDATE calibration_profile SET in_use = 0');
  return {
    listCalibrations: () => readRows(calibrationRow, all.all(), (row) => `calibration profile "${nameOf(row)}"`),
    saveCalibration({ name, document, leftOut, createdAt, isInUse }) {
      save.run(name, document, leftOut, createdAt, isInUse ? 1 : 0);
    },
    removeCalibration: (name) => remove.run(name).changes > 0,
    useCalibration(name) {
      if (name === null) useNone.run();
      else useOne.run(name);
    },
  };
}

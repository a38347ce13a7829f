import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { readRow, readRows } from './rows.ts';
import type { Store, StoredCalibration } from './store.ts';

type CalibrationVerbs = Pick<
  Store,
  | 'listCalibrations'
  | 'saveCalibration'
  | 'removeCalibration'
  | 'useCalibration'
  | 'readEarlierCalibration'
  | 'restoreCalibration'
>;

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

/** Calibration profiles that were fitted here, and of each name the one that was there before. */
export function calibrationVerbs(db: Database): CalibrationVerbs {
  const all = db.prepare<[], unknown>(`SELECT ${COLUMNS} FROM calibration_profile ORDER BY name`);
  const earlier = db.prepare<[string], unknown>(`SELECT ${COLUMNS} FROM earlier_calibration_profile WHERE name = ?`);
  const save = db.prepare<[string, string, string, string, number]>(
    `INSERT OR REPLACE INTO calibration_profile (${COLUMNS}) VALUES (?, ?, ?, ?, ?)`,
  );
  const put = ({ name, document, leftOut, createdAt, isInUse }: StoredCalibration): void => {
    save.run(name, document, leftOut, createdAt, isInUse ? 1 : 0);
  };
  const keepEarlier = db.prepare<[string]>(
    `INSERT OR REPLACE INTO earlier_calibration_profile (${COLUMNS})
     SELECT ${COLUMNS} FROM calibration_profile WHERE name = ?`,
  );
  const remove = db.prepare<[string]>('DELETE FROM calibration_profile WHERE name = ?');
  const removeEarlier = db.prepare<[string]>('DELETE FROM earlier_calibration_profile WHERE name = ?');
  const useOne = db.prepare<[string | null]>('UPDATE calibration_profile SET in_use = (name IS ?)');
  const useNoEarlier = db.prepare<[]>('UPDATE earlier_calibration_profile SET in_use = 0');
  return {
    listCalibrations: () => readRows(calibrationRow, all.all(), (row) => `calibration profile "${nameOf(row)}"`),
    saveCalibration: db.transaction((profile: StoredCalibration) => {
      keepEarlier.run(profile.name);
      put(profile);
    }),
    removeCalibration: db.transaction((name: string) => {
      keepEarlier.run(name);
      return remove.run(name).changes > 0;
    }),
    useCalibration: db.transaction((name: string | null) => {
      useOne.run(name);
      useNoEarlier.run();
    }),
    readEarlierCalibration(name) {
      const row = earlier.get(name);
      return row === undefined ? null : readRow(calibrationRow, row, `the earlier calibration profile "${name}"`);
    },
    restoreCalibration: db.transaction((profile: StoredCalibration) => {
      // In this order: what is there now becomes the earlier one, or there is none any more.
      if (keepEarlier.run(profile.name).changes === 0) removeEarlier.run(profile.name);
      put(profile);
    }),
  };
}

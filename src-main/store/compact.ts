import Sqlite, { type Database } from 'better-sqlite3';
import { isDamage } from './errors.ts';

/** `PRAGMA auto_vacuum`: pages that are free may be taken off the end of the file. */
const INCREMENTAL = 2;

/** Of a database without tables, before anything else is done to it: later only VACUUM could change it. */
export function useFreePages(db: Database): void {
  db.pragma('auto_vacuum = INCREMENTAL');
}

/**
 * Gives free pages back to the disk. Databases of earlier versions have to be written anew for it once, which takes as much
 * room again; where there is none, the free pages stay in the file for later runs. Bytes of the file before and after.
 */
export function compact(db: Database): { before: number; after: number } {
  const before = bytesOf(db);
  try {
    if (db.pragma('auto_vacuum', { simple: true }) === INCREMENTAL) db.pragma('incremental_vacuum');
    else {
      useFreePages(db);
      db.exec('VACUUM');
    }
    // What was freed lies in the log until it is carried over; another program's reader may keep it there for a while.
    db.pragma('wal_checkpoint(TRUNCATE)');
  } catch (thrown) {
    // Pages cannot be moved where one is damaged.
    if (!isNoRoom(thrown) && !isDamage(thrown)) throw thrown;
  }
  return { before, after: bytesOf(db) };
}

const bytesOf = (db: Database): number =>
  Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }));

/** No room to write it anew, or another program at it: what was removed is removed all the same. */
const isNoRoom = (thrown: unknown): boolean =>
  thrown instanceof Sqlite.SqliteError && /^SQLITE_(FULL|BUSY|LOCKED|IOERR)/.test(thrown.code);

import type { Database } from 'better-sqlite3';

/** Marks the file as ours ("CfIQ"), so that somebody else's SQLite file is never written to. */
export const APPLICATION_ID = 0x43664951;

/** Version of the tables in the file: how many migrations it has seen. */
export function readVersion(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/**
 * Brings the database to the newest version, one transaction per migration. Two programs may start at once: the version
 * is read again inside the write lock, so that each migration runs once.
 */
export function migrate(db: Database, migrations: readonly string[]): void {
  for (const [index, sql] of migrations.entries()) {
    // Without this look a start would have to wait for every other program's write.
    if (readVersion(db) > index) continue;
    const step = db.transaction(() => {
      if (readVersion(db) > index) return;
      db.exec(sql);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${index + 1}`);
    });
    step.immediate();
  }
}

import Sqlite, { type Database } from 'better-sqlite3';

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

const COLUMNS_BY_TABLE = `
  SELECT part.name AS table_name, column.name AS column_name
  FROM sqlite_schema AS part JOIN pragma_table_info(part.name) AS column
  WHERE part.type = 'table' ORDER BY part.name, column.cid`;

interface TableColumn {
  table_name: string;
  column_name: string;
}

/** What of the tables that `migrations` make a database lacks, in words; null = nothing. */
export function missingPart(db: Database, migrations: readonly string[]): string | null {
  const columnsOf = (of: Database): TableColumn[] => of.prepare<[], TableColumn>(COLUMNS_BY_TABLE).all();
  const present = columnsOf(db);
  const pattern = new Sqlite(':memory:');
  try {
    for (const sql of migrations) pattern.exec(sql);
    const missing = columnsOf(pattern).find(
      ({ table_name: table, column_name: column }) =>
        !present.some((own) => own.table_name === table && own.column_name === column),
    );
    if (!missing) return null;
    const { table_name: table, column_name: column } = missing;
    return present.some((own) => own.table_name === table)
      ? `its table ${table} has no column ${column}`
      : `its table ${table} is missing`;
  } finally {
    pattern.close();
  }
}

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

interface MissingPart {
  table: string;
  isWholeTable: boolean;
  /** `its table run is missing`. */
  words: string;
}

/** Runs `work` with an empty database as `migrations` make it. */
function withPattern<Value>(migrations: readonly string[], work: (pattern: Database) => Value): Value {
  const pattern = new Sqlite(':memory:');
  try {
    for (const sql of migrations) pattern.exec(sql);
    return work(pattern);
  } finally {
    pattern.close();
  }
}

/** What of the tables that `migrations` make a database lacks. */
function missingParts(db: Database, migrations: readonly string[]): MissingPart[] {
  const columnsOf = (of: Database): TableColumn[] => of.prepare<[], TableColumn>(COLUMNS_BY_TABLE).all();
  const present = columnsOf(db);
  const wanted = withPattern(migrations, columnsOf);
  return wanted
    .filter(
      ({ table_name: table, column_name: column }) =>
        !present.some((own) => own.table_name === table && own.column_name === column),
    )
    .map(({ table_name: table, column_name: column }) => {
      const isWholeTable = !present.some((own) => own.table_name === table);
      const words = isWholeTable ? `its table ${table} is missing` : `its table ${table} has no column ${column}`;
      return { table, isWholeTable, words };
    });
}

/** Tables that hold nothing but what an undo needs, and what is lost with them. */
const UNDO_TABLES: ReadonlyMap<string, string> = new Map([
  [
    'earlier_calibration_profile',
    'calibration profiles that were removed or replaced before cannot be put back any more',
  ],
]);

const canBeRemade = ({ table, isWholeTable }: MissingPart): boolean => isWholeTable && UNDO_TABLES.has(table);

/** What of the tables that `migrations` make a database lacks and cannot do without, in words; null = nothing. */
export function missingPart(db: Database, migrations: readonly string[]): string | null {
  return missingParts(db, migrations).find((part) => !canBeRemade(part))?.words ?? null;
}

/** Makes tables again that held an undo alone, of a database that has seen `migrations`. Returns a sentence where it did. */
export function remakeUndoTables(db: Database, migrations: readonly string[]): string | null {
  const missingTables = (): string[] => [
    ...new Set(
      missingParts(db, migrations)
        .filter(canBeRemade)
        .map(({ table }) => table),
    ),
  ];
  if (missingTables().length === 0) return null;
  return withPattern(migrations, (pattern) => {
    const creation = pattern
      .prepare<[string], string>("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?")
      .pluck();
    // Looked at again inside the write lock: another program may have made them meanwhile.
    const remake = db.transaction(() => {
      const remade = missingTables();
      for (const table of remade) db.exec(creation.get(table) ?? '');
      return remade;
    });
    const sentences = remake
      .immediate()
      .map(
        (table) =>
          `The table ${table} of the database was missing and has been made anew, empty: ${UNDO_TABLES.get(table)}; everything else is kept.`,
      );
    return sentences.length === 0 ? null : sentences.join(' ');
  });
}

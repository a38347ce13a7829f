import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import Database from 'better-sqlite3';
import { fileError } from '../../src-worker/engine/errors.ts';
import { catalogVerbs } from './catalog-imports.ts';
import { chunkVerbs } from './chunks.ts';
import { compact, useFreePages } from './compact.ts';
import { isBusy, isDamage, withSentences } from './errors.ts';
import { APPLICATION_ID, migrate, missingPart, readVersion, remakeUndoTables } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { modelVerbs } from './models.ts';
import { calibrationVerbs } from './calibrations.ts';
import { noteVerbs } from './notes.ts';
import { runVerbs } from './runs.ts';
import { setAside } from './set-aside.ts';
import type { Store } from './store.ts';

/** How long a writer waits for another program's write. */
const BUSY_TIMEOUT_MS = 5000;

export interface OpenedStore {
  store: Store;
  /** A sentence when the database was damaged and set aside, or mended; null otherwise. */
  notice: string | null;
}

/**
 * Opens the database, making or migrating it as needed. A damaged one is set aside and a new one begun; one that lost no
 * more than what an undo needs is mended; one that a newer ConfigIQ wrote, or that is not ours, is refused and not touched. `mostPages` = as large as the file may get, where a test wants a disk that is full. Throws
 * ConfigIqError of family `file`.
 */
export function openStore(
  file: string,
  migrations: readonly string[] = MIGRATIONS,
  { busyTimeoutMs = BUSY_TIMEOUT_MS, mostPages }: { busyTimeoutMs?: number; mostPages?: number | undefined } = {},
): OpenedStore {
  return withSentences(file, () => {
    const notice = examine(file, migrations, busyTimeoutMs);
    const opened = connect(file, migrations, busyTimeoutMs, mostPages);
    return { store: opened.store, notice: notice ?? opened.notice };
  });
}

/** Looks at an existing file without writing to it. Returns the notice when it had to be set aside. */
function examine(file: string, migrations: readonly string[], busyTimeoutMs: number): string | null {
  if (sizeOf(file) === 0) return null;
  // The newest version is refused from the bytes alone, before SQLite has a chance to touch anything.
  refuseNewer(file, versionInHeader(file), migrations.length);
  let reason: string | null;
  try {
    reason = findDamage(file, migrations, busyTimeoutMs);
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    reason = thrown instanceof Error ? thrown.message : String(thrown);
  }
  if (reason === null) return null;
  const target = setAside(file);
  return (
    `The database was damaged (${reason}) and has been set aside as ${target}; a new, empty one is in use. ` +
    'Imported models, past runs and calibration profiles are in the old file; questions are answered with profile default.'
  );
}

/** Why the file cannot be used, or null when it is sound. Read-only: closing it writes nothing back. */
function findDamage(file: string, migrations: readonly string[], busyTimeoutMs: number): string | null {
  const db = new Database(file, { readonly: true, timeout: busyTimeoutMs });
  try {
    const version = readVersion(db);
    refuseNewer(file, version, migrations.length);
    const problem = problemOfTables(db);
    if (problem !== null) return problem;
    // In this order: another program may be making the tables at this moment, and marks them as ours along with it.
    const tables = db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0;
    const isOurs = db.pragma('application_id', { simple: true }) === APPLICATION_ID;
    if (isOurs) return missingPart(db, migrations.slice(0, version));
    if (tables === 0) return null;
    throw fileError(
      'database_foreign',
      `${file} is a database of another program: move it away, or set CONFIGIQ_HOME to another folder.`,
      { file },
    );
  } finally {
    db.close();
  }
}

/**
 * What SQLite finds wrong with a table; null = nothing. Not in the rows of runs, where nearly all bytes are: whoever reads a batch
 * checks it, and one that is damaged costs its run alone (chunks.ts). Of them the end must be sound, where the next ones go.
 */
function problemOfTables(db: Database.Database): string | null {
  const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid").pluck();
  const check = db.prepare<[string], string>('SELECT quick_check FROM pragma_quick_check(?) LIMIT 1').pluck();
  for (const table of ['sqlite_schema', ...tables.all()]) {
    const problem = table === ROWS_OF_RUNS ? 'ok' : (check.get(table) ?? 'ok');
    if (problem !== 'ok') return problem.replaceAll(/\s+/g, ' ');
  }
  if (tables.all().includes(ROWS_OF_RUNS)) {
    db.prepare(`SELECT rows FROM ${ROWS_OF_RUNS} ORDER BY id DESC LIMIT 1`).get();
    db.prepare(`SELECT seq FROM ${ROWS_OF_RUNS} ORDER BY run_id DESC, seq DESC LIMIT 1`).get();
  }
  return null;
}

const ROWS_OF_RUNS = 'run_chunk';

function connect(
  file: string,
  migrations: readonly string[],
  busyTimeoutMs: number,
  mostPages: number | undefined,
): OpenedStore {
  const db = new Database(file, { timeout: busyTimeoutMs });
  try {
    // Of a file that has pages it would change nothing, and wait for whoever is writing.
    if (db.pragma('page_count', { simple: true }) === 0) useFreePages(db);
    useWriteAheadLog(db, busyTimeoutMs);
    // With a write-ahead log a killed program loses nothing; only a power cut may lose the last moments, never more.
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    migrate(db, migrations);
    const notice = remakeUndoTables(db, migrations);
    if (mostPages !== undefined) db.pragma(`max_page_count = ${mostPages}`);
    return { store: verbs(db, file), notice };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** Pause between tries to change the journal. */
const RETRY_MS = 5;

/**
 * Switches to the write-ahead log. SQLite answers SQLITE_BUSY at once, without its busy timeout, when two programs switch
 * the same new file together (each would wait for the other's lock), so the waiting is done here. The mode is kept in the
 * file: whoever comes second finds it switched.
 */
function useWriteAheadLog(db: Database.Database, busyTimeoutMs: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const giveUpAt = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      db.pragma('journal_mode = WAL');
      return;
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() >= giveUpAt) throw thrown;
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }
}

function verbs(db: Database.Database, file: string): Store {
  const version = db.prepare<[], string>('SELECT sqlite_version()').pluck();
  const models = modelVerbs(db);
  const runs = runVerbs(db);
  const chunks = chunkVerbs(db);
  const catalogs = catalogVerbs(db);
  const calibrations = calibrationVerbs(db);
  const notes = noteVerbs(db);
  /** The same verb, with SQLite's own errors put into sentences. */
  const spoken =
    <Arguments extends unknown[], Value>(verb: (...given: Arguments) => Value) =>
    (...given: Arguments): Value =>
      withSentences(file, () => verb(...given));
  function* spokenBatches<Batch>(batches: Generator<Batch>): Generator<Batch> {
    for (;;) {
      const next = withSentences(file, () => batches.next());
      if (next.done) return;
      yield next.value;
    }
  }

  return {
    saveModel: spoken(models.saveModel),
    readModel: spoken(models.readModel),
    listModels: spoken(models.listModels),
    removeModel: spoken(models.removeModel),
    createRun: spoken(runs.createRun),
    appendChunk: spoken(chunks.appendChunk),
    reopenRun: spoken(runs.reopenRun),
    finishRun: spoken(runs.finishRun),
    setAnswer: spoken(runs.setAnswer),
    saveSizeRun: spoken(runs.saveSizeRun),
    listRuns: spoken(runs.listRuns),
    readRun: spoken(runs.readRun),
    readDocument: spoken(runs.readDocument),
    readRunStatus: spoken(runs.readRunStatus),
    setCounts: spoken(runs.setCounts),
    deleteRun: spoken(runs.deleteRun),
    compact: spoken(() => compact(db)),
    readChunks: (...given) => spokenBatches(chunks.readChunks(...given)),
    readChunk: spoken(chunks.readChunk),
    readPackedChunks: (runId) => spokenBatches(chunks.readPackedChunks(runId)),
    appendPackedChunk: spoken(chunks.appendPackedChunk),
    listChunks: spoken(chunks.listChunks),
    removeChunk: spoken(chunks.removeChunk),
    markInterruptedRuns: spoken(runs.markInterruptedRuns),
    dataVersion: spoken(() => Number(db.pragma('data_version', { simple: true }))),
    catalogState: spoken(catalogs.catalogState),
    importCatalog: spoken(catalogs.importCatalog),
    listCatalogImports: spoken(catalogs.listCatalogImports),
    removeCatalogImport: spoken(catalogs.removeCatalogImport),
    restoreCatalogImport: spoken(catalogs.restoreCatalogImport),
    saveCorrection: spoken(catalogs.saveCorrection),
    listCorrections: spoken(catalogs.listCorrections),
    removeCorrections: spoken(catalogs.removeCorrections),
    listCalibrations: spoken(calibrations.listCalibrations),
    saveCalibration: spoken(calibrations.saveCalibration),
    removeCalibration: spoken(calibrations.removeCalibration),
    useCalibration: spoken(calibrations.useCalibration),
    readEarlierCalibration: spoken(calibrations.readEarlierCalibration),
    restoreCalibration: spoken(calibrations.restoreCalibration),
    readNote: spoken(notes.readNote),
    writeNote: spoken(notes.writeNote),
    sqliteVersion: () => version.get() ?? 'unknown',
    close: () => {
      db.close();
    },
  };
}

function refuseNewer(file: string, version: number, knownVersion: number): void {
  if (version <= knownVersion) return;
  throw fileError(
    'database_newer',
    `The database ${file} was written by a newer ConfigIQ (version ${version} of its tables, this one knows ` +
      `${knownVersion}): update ConfigIQ, or set CONFIGIQ_HOME to another folder.`,
    { file, version, known_version: knownVersion },
  );
}

/** Size in bytes; 0 when there is no such file. Throws `database_not_writable` when there can be none. */
function sizeOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false });
  const folder = dirname(file);
  if (!found && !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw fileError(
      'database_not_writable',
      `There is no folder ${folder} to keep the database in: make it, or set CONFIGIQ_HOME to another folder.`,
      { file },
    );
  }
  if (!found) return 0;
  if (!found.isFile()) {
    throw fileError('database_not_writable', `${file} is not a file, so ${basename(file)} cannot be kept there.`, {
      file,
    });
  }
  return found.size;
}

/** Bytes 60 to 63 of a SQLite file: its user_version. 0 for a file that is too short or something else. */
function versionInHeader(file: string): number {
  const header = Buffer.alloc(64);
  const handle = openSync(file, 'r');
  try {
    const read = readSync(handle, header, 0, header.length, 0);
    const isSqlite = read === header.length && header.toString('latin1', 0, 15) === 'SQLite format 3';
    return isSqlite ? header.readInt32BE(60) : 0;
  } finally {
    closeSync(handle);
  }
}
